#!/usr/bin/env python3
"""How long a search for every BMS takes: each protocol that bmsd can simulate, at each speed and usual address, on a paced
pseudo-terminal. Prints the table of docs/detection.md and exits with 1 when one was not found, or something else was.

bench/detection.py [--bmsd FILE]"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from processes import Process, find_bmsd, wait_until


def scan(bmsd, folder, protocol, baud, addresses):
    """What a search for everything finds there."""
    port = folder / "ttySIM0"
    named = ",".join(hex(address) for address in addresses)
    command = [bmsd, "simulate", protocol, "--packs", len(addresses), "--address", named, "--baud", baud, "--link", port]
    with Process(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE):
        wait_until(port.exists, 10, f"{protocol} on {port}")
        done = subprocess.run([bmsd, "scan", "--json", port], capture_output=True, text=True, timeout=600)
        return json.loads(done.stdout)["found"]


def places(protocol):
    """(speed, address) that packs have unless somebody changed them."""
    usual = protocol["addresses"]["default"]
    yield from ((baud, usual) for baud in protocol["speeds"])
    if "other_default" in protocol["addresses"]:
        yield protocol["speeds"][0], protocol["addresses"]["other_default"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bmsd")
    bmsd = find_bmsd(parser.parse_args().bmsd)
    protocols = json.loads(subprocess.run([bmsd, "list", "--json"], capture_output=True, text=True, check=True).stdout)
    wrong = 0
    print("| simulated | at | address | found as | after |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for protocol in protocols:
            for baud, address in places(protocol):
                found = scan(bmsd, pathlib.Path(name), protocol["name"], baud, [address])
                right = [(one["protocol"], one["baud"], one["address"]) for one in found] == [(protocol["name"], baud, address)]
                wrong += not right
                told = ", ".join(f"{one['protocol']} {one['baud']} 0x{one['address']:02x}" for one in found) or "nothing"
                after = f"{found[0]['seconds']:.1f} s" if found else ""
                print(f"| {protocol['name']} | {baud} | 0x{address:02x} | {'it, once' if right else '**' + told + '**'} | {after} |", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
