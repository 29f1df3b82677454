"""CAN without a kernel that has it: the program, an slcan adapter at a pseudo-terminal, and packs on its bus."""

import json
import re
import subprocess

import pytest

from processes import BMSD, assert_one_line_error, bmsd, wait_until

NAME = "com.victronenergy.battery.slcan_ttyACM0"
PROTOCOLS = ["daly-can", "jkbms-can", "canbus-bms"]  # the first is asked, the others send by themselves


@pytest.fixture
def adapter(simulate):
    """adapter("daly-can", ...) starts packs behind an slcan adapter; .port is what to give to bmsd."""
    return lambda protocol, *options, packs=1: simulate(*options, packs=packs, link="ttyACM0", protocol=protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pack_on_a_can_bus_is_a_battery_like_any_other(bus, run, adapter, protocol):
    simulator = adapter(protocol, "--set", "soc_percent=57", "--set", "drift=off")
    run(simulator.port, protocol=protocol)
    name = bus.wait_for_name(NAME)
    assert name.value("/Soc") == pytest.approx(57, abs=1)
    assert 10 < name.value("/Dc/0/Voltage") < 65

    simulator.send("unplug")
    bus.wait_for_value(name, "/Dc/0/Voltage", lambda value: value is None, timeout=90)
    simulator.send("replug")
    bus.wait_for_value(name, "/Dc/0/Voltage", lambda value: value is not None, timeout=90)
    assert bus.departed == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_scan_finds_it_and_show_reads_it(adapter, protocol):
    simulator = adapter(protocol)
    found = bmsd("scan", simulator.port, "--json", timeout=180)
    assert found.returncode == 0, found
    packs = json.loads(found.stdout)["found"]
    assert [pack["protocol"] for pack in packs] == [protocol]
    assert packs[0]["proven_twice"]
    shown = bmsd("show", simulator.port, "--protocol", protocol, "--json", timeout=180)
    assert shown.returncode == 0, shown
    assert json.loads(shown.stdout)["batteries"][0]["port"] == simulator.port


def test_several_packs_have_services_of_their_own(bus, run, adapter):
    simulator = adapter("jkbms-can", "--address", "1,2", packs=2)
    run(simulator.port, protocol="jkbms-can", address="1,2")
    for address in (1, 2):
        bus.wait_for_name(f"{NAME}__0x0{address}")


def test_packs_of_the_configuration_are_waited_for(bus, run, adapter, folder):
    """CAN_PORT and sections of lines hold for CAN too."""
    port = f"slcan:{folder / 'ttyACM0'}"
    simulator = adapter("daly-can", "--address", "2")
    assert simulator.port == port
    run(protocol=None, config=f"[DEFAULT]\nCAN_PORT = {port}\n[line {port}]\nBMS_TYPE = Daly_Can\nBATTERY_ADDRESSES = 0x02\n")
    bus.wait_for_name(f"{NAME}__0x02")


def test_a_protocol_and_a_port_that_do_not_fit_are_told(folder):
    assert_one_line_error(bmsd("show", "ttyUSB77", "--protocol", "daly-can"), 2)
    assert_one_line_error(bmsd("show", "can77", "--protocol", "daren-485"), 2)
    assert_one_line_error(bmsd("show", "can77", "--protocol", "daly-can"), 1)
    for options in ([], ["--link", folder / "x"], ["--interface", "vcan0", "--slcan", folder / "x"]):
        done = subprocess.run([BMSD, "simulate", "daly-can", *options], text=True, capture_output=True, timeout=60, check=False)
        assert_one_line_error(done, 2)


def test_what_packs_send_by_themselves_is_recorded_and_read_again(run, adapter, folder):
    """The frames are in candump's notation; a replay is the same each time and knows what show knows."""
    capture = folder / "can.log"
    simulator = adapter("jkbms-can", "--set", "drift=off", "--set", "soc_percent=57")
    daemon = run(simulator.port, protocol="jkbms-can", config=f"RECORD_FILE = {capture}\n")
    wait_until(lambda: capture.exists() and capture.read_text().count("2F4#") > 60, 120, "frames")
    daemon.stop()
    frames = [line for line in capture.read_text().splitlines() if line.startswith("(")]
    assert all(re.fullmatch(r"\(\d+\.\d{6}\) \S+ [0-9A-F]{3,8}#([0-9A-F]{2}){0,8} [RT]", line) for line in frames)
    assert all(line.endswith("R") for line in frames)  # it asks nothing
    first, second = bmsd("replay", capture), bmsd("replay", capture)
    assert first.returncode == 0 and first.stdout == second.stdout
    told = json.loads(first.stdout.splitlines()[0])["battery"]
    assert told["soc_percent"] == pytest.approx(57, abs=1)
    assert told["cell_count"] == 16


def test_listening_to_a_can_bus_names_the_pack(adapter, processes):
    simulator = adapter("jkbms-can")
    ear = processes(BMSD, "listen", "--baud", "250000", simulator.port)
    ear.wait_for_line("hears JK BMS CAN", timeout=120)
    ear.stop()
