"""What the system tests share: a private D-Bus, the simulator, the daemon. Every test has its own of each."""

import json
import os
import pathlib
import tempfile

import pytest

from bus import Bus
from processes import BMSD, Process, wait_until

DBUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def is_can(protocol):
    return protocol.startswith("can") or protocol.endswith("-can")


@pytest.fixture
def folder():
    """A short-lived folder with a short name: the path of a Unix socket has 107 characters at most."""
    with tempfile.TemporaryDirectory(prefix="bmsd-") as name:
        yield pathlib.Path(name)


@pytest.fixture
def processes():
    """start(*command) starts a program; all of them are stopped, the last one first, and examined."""
    started = []

    def start(*command, env=None):
        started.append(Process(*command, env=env))
        return started[-1]

    start.started = started
    yield start
    # dbus-daemon goes last, so that nobody loses it.
    failures = []
    for process in reversed(started):
        try:
            process.stop()
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture
def bus(folder, processes):
    """A client on a D-Bus that nobody else has. bus.address: for `bmsd run --bus`."""
    config = folder / "dbus.conf"
    config.write_text(DBUS_CONFIG.format(socket=folder / "bus"))
    daemon = processes("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--nosyslog", "--print-address")
    client = Bus(daemon.wait_for_line(r"^unix:[^,\s]+").group())  # without the guid, which is another one after a restart
    yield client
    client.close()


@pytest.fixture
def simulate(folder, processes):
    """simulate(packs=2, link="ttySIM0", ...) starts Daren packs on a pseudo-terminal, those of protocols over CAN behind an slcan
    adapter there; .port is what to give to bmsd."""

    def start(*options, packs=1, link="ttySIM0", protocol="daren-485"):
        tty = folder / link
        can = is_can(protocol)
        process = processes(BMSD, "simulate", protocol, "--packs", packs, "--slcan" if can else "--link", tty, *options)
        process.wait_for_line("listening on")
        process.port = f"slcan:{tty}" if can else tty
        return process

    return start


@pytest.fixture
def run(folder, bus, processes):
    """run(port, ..., address="1,2") starts the daemon on the private bus; .socket is its control socket. config="...": the text of
    its configuration, written to folder/"config.ini"; its state is folder/"state"."""

    def start(*ports, address=None, protocol="daren-485", config=None, options=()):
        socket, file = folder / "control", folder / "config.ini"
        if config is not None or not file.exists():
            file.write_text(config or "")
        named = [] if protocol is None else ["--protocol", protocol]
        named += [] if address is None else ["--address", address]
        process = processes(BMSD, "run", "--bus", bus.address, *named, "--config", file, "--state", folder / "state", "--socket", socket,
                            *options, *ports)
        process.socket, process.config = socket, file
        wait_until(lambda: socket.exists() or process.exit_code is not None, what="the control socket")
        assert process.exit_code is None, str(process)
        return process

    return start


@pytest.fixture
def settings(folder, bus, processes):
    """A settings service on the private bus that keeps what it is told in folder/"settings.json"."""
    service = processes("/usr/bin/python3", pathlib.Path(__file__).parent / "settings_service.py", bus.address, folder / "settings.json")
    service.wait_for_line("^ready")
    return service


@pytest.fixture
def device(bus, processes):
    """device("com.victronenergy.battery.ttyS6", {"/Soc": 50}) is another device on the private bus; .change({path: value}) publishes."""

    def start(name, items):
        service = processes("/usr/bin/python3", pathlib.Path(__file__).parent / "device_service.py", bus.address, name, json.dumps(items))
        service.wait_for_line("^ready")
        service.change = lambda changed: service.send(json.dumps(changed))
        return service

    return start


@pytest.fixture
def private_environment(folder):
    """The environment of a user without anything: no session bus, no configuration, a runtime folder of its own."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DBUS_", "XDG_"))}
    return {**env, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "TMPDIR": str(folder)}
