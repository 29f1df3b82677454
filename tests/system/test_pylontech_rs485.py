"""Pylontech batteries from the wire to the bus: one and a group, small and large ones, alarms, limits, scan and show."""

import json

import pytest

from processes import bmsd

PROTOCOL = "pylontech-rs485"

# Path on the bus -> (key of the simulator's log, half of the last digit that the wire and the bus carry).
SCALARS = {
    "/Dc/0/Voltage": ("voltage_v", 0.0051),
    "/Dc/0/Current": ("current_a", 0.0551),
    "/Soc": ("soc_percent", 0.0101),
    "/Capacity": ("capacity_remaining_ah", 0.0051),
    "/InstalledCapacity": ("capacity_full_ah", 0.0051),
    "/History/ChargeCycles": ("cycles", 0),
}
CELL = 0.00051


@pytest.fixture
def batteries(simulate, folder):
    """batteries("--set", ..., packs=4) starts the simulator; .said is the last state that each address told."""

    def start(*settings, packs=1):
        log = folder / "log"
        words = [word for setting in ("drift=off", "cells=15", *settings) for word in ("--set", setting)]
        simulator = simulate("--log", log, "--seed", 7, *words, packs=packs, protocol=PROTOCOL)
        simulator.said = lambda: {state["address"]: state for state in map(json.loads, log.read_text().splitlines())}
        return simulator

    return start


def assert_shown(items, state):
    for path, (key, tolerance) in SCALARS.items():
        assert items[path][1] == pytest.approx(state[key], abs=tolerance), path
    for number, voltage in enumerate(state["cell_voltages_v"], 1):
        assert items[f"/Voltages/Cell{number}"][1] == pytest.approx(voltage, abs=CELL)
    assert f"/Voltages/Cell{state['cell_count'] + 1}" not in items
    for number, temperature in enumerate(state["cell_temperatures_c"][:4], 1):
        assert items[f"/System/Temperature{number}"][1] == pytest.approx(temperature, abs=0.11)
    assert items["/System/MOSTemperature"][1] == pytest.approx(state["mos_temperature_c"], abs=0.11)


def test_the_bus_shows_the_simulated_state(bus, batteries, run):
    simulator = batteries("current_a=-12.3", "cycles=321", "serial_number=H222003C32220459", "max_charge_current_a=33.3",
                          "max_discharge_current_a=44.4", "charge_fet_on=off", "cell_voltage_max_limit_v=3.4")
    run(simulator.port, address="0x02", protocol=PROTOCOL)
    items = bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x02").items()
    assert_shown(items, simulator.said()[2])
    assert items["/Dc/0/Current"][1] == -12.3
    assert items["/Serial"][1] == "H222003C32220459"
    assert items["/HardwareVersion"][1] == "US3000C"
    assert items["/Soh"][1] is None, "the battery does not say it"
    assert items["/Io/AllowToCharge"][1] == 0
    assert items["/Io/AllowToDischarge"][1] == 1
    assert items["/Info/MaxChargeCurrent"][1] == 0
    assert items["/Info/MaxDischargeCurrent"][1] == 44.4
    assert items["/Info/MaxChargeVoltage"][1] == 51, "3.4 V for each cell"
    assert {value for path, (_, value, _) in items.items() if path.startswith("/Alarms/")} <= {0, None}


def test_four_batteries_have_four_services_with_their_own_values(bus, batteries, run):
    simulator = batteries(packs=4)
    run(simulator.port, address="2,3,4,5", protocol=PROTOCOL)
    packs = {address: bus.wait_for_name(f"com.victronenergy.battery.ttySIM0__{address:#04x}") for address in range(2, 6)}
    for address, pack in packs.items():
        assert_shown(pack.items(), simulator.said()[address])
    assert len({pack.value("/Serial") for pack in packs.values()}) == 4
    assert len({pack.value("/DeviceInstance") for pack in packs.values()}) == 4


@pytest.mark.parametrize("variants", [
    ["items=4", "capacity_full_ah=50"],
    ["items=7"],
    ["more_states=no"],
    ["protocol=28", "data_flag=17"],
    ["unknown=92,96"],
    ["silent=92"],
    ["board=no", "cells=8"],
], ids=" ".join)
def test_every_known_kind_of_battery_is_found_without_its_address(variants, bus, batteries, run):
    simulator = batteries("current_a=17", *variants)
    run(simulator.port, protocol=PROTOCOL)
    items = bus.wait_for_name("com.victronenergy.battery.ttySIM0", timeout=60).items()
    state = simulator.said()[2]
    assert items["/Dc/0/Current"][1] == 17
    assert items["/Soc"][1] == pytest.approx(state["soc_percent"], abs=0.0101)
    assert items["/InstalledCapacity"][1] == pytest.approx(state["capacity_full_ah"], abs=0.0051)
    assert items[f"/Voltages/Cell{state['cell_count']}"][1] == pytest.approx(state["cell_voltages_v"][-1], abs=CELL)
    assert items["/Io/AllowToCharge"][1] == 1


def test_the_name_in_the_configuration_is_known(bus, batteries, run):
    simulator = batteries()
    run(simulator.port, protocol=None, config="[DEFAULT]\nBMS_TYPE = Pylontech_RS485\nBATTERY_ADDRESSES = 0x02\n")
    assert_shown(bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x02").items(), simulator.said()[2])


def test_alarms_rise_and_stop_their_direction(bus, batteries, run):
    simulator = batteries()
    run(simulator.port, address="0x02", protocol=PROTOCOL)
    pack = bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x02")
    simulator.send("alarm cell_4_voltage_high on")
    bus.wait_for_value(pack, "/Alarms/HighCellVoltage", lambda value: value == 2)
    bus.wait_for_value(pack, "/Info/MaxChargeCurrent", lambda value: value == 0)
    assert pack.value("/Info/MaxDischargeCurrent") > 0
    simulator.send("alarm cell_4_voltage_high off")
    bus.wait_for_value(pack, "/Alarms/HighCellVoltage", lambda value: value == 0)
    simulator.send("alarm module_undervoltage on")
    bus.wait_for_value(pack, "/Alarms/LowVoltage", lambda value: value == 2)
    bus.wait_for_value(pack, "/Info/MaxDischargeCurrent", lambda value: value == 0)


def test_a_scan_finds_each_battery_once(batteries):
    found = json.loads(bmsd("scan", "--json", "--protocol", PROTOCOL, batteries(packs=2).port, timeout=120).stdout)["found"]
    assert [(one["protocol"], one["address"], one["proven_twice"]) for one in found] == [(PROTOCOL, 2, True), (PROTOCOL, 3, True)]


def test_show_has_everything(batteries):
    simulator = batteries("force_charge=1", "full_charge=yes", "all_packs=3", "more_states=no")
    done = bmsd("show", "--all", "--json", "--protocol", PROTOCOL, "--address", "0x02", simulator.port, timeout=120)
    assert done.returncode == 0, done
    battery = json.loads(done.stdout)["batteries"][0]
    extras, state = battery["extras"], simulator.said()[2]
    assert battery["software_version"] == "1.3"
    assert battery["manufacturer"] == "Pylon"
    assert extras["main_line_version"] == "0.6.9"
    assert extras["protocol_version"] == "2.0"
    assert extras["charge_immediately_1"] is True
    assert extras["full_charge_request"] is True
    assert extras["charge_voltage_limit_v"] == pytest.approx(15 * 3.65)
    assert extras["charge_temperature_max_c"] == 60
    assert len(extras["cell_states"]) == 15
    assert extras["pack_count"] == 3
    assert {tuple(pack["cell_states"]) for pack in extras["packs"]} == {(0,) * 15}
    assert extras["voltage_v"] == pytest.approx(state["voltage_v"], abs=0.0005)
