"""The daemon watches itself: systemd is told how it is, a loop that stalls is noticed, and it ends within a second whatever hangs."""

import contextlib
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import time

import pytest

from processes import BMSD, bmsd, wait_until

NAME = "com.victronenergy.battery.ttySIM0__0x01"
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class Manager:
    """Whoever started the daemon: hears what sd_notify would say, with the time and the process that says it."""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.address, self.heard = address, []

    def hear(self, timeout=30):
        ready, _, _ = select.select([self._socket], [], [], timeout)
        if not ready:
            return None
        data, [(_, _, credentials)], _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
        text = data.decode()
        self.heard.append((time.monotonic(), text, CREDENTIALS.unpack(credentials)[0]))
        return text

    def hear_for(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.hear(left)

    def hear_until(self, condition):
        end = time.monotonic() + 90
        while not condition():
            assert time.monotonic() < end, self.heard
            self.hear(0.02)

    def wait_for(self, pattern):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            text = self.hear(1)
            if text is not None and re.fullmatch(pattern, text):
                return text
        raise AssertionError(f"no {pattern!r} in {self.heard}")

    def close(self):
        self._socket.close()


@pytest.fixture
def manager(folder):
    with contextlib.closing(Manager(str(folder / "notify"))) as made:
        yield made


@pytest.fixture
def run_for(folder, bus, processes):
    """run_for(manager, port, watchdog=0.4) starts the daemon as systemd would."""

    def start(manager, port, watchdog=None, address="1"):
        env = {**os.environ, "NOTIFY_SOCKET": manager.address}
        if watchdog is not None:
            env["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        process = processes(BMSD, "run", "--bus", bus.address, "--protocol", "daren-485", "--address", address, "--config",
                            folder / "config.ini", "--state", folder / "state", "--socket", folder / "control", port, env=env)
        process.socket = folder / "control"
        return process

    (folder / "config.ini").write_text("")
    return start


def status(daemon):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(daemon.socket))
        client.sendall(b'{"ask":"status"}\n')
        return json.loads(client.makefile().readline())


def test_a_service_manager_is_told_of_the_beginning_the_reload_and_the_end(manager, run_for, simulate):
    daemon = run_for(manager, simulate().port)
    assert manager.hear() == "READY=1"
    os.kill(daemon.pid, signal.SIGHUP)
    reloading = manager.hear()
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", reloading)
    told = int(reloading.rsplit("=")[-1]) / 1e6
    assert abs(told - time.clock_gettime(time.CLOCK_MONOTONIC)) < 10
    assert manager.hear() == "READY=1"
    os.kill(daemon.pid, signal.SIGTERM)
    assert manager.hear() == "STOPPING=1"
    assert daemon.wait() == 0
    assert manager.hear(0.1) is None


def test_an_abstract_socket_is_told_too(run_for, simulate, folder):
    with contextlib.closing(Manager(f"@bmsd-{os.getpid()}-{folder.name}")) as manager:
        run_for(manager, simulate().port)
        assert manager.hear() == "READY=1"


def test_readiness_waits_for_no_bms(manager, run_for, simulate, bus):
    simulator = simulate()
    simulator.send("silence 1 on")
    run_for(manager, simulator.port)
    assert manager.hear(5) == "READY=1"
    assert bus.names() == []


def test_who_does_not_run_does_not_say_so(manager, run_for, folder):
    daemon = run_for(manager, folder / "no-such-port")
    assert daemon.wait() == 1
    heard = []
    while (text := manager.hear(0.1)) is not None:
        heard.append(text)
    assert "READY=1" not in heard, heard


def test_the_watchdog_is_fed_twice_within_its_patience_and_only_while_the_loop_turns(manager, run_for, simulate):
    daemon = run_for(manager, simulate().port, watchdog=0.4)
    manager.wait_for("READY=1")
    for _ in range(6):
        manager.wait_for("WATCHDOG=1")
    times = [at for at, text, _ in manager.heard if text == "WATCHDOG=1"]
    assert min(b - a for a, b in zip(times, times[1:])) > 0.1  # as asked, not as fast as it can
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        while manager.hear(0.5) is not None:
            pass  # what was under way
        assert manager.hear(1) is None  # this is how systemd learns of it
    finally:
        os.kill(daemon.pid, signal.SIGCONT)
    manager.wait_for("WATCHDOG=1")


def test_nobody_is_fed_who_does_not_watch(manager, run_for, simulate):
    run_for(manager, simulate().port)
    manager.wait_for("READY=1")
    assert manager.hear(1.5) is None


def start_restart(daemon, *options):
    return subprocess.Popen([BMSD, "restart", "--socket", daemon.socket, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def guards(pid):
    with open(f"/proc/{pid}/cmdline", encoding="ascii") as words:
        return "--guard" in words.read().split("\0")


def test_the_watchdog_is_fed_without_a_gap_while_one_process_takes_the_place_of_another(manager, run_for, simulate, bus):
    """And systemd's main process is the one that it started, all the time: nobody tells it of another one."""
    patience = 2
    daemon = run_for(manager, simulate("--set", "drift=off").port, watchdog=patience)
    bus.wait_for_name(NAME)
    manager.hear_for(patience)
    served = [daemon.pid]
    for _ in range(2):
        command = start_restart(daemon)
        manager.hear_until(lambda command=command: command.poll() is not None)
        said = command.communicate()[0]
        assert command.returncode == 0, f"{said}\n{daemon}"
        served.append(int(said.split()[1]))
        assert served[-1] in [pid for _, _, pid in manager.heard], "the new one feeds before the old one leaves"
        manager.hear_until(lambda: guards(daemon.pid) if len(served) == 2 else not os.path.exists(f"/proc/{served[-2]}"))
        manager.hear_for(0.1)
        left = len(manager.heard)
        manager.hear_for(1.5 * patience)
        assert {pid for _, _, pid in manager.heard[left:]} == {served[-1]}
    assert [(text, pid) for _, text, pid in manager.heard if text != "WATCHDOG=1"] == [("READY=1", daemon.pid)]
    assert {pid for _, _, pid in manager.heard} == set(served)
    times = [at for at, text, _ in manager.heard if text == "WATCHDOG=1"]
    assert max(b - a for a, b in zip(times, times[1:])) < patience

    os.kill(daemon.pid, signal.SIGHUP)  # as systemd does, to its main process
    assert manager.wait_for(r"RELOADING=1\nMONOTONIC_USEC=\d+") and manager.wait_for("READY=1")
    os.kill(daemon.pid, signal.SIGTERM)
    manager.wait_for("STOPPING=1")
    assert daemon.wait() == 0
    assert manager.heard[-1][2] == served[-1]


def test_a_new_process_feeds_nobody_until_it_serves(manager, run_for, simulate, bus, folder):
    """An old one that hangs meanwhile is found out."""
    daemon = run_for(manager, simulate().port, watchdog=0.4)
    bus.wait_for_name(NAME)
    other = folder / "other-bmsd"  # for which there are other BMSes: it never has good data
    other.write_text(f'#!/bin/sh\nexec {BMSD} $(echo "$@" | sed s/daren-485/renogy/)')
    other.chmod(0o755)
    command = start_restart(daemon, "--with", other)
    daemon.wait_for_line("restart: .* is process")
    manager.hear_for(3)
    assert {pid for _, _, pid in manager.heard} == {daemon.pid}
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        while manager.hear(0.3) is not None:
            pass  # what was under way
        assert manager.hear(1) is None
    finally:
        os.kill(daemon.pid, signal.SIGCONT)
    daemon.stop()
    command.communicate(timeout=30)


def test_a_stall_is_noticed_counted_and_shown(bus, simulate, run):
    daemon = run(simulate().port, address="1")
    bus.wait_for_name(NAME)
    assert status(daemon)["loop"] == {"stalls": 0, "longest_stall_s": 0}
    os.kill(daemon.pid, signal.SIGSTOP)
    time.sleep(4.5)
    os.kill(daemon.pid, signal.SIGCONT)
    away = float(daemon.wait_for_line(r"^warning: nothing was done for ([\d.]+) s").group(1))
    assert 2 < away < 30
    loop = status(daemon)["loop"]
    assert loop["stalls"] == 1 and abs(loop["longest_stall_s"] - away) < 0.2
    shown = json.loads(bmsd("show", "--json", "--socket", daemon.socket).stdout)
    assert shown["loop"]["stalls"] == 1
    assert bus.names() == [NAME]


def ends_within_a_second(daemon):
    began = time.monotonic()
    os.kill(daemon.pid, signal.SIGTERM)
    assert daemon.wait(5) == 0, str(daemon)
    assert time.monotonic() - began < 1.0, str(daemon)


def test_sigterm_leaves_within_a_second_though_a_port_hangs(bus, simulate, run, folder):
    simulator = simulate()
    with socket.socket() as gateway:  # accepts nobody, answers nobody
        gateway.bind(("127.0.0.1", 0))
        gateway.listen(0)
        daemon = run(simulator.port, f"tcp://127.0.0.1:{gateway.getsockname()[1]}", address="1")
        bus.wait_for_name(NAME)
        (folder / "state").unlink(missing_ok=True)
        os.kill(simulator.pid, signal.SIGSTOP)  # the port is open, and nothing comes or drains any more
        try:
            time.sleep(1)
            ends_within_a_second(daemon)
        finally:
            os.kill(simulator.pid, signal.SIGCONT)
    bus.wait_until_gone(NAME)
    assert (folder / "state").read_text().startswith("bmsd-state 1")
    assert not daemon.socket.exists()


def test_sigterm_leaves_within_a_second_in_the_middle_of_a_search(bus, run, folder, processes):
    silent = processes(BMSD, "simulate", "daren-485", "--link", folder / "ttySIM0", "--fault", "silence=1")
    silent.wait_for_line("listening on")
    daemon = run(folder / "ttySIM0", protocol=None)
    wait_until(daemon.socket.exists)
    time.sleep(0.5)
    ends_within_a_second(daemon)
