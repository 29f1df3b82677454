"""A JBD board from the wire to the bus: it has no address, names its registers, sleeps, and keeps its parameters locked."""

import json

import pytest

from processes import bmsd

NAME = "com.victronenergy.battery.ttySIM0"
PROTOCOL = "lltjbd-uart"

# Path on the bus -> (key of the simulator's log, half of the last digit that the wire and the bus carry).
SCALARS = {
    "/Dc/0/Voltage": ("voltage_v", 0.0101),
    "/Dc/0/Current": ("current_a", 0.0101),
    "/Soc": ("soc_percent", 0.501),  # whole percent
    "/Capacity": ("capacity_remaining_ah", 0.0101),
    "/InstalledCapacity": ("capacity_full_ah", 0.0101),
    "/System/MOSTemperature": ("mos_temperature_c", 0.101),
    "/History/ChargeCycles": ("cycles", 0),
}
CELL = 0.00101


@pytest.fixture
def board(simulate, folder):
    """board("--set", ...) starts the simulator; .log is the file of what it said."""

    def start(*options):
        log = folder / "log"
        simulator = simulate("--log", log, "--seed", 7, *options, protocol=PROTOCOL)
        simulator.log = log
        return simulator

    return start


def states_of(simulator):
    return [json.loads(line) for line in simulator.log.read_text().splitlines()]


def test_the_bus_shows_the_simulated_state(bus, board, run):
    simulator = board("--set", "drift=off", "--set", "current_a=-12.34", "--set", "cycles=321", "--set", "balancing_cells=3,16")
    run(simulator.port, protocol=PROTOCOL)
    pack = bus.wait_for_name(NAME)
    state, items = states_of(simulator)[-1], pack.items()
    for path, (key, tolerance) in SCALARS.items():
        if path in items:
            assert items[path][1] == pytest.approx(state[key], abs=tolerance), path
    assert state["current_a"] == -12.34 and items["/Dc/0/Current"][1] == -12.34
    for number, voltage in enumerate(state["cell_voltages_v"], 1):
        assert items[f"/Voltages/Cell{number}"][1] == pytest.approx(voltage, abs=CELL)
    assert "/Voltages/Cell17" not in items
    assert [number for number in range(1, 17) if items[f"/Balances/Cell{number}"][1] == 1] == [3, 16]
    assert items["/Soh"][1] is None, "the board does not say it"
    assert items["/HardwareVersion"][1] == "JBD-SP25S003-L16S-100A-100A-B"
    assert items["/Serial"][1] == "ttySIM0__0x01", "it is recognised by its port"
    assert items["/ProductName"][1] == "SerialBattery ttySIM0__0x01 @ ttySIM0 (LltJbd)"
    alarms = {path: value for path, (_, value, _) in items.items() if path.startswith("/Alarms/")}
    assert set(alarms.values()) <= {0, None}, alarms
    for path in ("HighCellVoltage", "LowCellVoltage", "HighChargeTemperature", "HighChargeCurrent", "InternalFailure", "LowSoc"):
        assert alarms[f"/Alarms/{path}"] == 0, path


def test_a_protection_and_a_switch_stop_their_direction(bus, board, run):
    simulator = board("--set", "drift=off")
    run(simulator.port, protocol=PROTOCOL)
    pack = bus.wait_for_name(NAME)
    simulator.send("alarm cell_overvoltage on")
    bus.wait_for_value(pack, "/Alarms/HighCellVoltage", lambda value: value == 2)
    bus.wait_for_value(pack, "/Info/MaxChargeCurrent", lambda value: value == 0)
    simulator.send("alarm cell_overvoltage off")
    bus.wait_for_value(pack, "/Alarms/HighCellVoltage", lambda value: value == 0)
    simulator.send("set discharge_fet_on off")
    bus.wait_for_value(pack, "/Info/MaxDischargeCurrent", lambda value: value == 0)
    assert pack.value("/System/NrOfModulesBlockingDischarge") in (0, 1, None)


def test_a_low_state_of_charge_is_judged_by_the_configuration(bus, board, run):
    simulator = board("--set", "drift=off", "--set", "soc_percent=45")
    run(simulator.port, protocol=PROTOCOL, config="[DEFAULT]\nSOC_LOW_WARNING = 50\nSOC_LOW_ALARM = 40\n")
    pack = bus.wait_for_name(NAME)
    assert pack.value("/Alarms/LowSoc") == 1
    simulator.send("set soc_percent 39")
    bus.wait_for_value(pack, "/Alarms/LowSoc", lambda value: value == 2)
    simulator.send("set soc_percent 50")
    bus.wait_for_value(pack, "/Alarms/LowSoc", lambda value: value == 0)


@pytest.mark.parametrize("variant", ["sleeps=yes", "tail=long", "units=large", "name=none", "stale=2", "cells=32", "sensors=0"])
def test_every_known_kind_of_board_is_read(variant, bus, board, run):
    simulator = board("--set", "drift=off", "--set", variant)
    run(simulator.port, protocol=PROTOCOL)
    items = bus.wait_for_name(NAME).items()
    state = states_of(simulator)[-1]
    assert items["/Dc/0/Voltage"][1] == pytest.approx(state["voltage_v"], abs=0.0101)
    assert items["/Dc/0/Current"][1] == pytest.approx(state["current_a"], abs=0.0501 if variant == "units=large" else 0.0101)
    assert items[f"/Voltages/Cell{state['cell_count']}"][1] == pytest.approx(state["cell_voltages_v"][-1], abs=CELL)


def test_a_board_that_names_no_register_is_not_believed(bus, board, run):
    run(board("--set", "nameless=yes").port, protocol=PROTOCOL)
    bus.run_for(4)
    assert bus.names() == []


def test_a_scan_finds_it_among_all_protocols(board):
    found = json.loads(bmsd("scan", "--json", "--baud", "9600", board().port, timeout=120).stdout)["found"]
    assert [(one["protocol"], one["baud"], one["proven_twice"]) for one in found] == [(PROTOCOL, 9600, True)]


@pytest.mark.parametrize("parameters", ["locked", "silent", "open"])
def test_show_reads_what_is_there_without_factory_mode(parameters, board):
    simulator = board("--set", "drift=off", "--set", f"parameters={parameters}", "--set", "max_charge_current_a=77")
    done = bmsd("show", "--all", "--json", "--protocol", PROTOCOL, simulator.port, timeout=120)
    assert done.returncode == 0, done
    battery = json.loads(done.stdout)["batteries"][0]
    assert battery["extras"]["protection_counts"] == [0] * 11 + [1]
    assert battery["cell_count"] == 16
    if parameters == "open":
        assert battery["max_charge_current_a"] == 77
        assert battery["extras"]["balancer_enabled"] is True
        assert battery["extras"]["cell_overvoltage_v"] == 3.65
        assert battery["serial_number"].startswith("SIM")
    else:
        assert "max_charge_current_a" not in battery and "serial_number" not in battery
    replies = {state["reply"][:6] for state in states_of(simulator)}
    assert "DD0000" not in replies, "factory mode is a write"
