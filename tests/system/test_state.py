"""The state file: what survives a restart without a settings service, and kill -9 while it is written."""

import json
import os
import random
import signal
import time
import zlib

from processes import BMSD

NAME = "com.victronenergy.battery.ttySIM0__0x0{}"


def content(path):
    """What the file says; fails where it is damaged."""
    head, _, rest = path.read_bytes().partition(b"\n")
    word, version, check, digits = head.split()
    assert (word, version, check) == (b"bmsd-state", b"1", b"crc32"), head
    assert int(digits, 16) == zlib.crc32(rest)
    return json.loads(rest)


def test_a_name_and_an_instance_survive_a_restart(bus, folder, simulate, run):
    port = simulate(packs=2).port
    daemon = run(port, address="1,2")
    first, second = (bus.wait_for_name(NAME.format(address)) for address in (1, 2))
    instances = {pack.name: pack.value("/DeviceInstance") for pack in (first, second)}
    assert len(set(instances.values())) == 2
    assert second.set("/CustomName", "Garage") == 0
    bus.wait_for_value(second, "/CustomName", lambda name: name == "Garage")
    daemon.stop()
    bus.wait_until_gone(NAME.format(1))
    bus.wait_until_gone(NAME.format(2))
    assert {battery["custom_name"] for battery in content(folder / "state")["batteries"]} == {"", "Garage"}

    daemon = run(port, address="2")  # the other one alone: it keeps its instance
    second = bus.wait_for_name(NAME.format(2))
    assert second.value("/CustomName") == "Garage"
    assert second.value("/DeviceInstance") == instances[second.name]
    daemon.stop()


def test_a_name_is_kept_without_an_orderly_end(bus, folder, simulate, run):
    port = simulate().port
    daemon = run(port, address="1")
    pack = bus.wait_for_name(NAME.format(1))
    assert pack.set("/CustomName", "Cellar") == 0
    bus.wait(lambda: "Cellar" in {battery["custom_name"] for battery in content(folder / "state")["batteries"]}
             if (folder / "state").exists() else False, what="the name in the state file")
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait()
    bus.wait_until_gone(NAME.format(1))
    run(port, address="1")
    assert bus.wait_for_name(NAME.format(1)).value("/CustomName") == "Cellar"


def test_kill_9_while_it_is_written_damages_nothing(folder, simulate, processes):
    port = simulate().port
    state, config = folder / "state", folder / "config.ini"
    written = {""}
    chance = random.Random(7)
    for generation in range(20):
        text = f"[DEFAULT]\n# {generation}\n" + "# padding\n" * chance.randrange(2000)
        written.add(text)
        config.write_text(text)  # a good one: it is remembered at once
        before = state.stat().st_mtime_ns if state.exists() else None
        daemon = processes(BMSD, "run", "--bus", "none", "--protocol", "daren-485", "--address", "1", "--baud", "9600", "--interval", "0",
                           "--config", config, "--state", state, "--socket", folder / f"control{generation}", port)
        # From before it is written to shortly after.
        end = time.monotonic() + chance.uniform(0, 0.1)
        while time.monotonic() < end and not (state.exists() and state.stat().st_mtime_ns != before):
            pass
        os.kill(daemon.pid, signal.SIGKILL)
        assert daemon.wait() == -signal.SIGKILL, str(daemon)
        if state.exists():
            assert content(state)["good_config"] in written
        assert not list(folder.glob("state.damaged*"))

    daemon = processes(BMSD, "run", "--bus", "none", "--protocol", "daren-485", "--address", "1", "--config", config, "--state", state,
                       "--socket", folder / "control", port)
    daemon.wait_for_line("daren-485 .* with 16 cells")
    daemon.stop()
    assert content(state)["good_config"] == text
    assert not list(folder.glob("state.*.new")), "what the killed ones left is gone"


def test_a_damaged_file_is_set_aside(bus, folder, simulate, run):
    (folder / "state").write_bytes(b"bmsd-state 1 crc32 00000000\n{}")
    daemon = run(simulate().port, address="1")
    daemon.wait_for_line("state is not used: its checksum is wrong; it is kept as .*state.damaged")
    bus.wait_for_name(NAME.format(1))
    assert (folder / "state.damaged").exists()
