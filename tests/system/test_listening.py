"""Beside another master: a real `bmsd run` asks the simulated packs, a second bmsd only listens."""

import json
import re

import pytest

from processes import BMSD, bmsd, wait_until
from tee import Tee

PROTOCOLS = {"daren-485": (9600, "1,2", [1, 2]), "jkbms-pb": (115200, "1,2", [1, 2]), "pylontech-rs485": (115200, "2,3", [2, 3])}
BUSY = 90  # s


@pytest.fixture
def tee(simulate):
    """tee(protocol) starts the packs and joins the three ends."""
    made = []

    def start(protocol):
        baud, addresses, _ = PROTOCOLS[protocol]
        packs = simulate("--address", addresses, "--baud", baud, "--set", "drift=off", packs=2, protocol=protocol)
        made.append(Tee(str(packs.port), baud))
        return made[-1]

    yield start
    for one in made:
        one.close()


def ask(processes, folder, tee, protocol):
    baud, addresses, _ = PROTOCOLS[protocol]
    return processes(BMSD, "run", "--bus", "none", "--protocol", protocol, "--baud", baud, "--address", addresses, "--socket",
                     folder / "master", "--state", folder / "master.state", tee.master)


def batteries(socket):
    done = bmsd("show", "--json", "--socket", socket)
    return json.loads(done.stdout)["batteries"] if done.returncode == 0 else []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_packs_of_another_master_are_published_and_not_a_byte_is_sent(tee, processes, folder, bus, protocol):
    baud, _, numbers = PROTOCOLS[protocol]
    line = tee(protocol)
    config = folder / "listen.ini"
    config.write_text(f"[line {line.listener}]\nLISTEN = True\nBAUD = {baud}\n")
    processes(BMSD, "run", "--bus", bus.address, "--protocol", protocol, "--config", config, "--socket", folder / "listener",
              "--state", folder / "listener.state", line.listener)
    wait_until(lambda: (folder / "listener").exists(), BUSY, "the control socket")
    ask(processes, folder, line, protocol)
    heard = wait_until(lambda: (found := batteries(folder / "listener")) and len(found) == len(numbers) and found, BUSY, "all packs")
    asked = {battery["address"]: battery for battery in wait_until(lambda: batteries(folder / "master"), BUSY)}
    assert sorted(battery["address"] for battery in heard) == numbers
    for battery in heard:
        other = asked[battery["address"]]
        for key in ("cell_voltages_v", "voltage_v", "soc_percent", "capacity_full_ah", "identity"):
            assert battery.get(key) == other.get(key), key
    bus.wait_for_name(f"com.victronenergy.battery.{re.sub('[^A-Za-z0-9]+', '_', line.listener.removeprefix('/dev/'))}__0x0{numbers[0]}")
    assert line.from_master
    assert line.from_listener == b""


def test_listen_prints_what_it_hears_and_what_it_cannot_know(tee, processes, folder):
    line = tee("daren-485")
    listener = processes(BMSD, "listen", "--baud", 9600, "--json", line.listener)
    ask(processes, folder, line, "daren-485")
    for address in (1, 2):
        listener.wait_for_line(rf'"event":"added".*0x0{address}"', BUSY)
    listener.wait_for_line('"event":"changed"|hears', BUSY)
    added = [json.loads(text) for text in listener.out if '"added"' in text]
    assert {one["battery"]["protocol"] for one in added} == {"daren-485"}
    assert all(len(one["battery"]["cell_voltages_v"]) == 16 for one in added)
    listener.stop()
    assert any("Daren 485 at 9600 baud" in text and "requests" in text for text in listener.err), listener.err
    assert line.from_listener == b""


def test_a_silent_line_is_said_to_be_silent(simulate):
    port = simulate().port
    done = bmsd("listen", "--baud", 9600, "--seconds", 2, port)
    assert done.returncode == 1
    assert "not a single byte was heard" in done.stdout


def test_what_is_overheard_can_be_recorded_without_a_byte(tee, processes, folder):
    line, file = tee("daren-485"), folder / "x.capture"
    recorder = processes(BMSD, "record", "--baud", 9600, line.listener, file)
    recorder.wait_for_line("listening to")
    ask(processes, folder, line, "daren-485")

    def seconds():
        times = re.findall(r"^@(\S+) \S+ <", file.read_text(), re.MULTILINE) if file.exists() else []
        return float(times[-1]) - float(times[0]) if times else 0

    wait_until(lambda: seconds() > 15, BUSY, "records")
    recorder.stop()
    assert line.from_listener == b""
    assert " > " not in file.read_text()
    replay = bmsd("replay", file)
    assert replay.returncode == 0 and replay.stdout.count('"event":"added"') == 2, replay
