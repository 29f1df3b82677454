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
