"""A JK board from the wire to the bus: one question has everything for an answer; the current is told in two ways."""

import json

import pytest

from processes import bmsd

PROTOCOL = "jkbms-uart"
NAME = "com.victronenergy.battery.ttySIM0"

# Path on the bus -> (key of the simulator's log, half of the last digit that the wire and the bus carry).
SCALARS = {
    "/Dc/0/Voltage": ("voltage_v", 0.0101),
    "/Dc/0/Current": ("current_a", 0.0101),
    "/Soc": ("soc_percent", 0.501),  # whole percent
    "/Capacity": ("capacity_remaining_ah", 0.511),  # whole percent of 100 Ah
    "/InstalledCapacity": ("capacity_full_ah", 0.501),
    "/System/MOSTemperature": ("mos_temperature_c", 0.501),
    "/History/ChargeCycles": ("cycles", 0),
}
CELL = 0.00101


@pytest.fixture
def boards(simulate, folder):
    """boards("--set", ..., packs=4) starts the simulator; .said() is the last state that each address told."""

    def start(*options, packs=1):
        log = folder / "log"
        simulator = simulate("--log", log, "--seed", 7, "--set", "drift=off", *options, packs=packs, protocol=PROTOCOL)
        simulator.said = lambda: {state["address"]: state for state in map(json.loads, log.read_text().splitlines())}
        return simulator

    return start


def assert_shown(items, state):
    for path, (key, tolerance) in SCALARS.items():
        assert items[path][1] == pytest.approx(state[key], abs=tolerance), path
    for number, voltage in enumerate(state["cell_voltages_v"], 1):
        assert items[f"/Voltages/Cell{number}"][1] == pytest.approx(voltage, abs=CELL)
    assert f"/Voltages/Cell{state['cell_count'] + 1}" not in items
    assert items["/System/Temperature1"][1] == pytest.approx(state["cell_temperatures_c"][0], abs=0.51)
    assert items["/System/Temperature2"][1] == pytest.approx(state["cell_temperatures_c"][1], abs=0.51)


def test_the_bus_shows_the_simulated_state(bus, boards, run):
    simulator = boards("--set", "current_a=-12.34", "--set", "cycles=321", "--set", "serial_number=Bank A", "--set", "charge_fet_on=off",
                       "--set", "cell_temperatures_c=-3,14", "--set", "mos_temperature_c=31")
    run(simulator.port, protocol=PROTOCOL)
    items = bus.wait_for_name(NAME).items()
    assert_shown(items, simulator.said()[0])
    assert items["/Dc/0/Current"][1] == -12.34
    assert items["/System/Temperature1"][1] == -3
    assert items["/Serial"][1] == "Bank_A_JK_B2A24S15P"
    assert items["/ProductName"][1] == "SerialBattery Bank_A_JK_B2A24S15P @ ttySIM0 (Jkbms)"
    assert items["/DeviceName"][1] == "JK_B2A24S15P"
    assert items["/HardwareVersion"][1] == "11.XW"
    assert items["/Soh"][1] is None, "the board does not say it"
    assert items["/Io/AllowToCharge"][1] == 0
    assert items["/Io/AllowToDischarge"][1] == 1
    alarms = {path: value for path, (_, value, _) in items.items() if path.startswith("/Alarms/")}
    assert set(alarms.values()) <= {0, None}, alarms
    for path in ("HighCellVoltage", "LowCellVoltage", "LowChargeTemperature", "HighChargeCurrent", "InternalFailure", "LowSoc"):
        assert alarms[f"/Alarms/{path}"] == 0, path


def test_four_boards_with_terminal_numbers_have_four_services(bus, boards, run):
    simulator = boards("--address", "1,2,3,4", packs=4)
    for number in range(1, 5):
        simulator.send(f"set {number} soc_percent {20 * number}")
    run(simulator.port, address="1,2,3,4", protocol=PROTOCOL)
    packs = {number: bus.wait_for_name(f"{NAME}__{number:#04x}") for number in range(1, 5)}
    for number, pack in packs.items():
        assert pack.value("/Soc") == 20 * number
        assert_shown(pack.items(), simulator.said()[number])
    assert len({pack.value("/Serial") for pack in packs.values()}) == 4
    assert len({pack.value("/DeviceInstance") for pack in packs.values()}) == 4


@pytest.mark.parametrize("variants", [
    ["current=biased"],
    ["ends_with=B7", "counts=zero"],
    ["beyond=yes", "stale=3"],
    ["sleeps=command", "cells=32", "sensors=1"],
], ids=" ".join)
def test_every_known_kind_of_board_is_read(variants, bus, boards, run):
    simulator = boards("--set", "current_a=17.31", *[word for variant in variants for word in ("--set", variant)])
    run(simulator.port, protocol=PROTOCOL)
    items = bus.wait_for_name(NAME, timeout=60).items()
    state = simulator.said()[0]
    assert items["/Dc/0/Current"][1] == 17.31
    assert items["/Soc"][1] == pytest.approx(state["soc_percent"], abs=0.501)
    assert items[f"/Voltages/Cell{state['cell_count']}"][1] == pytest.approx(state["cell_voltages_v"][-1], abs=CELL)


def test_a_protection_stops_its_direction(bus, boards, run):
    simulator = boards()
    run(simulator.port, protocol=PROTOCOL)
    pack = bus.wait_for_name(NAME)
    simulator.send("alarm battery_low_temperature on")
    bus.wait_for_value(pack, "/Alarms/LowChargeTemperature", lambda value: value == 2)
    bus.wait_for_value(pack, "/Info/MaxChargeCurrent", lambda value: value == 0)
    assert pack.value("/Alarms/LowTemperature") == 2
    assert pack.value("/Info/MaxDischargeCurrent") > 0, "the MOSFET is on"
    simulator.send("alarm cell_undervoltage on")
    bus.wait_for_value(pack, "/Alarms/LowCellVoltage", lambda value: value == 2)
    bus.wait_for_value(pack, "/Info/MaxDischargeCurrent", lambda value: value == 0)
    simulator.send("alarm cell_undervoltage off")
    bus.wait_for_value(pack, "/Alarms/LowCellVoltage", lambda value: value == 0)


def test_a_low_capacity_is_a_warning(bus, boards, run):
    simulator = boards("--set", "alarms=low_capacity")
    run(simulator.port, protocol=PROTOCOL)
    assert bus.wait_for_name(NAME).value("/Alarms/LowSoc") == 1


def test_a_scan_finds_it(boards):
    found = json.loads(bmsd("scan", "--json", "--protocol", PROTOCOL, boards().port, timeout=120).stdout)["found"]
    assert [(one["protocol"], one["baud"], one["proven_twice"]) for one in found] == [(PROTOCOL, 115200, True)]


def test_show_has_everything_but_the_password(boards):
    done = bmsd("show", "--all", "--json", "--protocol", PROTOCOL, boards("--set", "user_data=Bank A").port, timeout=120)
    assert done.returncode == 0, done
    battery = json.loads(done.stdout)["batteries"][0]
    extras = battery["extras"]
    assert battery["serial_number"] == "Bank_A_JK_B2A24S15P"
    assert battery["software_version"] == "11.XW_S11.262H_"
    assert battery["production_date"] == "2024-05"
    assert battery["max_charge_current_a"] == 100
    assert battery["cell_voltage_max_limit_v"] == 3.65
    assert extras["user_data"] == "Bank A"
    assert extras["device_id"] == "Input Us"
    assert extras["charge_temp_low_limit_c"] == -5
    assert extras["runtime_minutes"] == 54321
    assert extras["battery_type"] == "lfp"
    assert extras["protocol_version"] == 1
    assert extras["balance_switch_on"] is True
    assert "123456" not in done.stdout
