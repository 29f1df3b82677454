"""`bmsd explain`: why a limit is what it is, what would change it, and what it would be, if."""

import json

import pytest

from processes import assert_one_line_error, bmsd

CONFIG = """[DEFAULT]
POLL_INTERVAL = 0.5
"""
NAME = "com.victronenergy.battery.ttySIM0__0x01"


@pytest.fixture
def pack(simulate):
    return simulate("--set", "drift=off", "--set", "current_a=10", "--set", "soc_percent=60")


def cells(pack, highest):
    pack.send(f"set 1 cell_voltages_v {','.join(['3.300'] * 6 + [str(highest)] + ['3.300'] * 9)}")


@pytest.fixture
def daemon(bus, pack, run):
    """A daemon whose battery has cell 7 at 3.440 V, so CCL is a few amperes."""
    cells(pack, 3.44)
    daemon = run(pack.port, address="1", config=CONFIG)
    battery = bus.wait_for_name(NAME)
    bus.wait_for_value(battery, "/Info/ChargeLimitation", lambda text: text == "Cell Voltage", timeout=60)
    daemon.battery = battery
    return daemon


def explain(daemon, *options):
    return bmsd("explain", "--socket", daemon.socket, *options)


def what_if(daemon, *supposed):
    done = explain(daemon, "--json", "--what-if", *supposed)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def test_it_names_the_cell_the_rules_and_the_release(daemon):
    done = explain(daemon)
    assert done.returncode == 0, done
    line = next(line for line in done.stdout.splitlines() if line.startswith("  CCL"))
    assert "cell 7 at 3.440 V (rule cell voltage)" in line
    assert "temperature" in line and "would allow 50 A" in line
    assert "recovers at 5 A/s 30 s after cell 7 is below 3.440 V" in line
    assert any(line.startswith("  DCL") for line in done.stdout.splitlines())
    assert "Bulk: absorption begins when the cells reach 55.20 V" in done.stdout


def test_its_facts_agree_with_what_is_published(daemon):
    done = explain(daemon, "ttySIM0 0x01", "--json")
    assert done.returncode == 0, done
    (explanation,) = json.loads(done.stdout)["explanations"]
    ccl = explanation["ccl"]
    assert ccl["rule"] == "cell_voltage"
    assert ccl["value_a"] == pytest.approx(daemon.battery.value("/Info/MaxChargeCurrent"), abs=0.001)
    named = next(candidate for candidate in ccl["candidates"] if candidate["rule"] == ccl["rule"])
    assert named["cell"] == 7 and named["value_a"] == pytest.approx(ccl["target_a"], abs=0.001)
    assert all(candidate["value_a"] >= ccl["target_a"] - 0.001 for candidate in ccl["candidates"])
    assert explanation["cvl"]["value_v"] == pytest.approx(daemon.battery.value("/Info/MaxChargeVoltage"), abs=0.001)


def test_show_has_the_same_explanation(daemon):
    done = bmsd("show", "--json", "--socket", daemon.socket)
    assert done.returncode == 0, done
    explanation = json.loads(done.stdout)["batteries"][0]["limits"]["explanation"]
    assert explanation["ccl"]["rule"] == "cell_voltage"
    text = bmsd("show", "--socket", daemon.socket)
    assert "cell 7 at 3.440 V (rule cell voltage)" in text.stdout


def test_what_if_shows_now_at_once_and_later(daemon):
    reply = what_if(daemon, "cell_max=3.35", "temperature=2")
    assert reply["now"]["ccl"]["rule"] == "cell_voltage"
    assert reply["at_once"]["ccl"]["value_a"] <= reply["now"]["ccl"]["value_a"]
    assert reply["later"]["ccl"]["rule"] == "temperature"
    assert reply["later"]["ccl"]["value_a"] == pytest.approx(12.5, abs=0.001)
    assert reply["later"]["settled"] is True and reply["later"]["after_s"] >= 30


def test_what_if_lays_them_side_by_side_and_leaves_the_battery_alone(daemon):
    before = daemon.battery.value("/Info/MaxChargeCurrent")
    done = explain(daemon, "--what-if", "cell_max=3.6", "soc=95")
    assert done.returncode == 0, done
    head = next(line for line in done.stdout.splitlines() if "immediately" in line)
    assert head.split()[:2] == ["now", "immediately"]
    assert next(line for line in done.stdout.splitlines() if line.startswith("  CCL")).split()[3:5] == ["0.0", "A"]
    assert daemon.battery.value("/Info/MaxChargeCurrent") == before


@pytest.mark.parametrize(
    "supposed, says",
    [
        ("cel_max=3.6", "did you mean cell_max?"),
        ("weather=3", "what can: cell_max"),
        ("cell_max=high", "is a number (V)"),
        ("charge_fet=maybe", "is on or off"),
        ("cell_max", "KEY=VALUE"),
    ],
)
def test_what_cannot_be_supposed_is_said_in_one_line(supposed, says):
    done = bmsd("explain", "--what-if", supposed)
    assert_one_line_error(done, 2)
    assert says in done.stderr


def test_a_battery_that_cannot_be_is_refused(daemon):
    done = explain(daemon, "--what-if", "soc=140")
    assert_one_line_error(done, 1)
    assert "no battery is like that" in done.stderr


def test_a_battery_that_is_not_there_is_named(daemon):
    done = explain(daemon, "ttyUSB9")
    assert_one_line_error(done, 1)
    assert "ttyUSB9" in done.stderr and "ttySIM0 0x01" in done.stderr


def test_without_a_daemon_a_configuration_is_tried_on_a_typical_battery(folder):
    file = folder / "config.ini"
    file.write_text("[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = 80\nCCL_RECOVERY_HOLD_SEC = 10\n")
    done = bmsd("explain", "--config", file, "--json", "--what-if", "temperature=2")
    assert done.returncode == 0, done
    reply = json.loads(done.stdout)
    assert "typical battery" in reply["battery"]
    assert reply["now"]["ccl"]["value_a"] == 80
    assert reply["at_once"]["ccl"]["value_a"] == pytest.approx(20)
    assert reply["at_once"]["ccl"]["hold_s"] == 10
    plain = bmsd("explain", "--config", file)
    assert plain.returncode == 0 and "CCL 80.0 A: the configured maximum" in plain.stdout
    assert_one_line_error(bmsd("explain", "--config", folder / "missing.ini"), 2)


def test_without_a_daemon_it_says_what_to_do(folder):
    done = bmsd("explain", "--socket", folder / "nobody")
    assert_one_line_error(done, 1)
    assert "no bmsd is running" in done.stderr and "--bus" in done.stderr
    done = bmsd("explain", "--socket", folder / "nobody", "--what-if", "soc=95")
    assert_one_line_error(done, 1)
    assert "--config FILE" in done.stderr


def test_over_d_bus_it_shows_what_every_battery_shows(bus, daemon):
    done = bmsd("explain", "--bus", bus.address)
    assert done.returncode == 0, done
    assert NAME in done.stdout and "Cell Voltage" in done.stdout and "GUI_PARAMETERS_SHOW_ADDITIONAL_INFO" in done.stdout
    assert_one_line_error(bmsd("explain", "--bus", bus.address, "nobody"), 1)
    assert_one_line_error(bmsd("explain", "--bus", bus.address, "--what-if", "soc=95"), 2)


def test_with_additional_info_the_explanations_are_on_d_bus(bus, pack, run):
    cells(pack, 3.44)
    run(pack.port, address="1", config=CONFIG + "GUI_PARAMETERS_SHOW_ADDITIONAL_INFO = True\n")
    battery = bus.wait_for_name(NAME)
    bus.wait_for_value(battery, "/Info/Explanation/ChargeCurrent", lambda text: bool(text) and "cell 7 at 3.440 V" in text, timeout=60)
    assert battery.value("/Info/Explanation/Stage").startswith("Bulk: absorption begins when")
    assert "Cells: 16" in battery.value("/Info/ChargeModeDebug")
    assert "V missing" in battery.value("/Info/ChargeModeDebugFloat")
    assert battery.value("/Info/ChargeModeDebugBulk").startswith("In float: no")
    done = bmsd("explain", "--bus", bus.address, "ttySIM0__0x01")
    assert done.returncode == 0 and "cell 7 at 3.440 V (rule cell voltage)" in done.stdout, done
