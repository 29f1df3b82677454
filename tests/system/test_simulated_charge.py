"""A battery with a charger that obeys the running daemon: a whole charge, as D-Bus shows it."""

import pytest

# Timers run in the daemon's time and the battery twenty times as fast, so the timers are short here. Float is near the maximum
# because CVL falls by 1 mV per second, and high cells lower neither CCL nor CVL because the last percent
# would take hours of the battery's time.
CONFIG = """[DEFAULT]
SWITCH_TO_FLOAT_WAIT_FOR_SEC = 5
SWITCH_TO_FLOAT_CELL_VOLTAGE_DIFF = 0.1
FLOAT_CELL_VOLTAGE = 3.4475
SWITCH_TO_BULK_SOC_THRESHOLD = 90
CCCM_CV_ENABLE = False
CVL_CONTROLLER_MODE = 0
"""
NAME = "com.victronenergy.battery.ttySIM0__0x01"
LONG = 180  # s; what a busy machine may take


def test_a_charge_goes_from_bulk_through_absorption_to_float_and_back(bus, simulate, run, folder):
    pack = simulate("--model", "charge", "--time-factor", "20", "--charge-from", folder / "control", "--set", "soc_percent=96",
                    "--set", "pv_w=6000", "--set", "load_w=0")
    run(pack.port, address="1", config=CONFIG)
    battery = bus.wait_for_name(NAME)
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text.startswith("Bulk"))
    # Nobody charges before the daemon allows it; then as much as it allows.
    bus.wait_for_value(battery, "/Dc/0/Current", lambda current: current > 5, timeout=LONG)
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text.startswith("Absorption"), timeout=LONG)
    assert battery.value("/Info/MaxChargeVoltage") <= 55.2
    assert battery.value("/Dc/0/Voltage") == pytest.approx(55.2, abs=0.2)
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text.startswith("Float"), timeout=LONG)
    bus.wait_for_value(battery, "/Info/MaxChargeVoltage", lambda volts: volts == pytest.approx(55.16, abs=0.011), timeout=LONG)
    # The sun goes down, the house draws: the battery empties, and is charged to the top again.
    pack.send("set pv_w 0")
    pack.send("set load_w 4000")
    bus.wait_for_value(battery, "/Dc/0/Current", lambda current: current < -30, timeout=LONG)
    bus.wait_for_value(battery, "/Info/ChargeMode", lambda text: text.startswith("Bulk"), timeout=LONG)
    assert battery.value("/Soc") < 91


def test_without_a_daemon_nothing_charges(simulate, folder):
    pack = simulate("--model", "charge", "--charge-from", folder / "nobody", "--set", "pv_w=6000", "--set", "load_w=0")
    pack.send("show")
    pack.wait_for_line(r"pack 0x01: .* \+0\.00 A")
