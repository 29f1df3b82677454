"""Recording and replay: what the real program read from bad lines is read again, the same each time."""

import json
import re

import pytest

from processes import BMSD, assert_one_line_error, bmsd, wait_until

FAULTS = [word for kind in ("corrupt=0.05", "truncate=0.05", "drop=0.03", "garbage=0.05", "late=0.03:0.3") for word in ("--fault", kind)]
BUSY = 120  # s
PROTOCOLS = {"daren-485": "1,2", "jkbms-pb": "1,2", "pylontech-rs485": "2,3", "daly-uart": "0x40", "lltjbd-uart": "1", "jkbms-uart": "1",
             "renogy": "0x30", "eg4-lifepower": "1"}


@pytest.fixture
def recorded(simulate, run, folder):
    """recorded(protocol, options, requests=...) lets a daemon record that many requests; the capture."""

    def record(protocol="daren-485", options=(), address=None, requests=80):
        address = address or PROTOCOLS[protocol]
        capture = folder / "line.capture"
        log = folder / "log"
        packs = simulate("--address", address, "--log", log, *options, packs=address.count(",") + 1, protocol=protocol)
        daemon = run(packs.port, address=address, protocol=protocol, options=["--interval", "0.1"],
                     config=f"[DEFAULT]\nRECORD_FILE = {capture}\n")
        wait_until(lambda: capture.exists() and capture.read_text().count(" > ") >= requests, BUSY, "requests")
        daemon.stop()
        packs.stop()
        return capture

    return record


def replay(*arguments):
    done = bmsd("replay", *arguments)
    assert done.returncode == 0, done
    return done.stdout


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_faulty_session_is_replayed_the_same_each_time_and_holds_only_what_was_sent(recorded, folder, protocol):
    capture = recorded(protocol, ["--seed", 3, *FAULTS], requests=150)
    first, second = replay(capture), replay(capture)
    assert first == second
    published = lines(first)
    assert [one["event"] for one in published].count("added") == PROTOCOLS[protocol].count(",") + 1
    assert len(published) > 10
    sent = [json.loads(text) for text in (folder / "log").read_text().splitlines()]
    decimals = 1 if protocol == "renogy" else 3  # what its replies have
    told = {tuple(round(cell, decimals) for cell in state["cell_voltages_v"]) for state in sent}
    for one in published:
        cells = one.get("battery", one.get("values", {})).get("cell_voltages_v")
        if cells is not None:
            assert tuple(round(cell, decimals) for cell in cells) in told


def test_a_replay_ends_with_the_values_that_the_daemon_had(simulate, run, folder):
    capture = folder / "line.capture"
    packs = simulate("--set", "drift=off", "--set", "current_a=-7.5", "--set", "soc_percent=44", packs=2)
    daemon = run(packs.port, address="1,2", config=f"RECORD_FILE = {capture}\n")
    asked = wait_until(lambda: (all_of := json.loads(bmsd("show", "--json", "--socket", daemon.socket).stdout or "{}")
                                .get("batteries", [])) and len(all_of) == 2
                       and all(one["connection"]["rounds"] > 4 for one in all_of) and all_of, BUSY)
    daemon.stop()
    state = {}
    for one in lines(replay(capture)):
        state.setdefault(one["id"], {}).update(one.get("battery", one.get("values", {})))
    assert set(state) == {battery["id"] for battery in asked}
    for battery in asked:
        for key in set(battery) - {"connection", "extras", "quality", "limits"}:
            assert state[battery["id"]].get(key) == battery[key], key


def test_a_capture_is_a_regression_test(recorded, folder):
    capture = recorded()
    good = folder / "good"
    good.write_text(replay(capture))
    assert replay("--expect", good, capture).startswith("as expected: ")
    good.write_text(good.read_text().replace('"event":"added"', '"event":"adder"', 1))
    done = bmsd("replay", "--expect", good, capture)
    assert done.returncode == 1
    assert re.search(r"^line 1:\n  expected .*adder.*\n  got      .*added", done.stdout)
    assert done.stdout.splitlines()[-1].startswith("1 of ")


def test_half_a_last_line_is_left_out_and_damage_is_refused_with_its_place(recorded, folder):
    capture = recorded()
    text = capture.read_text()
    torn, damaged = folder / "torn", folder / "damaged"
    torn.write_text(text + "@1764419719.1 x < 7E")
    done = bmsd("replay", torn)
    assert done.returncode == 0 and "the last line has no end" in done.stderr
    assert done.stdout == replay(capture)
    all_lines = text.splitlines()
    all_lines[9] = all_lines[9][:-1]
    damaged.write_text("\n".join(all_lines) + "\n")
    assert_one_line_error(bmsd("replay", damaged), 2)
    assert f"{damaged}:10: " in bmsd("replay", damaged).stderr


def test_files_are_bounded(simulate, run, folder):
    """The size has no smaller unit than MB, so most of it is there before."""
    capture = folder / "line.capture"
    capture.write_text("# bmsd capture 1\n" + "# filled\n" * 116_500)  # a little less than 1 MB
    packs = simulate()
    daemon = run(packs.port, address="1", options=["--interval", "0.1", "--baud", "19200"],
                 config=f"RECORD_FILE = {capture}\nBMS_CAPTURE_RAW_DATA_MAX_SIZE_MB = 1\nBMS_CAPTURE_RAW_DATA_BACKUP_COUNT = 1\n")
    wait_until(lambda: (folder / "line.capture.1").exists(), BUSY, "a second file")
    wait_until(lambda: capture.exists() and capture.read_text().count(" < ") > 5, BUSY, "records in the new one")
    daemon.stop()
    begin = capture.read_text().splitlines()
    assert begin[0] == "# bmsd capture 1" and " open " in begin[1]
    assert any(line.endswith("packs daren-485@0x01") for line in begin[2:4])


def test_a_file_that_cannot_be_written_is_said_and_stops_nobody(simulate, run, bus):
    packs = simulate()
    daemon = run(packs.port, address="1", config="RECORD_FILE = /dev/full\n")
    daemon.wait_for_line("error: /dev/full: is no regular file; name another one; nothing is recorded")
    bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x01")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_anonymised_tells_nobody_and_all_else(recorded, folder, protocol):
    secret = {"daly-uart": "SECRETCODE12", "renogy": "SECRETCODE123456"}.get(protocol, "SECRETCODE")
    capture = recorded(protocol, address=PROTOCOLS[protocol].split(",")[0], options=["--set", f"serial_number={secret}", "--seed", 5, "--fault", "corrupt=0.05", "--fault", "truncate=0.05"])
    public = folder / "public"
    done = bmsd("replay", "--anonymise", public, capture)
    assert done.returncode == 0, done
    streams = {}
    for line in public.read_text().splitlines():
        if match := re.match(r"@\S+ (\S+) [<>] (\S+)", line):
            streams[match[1]] = streams.get(match[1], b"") + bytes.fromhex(match[2])
    for stream in streams.values():
        for known in (b"SECRET", b"SECRET".hex().upper().encode()):
            assert known not in stream

    def without_names(text):
        told = lines(text)
        for one in told:
            for key in ("identity", "serial_number", "device_name", "hardware", "alarms", "quality"):
                one.get("battery", {}).pop(key, None)
                one.get("values", {}).pop(key, None)
            one.get("battery", one.get("values", {})).pop("connection", None)
        return [one for one in told if one.get("values", True) != {}]

    assert without_names(replay(public)) == without_names(replay(capture))


def test_what_cannot_be_anonymised_is_refused(folder):
    can, unknown, out = folder / "can", folder / "unknown", folder / "out"
    can.write_text("(1436509052.249713) can0 351#2A366C2BBA\n")
    unknown.write_text("@1.5 p < 01020304\n")
    for capture, why in ((can, "CAN"), (unknown, "nobody knows what is spoken there")):
        done = bmsd("replay", "--anonymise", out, capture)
        assert_one_line_error(done, 1)
        assert why in done.stderr
        assert not out.exists()


def test_a_capture_is_published_on_a_bus_at_real_speed(recorded, bus, processes):
    capture = recorded(address="1", requests=300)
    name = "com.victronenergy.battery.ttySIM0__0x01"
    bus.wait(lambda: name in bus.departed, BUSY, "the daemon that has recorded leaves")
    player = processes(BMSD, "replay", "--bus", bus.address, capture)
    service = bus.wait_for_name(name, BUSY)
    published = {path: value for path, (_, value, _) in service.items().items()}
    assert published["/Dc/0/Voltage"] > 40
    assert published["/System/NrOfCellsPerBattery"] == 16
    player.stop()


def test_the_black_box_is_written_when_an_alarm_begins(simulate, run, folder, bus):
    packs = simulate()
    daemon = run(packs.port, address="1")
    bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x01")
    assert not (folder / "blackbox").exists()
    packs.send("alarm 1 cell_overvoltage_protection on")
    daemon.wait_for_line("the last minutes of")
    (box,) = wait_until(lambda: list((folder / "blackbox").glob("blackbox-ttySIM0-*.capture")))
    assert box.read_text().startswith("# bmsd capture 1\n# ttySIM0 0x01: ")
    assert lines(replay(box))[0]["event"] == "added"
