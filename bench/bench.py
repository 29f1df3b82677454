#!/usr/bin/python3
"""Measures the whole program: real processes, pseudo-terminals paced at the line's speed, a real dbus-daemon.

  bench/bench.py                       everything; docs/performance.md says what each figure is and how it is measured
  bench/bench.py --quick               15 s each: a smoke test, not a measurement
  bench/bench.py --only 15 --json      the cases whose name contains "15"
  bench/bench.py --instructions        instructions per update as well (callgrind; two more runs)

Needs only Debian's python3, dbus-daemon, dbus-monitor, and valgrind for --instructions.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import json
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from processes import Bus, Daemon, Simulator, find_bmsd, wait_until

BAUD = 19200
DELAY = 0.020  # s, of the simulated packs


@dataclasses.dataclass
class Case:
    name: str
    lines: int = 1
    packs: int = 1         # per line
    interval: float = 0    # s; 0: as fast as the wire allows
    silent: bool = False   # one pack stops answering before the learning begins


CASES = [
    Case("1 pack", packs=1),
    Case("4 packs", packs=4),
    Case("15 packs", packs=15),
    Case("15 packs, one silent", packs=15, silent=True),
    Case("4 lines x 4 packs", lines=4, packs=4),
    Case("1 pack, 1 s", packs=1, interval=1),
    Case("4 lines x 4 packs, 1 s", lines=4, packs=4, interval=1),
    Case("15 packs, 1 s", packs=15, interval=1),
]

# key, heading, format; what a row of the table shows of a result.
COLUMNS = [
    ("case", "case", "{}"),
    ("period_s", "period s", "{:.3f}"),
    ("floor_s", "floor s", "{:.3f}"),
    ("ratio", "ratio", "{:.3f}"),
    ("worst_ratio", "worst pack", "{:.3f}"),
    ("longest_s", "longest s", "{:.3f}"),
    ("cpu_ms_per_update", "CPU ms/update", "{:.3f}"),
    ("wakeups_per_update", "wakeups/update", "{:.0f}"),
    ("rss_mb", "RSS MB", "{:.1f}"),
    ("pss_mb", "PSS MB", "{:.1f}"),
    ("messages_per_battery_second", "D-Bus msg/(battery s)", "{:.2f}"),
    ("age_median_ms", "age ms", "{:.1f}"),
    ("age_p99_ms", "age p99 ms", "{:.1f}"),
]


# --- From the simulators' logs: what was on the wire

def request_size(reply):
    """Bytes of the request that a Daren reply (without CR) answers, by the reply's shape (src/protocol/daren_485.cc)."""
    info = reply[13:-4]
    if info.startswith("B0"):
        return 28
    return 18 if len(info) in (2, 70, 96) else 20  # 4F and 51 carry no COMMAND GROUP


def wire_seconds(reply):
    """The floor of one exchange: its bytes on the wire and the pack's delay."""
    return (request_size(reply) + len(reply) + 1) * 10 / BAUD + DELAY


def is_42(reply):
    return reply[13 + 10:13 + 12] == "10" and len(reply) > 200  # 16 cells


def of_service_42(entries):
    return [entry for entry in entries if is_42(entry["reply"])]


def floor_of(case, replies):
    """Seconds between two updates of a pack where nothing but the wire and the packs takes time."""
    answering = case.packs - (1 if case.silent else 0)
    return max(case.interval, answering * statistics.mean(wire_seconds(entry["reply"]) for entry in replies))


def longest_gap(replies):
    """Of any pack, seconds from a reply to its next."""
    last, longest = {}, 0
    for entry in replies:
        if entry["address"] in last:
            longest = max(longest, entry["time_s"] - last[entry["address"]])
        last[entry["address"]] = entry["time_s"]
    return longest


# --- From the daemon: rounds as it counts them

def periods(before, after):
    """Seconds from good round to good round, of each pack that had some, exactly: the age of the last round says when it was."""
    result = []
    for battery, (at, connection) in after.items():
        at_first, first = before[battery]
        rounds = connection["rounds"] - first["rounds"]
        if rounds > 0:
            result.append(((at - connection["age_s"]) - (at_first - first["age_s"])) / rounds)
    return result


def updates(before, after):
    return sum(connection["rounds"] - before[battery][1]["rounds"] for battery, (_, connection) in after.items())


def ages(signals, replies):
    """Milliseconds from the end of a reply on the wire to the arrival of the signal that follows it, per signal."""
    result = []
    for service, at in signals:
        port, address = re.fullmatch(r"com\.victronenergy\.battery\.(\w+)__0x(\w+)", service).groups()
        ends = [entry["time_s"] + (len(entry["reply"]) + 1) * 10 / BAUD
                for entry in replies[port] if entry["address"] == int(address, 16)]
        passed = [at - end for end in ends if end <= at]
        if passed:
            result.append(min(passed) * 1000)
    return result


# --- One case

def measure(case, bmsd, learn, seconds):
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bmsd-bench-")))
        bus = stack.enter_context(Bus(folder))
        ports = [f"ttySIM{line}" for line in range(case.lines)]
        simulators = [stack.enter_context(Simulator(bmsd, folder, port, case.packs, DELAY)) for port in ports]
        daemon = stack.enter_context(Daemon(bmsd, folder, bus, ports, range(1, case.packs + 1), BAUD, case.interval))
        wait_until(lambda: len(daemon.connections()) == case.lines * case.packs, 60, "all packs on the bus")
        if case.silent:
            simulators[0].say(f"silence {case.packs // 2} on")
        time.sleep(learn)

        before, usage, start = daemon.connections(), daemon.usage(), time.monotonic()
        time.sleep(seconds)
        used, end = daemon.usage(), time.monotonic()
        after, memory = daemon.connections(), daemon.memory()
        replies = {port: [entry for entry in of_service_42(simulator.log()) if start <= entry["time_s"] <= end]
                   for port, simulator in zip(ports, simulators)}
        messages = bus.messages(start, end)

    rounds = updates(before, after)
    all_periods = periods(before, after)
    floor = floor_of(case, replies[ports[0]])
    batteries = case.lines * case.packs
    result = {
        "case": case.name,
        "updates": rounds,
        "failed_rounds": sum(c["failed_rounds"] - before[b][1]["failed_rounds"] for b, (_, c) in after.items()),
        "period_s": statistics.mean(all_periods),
        "floor_s": floor,
        "ratio": statistics.mean(all_periods) / floor,
        "worst_ratio": max(all_periods) / floor,
        "longest_s": max(longest_gap(list_) for list_ in replies.values()),
        "cpu_ms_per_update": (used.cpu - usage.cpu) * 1000 / rounds,
        "wakeups_per_update": (used.wakeups - usage.wakeups) / rounds,
        "rss_mb": memory["rss_mb"],
        "pss_mb": memory["pss_mb"],
        "messages_per_battery_second": len(messages) / batteries / (end - start),
    }
    signals = [(service, at) for service, at, member in messages if member == "ItemsChanged"]
    if result["period_s"] > 1.1 and signals:  # else the rate of one message a second decides
        result_ages = sorted(ages(signals, replies))
        result["age_median_ms"] = statistics.median(result_ages)
        result["age_p99_ms"] = result_ages[int(0.99 * (len(result_ages) - 1))]
    return result


# --- Start

def measure_start(bmsd, runs):
    """From the start of the process to the service's name, which it asks for when its values are complete."""
    took, floors = [], []
    for _ in range(runs):
        with contextlib.ExitStack() as stack:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bmsd-bench-")))
            bus = stack.enter_context(Bus(folder))
            simulator = stack.enter_context(Simulator(bmsd, folder, "ttySIM0", 1, DELAY))
            began = time.monotonic()
            stack.enter_context(Daemon(bmsd, folder, bus, ["ttySIM0"], [1], BAUD, 1))
            name = "com.victronenergy.battery.ttySIM0__0x01"
            at = wait_until(lambda: bus.appeared(name), 30, name)  # pylint: disable=cell-var-from-loop
            missing = [path for path in ("/Soc", "/Dc/0/Voltage", "/Dc/0/Current", "/Voltages/Cell16",
                                         "/Info/MaxChargeVoltage", "/Serial", "/HardwareVersion") if not bus.is_valid(name, path)]
            if missing:
                sys.exit(f"bench: {name} came without {', '.join(missing)}")
            took.append(at - began)
            floors.append(sum(wire_seconds(entry["reply"]) for entry in simulator.log() if entry["time_s"] < at))
    return {"start_s": statistics.median(took), "start_floor_s": statistics.median(floors),
            "start_over_ms": statistics.median(t - f for t, f in zip(took, floors)) * 1000}


# --- Instructions

def count_instructions(bmsd, seconds):
    """Instructions and updates of a run of so long, under callgrind."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bmsd-bench-")))
        bus = stack.enter_context(Bus(folder))
        stack.enter_context(Simulator(bmsd, folder, "ttySIM0", 4, DELAY))
        profile = folder / "callgrind.out"
        prefix = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}"]
        daemon = Daemon(bmsd, folder, bus, ["ttySIM0"], range(1, 5), BAUD, 0, prefix)
        with daemon:
            wait_until(lambda: len(daemon.connections()) == 4, 120, "all packs on the bus")
            time.sleep(seconds)
            rounds = sum(connection["rounds"] for _, connection in daemon.connections().values())
        total = int(re.search(r"^(?:totals|summary): (\d+)", profile.read_text(), re.MULTILINE).group(1))
    return total, rounds


def measure_instructions(bmsd, seconds):
    """Of the process alone (the kernel's are not seen), D-Bus included; the difference of two runs, so that the start cancels out."""
    short, few = count_instructions(bmsd, seconds / 4)
    long, many = count_instructions(bmsd, seconds)
    return {"instructions_per_update": (long - short) / (many - few)}


# --- Output

def rows_of(results):
    return [[form.format(result[key]) if key in result else "" for key, _, form in COLUMNS] for result in results]


def aligned(results):
    table = [[heading for _, heading, _ in COLUMNS], *rows_of(results)]
    widths = [max(len(row[i]) for row in table) for i in range(len(COLUMNS))]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in table)


def markdown(results):
    lines = [[heading for _, heading, _ in COLUMNS], ["---", *["---:"] * (len(COLUMNS) - 1)], *rows_of(results)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def print_single(single):
    if "start_s" in single:
        print(f"start to complete values of one pinned pack: {single['start_s']:.3f} s; its exchanges take "
              f"{single['start_floor_s']:.3f} s: {single['start_over_ms']:.0f} ms more (budget 100)")
    if "instructions_per_update" in single:
        print(f"instructions per update (4 packs, 19200 baud, user space): {single['instructions_per_update']:,.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bmsd", help="the program to measure (default: build/static, build/bench, build/release)")
    parser.add_argument("--learn", type=float, default=60, help="seconds before each measurement")
    parser.add_argument("--measure", type=float, default=60, help="seconds of each measurement")
    parser.add_argument("--quick", action="store_true", help="15 s each")
    parser.add_argument("--only", default="", help="the cases whose name contains this")
    parser.add_argument("--jobs", type=int, default=1, help="cases at a time; more than one disturbs the CPU times")
    parser.add_argument("--no-start", action="store_true", help="leave out the time from start to complete values")
    parser.add_argument("--instructions", action="store_true", help="count instructions per update")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.learn = options.measure = 15
    bmsd = find_bmsd(options.bmsd)

    single = {} if options.no_start else measure_start(bmsd, 3 if options.quick else 9)
    if options.instructions:
        single |= measure_instructions(bmsd, 20 if options.quick else 60)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        chosen = [case for case in CASES if options.only in case.name]
        results = list(pool.map(lambda case: measure(case, bmsd, options.learn, options.measure), chosen))

    if options.json:
        print(json.dumps({"bmsd": str(bmsd), "cases": results, **single}, indent=2))
        return
    if results:
        print((markdown if options.markdown else aligned)(results))
        print()
    print_single(single)
    failed = sum(result["failed_rounds"] for result in results if "silent" not in result["case"])
    if failed:
        print(f"{failed} rounds failed although no fault was simulated: was the machine too busy?")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: ended"))  # so that nothing that it started stays behind
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"bench: {error}\n{error.stderr or ''}")
