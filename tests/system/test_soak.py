"""Fifteen packs of four protocols on four bad lines, on a real bus, in real time; then the simulators, the bus and the daemon die in
turn. Whatever is published was said, services that live stay, and memory does not grow. BMSD_SOAK_SECONDS: how long, 15 s unless set;
`script/soak --real MINUTES` runs long ones. (Weeks in virtual time: tests/soak/soak.cc.)"""

import os
import pathlib
import random
import re
import signal

from bus import Bus
from test_bad_lines import PROTOCOLS, never_said, said_by

SECONDS = float(os.environ.get("BMSD_SOAK_SECONDS", "15"))
SEED = int(os.environ.get("BMSD_SOAK_SEED", "1"))
GROWTH = 1024  # kB that the daemon may grow between the first third and the end
FAULTS = ("drop", "corrupt", "flip", "truncate", "foreign", "silence")
LINES = {"daren-485": ["0x01", "0x02", "0x03", "0x04"], "jkbms-pb": ["0x01", "0x02", "0x03", "0x04"],
         "pylontech-rs485": ["0x02", "0x03", "0x04", "0x05"], "daly-uart": ["0x40", "0x41", "0x42"]}


class Line:
    def __init__(self, protocol, number, simulate, folder):
        self.of = next(of for of in PROTOCOLS if of["protocol"] == protocol)
        self.addresses, self.link, self.log = LINES[protocol], f"ttySOAK{number}", folder / f"log{number}"
        self.protocol, self.number, self.simulate = protocol, number, simulate
        self.start()
        self.services = [f"com.victronenergy.battery.{self.link}__{address}" for address in self.addresses]

    def start(self, log=None):
        self.simulator = self.simulate("--log", log or self.log, "--seed", self.number, "--address", ",".join(self.addresses),
                                       packs=len(self.addresses), protocol=self.protocol, link=self.link)
        for nth, address in enumerate(self.addresses, 1):
            self.simulator.send(f"set {address} soc_percent {20 * nth}")
            self.simulator.send(f"set {address} capacity_full_ah {100 + 10 * self.number + nth}")

    def trouble(self, dice):
        for fault in FAULTS:
            self.simulator.send(f"fault {fault}={dice.choice([0, 0, dice.uniform(0, 0.08)]):.3f}")
        self.simulator.send(f"fault late={dice.choice([0, 0.03])}:0.45")
        self.simulator.send(f"fault echo={dice.choice([0, 0, 0, 1])}")
        for address in self.addresses:
            self.simulator.send(f"set {address} current_a {dice.uniform(-90, 90):.1f}")

    def calm(self):
        for fault in (*FAULTS, "late", "echo"):
            self.simulator.send(f"fault {fault}=0")
        for address in self.addresses:
            self.simulator.send(f"silence {address} off")


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def alive(bus, services):
    """Their voltages are known, so they were read lately."""
    return all(bus_service.value("/Dc/0/Voltage") is not None for bus_service in services)


def wrong_values(changes, lines, at_least=0):
    wrong = []
    for line in lines:
        said = said_by(line.log, line.of["scalars"])
        scalars = {path: key for path, key in line.of["scalars"].items() if path != "/System/MOSTemperature"}
        mine = [change for change in changes if change.service in line.services]
        mine = [change for change in mine if change.path in scalars or change.path.startswith("/Voltages/Cell")]
        assert len(mine) >= len(line.services) * at_least
        wrong += [change for change in mine if never_said(change, said, scalars, line.of.get("cell", 0.00101))]
    return wrong


def test_everything_goes_wrong_and_nothing_wrong_is_published(bus, simulate, run, folder, processes):
    dice = random.Random(SEED)
    lines = [Line(protocol, number, simulate, folder) for number, protocol in enumerate(LINES)]
    config = "".join(f"[line {line.simulator.port}]\nPACKS = {line.protocol}@{','.join(line.addresses)}\n" for line in lines)
    config = f"[DEFAULT]\nPORTS = {', '.join(str(line.simulator.port) for line in lines)}\n" + config
    daemon = run(protocol=None, config=config)
    names = [name for line in lines for name in line.services]
    services = {name: bus.wait_for_name(name, timeout=120) for name in names}
    instances = {name: service.value("/DeviceInstance") for name, service in services.items()}

    early = None
    steps = max(3, round(SECONDS / 5))
    for step in range(steps):
        line = dice.choice(lines)
        what = dice.randrange(8)
        if what == 0:
            line.simulator.send(f"silence {dice.choice(line.addresses)} on")
        elif what == 1:
            line.simulator.send("unplug")
            bus.run_for(dice.uniform(0.1, 2))
            line.simulator.send("replug")
        elif what == 2:
            line.calm()
        else:
            line.trouble(dice)
        bus.run_for(SECONDS / steps)
        if step >= steps // 3 and early is None:
            early = resident(daemon.pid)
    for line in lines:
        line.calm()
    bus.wait(lambda: alive(bus, services.values()), timeout=60, what="all packs are read again")
    assert bus.departed == []
    assert bus.names() == sorted(names)
    assert daemon.exit_code is None
    assert wrong_values(bus.changes, lines, at_least=3) == []
    print(f"{SECONDS:.0f} s: {len(bus.changes)} values, none wrong; {early} kB after a third, {resident(daemon.pid)} kB at the end")
    assert resident(daemon.pid) - early < GROWTH

    # A simulator dies: its batteries stay and become unknown; they come back with it.
    victim = lines[0]
    kill(victim.simulator)
    bus.wait(lambda: not any(services[name].value("/Dc/0/Voltage") is not None for name in victim.services), timeout=120,
             what="what nobody says any more becomes unknown")
    assert bus.names() == sorted(names)
    victim.log = folder / "log-second"
    victim.start(victim.log)
    bus.wait(lambda: alive(bus, services.values()), timeout=60, what="the packs are back")

    # The daemon dies: the bus sees its services go; a new one has them all again, as they were called.
    kill(daemon)
    for name in names:
        bus.wait_until_gone(name)
    del bus.changes[:]
    daemon = run(protocol=None, config=config)
    for name in names:
        assert bus.wait_for_name(name, timeout=60).value("/DeviceInstance") == instances[name]
    bus.wait(lambda: len({change.service for change in bus.changes}) == len(names), timeout=60, what="all are read on")
    assert wrong_values(bus.changes, lines) == []

    # The bus dies: the daemon is there again when the bus is.
    dbus_daemon = next(process for process in processes.started if process.command[0] == "dbus-daemon")
    kill(dbus_daemon)
    again = processes(*dbus_daemon.command)
    again.wait_for_line(r"^unix:\S+")
    second = Bus(bus.address)
    try:
        for name in names:
            assert second.wait_for_name(name, timeout=60).value("/DeviceInstance") == instances[name]
        assert daemon.exit_code is None
    finally:
        second.close()
    daemon.stop()  # before its bus
    assert (folder / "state").read_text().startswith("bmsd-state")
