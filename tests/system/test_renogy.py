"""Renogy batteries from the wire to the bus: one and several, in all their variants."""

import json

import pytest

from processes import bmsd

PROTOCOL = "renogy"
NAME = "com.victronenergy.battery.ttySIM0__0x30"

# Path on the bus -> (key of the simulator's log, half of the last digit that the wire and the bus carry).
SCALARS = {
    "/Dc/0/Voltage": ("voltage_v", 0.0551),
    "/Dc/0/Current": ("current_a", 0.0101),
    "/Soc": ("soc_percent", 0.0101),
    "/Capacity": ("capacity_remaining_ah", 0.0101),
    "/InstalledCapacity": ("capacity_full_ah", 0.0101),
    "/System/MOSTemperature": ("mos_temperature_c", 0.0551),
    "/History/ChargeCycles": ("cycles", 0),
}
CELL = 0.0501  # the wire has one decimal


@pytest.fixture
def batteries(simulate, folder):
    """batteries("--set", ..., packs=4) starts the simulator; .said() is the last state that each address told."""

    def start(*options, packs=1):
        log = folder / "log"
        simulator = simulate("--log", log, "--seed", 7, "--set", "drift=off", *options, packs=packs, protocol=PROTOCOL)
        simulator.said = lambda: {state["address"]: state for state in map(json.loads, log.read_text().splitlines())}
        simulator.functions = lambda: {json.loads(line)["reply"][2:4] for line in log.read_text().splitlines()}
        return simulator

    return start


def assert_shown(items, state):
    for path, (key, tolerance) in SCALARS.items():
        if path in items:
            assert items[path][1] == pytest.approx(state[key], abs=tolerance), path
    for number, voltage in enumerate(state["cell_voltages_v"], 1):
        assert items[f"/Voltages/Cell{number}"][1] == pytest.approx(voltage, abs=CELL)
    assert f"/Voltages/Cell{state['cell_count'] + 1}" not in items
    assert items["/System/Temperature1"][1] == pytest.approx(state["cell_temperatures_c"][0], abs=0.101)


def test_the_bus_shows_the_simulated_state(bus, batteries, run):
    simulator = batteries("--set", "current_a=-12.34", "--set", "cycles=321", "--set", "cells=4", "--set", "charge_fet_on=off",
                          "--set", "serial_number=PPTAH02011700206", "--set", "max_discharge_current_a=33",
                          "--set", "model=RBT100LFP12S")
    run(simulator.port, address="0x30", protocol=PROTOCOL)
    items = bus.wait_for_name(NAME).items()
    assert_shown(items, simulator.said()[0x30])
    assert {path for path in SCALARS if path in items} >= {"/Dc/0/Voltage", "/Dc/0/Current", "/Soc", "/Capacity"}
    assert items["/Dc/0/Current"][1] == -12.34
    assert items["/Info/MaxDischargeCurrent"][1] == 33
    assert items["/Soh"][1] is None, "the battery does not say it"
    assert items["/Serial"][1] == "PPTAH02011700206"
    assert items["/HardwareVersion"][1] == "RENOGY RBT100LFP12S"
    assert items["/Io/AllowToCharge"][1] == 0
    assert items["/Io/AllowToDischarge"][1] == 1
    alarms = {path: value for path, (_, value, _) in items.items() if path.startswith("/Alarms/")}
    assert set(alarms.values()) <= {0, None}
    for name in ("HighCellVoltage", "LowCellVoltage", "LowChargeTemperature", "HighDischargeCurrent", "InternalFailure"):
        assert alarms[f"/Alarms/{name}"] == 0, name


def test_four_batteries_have_four_services_with_their_own_values(bus, batteries, run):
    simulator = batteries(packs=4)
    run(simulator.port, address="0x30,0x31,0x32,0x33", protocol=PROTOCOL)
    packs = {address: bus.wait_for_name(f"com.victronenergy.battery.ttySIM0__{address:#04x}") for address in range(0x30, 0x34)}
    for address, pack in packs.items():
        assert_shown(pack.items(), simulator.said()[address])
    assert len({pack.value("/Serial") for pack in packs.values()}) == 4
    assert len({pack.value("/DeviceInstance") for pack in packs.values()}) == 4


@pytest.mark.parametrize("variants", [
    ["model=RBT12200LFP-B"],
    ["longest=20"],
    ["missing=5048,5108,5121,5226"],
    ["environment=0", "sensors=16"],
    ["heater=on", "model=RBT100LFP12SH-G1"],
    ["status=empty"],
    ["cells=1", "sensors=0"],
], ids=" ".join)
def test_every_known_kind_of_battery_is_read_without_its_address(variants, bus, batteries, run):
    simulator = batteries("--set", "current_a=17.5", *[word for variant in variants for word in ("--set", variant)])
    run(simulator.port, protocol=PROTOCOL)
    items = bus.wait_for_name("com.victronenergy.battery.ttySIM0", timeout=60).items()
    state = simulator.said()[0x30]
    assert items["/Dc/0/Current"][1] == 17.5
    assert items["/Soc"][1] == pytest.approx(state["soc_percent"], abs=0.0101)
    assert items[f"/Voltages/Cell{state['cell_count']}"][1] == pytest.approx(state["cell_voltages_v"][-1], abs=CELL)
    assert {value for path, (_, value, _) in items.items() if path.startswith("/Alarms/")} <= {0, None}
    assert items["/Info/MaxChargeCurrent"][1] > 0 and items["/Info/MaxDischargeCurrent"][1] > 0


def test_a_battery_without_a_readable_serial_number_is_called_by_its_port(bus, batteries, run):
    run(batteries("--set", "name=undecodable").port, address="0x30", protocol=PROTOCOL)
    assert bus.wait_for_name(NAME).value("/Serial") == "ttySIM0__0x30"


def test_a_protection_stops_its_direction(bus, batteries, run):
    simulator = batteries()
    run(simulator.port, address="0x30", protocol=PROTOCOL)
    pack = bus.wait_for_name(NAME)
    simulator.send("alarm charge_undertemp on")
    bus.wait_for_value(pack, "/Alarms/LowChargeTemperature", lambda value: value == 2)
    bus.wait_for_value(pack, "/Info/MaxChargeCurrent", lambda value: value == 0)
    assert pack.value("/Info/MaxDischargeCurrent") > 0
    simulator.send("alarm charge_undertemp off")
    bus.wait_for_value(pack, "/Alarms/LowChargeTemperature", lambda value: value == 0)
    simulator.send("alarm cell_low_voltage on")
    bus.wait_for_value(pack, "/Alarms/LowCellVoltage", lambda value: value == 1)
    simulator.send("set discharge_fet_on off")
    bus.wait_for_value(pack, "/Info/MaxDischargeCurrent", lambda value: value == 0)


def test_a_scan_finds_each_battery_once(batteries):
    simulator = batteries("--address", "0xF7", "--address", "0x31", packs=2)
    found = json.loads(bmsd("scan", "--json", "--protocol", PROTOCOL, simulator.port, timeout=120).stdout)["found"]
    assert sorted((one["protocol"], one["address"], one["proven_twice"]) for one in found) == [
        (PROTOCOL, 0x31, True), (PROTOCOL, 0xF7, True)]


def test_show_has_everything(batteries):
    simulator = batteries("--set", "heater=on", "--set", "cell_voltage_max_limit_v=3.6")
    done = bmsd("show", "--all", "--json", "--protocol", PROTOCOL, "--address", "0x30", simulator.port, timeout=120)
    assert done.returncode == 0, done
    battery = json.loads(done.stdout)["batteries"][0]
    extras = battery["extras"]
    assert battery["software_version"] == "0119"
    assert battery["cell_count"] == 16
    assert extras["heating_on"] is True
    assert extras["charge_voltage_limit_v"] == 57.6
    assert extras["cell_overvoltage_v"] == 3.6
    assert extras["discharge_undertemp_c"] == -20
    assert extras["device_address"] == 0x30
    assert extras["unique_id"] == "00010030"
    assert simulator.functions() == {"03"}, "nothing is written and nothing is refused"
