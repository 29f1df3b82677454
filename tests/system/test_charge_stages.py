"""The charge voltage follows the stage of charging, and a battery that was full is not charged to the top again by a restart."""

import pytest

CONFIG = """[DEFAULT]
SWITCH_TO_FLOAT_WAIT_FOR_SEC = 3
POLL_INTERVAL = 0.5
"""
NAME = "com.victronenergy.battery.ttySIM0__0x01"
FLOAT, MOST = 16 * 3.375, 16 * 3.45


@pytest.fixture
def pack(simulate):
    return simulate("--set", "drift=off", "--set", "current_a=10", "--set", "soc_percent=90")


def cells(pack, voltage):
    pack.send(f"set 1 cell_voltages_v {','.join([str(voltage)] * 16)}")


def charge_to_float(bus, pack, battery):
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text.startswith("Bulk"))
    assert battery.value("/Info/MaxChargeVoltage") == pytest.approx(MOST, abs=0.01)
    cells(pack, 3.451)
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text.startswith("Float"), timeout=60)
    bus.wait_for_value(battery, "/Info/MaxChargeVoltage", lambda volts: volts < MOST - 0.005, timeout=60)


def test_bulk_absorption_float_and_bulk_again(bus, pack, run):
    cells(pack, 3.35)
    run(pack.port, address="1", config=CONFIG + "SWITCH_TO_BULK_SOC_THRESHOLD = 80\n")
    battery = bus.wait_for_name(NAME)
    charge_to_float(bus, pack, battery)
    cells(pack, 3.30)
    pack.send("set 1 soc_percent 70")
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text.startswith("Bulk"))
    bus.wait_for_value(battery, "/Info/MaxChargeVoltage", lambda volts: volts == pytest.approx(MOST, abs=0.01))


def test_a_full_battery_stays_in_float_over_a_restart(bus, pack, run, settings):
    cells(pack, 3.35)
    daemon = run(pack.port, address="1", config=CONFIG)
    battery = bus.wait_for_name(NAME)
    charge_to_float(bus, pack, battery)
    cells(pack, 3.36)
    daemon.stop()
    bus.wait_until_gone(NAME)
    run(pack.port, address="1", config=CONFIG)
    battery = bus.wait_for_name(NAME)
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text.startswith("Float"))
    bus.run_for(3)
    assert battery.value("/Info/ChargeMode").startswith("Float")
    assert battery.value("/Info/MaxChargeVoltage") == pytest.approx(FLOAT, abs=0.01)


WHOLE = """[DEFAULT]
POLL_INTERVAL = 0.5
SWITCH_TO_FLOAT_WAIT_FOR_SEC = 5
SWITCH_TO_BULK_SOC_THRESHOLD = 80
SOC_CALCULATION = True
CHARGE_CURRENT_RECOVERY_HOLD_SEC = 1
CHARGE_CURRENT_RECOVERY_RATE_A_PER_SEC = 50
"""


def test_everything_that_is_published_of_a_whole_charge(bus, pack, run):
    """Bulk, absorption, float transition, float and bulk: what an inverter and its owner see of it."""
    cells(pack, 3.35)
    run(pack.port, address="1", config=WHOLE)
    battery = bus.wait_for_name(NAME)

    def show(*paths):
        return [battery.value(path) for path in paths]

    # Bulk.
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text == "Bulk │ Linear Mode")
    bus.wait_for_value(battery, "/Info/MaxChargeCurrent", lambda amperes: amperes == 50)
    assert show("/Info/MaxDischargeCurrent", "/Info/ChargeLimitation", "/Info/DischargeLimitation") == [
        60, "Max Battery Charge Current", "Max Battery Discharge Current"]
    assert show("/State", "/DeviceState", "/Io/AllowToCharge", "/Io/AllowToDischarge") == [9, 0x100, 1, 1]
    assert battery.value("/Soc") == pytest.approx(90, abs=0.5)
    syncs = battery.value("/History/AutomaticSyncs") or 0

    # A high cell lowers what may be charged, at once and with its reason.
    cells(pack, 3.44)
    bus.wait_for_value(battery, "/Info/MaxChargeCurrent", lambda amperes: amperes < 10)
    assert battery.value("/Info/ChargeLimitation") == "Cell Voltage"
    assert battery.value("/Info/MaxDischargeCurrent") == 60

    # Absorption, when all cells are full.
    cells(pack, 3.451)
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text.startswith("Absorption"))
    assert battery.value("/Info/MaxChargeVoltage") == pytest.approx(MOST, abs=0.03), "a cell may be a little above"
    assert battery.value("/Soc") < 95

    # Float transition: the battery is full, and CVL goes down by 1 mV per second.
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text == "Float Transition │ Linear Mode", timeout=60)
    bus.wait_for_value(battery, "/Soc", lambda soc: soc > 99)
    bus.wait_for_value(battery, "/History/AutomaticSyncs", lambda count: count == syncs + 1, timeout=90)
    bus.wait_for_value(battery, "/History/TimeSinceLastFullCharge", lambda seconds: seconds is not None and seconds < 600, timeout=90)
    bus.wait_for_value(battery, "/Info/MaxChargeVoltage", lambda volts: FLOAT < volts < MOST - 0.02, timeout=60)
    assert battery.value("/Capacity") == pytest.approx(battery.value("/InstalledCapacity"), abs=1)

    # Back to bulk when it has been used.
    cells(pack, 3.30)
    assert battery.set("/Settings/ResetSocTo", 70) == 0 and battery.set("/Settings/ResetSocToApply", 1) == 0
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text == "Bulk │ Linear Mode")
    bus.wait_for_value(battery, "/Info/MaxChargeVoltage", lambda volts: volts == pytest.approx(MOST, abs=0.01))
    bus.wait_for_value(battery, "/Info/MaxChargeCurrent", lambda amperes: amperes == 50, timeout=60)

    # What was published on the way: never a value that is none, never more than is allowed, one stage after the other.
    for path, most in (("/Info/MaxChargeVoltage", MOST + 0.005), ("/Info/MaxChargeCurrent", 50), ("/Info/MaxDischargeCurrent", 60)):
        values = bus.values_of(battery, path)
        assert all(value is not None and 0 <= value <= most for value in values), (path, values)
    stages = []
    for text in bus.values_of(battery, "/Info/ChargeMode"):
        stage = text.partition(" │")[0].partition(" (")[0]
        if stages[-1:] != [stage]:
            stages.append(stage)
    assert stages[-3:] == ["Absorption", "Float Transition", "Bulk"] and set(stages[:-2]) <= {"Bulk", "Absorption"}, stages
