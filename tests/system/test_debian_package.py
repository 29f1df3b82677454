"""What goes into the Debian package, as far as it can be looked at without installing it; script/try-deb installs it."""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import types

import pytest

from processes import BMSD, bmsd

ROOT = pathlib.Path(__file__).parents[2]
DEBIAN = ROOT / "package/debian"
EXPOSURE = 2.0  # of systemd-analyze security; 10 is no protection at all


@pytest.fixture
def unit(folder):
    """The unit file for the program that is tested, which is where verify looks for it."""
    path = folder / "bmsd.service"
    text = (DEBIAN / "bmsd.service").read_text().replace("/usr/bin/bmsd", str(pathlib.Path(BMSD).resolve()))
    path.write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE))  # the page is not installed here
    return path


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_has_nothing_to_complain_about(unit):
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    assert "bmsd.service" not in done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_service_is_confined(unit):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True, check=False)
    score = float(re.search(r"Overall exposure level for bmsd.service: ([\d.]+)", done.stdout).group(1))
    assert score <= EXPOSURE, done.stdout


def test_systemd_hears_whichever_process_serves():
    unit = dict(re.findall(r"^(\w+)=(.*)$", (DEBIAN / "bmsd.service").read_text(), re.MULTILINE))
    assert (unit["Type"], unit["NotifyAccess"]) == ("notify", "all")
    assert 10 <= int(unit["WatchdogSec"]) <= 60  # a disk that is slow for some seconds is no reason to end, and a loss shows after a minute


def test_the_service_uses_options_that_there_are():
    start = re.search(r"^ExecStart=/usr/bin/bmsd (.*)$", (DEBIAN / "bmsd.service").read_text(), re.MULTILINE).group(1)
    helped = bmsd(start.split()[0], "--help").stdout
    for option in re.findall(r"--[a-z-]+", start):
        assert f"  {option} " in helped


def test_without_a_port_in_the_configuration_the_service_has_nothing_to_do(folder):
    line = re.search(r"^ExecCondition=/bin/sh -c '(.*)'$", (DEBIAN / "bmsd.service").read_text(), re.MULTILINE).group(1)
    file = folder / "config.ini"

    def condition(text):
        if text is not None:
            file.write_text(text)
        script = line.replace("$$", "$").replace("/usr/bin/bmsd", BMSD).replace("/etc/bmsd/config.ini", str(file))
        return subprocess.run(["sh", "-c", script], check=False).returncode

    assert condition(None) == 0  # no file: run says so
    assert condition((DEBIAN / "config.ini").read_text()) == 1
    assert condition("[DEFAULT]\nPORTS = /dev/ttyUSB0\n") == 0
    assert condition("===\n") in (0, 1)


def test_the_configuration_that_is_installed_is_right(folder):
    done = bmsd("check", "--strict", DEBIAN / "config.ini")
    assert done.returncode == 0, done
    spoken = folder / "config.ini"
    spoken.write_text((DEBIAN / "config.ini").read_text().replace("# PORTS", "PORTS"))
    assert bmsd("check", "--get", "PORTS", spoken).stdout.strip() == "/dev/ttyUSB0"


def test_the_policy_of_the_bus_lets_root_own_a_battery_and_nobody_else(folder, processes):
    config = folder / "bus.conf"
    config.write_text(f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={folder}/bus</listen>
<policy context="default"><allow user="*"/><deny own="*"/><allow send_destination="org.freedesktop.DBus"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/></policy>
<include>{DEBIAN}/bmsd-dbus.conf</include></busconfig>""")
    daemon = processes("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--nosyslog", "--print-address")
    daemon.wait_for_line(r"^unix:\S+")

    def own(name):
        done = subprocess.run(["dbus-send", f"--bus=unix:path={folder}/bus", "--print-reply", "--dest=org.freedesktop.DBus", "/",
                               "org.freedesktop.DBus.RequestName", f"string:{name}", "uint32:0"], capture_output=True, text=True, check=False)
        return "AccessDenied" not in done.stderr and done.returncode == 0

    assert own("com.victronenergy.battery.ttyUSB0") == (os.geteuid() == 0)
    assert not own("com.victronenergy.settings")


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm"])
def test_the_scripts_of_the_package_are_sh(name):
    subprocess.run(["sh", "-n", DEBIAN / name], check=True)


# --- The list of what is in the binary

def load_sbom():
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "package/sbom.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sbom(folder, monkeypatch):
    """package/sbom.py with a sysroot of two packages and the traces of a build that used three."""
    module = load_sbom()
    monkeypatch.setattr(module, "ROOT", folder)
    root, build = folder / "build/sysroot/armhf", folder / "build/cross/armhf"
    for name in ("usr/lib/libdbus-1.a", "usr/include/fmt/format.h", "usr/include/unowned.h"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "packages").write_text("libdbus-1-dev 1.14.10-1~deb12u1\nlibfmt-dev 9.1.0+ds1-2\n")
    (root / "contents").write_text("libdbus-1-dev usr/lib/libdbus-1.a\nlibfmt-dev usr/include/fmt/format.h\n")
    build.mkdir(parents=True)
    (build / "bmsd.map").write_text(f"Archive member included to satisfy reference by file (symbol)\n\n{root}/usr/lib/libdbus-1.a(dbus-bus.o)\n"
                                    f"                              libbmsd_venus.a(sink.cc.o) (dbus_bus_get)\n\nDiscarded input sections\n")
    headers = {str((root / "usr/include/fmt/format.h").resolve())}
    monkeypatch.setattr(module, "headers_read", lambda _: headers)
    monkeypatch.setattr(module, "owners_here", lambda files: pytest.fail(f"asked for {files}"))
    return types.SimpleNamespace(headers=headers, root=root, make=lambda: module.bom(
        types.SimpleNamespace(build=str(build), arch="armhf", version="0.1.0")))


def test_the_list_of_contents_is_cyclonedx(sbom):
    made = json.loads(json.dumps(sbom.make()))
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.5", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["serialNumber"])
    assert made["metadata"]["component"]["name"] == "bmsd"
    assert [part["name"] for part in made["components"]] == ["libdbus-1-dev", "libfmt-dev"]
    for part in made["components"]:
        assert part["type"] == "library" and part["version"] and part["licenses"][0]["expression"]
        assert part["purl"].startswith(f"pkg:deb/debian/{part['name']}@") and "arch=armhf" in part["purl"]
    assert made["dependencies"][0]["dependsOn"] == [part["bom-ref"] for part in made["components"]]
    assert made == sbom.make()


def test_what_belongs_to_no_package_is_not_passed_over(sbom):
    sbom.headers.add(str((sbom.root / "usr/include/unowned.h").resolve()))
    with pytest.raises(SystemExit, match="unowned.h is of no package"):
        sbom.make()
