"""bmsd on Venus OS: installed, started by its service, updated with the firmware, and gone without a trace."""

import os
import shutil
import subprocess

import pytest

import venus_root
from processes import wait_until
from venus_root import Machine, differences, make_archive, make_image, snapshot, unpack_package

BATTERY = "com.victronenergy.battery.usb_A50001__0x01"  # as the daemon calls what PORTS calls usb:A50001
ACTIVE_PINS = "etc/udev/rules.d/zz-bmsd.rules"

WHY_NOT = venus_root.why_not()


@pytest.fixture
def machine(folder, bus, settings, simulate):
    """A GX device that has booted, with a Daren pack at ttyUSB0 and bmsd unpacked but not installed."""
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    pack = simulate(packs=1)
    machine = Machine(folder, make_image(folder / "image"), folder / "bus", {"ttyUSB0": pack.port})
    machine.boot()
    yield machine
    machine.power_off()


def bmsd_on(machine, *arguments, check=True):
    return machine.run("/data/apps/bmsd/bmsd", *arguments, check=check)


def configure(machine, text):
    (machine.data / "apps/bmsd/config.ini").write_text(text)


def log_of(machine, name="bmsd"):
    return (machine.data / f"log/{name}/current").read_text()


def is_up(machine, service):
    return ": up " in machine.run("svstat", f"/service/{service}", check=False).stdout


def test_an_installation_survives_a_firmware_update_and_leaves_nothing_behind(folder, bus, machine):
    root_before, data_before = machine.root_snapshot(), snapshot(machine.data)
    assert machine.root_is_readonly()
    unpack_package(machine.data)

    # Without a configuration it is there, tells how to go on, and has touched nothing else.
    done = machine.setup("install")
    assert "bmsd pin ttyUSB0" in done.stdout
    assert differences(root_before, machine.root_snapshot()) == []
    assert all(line.startswith("came: apps") for line in differences(data_before, snapshot(machine.data)))
    done = machine.setup("enable", check=False)
    assert done.returncode == 0  # serial-starter may hand it ports
    machine.setup("disable")
    assert differences(root_before, machine.root_snapshot()) == []

    # The port is kept for it: serial-starter, which tried other drivers on it, leaves it alone.
    done = bmsd_on(machine, "pin", "ttyUSB0")
    assert "PORTS = usb:A50001" in done.stdout
    assert "VE_SERVICE=ignore" in machine.run("udevadm", "info", "--name=/dev/ttyUSB0").stdout
    assert bmsd_on(machine, "pin", "--list").stdout.split()[:2] == ["ttyUSB0", "usb:A50001"]
    assert differences(root_before, machine.root_snapshot()) == [f"came: {ACTIVE_PINS}"]
    assert machine.root_is_readonly()

    # Started by its own run script, below svscan.
    configure(machine, "[DEFAULT]\nPORTS = usb:A50001\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 0x01\n")
    machine.setup("enable")
    battery = bus.wait_for_name(BATTERY)
    assert battery.value("/Dc/0/Voltage") > 40
    done = machine.setup("status")
    assert "the daemon reads usb:A50001" in done.stdout and "problem" not in done.stdout
    assert (machine.data / "rc.local").read_text() == "#!/bin/bash\n/data/apps/bmsd/bmsd-setup boot &\n"
    assert "is on the bus as" in log_of(machine)

    # Again, everything: nothing changes, and the daemon is not disturbed.
    state = [machine.root_snapshot(), snapshot(machine.data, ["log", "apps/bmsd/state"])]
    pid = machine.run("pidof", "bmsd").stdout
    machine.setup("install")
    machine.setup("enable")
    machine.setup("boot")
    assert machine.run("pidof", "bmsd").stdout == pid
    assert differences(state[0], machine.root_snapshot()) == []
    assert differences(state[1], snapshot(machine.data, ["log", "apps/bmsd/state"])) == []

    # A firmware update: another root, the same /data. rc.local brings all of it back.
    machine.power_off()
    bus.wait_until_gone(BATTERY)
    machine.image = make_image(folder / "image2", version="v3.70")
    machine.boot()
    bus.wait_for_name(BATTERY)
    assert differences(snapshot(machine.image, [*venus_root.RAM, "data"]), machine.root_snapshot()) == [f"came: {ACTIVE_PINS}"]
    assert "VE_SERVICE=ignore" in machine.run("udevadm", "info", "--name=/dev/ttyUSB0").stdout
    assert machine.setup("status").returncode == 0
    assert machine.root_is_readonly()

    # Another version: the one before stays, to go back to.
    pid = machine.run("pidof", "bmsd").stdout
    program = machine.data / "apps/bmsd/bmsd.amd64"
    program.write_bytes(program.read_bytes() + b"\0")
    machine.setup("install")
    assert (machine.data / "apps/bmsd/bmsd").read_bytes() == program.read_bytes()
    assert (machine.data / "apps/bmsd/bmsd.previous").read_bytes() == program.read_bytes()[:-1]
    wait_until(lambda: machine.run("pidof", "bmsd", check=False).stdout not in ("", pid), what="the new program")
    bus.wait_for_name(BATTERY)

    # Who has gone back to it, has it also after a boot.
    shutil.copy(machine.data / "apps/bmsd/bmsd.previous", machine.data / "apps/bmsd/bmsd.new")
    (machine.data / "apps/bmsd/bmsd.new").replace(machine.data / "apps/bmsd/bmsd")
    machine.setup("boot")
    assert (machine.data / "apps/bmsd/bmsd").read_bytes() == (machine.data / "apps/bmsd/bmsd.previous").read_bytes()

    # Disabled it leaves the bus at once and the boot, and enabled it is back.
    machine.setup("disable")
    bus.wait_until_gone(BATTERY)
    assert differences(snapshot(machine.image, [*venus_root.RAM, "data"]), machine.root_snapshot()) == []
    assert not (machine.data / "rc.local").exists()
    assert machine.setup("restart", check=False).returncode == 1
    machine.setup("enable")
    bus.wait_for_name(BATTERY)
    machine.setup("restart")
    bus.wait_for_name(BATTERY)

    # Gone: first what is not the user's, then everything.
    machine.setup("uninstall")
    bus.wait_until_gone(BATTERY)
    left = {path.name for path in (machine.data / "apps/bmsd").iterdir()}
    assert "config.ini" in left and not left & {"bmsd", "bmsd-setup", "lib", "manifest", "bmsd.amd64", "bmsd.previous"}
    unpack_package(machine.data)
    machine.setup("uninstall", "--purge")
    assert differences(data_before, snapshot(machine.data)) == []
    assert differences(snapshot(machine.image, [*venus_root.RAM, "data"]), machine.root_snapshot()) == []
    assert machine.root_is_readonly()


def test_a_stick_upgrades_it_at_boot_and_what_is_configured_stays(folder, bus, machine):
    home = machine.data / "apps/bmsd"
    home.mkdir(parents=True)
    ini = "[DEFAULT]\nPORTS = ttyUSB0\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 0x01\n"
    configure(machine, ini)
    machine.power_off()
    machine.boot(stick=make_archive(folder / "venus-data.tar.gz"))
    bus.wait_for_name("com.victronenergy.battery.ttyUSB0__0x01")
    assert (home / "config.ini").read_text() == ini
    assert "bmsd is enabled" in (home / "install.log").read_text()
    done = machine.setup("status", check=False)
    assert done.returncode == 1 and "not pinned, so other drivers may open them: ttyUSB0" in done.stdout


def test_a_new_version_that_reads_nothing_gives_way_to_the_one_before(bus, machine):
    """`bmsd restart` says that the new process reads no battery: here by a program around it that always does."""
    unpack_package(machine.data)
    program, installed = machine.data / "apps/bmsd/bmsd.amd64", machine.data / "apps/bmsd/bmsd"
    program.rename(machine.data / "real-bmsd")

    def release(version):
        program.write_text(f'#!/bin/sh\n# {version}\nif [ "$1" = restart ]; then\n  [ "$2" = --help ]\n  exit\nfi\nexec /data/real-bmsd "$@"\n')

    release(1)
    configure(machine, "[DEFAULT]\nPORTS = ttyUSB0\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 0x01\n")
    machine.setup("install")
    bus.wait_for_name("com.victronenergy.battery.ttyUSB0__0x01")
    pid, good = machine.run("pidof", "real-bmsd").stdout, installed.read_text()
    release(2)
    done = machine.setup("install", check=False)
    assert done.returncode == 1 and "the one before goes on" in done.stderr
    assert installed.read_text() == good
    machine.setup("boot")
    assert installed.read_text() == good and machine.run("pidof", "real-bmsd").stdout == pid
    assert bus.departed.count("com.victronenergy.battery.ttyUSB0__0x01") == 0


# As PackageManager's helpers behave towards a setup script.
HELPERS = """case $1 in
  install) scriptAction=INSTALL ;;
  uninstall) scriptAction=UNINSTALL ;;
esac
scriptDir=$(dirname "$0")
EXIT_ERROR=255
logMessage() { echo "$*"; }
endScript() { exit 0; }
"""


def test_package_manager_installs_and_removes_it(bus, machine):
    package, helpers = machine.data / "bmsd", machine.data / "SetupHelper/HelperResources"
    package.mkdir()
    helpers.mkdir(parents=True)
    (helpers / "IncludeHelpers").write_text(HELPERS)
    shutil.copy(venus_root.PACKAGE / "PackageManager/setup", package)
    unpack_package(package)
    (machine.data / "apps/bmsd").mkdir(parents=True)
    configure(machine, "[DEFAULT]\nPORTS = ttyUSB0\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 0x01\n")
    machine.run("/data/bmsd/setup", "install")
    bus.wait_for_name("com.victronenergy.battery.ttyUSB0__0x01")
    # An upgrade that fails leaves what works.
    (package / "apps/bmsd/bmsd.amd64").write_text("half a download")
    done = machine.run("/data/bmsd/setup", "install", check=False)
    assert done.returncode == 255 and "runs on this machine" in done.stderr
    assert machine.setup("status", check=False).stdout.startswith("program     bmsd 0")
    assert bus.names() == ["com.victronenergy.battery.ttyUSB0__0x01"]
    machine.run("/data/bmsd/setup", "uninstall")
    bus.wait_until_gone("com.victronenergy.battery.ttyUSB0__0x01")
    assert not (machine.data / "apps/bmsd/bmsd").exists() and (machine.data / "apps/bmsd/config.ini").exists()


# --- Pins

def test_a_pin_for_serial_starter_starts_bmsd_there_and_removed_it_does_no_more(bus, machine):
    unpack_package(machine.data)
    configure(machine, "[DEFAULT]\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 0x01\n")
    machine.setup("install")
    bmsd_on(machine, "pin", "/dev/ttyUSB0", "--serial-starter")
    bus.wait_for_name("com.victronenergy.battery.ttyUSB0__0x01")
    assert is_up(machine, "bmsd.ttyUSB0")
    assert "serial-starter hands over" in machine.setup("status").stdout
    bmsd_on(machine, "pin", "--remove", "usb:A50001")
    assert not machine.path(ACTIVE_PINS).exists() and not (machine.data / "apps/bmsd/zz-bmsd.rules").exists()
    machine.setup("uninstall", "--purge")
    bus.wait_until_gone("com.victronenergy.battery.ttyUSB0__0x01")
    assert differences(snapshot(machine.image, [*venus_root.RAM, "data"]), machine.root_snapshot()) == []


def test_what_cannot_be_pinned_says_why(machine):
    unpack_package(machine.data)
    program = "/data/apps/bmsd/bmsd.amd64"
    machine.run("mv", "/data/apps/bmsd/bmsd-setup", "/data/setup")
    done = machine.run(program, "pin", "ttyUSB0", check=False)
    assert done.returncode == 1 and "install bmsd first" in done.stderr
    machine.run("mv", "/data/setup", "/data/apps/bmsd/bmsd-setup")
    machine.run("sh", "-c", "echo ID_BUS=usb >/run/udev-properties/ttyUSB0")
    done = machine.run(program, "pin", "ttyUSB0", check=False)
    assert done.returncode == 1 and "neither a serial number nor a socket" in done.stderr
    done = machine.run(program, "pin", "--remove", "ttyUSB0", check=False)
    assert done.returncode == 1 and "not pinned" in done.stderr
    assert not machine.path(ACTIVE_PINS).exists()


def test_elsewhere_a_pin_keeps_modem_manager_away(machine):
    unpack_package(machine.data)
    shutil.rmtree(machine.image / "etc/venus")
    machine.power_off()
    machine.boot()
    program = "/data/apps/bmsd/bmsd.amd64"
    done = machine.run(program, "pin", "ttyUSB0", check=False)
    assert done.returncode == 1 and "cannot write /etc/udev/rules.d" in done.stderr
    machine.run("mount", "-o", "remount,rw", "/")
    done = machine.run(program, "pin", "ttyUSB0")
    assert "ModemManager" in done.stdout and "PORTS = usb:A50001" in done.stdout
    assert 'ENV{ID_SERIAL_SHORT}=="A50001", ENV{ID_MM_DEVICE_IGNORE}="1"' in machine.path(ACTIVE_PINS).read_text()
    assert machine.path("run/udevadm.log").read_text().splitlines()[-2:] == [
        "control --reload-rules", "trigger --action=add --subsystem-match=tty --sysname-match=ttyUSB0"]
    assert machine.run(program, "pin", "--list").stdout.split()[:2] == ["ttyUSB0", "usb:A50001"]
    machine.run(program, "pin", "--remove", "ttyUSB0")
    assert not machine.path(ACTIVE_PINS).exists()


# --- dbus-serialbattery, as it leaves its traces on a device

OTHER = "apps/dbus-serialbattery"
OTHER_INI = """; Daren packs in the garage
[DEFAULT]
BMS_TYPE = Daren485
BATTERY_ADDRESSES = 0x01
MAX_BATTERY_CHARGE_CURRENT = 30
"""


def install_other_driver(machine, ini=OTHER_INI):
    """Its own folder, its line in rc.local, its drop-in with the aliases, its template (which that line puts back after an update)."""
    home = machine.data / OTHER
    home.mkdir(parents=True)
    (home / "config.ini").write_text(ini)
    (home / "start.sh").write_text("#!/bin/sh\n. /opt/victronenergy/serial-starter/run-service.sh\napp=sleep\nstart 100000\n")
    (home / "enable.sh").write_text(
        "#!/bin/sh\nmkdir -p /service/.other\nprintf '#!/bin/sh\\nexec /data/apps/dbus-serialbattery/start.sh can0\\n' >/service/.other/run\n"
        "chmod 755 /service/.other/run\nmv /service/.other /service/dbus-serialbattery.can0\n")
    for script in ["start.sh", "enable.sh"]:
        (home / script).chmod(0o755)
    conf = machine.data / "conf/serial-starter.d/dbus-serialbattery.conf"
    conf.parent.mkdir()
    conf.write_text("service sbattery dbus-serialbattery\nalias default gps:vedirect:sbattery\nalias rs485 cgwacs:fzsonick:imt:modbus:sbattery\n")
    rc = machine.data / "rc.local"
    rc.write_text("#!/bin/bash\n/data/others/start &\nbash /data/apps/dbus-serialbattery/enable.sh boot > /dev/null 2>&1 &\nexit 0")
    rc.chmod(0o755)
    template = machine.image / "opt/victronenergy/service-templates/dbus-serialbattery"
    (template / "log").mkdir(parents=True)
    (template / "run").write_text("#!/bin/sh\nexec /data/apps/dbus-serialbattery/start.sh TTY\n")
    (template / "log/run").write_text("#!/bin/sh\nexec multilog t s25000 n4 /var/log/dbus-serialbattery.TTY\n")
    for script in ["run", "log/run"]:
        (template / script).chmod(0o755)
    machine.power_off()
    machine.boot()


def test_it_takes_over_from_dbus_serialbattery_and_gives_back(bus, machine):
    install_other_driver(machine)
    wait_until(lambda: is_up(machine, "dbus-serialbattery.ttyUSB0") and is_up(machine, "dbus-serialbattery.can0"), what="the other driver")
    data_before, root_before = snapshot(machine.data, ["log", "var"]), machine.root_snapshot()
    unpack_package(machine.data)

    done = machine.setup("install")
    assert "config.ini is that of dbus-serialbattery" in done.stdout and "set aside" in done.stdout
    taken_over = (machine.data / "apps/bmsd/config.ini").read_text()
    assert taken_over == OTHER_INI.replace("[DEFAULT]\n", "[DEFAULT]\nSERIAL_STARTER_PROBE = True\n")
    # serial-starter hands the port to bmsd, by its template, as it handed it to the other driver.
    bus.wait_for_name("com.victronenergy.battery.ttyUSB0__0x01")
    assert is_up(machine, "bmsd.ttyUSB0")
    assert not [path for path in machine.path("service").iterdir() if "dbus-serialbattery" in path.name]
    drop_in = (machine.data / "conf/serial-starter.d/bmsd.conf").read_text()
    assert "alias default gps:vedirect:bmsd" in drop_in and "service sbattery bmsd" in drop_in
    assert snapshot(machine.data / OTHER) == {name[len(OTHER) + 1:]: entry for name, entry in data_before.items() if name.startswith(OTHER + "/")}
    assert (machine.data / "rc.local").read_text().splitlines() == [
        "#!/bin/bash", "/data/apps/bmsd/bmsd-setup boot &", "/data/others/start &",
        "#bmsd# bash /data/apps/dbus-serialbattery/enable.sh boot > /dev/null 2>&1 &", "exit 0"]
    assert machine.setup("status").returncode == 0

    # It stays so over a boot.
    machine.power_off()
    machine.boot()
    bus.wait_for_name("com.victronenergy.battery.ttyUSB0__0x01")
    assert not is_up(machine, "dbus-serialbattery.can0")

    # Back with one command: as it was, and running.
    machine.setup("back")
    bus.wait_until_gone("com.victronenergy.battery.ttyUSB0__0x01")
    wait_until(lambda: is_up(machine, "dbus-serialbattery.ttyUSB0") and is_up(machine, "dbus-serialbattery.can0"), what="the other driver")
    assert differences(data_before, snapshot(machine.data, ["log", "var", "apps/bmsd"])) == []
    assert differences(root_before, machine.root_snapshot()) == []

    # And uninstalled from the middle of its work: the same.
    machine.setup("enable")
    machine.setup("uninstall", "--purge")
    assert differences(data_before, snapshot(machine.data, ["log", "var"])) == []
    assert differences(root_before, machine.root_snapshot()) == []


@pytest.mark.parametrize("line, why", [("BLUETOOTH_BMS = Jkbms_Ble C8:47:8C:00:00:00", "BLUETOOTH_BMS"), ("BMS_TYPE = Daren485, Sinowealth", "Sinowealth")])
def test_a_driver_that_reads_what_bmsd_cannot_stays(machine, line, why):
    install_other_driver(machine, f"[DEFAULT]\n{line}\n")
    before = snapshot(machine.data, ["log", "var", "apps/bmsd"]), machine.root_snapshot()
    unpack_package(machine.data)
    done = machine.setup("install", check=False)
    assert done.returncode == 1 and why in done.stderr and "stays as it is" in done.stderr
    assert differences(before[0], snapshot(machine.data, ["log", "var", "apps/bmsd"])) == []
    assert differences(before[1], machine.root_snapshot()) == []
    assert machine.setup("install", "--force").returncode == 0
    assert (machine.data / "conf/serial-starter.d/bmsd.conf").exists()


# --- What does not need a machine: a folder that is taken for the root

@pytest.fixture
def root(folder):
    image = make_image(folder / "image")
    (image / "data/conf").mkdir(parents=True)
    (image / "data/log").mkdir()
    unpack_package(image / "data")
    (image / "data/apps/bmsd/config.ini").write_text("[DEFAULT]\nPORTS = tcp://127.0.0.1:9\n")
    return image


def setup_in(root, *arguments):
    return subprocess.run(["busybox", "sh", root / "data/apps/bmsd/bmsd-setup", *arguments], env={**os.environ, "BMSD_ROOT": str(root)},
                          capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("before, enabled", [
    (None, "#!/bin/bash\nLINE\n"),
    ("#!/bin/sh\nfoo &\nexit 0\n", "#!/bin/sh\nLINE\nfoo &\nexit 0\n"),
    ("#!/bin/sh\nfoo &", "#!/bin/sh\nLINE\nfoo &"),
    ("foo\n", "LINE\nfoo\n"),
    ("#!/bin/sh\n#LINE\necho LINE\n", "#!/bin/sh\nLINE\n#LINE\necho LINE\n"),
], ids=["none", "with exit", "without an end of line", "without a first line", "with a comment like it"])
def test_rc_local_has_one_line_more_and_then_is_as_it_was(root, before, enabled):
    line = "/data/apps/bmsd/bmsd-setup boot &"
    rc = root / "data/rc.local"
    if before is not None:
        rc.write_text(before.replace("LINE", line))
        rc.chmod(0o744)
    was = snapshot(root / "data", ["apps", "log"])
    for _ in range(2):
        assert setup_in(root, "install").returncode == 0
        assert rc.read_text() == enabled.replace("LINE", line)
    assert setup_in(root, "disable").returncode == 0
    assert differences(was, snapshot(root / "data", ["apps", "log"])) == []


def test_rc_local_that_was_not_executable_is_so_again(root):
    rc = root / "data/rc.local"
    rc.write_text("#!/bin/sh\nfoo\n")
    rc.chmod(0o644)
    done = setup_in(root, "enable") if setup_in(root, "install").returncode == 0 else None
    assert done and rc.stat().st_mode & 0o777 == 0o755
    assert setup_in(root, "disable").returncode == 0
    assert rc.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("version, good", [("v2.89", False), ("v1.99", False), ("v2.90", True), ("v2.90~4", True), ("v3.60", True), ("v10.1", True), ("", False)])
def test_a_venus_os_that_is_too_old_is_refused(root, version, good):
    (root / "opt/victronenergy/version").write_text(version + "\n")
    done = setup_in(root, "install")
    assert (done.returncode == 0) == good, done
    if not good:
        assert "Venus OS" in done.stderr and not (root / "data/rc.local").exists()


def test_a_file_that_was_edited_stays(root):
    (root / "data/apps/bmsd/config.ini").write_text("")
    assert setup_in(root, "install").returncode == 0
    drop_in = root / "data/conf/serial-starter.d/bmsd.conf"
    drop_in.write_text(drop_in.read_text() + "# mine\n")
    done = setup_in(root, "enable")
    assert done.returncode == 0 and "was edited" in done.stdout and drop_in.read_text().endswith("# mine\n")
    assert setup_in(root, "disable").returncode == 0
    assert not drop_in.exists() and (root / "data/apps/bmsd/bmsd.conf.edited").read_text().endswith("# mine\n")


def test_probing_is_only_where_it_is_asked_for(root):
    drop_in = root / "data/conf/serial-starter.d/bmsd.conf"
    (root / "data/apps/bmsd/config.ini").write_text("")
    assert setup_in(root, "install").returncode == 0
    assert "alias" not in drop_in.read_text()
    (root / "data/apps/bmsd/config.ini").write_text("[DEFAULT]\nSERIAL_STARTER_PROBE = True\n")
    assert setup_in(root, "enable").returncode == 0
    assert "alias default gps:vedirect:bmsd\nalias rs485 cgwacs:fzsonick:imt:modbus:bmsd\n" in drop_in.read_text()
    (root / "data/apps/bmsd/config.ini").write_text("[DEFAULT]\nSERIAL_STARTER_ENABLED = False\n")
    done = setup_in(root, "enable")
    assert done.returncode == 1 and "PORTS" in done.stderr
    (root / "data/apps/bmsd/config.ini").write_text("[DEFAULT]\nCAN_PORT = can0\nSERIAL_STARTER_ENABLED = False\n")
    assert setup_in(root, "enable").returncode == 0
    assert not drop_in.parent.exists() and not (root / "opt/victronenergy/service-templates/bmsd").exists()


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["install", "now"], ["install", "--purge"], ["back", "--force"], ["--nonsense"]], ids=" ".join)
def test_wrong_usage_is_2_and_one_line(root, arguments):
    done = setup_in(root, *arguments)
    assert done.returncode == 2 and done.stdout == "" and len(done.stderr.splitlines()) == 1


def test_its_help_names_every_command(root):
    done = setup_in(root, "--help")
    assert done.returncode == 0
    for command in ["install", "enable", "disable", "restart", "status", "back", "uninstall", "boot", "pins"]:
        assert f"bmsd-setup {command}" in done.stdout


def test_a_program_that_does_not_run_here_is_not_installed(root):
    (root / "data/apps/bmsd/bmsd.amd64").write_text("half a download")
    done = setup_in(root, "install")
    assert done.returncode == 1 and "runs on this machine" in done.stderr
    assert not (root / "data/apps/bmsd/bmsd").exists()
