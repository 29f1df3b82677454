"""The processes that bench.py measures, and those around them. Each is a context manager that ends what it started."""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
Usage = collections.namedtuple("Usage", "cpu wakeups")  # seconds; voluntary context switches: how often it was woken


def find_bmsd(given):
    candidates = [pathlib.Path(given)] if given else [ROOT / "build" / preset / "bmsd" for preset in ("static", "bench", "release")]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        sys.exit("bench: no bmsd is built; script/bench builds it, or name one with --bmsd")
    return found.resolve()


def wait_until(condition, timeout, what):
    """Returns what `condition` returned once that is true."""
    end = time.monotonic() + timeout
    while not (result := condition()):
        if time.monotonic() > end:
            sys.exit(f"bench: {what}: not within {timeout} s")
        time.sleep(0.05)
    return result


class Process:
    def __init__(self, *command, **options):
        self.child = subprocess.Popen([str(word) for word in command], text=True, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait(60)
        for stream in (self.child.stdin, self.child.stdout):
            if stream:
                stream.close()


class Bus:
    """A private dbus-daemon, and everything that was said on it."""

    CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={}</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""

    def __init__(self, folder):
        self.address = f"unix:path={folder}/bus"
        self._profile, self._names = folder / "profile", folder / "names"
        configuration = folder / "bus.conf"
        configuration.write_text(self.CONFIGURATION.format(folder / "bus"))
        self._daemon = Process("dbus-daemon", f"--config-file={configuration}", "--nofork", stderr=subprocess.DEVNULL)
        wait_until((folder / "bus").exists, 10, "dbus-daemon")
        self._files = [self._profile.open("w"), self._names.open("w")]
        self._monitors = [
            Process("dbus-monitor", "--address", self.address, "--profile", stdout=self._files[0]),
            Process("dbus-monitor", "--address", self.address, "type='signal',member='NameOwnerChanged'", stdout=self._files[1])]
        wait_until(lambda: self._profile.stat().st_size > 0 and self._names.stat().st_size > 0, 10, "dbus-monitor")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in [*self._monitors, self._daemon]:
            process.__exit__()
        for file in self._files:
            file.close()

    def owners(self):
        """(connection, name, when it took it) of each battery; the time monotonic."""
        pattern = r'^signal time=([\d.]+) .*\n   string "(com\.victronenergy\.battery\.\w+)"\n   string ""\n   string "(:[\d.]+)"\n'
        return [(owner, name, monotonic(float(at))) for at, name, owner in re.findall(pattern, self._names.read_text(), re.MULTILINE)]

    def appeared(self, name):
        return next((at for _, name_, at in self.owners() if name_ == name), None)

    def messages(self, start, end):
        """(service, when, member) of each message that a battery sent between two monotonic times."""
        services = {owner: name for owner, name, _ in self.owners()}
        result = []
        for line in self._profile.read_text().splitlines():
            words = line.split("\t")
            if len(words) < 4 or words[3] not in services:
                continue
            at = monotonic(float(words[1]))
            if start <= at <= end:
                result.append((services[words[3]], at, words[-1]))
        return result

    def is_valid(self, name, path):
        reply = subprocess.run(["dbus-send", f"--bus={self.address}", "--print-reply", f"--dest={name}", path,
                                "com.victronenergy.BusItem.GetValue"], capture_output=True, text=True, check=True).stdout
        return "array" not in reply


def monotonic(wall):
    """dbus-monitor tells the wall clock; all else counts on the monotonic one."""
    return wall - time.time() + time.monotonic()


class Simulator(Process):
    """Packs on a pseudo-terminal with the name of `port` in `folder`."""

    def __init__(self, bmsd, folder, port, packs, delay):
        self._log = folder / f"{port}.log"
        super().__init__(bmsd, "simulate", "daren-485", "--packs", packs, "--link", folder / port, "--delay-ms", round(delay * 1000),
                         "--log", self._log, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        wait_until((folder / port).exists, 10, port)

    def say(self, command):
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()

    def log(self):
        """What was sent: {"time_s", "address", "reply", ...}; the monotonic time of the reply's first byte."""
        return [json.loads(line) for line in self._log.read_text().splitlines(keepends=True) if line.endswith("\n")]


class Daemon(Process):
    def __init__(self, bmsd, folder, bus, ports, addresses, baud, interval, prefix=()):
        self._bmsd, self._socket = bmsd, folder / "control"
        super().__init__(*prefix, bmsd, "run", "--bus", bus.address, "--protocol", "daren-485", "--address", ",".join(map(hex, addresses)),
                         "--baud", baud, "--interval", interval, "--socket", self._socket, "--log", "error",
                         "--config", os.devnull, "--state", folder / "state",
                         *[folder / port for port in ports], stderr=subprocess.DEVNULL)

    def connections(self):
        """Battery -> (when, its `connection` of `bmsd show --json`); empty while the daemon is not up."""
        done = subprocess.run([self._bmsd, "show", "--json", "--socket", self._socket], capture_output=True, text=True, check=False)
        now = time.monotonic()
        if done.returncode != 0:
            return {}
        return {battery["id"]: (now, battery["connection"]) for battery in json.loads(done.stdout)["batteries"]}

    def usage(self):
        tasks = list(pathlib.Path(f"/proc/{self.child.pid}/task").iterdir())
        cpu = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
        wakeups = sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.MULTILINE).group(1))
                      for task in tasks)
        return Usage(cpu, wakeups)

    def memory(self):
        """Megabytes of 1000 kB are the budget's; the kernel's kB are 1024 bytes."""
        def read(file, key):
            text = pathlib.Path(f"/proc/{self.child.pid}/{file}").read_text()
            return int(re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE).group(1)) * 1024 / 1e6
        return {"rss_mb": read("status", "VmRSS"), "pss_mb": read("smaps_rollup", "Pss")}
