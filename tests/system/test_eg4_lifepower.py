"""Packs with a Tian-Power BMS from the wire to the bus: one and several, with either start byte, with and without totals."""

import json

import pytest

from processes import bmsd

NAME = "com.victronenergy.battery.ttySIM0"
PROTOCOL = "eg4-lifepower"

# Path on the bus -> (key of the simulator's log, half of the last digit that the wire and the bus carry).
SCALARS = {
    "/Dc/0/Voltage": ("voltage_v", 0.0101),
    "/Dc/0/Current": ("current_a", 0.0101),
    "/Soc": ("soc_percent", 0.0101),
    "/Soh": ("soh_percent", 0.51),
    "/Capacity": ("capacity_remaining_ah", 0.0101),
    "/InstalledCapacity": ("capacity_full_ah", 0.0101),
    "/System/MOSTemperature": ("mos_temperature_c", 0.51),
    "/History/ChargeCycles": ("cycles", 0),
}
CELL = 0.00101


@pytest.fixture
def packs(simulate, folder):
    """packs("--set", ..., packs=4) starts the simulator; .said is the last state that each address told."""

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
    for number, celsius in enumerate(state["cell_temperatures_c"][:4], 1):
        assert items[f"/System/Temperature{number}"][1] == pytest.approx(celsius, abs=0.51)


def alarms_of(items):
    return {path: value for path, (_, value, _) in items.items() if path.startswith("/Alarms/")}


def test_the_bus_shows_the_simulated_state(bus, packs, run):
    simulator = packs("--set", "current_a=-12.34", "--set", "cycles=321", "--set", "soh_percent=97")
    run(simulator.port, protocol=PROTOCOL)
    items = bus.wait_for_name(NAME).items()
    assert_shown(items, simulator.said()[1])
    assert items["/Dc/0/Current"][1] == -12.34
    assert items["/HardwareVersion"][1] == "B"
    assert items["/Io/AllowToCharge"][1] == 1 and items["/Io/AllowToDischarge"][1] == 1, "switches are not told, and taken for on"
    assert items["/Serial"][1] == "ttySIM0__0x01", "it is recognised by port and address"
    assert set(alarms_of(items).values()) <= {0, None}


def test_four_packs_have_four_services_with_their_own_values(bus, packs, run):
    simulator = packs(packs=4)
    run(simulator.port, address="0x01,0x02,0x03,0x04", protocol=PROTOCOL)
    found = {address: bus.wait_for_name(f"{NAME}__{address:#04x}") for address in range(1, 5)}
    for address, pack in found.items():
        assert_shown(pack.items(), simulator.said()[address])
    assert len({pack.value("/Serial") for pack in found.values()}) == 4
    assert len({pack.value("/DeviceInstance") for pack in found.values()}) == 4


@pytest.mark.parametrize("variants", [
    ["board=revov", "board_sensors=none", "sensors=3", "cells=4"],
    ["board=narada", "mos_kind=40", "flags=yes"],
    ["start=both", "cells=15", "more=yes"],
], ids=" ".join)
def test_every_known_kind_of_board_is_read(variants, bus, packs, run):
    simulator = packs("--set", "current_a=17", *[word for variant in variants for word in ("--set", variant)])
    run(simulator.port, address="0x01", protocol=PROTOCOL)
    items = bus.wait_for_name(f"{NAME}__0x01").items()
    state = simulator.said()[1]
    assert items["/Dc/0/Current"][1] == 17
    assert items["/Dc/0/Voltage"][1] == pytest.approx(state["voltage_v"], abs=0.0101)
    for number, voltage in enumerate(state["cell_voltages_v"], 1):
        assert items[f"/Voltages/Cell{number}"][1] == pytest.approx(voltage, abs=CELL)


def test_a_protection_is_shown_and_stops_its_direction(bus, packs, run):
    simulator = packs("--set", "current_a=-20")
    run(simulator.port, protocol=PROTOCOL, options=["--interval", "0"])
    pack = bus.wait_for_name(NAME)
    simulator.send("alarm overvoltage on")
    for path, value in (("/Alarms/HighVoltage", 2), ("/Alarms/HighCellVoltage", 2), ("/Info/MaxChargeCurrent", 0), ("/Io/AllowToCharge", 0)):
        bus.wait_for_value(pack, path, lambda got, wanted=value: got == wanted)
    simulator.send("alarm overvoltage off")
    bus.wait_for_value(pack, "/Alarms/HighVoltage", lambda value: value == 0)
    simulator.send("alarm undervoltage on")
    bus.wait_for_value(pack, "/Info/MaxDischargeCurrent", lambda value: value == 0)
    simulator.send("alarm undervoltage off")
    simulator.send("alarm overcurrent on")
    bus.wait_for_value(pack, "/Alarms/HighDischargeCurrent", lambda value: value == 2)
    assert pack.value("/Alarms/HighChargeCurrent") == 0


def test_a_scan_finds_each_pack_once(packs):
    found = json.loads(bmsd("scan", "--json", "--protocol", PROTOCOL, packs(packs=2).port, timeout=120).stdout)["found"]
    assert [(one["protocol"], one["address"], one["proven_twice"]) for one in found] == [(PROTOCOL, 1, True), (PROTOCOL, 2, True)]


def test_show_has_everything(packs):
    simulator = packs("--set", "board=narada", "--set", "flags=yes", "--set", "balancing_cells=2,16", "--set", "total_charge_ah=753",
                      "--set", "total_discharge_energy_kwh=30.4",
                      "--set", "current_a=3")
    done = bmsd("show", "--all", "--json", "--protocol", PROTOCOL, "--address", "0x01", simulator.port, timeout=120)
    assert done.returncode == 0, done
    battery = json.loads(done.stdout)["batteries"][0]
    extras = battery["extras"]
    assert battery["software_version"] == "TP-ND16S48V100-V3.1.20"
    assert battery["total_charge_ah"] == 753
    assert battery["total_discharge_energy_kwh"] == 30.4
    assert "ambient_temperature_c" in battery and "charge_fet_on" not in battery
    assert [number for number, flag in enumerate(extras["cell_bit15"], 1) if flag] == [2, 16]
    assert extras["charge_time_s"] == 266700
    assert extras["command_06_hex"] == "00010002"
    assert extras["status_words_raw"] == [0, 1, 0, 0, 0] and extras["charging"] is True
