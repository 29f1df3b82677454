"""JK PB packs from the wire to the bus: one and several, behind every kind of adapter, with and without "about"."""

import json

import pytest

from processes import bmsd

PROTOCOL = "jkbms-pb"

# Path on the bus -> (key of the simulator's log, half of the last digit that the wire and the bus carry).
SCALARS = {
    "/Dc/0/Voltage": ("voltage_v", 0.0101),
    "/Dc/0/Current": ("current_a", 0.0101),
    "/Soc": ("soc_percent", 0.501),  # whole percent
    "/Soh": ("soh_percent", 0.501),
    "/Capacity": ("capacity_remaining_ah", 0.0101),
    "/InstalledCapacity": ("capacity_full_ah", 0.0101),
    "/System/MOSTemperature": ("mos_temperature_c", 0.101),
    "/History/ChargeCycles": ("cycles", 0),
}
CELL, SENSOR = 0.00101, 0.101


@pytest.fixture
def packs(simulate, folder):
    """packs("--set", ..., count=4) starts the simulator; .said is the last state that each address told."""

    def start(*options, count=1):
        log = folder / "log"
        simulator = simulate("--log", log, "--seed", 7, "--set", "drift=off", *options, packs=count, protocol=PROTOCOL)
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
        assert items[f"/System/Temperature{number}"][1] == pytest.approx(temperature, abs=SENSOR)


def test_the_bus_shows_the_simulated_state(bus, packs, run):
    simulator = packs("--set", "current_a=-12.345", "--set", "cycles=321", "--set", "soh_percent=97", "--set", "charge_fet_on=off",
                      "--set", "serial_number=40119491480", "--set", "max_discharge_current_a=33", "--set", "name=Garage")
    run(simulator.port, address="1", protocol=PROTOCOL)
    items = bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x01").items()
    assert_shown(items, simulator.said()[1])
    assert items["/Dc/0/Current"][1] == pytest.approx(-12.345, abs=0.0051)
    assert items["/Serial"][1] == "40119491480"
    assert items["/HardwareVersion"][1] == "15A"
    assert items["/Info/MaxDischargeCurrent"][1] <= 33
    assert items["/Io/AllowToCharge"][1] == 0
    assert items["/Io/AllowToDischarge"][1] == 1
    assert {value for path, (_, value, _) in items.items() if path.startswith("/Alarms/")} <= {0, None}


def test_four_packs_have_four_services_with_their_own_values(bus, packs, run):
    simulator = packs(count=4)
    run(simulator.port, address="1,2,3,4", protocol=PROTOCOL)
    services = {address: bus.wait_for_name(f"com.victronenergy.battery.ttySIM0__{address:#04x}") for address in range(1, 5)}
    for address, pack in services.items():
        assert_shown(pack.items(), simulator.said()[address])
    assert len({pack.value("/Serial") for pack in services.values()}) == 4
    assert len({pack.value("/DeviceInstance") for pack in services.values()}) == 4


@pytest.mark.parametrize("variants", [
    ["pads=both", "counter=38", "echo=11"],
    ["cells=8", "sensors=2", "echo=6"],
    ["cells=32", "heater=on"],
], ids=" ".join)
def test_every_known_kind_of_pack_is_read_without_its_address(variants, bus, packs, run):
    simulator = packs("--set", "current_a=17", *[word for variant in variants for word in ("--set", variant)])
    run(simulator.port, protocol=PROTOCOL)
    items = bus.wait_for_name("com.victronenergy.battery.ttySIM0", timeout=60).items()
    assert_shown(items, simulator.said()[1])


def test_a_pack_whose_blocks_nobody_acknowledges_is_not_believed(bus, packs, run):
    run(packs("--set", "acknowledged=no").port, address="1", protocol=PROTOCOL)
    bus.run_for(1.5)
    assert bus.names() == []


def test_a_pack_that_keeps_silent_about_itself_is_called_by_its_port(bus, packs, run):
    simulator = packs("--set", "about=never")
    run(simulator.port, address="1", protocol=PROTOCOL, options=["--baud", "115200"])
    items = bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x01").items()
    assert_shown(items, simulator.said()[1])
    assert items["/Serial"][1] == "ttySIM0__0x01"


def test_a_protection_stops_its_direction_and_a_reminder_is_no_alarm(bus, packs, run):
    simulator = packs()
    run(simulator.port, address="1", protocol=PROTOCOL)
    pack = bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x01")
    simulator.send("alarm cell_undervoltage on")
    bus.wait_for_value(pack, "/Alarms/LowCellVoltage", lambda value: value == 2)
    bus.wait_for_value(pack, "/Info/MaxDischargeCurrent", lambda value: value == 0)
    simulator.send("alarm cell_undervoltage off")
    simulator.send("alarm temp_sensor_fault on")
    bus.wait_for_value(pack, "/Alarms/LowCellVoltage", lambda value: value == 0)
    bus.wait_for_value(pack, "/Alarms/InternalFailure", lambda value: value == 1)
    simulator.send("alarm temp_sensor_fault off")
    simulator.send("alarm change_password on")
    bus.wait_for_value(pack, "/Alarms/InternalFailure", lambda value: value == 0)
    bus.run_for(1.2)
    assert {value for path, (_, value, _) in pack.items().items() if path.startswith("/Alarms/")} <= {0, None}


def test_a_scan_finds_each_pack_once(packs):
    found = json.loads(bmsd("scan", "--json", "--protocol", PROTOCOL, packs(count=2).port, timeout=120).stdout)["found"]
    assert [(one["protocol"], one["baud"], one["address"], one["proven_twice"]) for one in found] == [
        (PROTOCOL, 115200, 1, True), (PROTOCOL, 115200, 2, True)]


def test_show_has_everything_but_the_pass_codes(packs):
    simulator = packs("--set", "balancing_cells=3", "--set", "heater=on", "--set", "balancer=off")
    done = bmsd("show", "--all", "--json", "--protocol", PROTOCOL, "--address", "1", simulator.port, timeout=120)
    assert done.returncode == 0, done
    battery = json.loads(done.stdout)["batteries"][0]
    extras = battery["extras"]
    assert battery["software_version"] == "15.41"
    assert battery["production_date"] == "2024-09-14"
    assert extras["model"] == "JK_PB2A16S20P"
    assert extras["balancing"] is True and extras["balance_enabled"] is False
    assert extras["heating_on"] is True and extras["heater_current_a"] == 2.5
    assert extras["device_address"] == 1 and extras["responder_address"] == 1
    assert extras["cells_configured"] == 16 and len(extras["wire_resistances_mohm"]) == 16
    assert extras["charge_voltage_v"] == pytest.approx(16 * 3.45)
    assert "136913" not in done.stdout and "1234" not in [value for value in extras.values() if isinstance(value, str)]
