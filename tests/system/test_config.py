"""config.ini: what it says is on the bus; read again on SIGHUP without a gap; a broken one takes nothing away."""

import json
import os
import signal
import time

import pytest

from processes import BMSD, assert_one_line_error, bmsd, wait_until

NAME = "com.victronenergy.battery.ttySIM0__0x0{}"
LIMITS = """[DEFAULT]
MAX_BATTERY_CHARGE_CURRENT = 37.5
MAX_BATTERY_DISCHARGE_CURRENT = 42
MAX_CELL_VOLTAGE = 3.40
FLOAT_CELL_VOLTAGE = 3.35
MIN_CELL_VOLTAGE = 3.0
"""


def rewrite(daemon, text):
    """As an editor saves a file; then the daemon is told."""
    fresh = daemon.config.with_suffix(".tmp")
    fresh.write_text(text)
    fresh.replace(daemon.config)
    os.kill(daemon.pid, signal.SIGHUP)


def shows(bus, pack, path, value, timeout=60):
    """Until `path` is `value`; limits may take their time to rise."""
    return bus.wait_for_value(pack, path, lambda now: now == pytest.approx(value, abs=0.005), timeout)


def test_limits_are_those_of_the_file(bus, simulate, run):
    run(simulate().port, address="1", config=LIMITS)
    pack = bus.wait_for_name(NAME.format(1))
    shows(bus, pack, "/Info/MaxChargeVoltage", 16 * 3.4)
    shows(bus, pack, "/Info/BatteryLowVoltage", 48.0)
    shows(bus, pack, "/Info/MaxChargeCurrent", 37.5)
    shows(bus, pack, "/Info/MaxDischargeCurrent", 42)
    assert pack.value("/ErrorCode") is None
    assert pack.value("/State") == 9


def test_ports_types_and_addresses_may_stand_in_the_file(bus, simulate, run):
    port = simulate(packs=2).port
    run(protocol=None, config=f"[DEFAULT]\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 0x01, 2\n[line {port}]\nBAUD = 9600\n")
    bus.wait_for_name(NAME.format(1))
    bus.wait_for_name(NAME.format(2))


def test_a_battery_has_a_section_of_its_own(bus, simulate, run):
    run(simulate(packs=2).port, address="1,2", config=LIMITS + "[battery ttySIM0 0x02]\nMAX_CELL_VOLTAGE = 3.45\n")
    first, second = (bus.wait_for_name(NAME.format(address)) for address in (1, 2))
    shows(bus, first, "/Info/MaxChargeVoltage", 16 * 3.40)
    shows(bus, second, "/Info/MaxChargeVoltage", 16 * 3.45)


def test_a_battery_may_be_named_by_its_identity(bus, simulate, run):
    port = simulate("--set", "serial_number=SIMPACK00001").port
    run(port, address="1", config="[battery simpack]\nMAX_CELL_VOLTAGE = 3.40\nFLOAT_CELL_VOLTAGE = 3.35\n")
    pack = bus.wait_for_name(NAME.format(1))
    assert pack.value("/Serial") == "SIMPACK00001"
    shows(bus, pack, "/Info/MaxChargeVoltage", 16 * 3.40)


def test_the_port_can_be_the_identity(bus, simulate, run):
    run(simulate().port, address="1", config="[DEFAULT]\nUSE_PORT_AS_UNIQUE_ID = True\n")
    assert bus.wait_for_name(NAME.format(1)).value("/Serial") == "ttySIM0__0x01"


def test_sighup_reads_it_again_without_a_gap(bus, simulate, run):
    daemon = run(simulate(packs=2).port, address="1,2", config=LIMITS)
    packs = [bus.wait_for_name(NAME.format(address)) for address in (1, 2)]
    for pack in packs:
        shows(bus, pack, "/Info/MaxChargeCurrent", 37.5)
    rewrite(daemon, LIMITS.replace("37.5", "21").replace("= 42", "= 17") + "TEMPERATURE_1_NAME = Top\n")
    for pack in packs:
        shows(bus, pack, "/Info/MaxChargeCurrent", 21)
        shows(bus, pack, "/Info/MaxDischargeCurrent", 17)
        bus.wait_for_value(pack, "/System/Temperature1Name", lambda name: name == "Top")
    assert bus.departed == []


def test_what_needs_a_restart_is_named(bus, simulate, run):
    daemon = run(simulate().port, protocol=None, config="[DEFAULT]\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 1\n")
    pack = bus.wait_for_name(NAME.format(1))
    rewrite(daemon, "[DEFAULT]\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 1, 2\nBATTERY_CELL_DATA_FORMAT = 2\nMAX_CELL_VOLTAGE = 3.4\n")
    daemon.wait_for_line("BATTERY_ADDRESSES of .*: takes effect after a restart")
    daemon.wait_for_line("BATTERY_CELL_DATA_FORMAT: takes effect after a restart")
    shows(bus, pack, "/Info/MaxChargeVoltage", 16 * 3.4)
    assert "/Voltages/Cell1" in pack.items()
    assert bus.departed == []


def test_the_interval_can_be_changed_while_it_runs(bus, simulate, run):
    daemon = run(simulate().port, address="1", config="[DEFAULT]\nPOLL_INTERVAL = 3600\n")
    bus.wait_for_name(NAME.format(1))

    def rounds():
        return json.loads(bmsd("show", "--json", "--socket", daemon.socket).stdout)["batteries"][0]["connection"]["rounds"]

    before = rounds()
    rewrite(daemon, "[DEFAULT]\nPOLL_INTERVAL = 0.5\n")
    wait_until(lambda: rounds() >= before + 3, what="three new rounds")
    assert bus.departed == []


def test_a_broken_file_keeps_the_limits_and_says_so(bus, simulate, run):
    daemon = run(simulate().port, address="1", config=LIMITS)
    pack = bus.wait_for_name(NAME.format(1))
    shows(bus, pack, "/Info/MaxChargeCurrent", 37.5)
    rewrite(daemon, LIMITS.replace("37.5", "a lot").replace("3.40", "3.45"))
    bus.wait_for_value(pack, "/ErrorCode", lambda code: code == 119)
    bus.wait_for_value(pack, "/State", lambda state: state == 10)
    daemon.wait_for_line("config.ini:2: MAX_BATTERY_CHARGE_CURRENT")
    daemon.wait_for_line("last good configuration is in force")
    bus.run_for(3)
    assert pack.value("/Info/MaxChargeCurrent") == pytest.approx(37.5)
    assert pack.value("/Info/MaxChargeVoltage") == pytest.approx(16 * 3.40, abs=0.005)

    rewrite(daemon, LIMITS.replace("37.5", "30"))
    bus.wait_for_value(pack, "/ErrorCode", lambda code: code is None)
    bus.wait_for_value(pack, "/State", lambda state: state == 9)
    shows(bus, pack, "/Info/MaxChargeCurrent", 30)
    assert bus.departed == []


def test_a_broken_file_at_the_start_gives_way_to_the_last_good_one(bus, simulate, run):
    port = simulate().port
    daemon = run(port, address="1", config=LIMITS)
    bus.wait_for_name(NAME.format(1))
    daemon.stop()
    bus.wait_until_gone(NAME.format(1))
    run(port, address="1", config=LIMITS.replace("37.5", "37,5 A") + "[line\nnonsense\n")
    pack = bus.wait_for_name(NAME.format(1))
    shows(bus, pack, "/Info/MaxChargeCurrent", 37.5)
    shows(bus, pack, "/Info/MaxChargeVoltage", 16 * 3.4)
    assert (pack.value("/ErrorCode"), pack.value("/State")) == (119, 10)


def test_a_corrected_value_is_shown_and_goes_on(bus, simulate, run):
    run(simulate().port, address="1", config=LIMITS.replace("FLOAT_CELL_VOLTAGE = 3.35", "FLOAT_CELL_VOLTAGE = 3.50"))
    pack = bus.wait_for_name(NAME.format(1))
    assert (pack.value("/ErrorCode"), pack.value("/State")) == (119, 9)
    shows(bus, pack, "/Info/MaxChargeCurrent", 37.5)


def test_what_is_no_configuration_of_this_program_does_not_stop_it(bus, simulate, run):
    daemon = run(simulate().port, protocol=None,
                 config="[DEFAULT]\nBMS_TYPE = KS48100\nBATTERY_ADDRESSES = 0x01, 0xFE\nPORTS = udp://nowhere:1\nNO_SUCH_KEY = 1\n")
    bus.wait_for_name(NAME.format(1))
    daemon.wait_for_line("BMS_TYPE KS48100")


def test_a_port_of_the_file_is_waited_for(bus, folder, simulate, run):
    daemon = run(protocol=None, config=f"[DEFAULT]\nBMS_TYPE = Daren485\nPORTS = {folder}/ttySIM0, usb:NO_SUCH_ADAPTER\n")
    daemon.wait_for_line("ttySIM0: no such device.*waiting for it")
    daemon.wait_for_line("usb:NO_SUCH_ADAPTER: no USB serial adapter has this serial number.*waiting for it")
    simulate()
    bus.wait_for_name("com.victronenergy.battery.ttySIM0")


def test_a_port_of_the_command_line_is_not(folder):
    done = bmsd("run", "--bus", "none", "--socket", folder / "control", "--state", folder / "state", folder / "ttySIM0")
    assert_one_line_error(done, 1)


def test_a_file_that_was_named_has_to_be_there(folder):
    done = bmsd("run", "--bus", "none", "--state", folder / "state", "--config", folder / "none.ini", folder / "ttySIM0")
    assert_one_line_error(done, 2)
    assert str(folder / "none.ini") in done.stderr


def test_without_any_port_there_is_nothing_to_do(folder):
    (folder / "config.ini").write_text("[DEFAULT]\n")
    done = bmsd("run", "--bus", "none", "--state", folder / "state", "--config", folder / "config.ini")
    assert_one_line_error(done, 2)
    assert "PORTS" in done.stderr


def test_an_excluded_device_is_not_touched(folder, simulate):
    """Nobody would know of an open(): a port that is not there would be an error."""
    (folder / "config.ini").write_text(f"[DEFAULT]\nEXCLUDED_DEVICES = {folder}/ttyX, /dev/ttyNONE0\n")
    for tty in (folder / "ttyX", "ttyNONE0"):
        done = bmsd("run", "--bus", "none", "--state", folder / "state", "--config", folder / "config.ini", "--serial-starter", tty)
        assert done.returncode == 0, done
        assert "EXCLUDED_DEVICES" in done.stderr


def test_ports_that_are_all_excluded_are_a_mistake(folder):
    """A service manager would start it again and again for nothing."""
    (folder / "config.ini").write_text("[DEFAULT]\nPORTS = /dev/ttyNONE0\nEXCLUDED_DEVICES = /dev/ttyNONE0\n")
    done = bmsd("run", "--bus", "none", "--state", folder / "state", "--config", folder / "config.ini")
    assert done.returncode == 2, done
    assert "each of PORTS is in EXCLUDED_DEVICES too" in done.stderr


def test_serial_starter_ends_where_no_bms_answers(folder, simulate, processes):
    simulator = simulate()
    simulator.send("silence 1 on")
    (folder / "config.ini").write_text("[DEFAULT]\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 1\n")
    begin = time.monotonic()
    done = bmsd("run", "--bus", "none", "--socket", folder / "control", "--state", folder / "state", "--config", folder / "config.ini",
                "--serial-starter", simulator.port)
    assert done.returncode == 1, done
    assert "no BMS answered within 5 s" in done.stderr
    assert 4.5 < time.monotonic() - begin < 15


def test_serial_starter_stays_where_one_does_and_ends_with_its_device(folder, simulate, processes):
    simulator = simulate()
    (folder / "config.ini").write_text("[DEFAULT]\nBMS_TYPE = Daren485\n")
    daemon = processes(BMSD, "run", "--bus", "none", "--socket", folder / "control", "--state", folder / "state", "--config",
                       folder / "config.ini", "--serial-starter", simulator.port)
    daemon.wait_for_line("daren-485 .* with 16 cells")
    time.sleep(6)  # longer than the 5 s after which it would have ended
    assert daemon.exit_code is None
    simulator.send("unplug")
    assert daemon.wait() == 1


def test_logging_is_a_key_and_the_option_beats_it(bus, folder, simulate, run):
    daemon = run(simulate().port, address="1", config="[DEFAULT]\nLOGGING = ERROR\n", options=["--log", "debug"])
    daemon.wait_for_line("^debug: .*opened")
    daemon.stop()
    wait_until(lambda: not daemon.socket.exists(), what="the end")
    quiet = run(folder / "ttySIM0", address="1", config="[DEFAULT]\nLOGGING = ERROR\n")
    bus.wait_for_name(NAME.format(1))
    assert quiet.err == []
