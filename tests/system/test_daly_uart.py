"""Daly boards from the wire to the bus: one and several, at the other host's address, counting the current either way."""

import json

import pytest

from processes import bmsd

PROTOCOL = "daly-uart"

# Path on the bus -> (key of the simulator's log, half of the last digit that the wire and the bus carry).
SCALARS = {
    "/Dc/0/Voltage": ("voltage_v", 0.0551),
    "/Dc/0/Current": ("current_a", 0.0551),
    "/Soc": ("soc_percent", 0.0551),
    "/Capacity": ("capacity_remaining_ah", 0.0101),
    "/InstalledCapacity": ("capacity_full_ah", 0.0101),
    "/History/ChargeCycles": ("cycles", 0),
}
CELL = 0.00101


@pytest.fixture
def boards(simulate, folder):
    """boards("--set", ..., packs=4) starts the simulator; .said is the last state that each address told."""

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
    simulator = boards("--set", "current_a=-12.3", "--set", "cycles=321", "--set", "balancing_cells=3,16",
                       "--set", "serial_number=DALY BANK-01", "--set", "max_charge_current_a=33", "--set", "charge_fet_on=off")
    run(simulator.port, address="0x40", protocol=PROTOCOL)
    items = bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x40").items()
    assert_shown(items, simulator.said()[0x40])
    assert items["/Dc/0/Current"][1] == -12.3
    assert [number for number in range(1, 17) if items[f"/Balances/Cell{number}"][1] == 1] == [3, 16]
    assert items["/Soh"][1] is None, "the board does not say it"
    assert items["/Serial"][1] == "DALY_BANK_01"
    assert items["/HardwareVersion"][1] == "DL-R16T-V1.2"
    assert items["/Io/AllowToCharge"][1] == 0
    assert items["/Io/AllowToDischarge"][1] == 1
    assert {value for path, (_, value, _) in items.items() if path.startswith("/Alarms/")} <= {0, None}


def test_four_boards_have_four_services_with_their_own_values(bus, boards, run):
    simulator = boards(packs=4)
    run(simulator.port, address="0x40,0x41,0x42,0x43", protocol=PROTOCOL)
    packs = {address: bus.wait_for_name(f"com.victronenergy.battery.ttySIM0__{address:#04x}") for address in range(0x40, 0x44)}
    for address, pack in packs.items():
        assert_shown(pack.items(), simulator.said()[address])
    assert len({pack.value("/Serial") for pack in packs.values()}) == 4
    assert len({pack.value("/DeviceInstance") for pack in packs.values()}) == 4


@pytest.mark.parametrize("variants", [
    ["host=80"],
    ["polarity=charge"],
    ["cell_frames=16"],
    ["sensor_frames=needed"],
    ["sleeps=10"],
    ["silent=50,53,54,57,59,5B,62,63"],
    ["cells=32", "sensors=9"],
], ids=" ".join)
def test_every_known_kind_of_board_is_read_without_its_address(variants, bus, boards, run):
    simulator = boards("--set", "current_a=17", *[word for variant in variants for word in ("--set", variant)])
    run(simulator.port, protocol=PROTOCOL)
    items = bus.wait_for_name("com.victronenergy.battery.ttySIM0", timeout=60).items()
    state = simulator.said()[0x40]
    assert items["/Dc/0/Current"][1] == 17
    assert items["/Soc"][1] == pytest.approx(state["soc_percent"], abs=0.0551)
    assert items[f"/Voltages/Cell{state['cell_count']}"][1] == pytest.approx(state["cell_voltages_v"][-1], abs=CELL)


def test_a_board_without_a_code_is_called_by_its_date_and_capacity(bus, boards, run):
    run(boards("--set", "code=none").port, address="0x40", protocol=PROTOCOL)
    assert bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x40").value("/Serial") == "20220810_100"


def test_the_configuration_turns_a_mirrored_board_round(bus, boards, run):
    simulator = boards("--set", "mirrored=yes", "--set", "current_a=17")
    run(simulator.port, address="0x40", protocol=PROTOCOL, config="[DEFAULT]\nINVERT_CURRENT_MEASUREMENT = -1\n")
    pack = bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x40")
    assert pack.value("/Dc/0/Current") == 17
    simulator.send("alarm charge_overcurrent_l2 on")
    bus.wait_for_value(pack, "/Alarms/HighChargeCurrent", lambda value: value == 2)
    assert pack.value("/Alarms/HighDischargeCurrent") == 0


def test_the_configured_capacity_stands_in_for_one_that_is_not_told(bus, boards, run):
    simulator = boards("--set", "silent=50")
    run(simulator.port, address="0x40", protocol=PROTOCOL, config="[DEFAULT]\nBATTERY_CAPACITY = 123\n")
    pack = bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x40")
    assert bus.wait_for_value(pack, "/InstalledCapacity", lambda value: value is not None) == 123


def test_a_protection_stops_its_direction(bus, boards, run):
    simulator = boards()
    run(simulator.port, address="0x40", protocol=PROTOCOL)
    pack = bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x40")
    simulator.send("alarm discharge_temp_low_l2 on")
    bus.wait_for_value(pack, "/Alarms/LowTemperature", lambda value: value == 2)
    bus.wait_for_value(pack, "/Info/MaxDischargeCurrent", lambda value: value == 0)
    simulator.send("alarm discharge_temp_low_l2 off")
    bus.wait_for_value(pack, "/Alarms/LowTemperature", lambda value: value == 0)
    simulator.send("alarm soc_high_l1 on")
    bus.run_for(2)
    assert {value for path, (_, value, _) in pack.items().items() if path.startswith("/Alarms/")} <= {0, None}


def test_a_scan_finds_each_board_once(boards):
    found = json.loads(bmsd("scan", "--json", "--protocol", PROTOCOL, boards(packs=2).port, timeout=120).stdout)["found"]
    assert [(one["protocol"], one["address"], one["proven_twice"]) for one in found] == [(PROTOCOL, 0x40, True), (PROTOCOL, 0x41, True)]


def test_show_has_everything(boards):
    done = bmsd("show", "--all", "--json", "--protocol", PROTOCOL, "--address", "0x40", boards().port, timeout=120)
    assert done.returncode == 0, done
    battery = json.loads(done.stdout)["batteries"][0]
    extras = battery["extras"]
    assert extras["cumulative_charge_ah"] == 2550
    assert extras["charge_current_limit_l1_a"] == 100
    assert battery["software_version"] == "20210222-1.01"
    assert extras["sensors_per_board"] == [4, 0, 0]
    assert extras["clock"] == "2022-12-13T21:29:39"
    assert extras["di_states"] == [False, True, False, False]
    assert extras["cell_voltage_max_v"] == max(battery["cell_voltages_v"])
    assert extras["balance_diff_voltage_v"] == 0.03
