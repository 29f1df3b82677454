#!/usr/bin/env python3
"""Restarts under load: script/handover.

Four packs are read as fast as their wire allows, their currents only rise, and a client asks every service twenty times a second. The
observer sees every change of a name's owner, every signal and every answer. Fails when a service was missing for a moment, when a call was not
answered, when a value of the past came after a newer one, or when one was published that no pack has sent.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

from bus import ITEM, Bus, plain
from conftest import DBUS_CONFIG
from gi.repository import GLib
from processes import BMSD, Process, wait_until

PACKS = 4
NAMES = {f"com.victronenergy.battery.ttySIM0__0x{address:02X}": address for address in range(1, PACKS + 1)}
CURRENT = "/Dc/0/Current"
LIMITS = ["/Info/MaxChargeVoltage", "/Info/MaxChargeCurrent", "/Info/MaxDischargeCurrent"]
STEP = 0.01  # A; the finest that the wire carries
BETWEEN = 1.5  # s from the end of a restart to the next


class Observer:
    def __init__(self, bus, simulator):
        self.bus, self.simulator = bus, simulator
        self.step = 0
        self.unanswered = []  # (service, error)
        self.back = []  # (service, value, after which one)
        self.absent = []  # limits that were invalid
        self.newest = {}  # service -> current
        self.longest = {}  # service -> seconds between two updates
        self.updated = {}
        self.calls = 0
        self._seen = 0
        GLib.timeout_add(100, self._move)
        GLib.timeout_add(50, self._ask)

    def _move(self):
        self.step += 1
        for address in range(1, PACKS + 1):
            self.simulator.send(f"set {address} current_a {address * 20 + self.step * STEP:.2f}")
        return True

    def _ask(self):
        for name in NAMES:
            asked = len(self.bus.owners)
            self.calls += 1
            self.bus._connection.call_async(name, "/", ITEM, "GetItems", "", (), lambda items, name=name, asked=asked: self._answered(name, asked, items),
                                            lambda error, name=name: self.unanswered.append((name, str(error))), timeout=30)
        return True

    def _answered(self, name, asked, items):
        self.look()  # what came before the answer was said before it
        if len(self.bus.owners) != asked:
            return  # of the process that was asked, which has given way meanwhile
        self._value(name, plain(items[CURRENT]["Value"]))
        self.absent += [(name, path) for path in LIMITS if plain(items[path]["Value"]) is None]

    def _value(self, name, value):
        before = self.newest.get(name, value)
        if value is None or value < before:
            self.back.append((name, value, before))
        else:
            self.newest[name] = value

    def look(self):
        """At the signals that have come since the last time."""
        for change in self.bus.changes[self._seen:]:
            if change.service not in NAMES:
                continue
            if change.path in LIMITS and change.value is None:
                self.absent.append((change.service, change.path))
            if change.path != CURRENT:
                continue
            self._value(change.service, change.value)
            if change.service in self.updated:
                gap = change.at - self.updated[change.service]
                self.longest[change.service] = max(self.longest.get(change.service, 0), gap)
            self.updated[change.service] = change.at
        self._seen = len(self.bus.changes)


def said(log):
    """address -> every current that the pack has sent."""
    currents = {}
    for line in log.read_text().splitlines():
        state = json.loads(line)
        currents.setdefault(state["address"], set()).add(round(state["current_a"], 2))
    return currents


def memory(pid):
    """Proportional set size in kB, and what is in memory at all."""
    sizes = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        words = line.split()
        sizes[words[0].rstrip(":")] = int(words[1])
    return sizes["Pss"], sizes["Rss"], sizes["Private_Dirty"]


def main(restarts):
    with tempfile.TemporaryDirectory(prefix="bmsd-") as name:
        folder = pathlib.Path(name)
        (folder / "dbus.conf").write_text(DBUS_CONFIG.format(socket=folder / "bus"))
        (folder / "config.ini").write_text("")
        dbus = Process("dbus-daemon", f"--config-file={folder / 'dbus.conf'}", "--nofork", "--nopidfile", "--nosyslog", "--print-address")
        bus = Bus(dbus.wait_for_line(r"^unix:\S+").group())
        simulator = Process(BMSD, "simulate", "daren-485", "--packs", PACKS, "--link", folder / "ttySIM0", "--set", "drift=off", "--log", folder / "log")
        simulator.wait_for_line("listening on")
        socket = folder / "control"
        daemon = Process(BMSD, "run", "--bus", bus.address, "--protocol", "daren-485", "--address", ",".join(map(str, range(1, PACKS + 1))),
                         "--interval", "0", "--config", folder / "config.ini", "--state", folder / "state", "--socket", socket, folder / "ttySIM0")
        try:
            return watch(restarts, folder, bus, simulator, daemon, socket)
        finally:
            daemon.stop()
            simulator.stop()
            bus.close()
            dbus.stop()


def watch(restarts, folder, bus, simulator, daemon, socket):
    wait_until(socket.exists, what="the control socket")
    observer = Observer(bus, simulator)
    for name in NAMES:
        bus.wait_for_value(bus.wait_for_name(name), "/Io/AllowToCharge", lambda value: value == 1)
    observer.unanswered.clear()  # before they came
    observer.absent.clear()
    begun = len(bus.owners)
    took, failures, serving = [], [], daemon.pid
    for number in range(1, restarts + 1):
        start = time.monotonic()
        command = subprocess.Popen([BMSD, "restart", "--socket", socket], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        bus.wait(lambda command=command: command.poll() is not None, timeout=110, what="bmsd restart ends")
        took.append(time.monotonic() - start)
        text = command.communicate()[0].strip()
        if command.returncode == 0:
            serving = int(text.split()[1])
        else:
            failures.append(text)
        bus.run_for(BETWEEN)
        observer.look()
        if number % 10 == 0:
            print(f"  {number} restarts, the last one in {took[-1]:.2f} s", file=sys.stderr)
    bus.run_for(2)
    observer.look()
    owners = [entry for entry in bus.owners[begun:] if entry[1] in NAMES]
    missing = [entry for entry in owners if not entry[3]]
    sent = said(folder / "log")
    never = [change for change in bus.changes if change.path == CURRENT and change.service in NAMES and change.value is not None
             and round(change.value, 2) not in sent[NAMES[change.service]]]
    values = sum(change.path == CURRENT for change in bus.changes)
    gone = memory(daemon.pid) if daemon.pid != serving else None
    print(f"restarts                                     {restarts}, of which failed: {len(failures)}")
    print(f"changes of owner                             {len(owners)} ({PACKS} services)")
    print(f"moments without owner                        {len(missing)}")
    print(f"calls, of which without answer               {observer.calls}, {len(observer.unanswered)}")
    print(f"limits that were absent                      {len(observer.absent)}")
    print(f"values published, of which older than before {values}, {len(observer.back)}")
    print(f"values published that no pack has sent       {len(never)}")
    print(f"longest time between two updates of a value  {max(observer.longest.values()):.2f} s")
    print(f"a restart, from the command to its answer    {sum(took) / len(took):.2f} s, at most {max(took):.2f} s")
    print(f"memory of the daemon (PSS, RSS, private)     {' kB, '.join(map(str, memory(serving)))} kB")
    if gone:
        print(f"memory of the guardian (PSS, RSS, private)   {' kB, '.join(map(str, gone))} kB")
    for list_ in (failures, missing, observer.unanswered, observer.absent, observer.back, never):
        for one in list_[:5]:
            print(f"  {one}")
    return 1 if failures or missing or observer.unanswered or observer.absent or observer.back or never else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
