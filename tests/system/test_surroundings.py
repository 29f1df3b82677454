"""What others on the bus know: an external sensor takes the place of the BMS's values while it has some, and the ESS says how long the
battery lasts."""

import json
import os
import signal

import pytest

from processes import bmsd

SHUNT, NAME = "com.victronenergy.battery.ttyS6", "com.victronenergy.battery.ttySIM0__0x01"
SENSOR = f"""[DEFAULT]
POLL_INTERVAL = 0.5
EXTERNAL_SENSOR_DBUS_DEVICE = {SHUNT}
EXTERNAL_SENSOR_DBUS_PATH_CURRENT = /Dc/0/Current
EXTERNAL_SENSOR_DBUS_PATH_SOC = /Soc
"""


@pytest.fixture
def pack(simulate):
    """100 Ah at 60 %, discharged with 10 A."""
    return simulate("--set", "drift=off", "--set", "current_a=-10", "--set", "soc_percent=60")


def near(value, tolerance=0.05):
    return lambda seen: seen is not None and abs(seen - value) <= tolerance


def test_a_sensor_is_used_while_it_is_there(bus, pack, run, device):
    shunt = device(SHUNT, {"/Dc/0/Current": -12.5, "/Soc": 42})
    daemon = run(pack.port, address="1", config=SENSOR)
    battery = bus.wait_for_name(NAME)
    bus.wait_for_value(battery, "/Soc", near(42))
    bus.wait_for_value(battery, "/Dc/0/Current", near(-12.5))
    bus.wait_for_value(battery, "/SocBms", near(60, 0.5))
    assert battery.value("/Dc/0/Power") == pytest.approx(-12.5 * battery.value("/Dc/0/Voltage"), abs=0.2)
    shown = json.loads(bmsd("show", "--json", "--socket", daemon.socket).stdout)["batteries"][0]
    assert (shown["soc_percent"], shown["soc_source"], shown["current_a"]) == (42, "sensor", -12.5)
    assert shown["current_bms_a"] == pytest.approx(-10, abs=0.05)

    shunt.change({"/Dc/0/Current": 3.25, "/Soc": 43.5})
    bus.wait_for_value(battery, "/Dc/0/Current", near(3.25))
    bus.wait_for_value(battery, "/Soc", near(43.5))

    # No value, or none that a battery can have: that of the BMS.
    shunt.change({"/Dc/0/Current": None})
    bus.wait_for_value(battery, "/Dc/0/Current", near(-10))
    assert battery.value("/Soc") == pytest.approx(43.5)
    shunt.change({"/Soc": "full"})
    bus.wait_for_value(battery, "/Soc", near(60, 0.5))
    assert battery.value("/SocBms") == pytest.approx(60, abs=0.5), "it does not come and go with the sensor"
    shunt.change({"/Dc/0/Current": 1, "/Soc": 250})
    bus.wait_for_value(battery, "/Dc/0/Current", near(1))
    assert battery.value("/Soc") == pytest.approx(60, abs=0.5)
    shunt.change({"/Soc": "44"})
    bus.wait_for_value(battery, "/Soc", near(44))

    # Gone and back.
    shunt.stop()
    bus.wait_for_value(battery, "/Dc/0/Current", near(-10))
    bus.wait_for_value(battery, "/Soc", near(60, 0.5))
    device(SHUNT, {"/Dc/0/Current": 7, "/Soc": 45})
    bus.wait_for_value(battery, "/Dc/0/Current", near(7))
    bus.wait_for_value(battery, "/Soc", near(45))
    assert daemon.exit_code is None


def test_without_its_sensor_a_battery_is_there_with_the_values_of_the_bms(bus, pack, run):
    run(pack.port, address="1", config=SENSOR)
    battery = bus.wait_for_name(NAME)
    bus.wait_for_value(battery, "/Dc/0/Current", near(-10))
    assert battery.value("/Soc") == pytest.approx(60, abs=0.5)
    assert "/SocBms" not in battery.items()


def test_a_sensor_comes_and_goes_with_the_configuration(bus, pack, run, device):
    device(SHUNT, {"/Dc/0/Current": -12.5, "/Soc": 42})
    daemon = run(pack.port, address="1", config="")
    battery = bus.wait_for_name(NAME)
    bus.wait_for_value(battery, "/Dc/0/Current", near(-10))
    daemon.config.write_text(SENSOR)
    os.kill(daemon.pid, signal.SIGHUP)
    bus.wait_for_value(battery, "/Soc", near(42))
    daemon.config.write_text("# nothing\n")
    os.kill(daemon.pid, signal.SIGHUP)
    bus.wait_for_value(battery, "/Soc", near(60, 0.5))


TIMES = """[DEFAULT]
POLL_INTERVAL = 0.5
TIME_TO_SOC_RECALCULATE_EVERY = 5
TIME_TO_SOC_POINTS = 50, 80, 20
"""
SECONDS_PER_PERCENT = 360  # 100 Ah with 10 A


def setting(value):
    return {"type": "d" if isinstance(value, float) else "i", "value": value, "default": value, "min": 0, "max": 0}


def test_the_time_to_go_is_that_to_the_limit_of_the_ess(bus, folder, pack, run, request):
    (folder / "settings.json").write_text(json.dumps({
        "/Settings/CGwacs/Hub4Mode": setting(1), "/Settings/CGwacs/BatteryLife/State": setting(10),
        "/Settings/CGwacs/BatteryLife/MinimumSocLimit": setting(30.0), "/Settings/CGwacs/BatteryLife/SocLimit": setting(45.0)}))
    request.getfixturevalue("settings")
    run(pack.port, address="1", config=TIMES)
    battery = bus.wait_for_name(NAME)

    def after(percent):
        return near(percent * SECONDS_PER_PERCENT, 300)

    bus.wait_for_value(battery, "/TimeToGo", after(30), timeout=60)
    assert after(10)(battery.value("/TimeToSoC/50"))
    assert after(40)(battery.value("/TimeToSoC/20"))
    assert battery.value("/TimeToSoC/80") is None, "the battery is being discharged"
    bus.call("com.victronenergy.settings", "/Settings/CGwacs/BatteryLife/State", "com.victronenergy.BusItem", "SetValue", "v", 2)
    bus.wait_for_value(battery, "/TimeToGo", after(15), timeout=60)
    bus.call("com.victronenergy.settings", "/Settings/CGwacs/Hub4Mode", "com.victronenergy.BusItem", "SetValue", "v", 3)
    bus.wait_for_value(battery, "/TimeToGo", after(40), timeout=60)


def test_times_are_texts_where_they_are_wanted_so(bus, pack, run):
    run(pack.port, address="1", config=TIMES + "TIME_TO_SOC_VALUE_TYPE = 3\n")
    battery = bus.wait_for_name(NAME)
    bus.wait_for_value(battery, "/TimeToGo", near(40 * SECONDS_PER_PERCENT, 300), timeout=60)
    text = bus.wait_for_value(battery, "/TimeToSoC/50", lambda text: text is not None, timeout=60)
    seconds, _, rest = text.partition(" ")
    assert near(10 * SECONDS_PER_PERCENT, 300)(int(seconds))
    assert rest in ("[1h]", "[59m 59s]") or rest.startswith(("[59m", "[1h ", "[58m"))
