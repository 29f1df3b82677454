"""CAN without a kernel that has it: the program, an slcan adapter at a pseudo-terminal, and packs on its bus."""

import json
import subprocess

import pytest

from processes import BMSD, assert_one_line_error, bmsd

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
