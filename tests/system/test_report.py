"""`bmsd report`: one archive with what helps to find a fault, and none of the secrets."""

import json
import os
import signal
import stat
import tarfile

from processes import assert_one_line_error, bmsd, wait_until

NAME = "com.victronenergy.battery.ttySIM0__0x01"
SECRET = "xyzzy-3141"
CONFIG = f"""[DEFAULT]
MQTT_PASSWORD = {SECRET}
; MQTT_PASSWORD = {SECRET}
MQTT_BROKER_ADDRESS = mqtt://me:{SECRET}@broker
MY_PASSWORD = {SECRET}
MAX_BATTERY_CHARGE_CURRENT = 77
"""


def opened(archive):
    """name -> content, without the folder."""
    assert stat.S_IMODE(os.stat(archive).st_mode) == 0o600
    with tarfile.open(archive, "r:gz") as tar:
        members = [member for member in tar.getmembers() if member.isfile()]
        assert all(member.name.startswith("bmsd-report/") for member in members)
        return {member.name.removeprefix("bmsd-report/"): tar.extractfile(member).read() for member in members}


def without_secrets(files):
    for name, content in files.items():
        assert SECRET.encode() not in content, f"{name}: {content}"
        assert SECRET.encode().hex().upper().encode() not in content, name
    return files


def test_holds_what_is_needed_and_no_secret(bus, simulate, run, folder):
    simulator = simulate()
    daemon = run(simulator.port, address="1", config=CONFIG)
    bus.wait_for_name(NAME)
    simulator.send("alarm 1 cell_overvoltage_alarm on")
    black_boxes = folder / "blackbox"
    wait_until(lambda: list(black_boxes.glob("*.capture")), what="a black box")
    os.kill(daemon.pid, signal.SIGHUP)
    daemon.wait_for_line("read again")
    wait_until(lambda: (folder / "state").exists() and SECRET in (folder / "state").read_text(), timeout=40,
               what="the state with the last good configuration")

    done = bmsd("report", folder / "report.tar.gz", "--socket", daemon.socket, env={**os.environ, "TMPDIR": str(folder)})
    assert done.returncode == 0, done
    files = without_secrets(opened(folder / "report.tar.gz"))
    assert not list(folder.glob("bmsd-report-*")), "nothing is left of the work"

    text = {name: content.decode() for name, content in files.items()}
    assert "bmsd 0.1.0" in text["system.txt"]
    assert "MAX_BATTERY_CHARGE_CURRENT = 77" in text["config.ini"] and "***" in text["config.ini"]
    assert "config.ini" in text["check.txt"]
    assert json.loads(text["status.json"])["pid"] == daemon.pid
    assert json.loads(text["show.json"])["batteries"][0]["id"]
    assert json.loads(text["explain.json"])["explanations"]
    assert json.loads(text["doctor.json"])["ports"]
    assert f"info: {folder / 'config.ini'}: read again" in text["log.txt"]
    assert text["state"].startswith("bmsd-state 1")
    (black_box,) = [name for name in text if name.startswith("blackbox/")]
    assert text[black_box].startswith("# bmsd capture 1") and " < " in text[black_box]
    for name in text:
        assert name == "README.txt" or name in text["README.txt"]
    assert "serial numbers" in text["README.txt"]
    assert done.stdout.splitlines()[0] == str(folder / "report.tar.gz")
    assert text["README.txt"] in done.stdout


def test_a_blanked_black_box_can_be_replayed_and_a_raw_one_is_the_very_file(bus, simulate, run, folder):
    simulator = simulate()
    daemon = run(simulator.port, address="1")
    bus.wait_for_name(NAME)
    serial = bus.wait_for_name(NAME).value("/Serial")
    simulator.send("alarm 1 cell_overvoltage_alarm on")
    (original,) = wait_until(lambda: list((folder / "blackbox").glob("*.capture")), what="a black box")
    name = f"blackbox/{original.name}"
    assert bmsd("report", folder / "blanked.tgz", "--socket", daemon.socket).returncode == 0
    assert bmsd("report", folder / "raw.tgz", "--raw", "--socket", daemon.socket).returncode == 0
    assert opened(folder / "raw.tgz")[name] == original.read_bytes()
    blanked = folder / "blanked.capture"
    blanked.write_bytes(opened(folder / "blanked.tgz")[name])
    done = bmsd("replay", blanked)
    assert done.returncode == 0 and '"event":"added"' in done.stdout, done
    assert serial not in done.stdout


def test_works_without_a_daemon_and_says_so(folder):
    config = folder / "config.ini"
    config.write_text(CONFIG)
    done = bmsd("report", folder / "report.tar.gz", "--socket", folder / "no-daemon", "--config", config, "--state", folder / "state")
    assert done.returncode == 0, done
    assert "no bmsd is running" in done.stdout and "black boxes" in done.stdout
    files = without_secrets(opened(folder / "report.tar.gz"))
    assert {"README.txt", "system.txt", "config.ini", "check.txt", "ports.txt"} <= set(files)
    assert "log.txt" not in files


def test_overwrites_nothing(folder):
    archive = folder / "report.tar.gz"
    archive.write_text("precious")
    done = bmsd("report", archive, "--socket", folder / "no-daemon")
    assert_one_line_error(done, 1)
    assert archive.read_text() == "precious"


def test_says_where_it_cannot_write(folder):
    done = bmsd("report", folder / "no-such-folder/report.tar.gz", "--socket", folder / "no-daemon")
    assert_one_line_error(done, 1)
    assert "no-such-folder" in done.stderr
