"""Who is found by a search for everything, on ports that have a speed; who is not spoken to; what is remembered."""

import json
import os
import pty
import re
import threading

import pytest

from processes import bmsd, wait_until

PROTOCOLS = json.loads(bmsd("list", "--json").stdout)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol["name"])
def test_each_bms_is_found_as_what_it_is_and_as_nothing_else(protocol, simulate):
    baud, address = protocol["speeds"][0], protocol["addresses"]["default"]
    simulator = simulate("--baud", baud, "--address", hex(address), protocol=protocol["name"])
    found = json.loads(bmsd("scan", "--json", simulator.port, timeout=120).stdout)["found"]
    assert [(one["protocol"], one["baud"], one["address"], one["proven_twice"]) for one in found] == [(protocol["name"], baud, address, True)]


def test_packs_are_printed_as_they_are_found_and_how_to_run_them(simulate):
    simulator = simulate("--baud", 9600, packs=2, protocol="daly-uart")
    lines = bmsd("scan", simulator.port, timeout=120).stdout.splitlines()
    assert [line.split()[1:4] for line in lines[1:3]] == [["daly-uart", "9600", "0x40"], ["daly-uart", "9600", "0x41"]]
    assert f"To run it: bmsd run --protocol daly-uart --address 0x40,0x41 --baud 9600 {simulator.port}" in lines


class OtherMaster:
    """Asks on a line of its own every 0.2 s; `.heard` is what anybody else said there."""

    def __init__(self, requests):
        self.ours, theirs = pty.openpty()
        self.port = os.ttyname(theirs)
        self.heard = b""
        self._theirs, self._over = theirs, threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(requests,)), threading.Thread(target=self._listen, daemon=True)]
        for thread in self._threads:
            thread.start()

    def _ask(self, requests):
        turn = 0
        while not self._over.wait(0.2):
            os.write(self.ours, requests[turn % len(requests)])
            turn += 1

    def _listen(self):
        while True:
            try:
                self.heard += os.read(self.ours, 1000)
            except OSError:
                return

    def close(self):
        self._over.set()
        self._threads[0].join()
        os.close(self._theirs)
        os.close(self.ours)


@pytest.mark.parametrize("protocol, requests, asks, advice", [
    ("daren-485", [b"~22014A42E00201FD28\r", b"~22024A42E00202FD26\r"], [1, 2], "switch 6"),
    ("jkbms-pb", [bytes.fromhex("011016200001020000D6F1"), bytes.fromhex("0310162000010200 00CF91")], [1, 3], "DIP switches"),
])
def test_another_master_is_named_and_never_spoken_to(protocol, requests, asks, advice):
    other = OtherMaster(requests)
    try:
        done = bmsd("scan", "--json", other.port, timeout=120)
        nothing = json.loads(done.stdout)["nothing_found"][0]
    finally:
        other.close()
    assert done.returncode == 1
    assert nothing["master"]["protocol"] == protocol
    assert nothing["master"]["asks"] == asks
    assert advice in nothing["error"]
    assert other.heard == b""


def test_what_was_found_is_remembered_for_the_adapter(bus, simulate, run, folder):
    simulator = simulate("--baud", 9600, "--address", "0x03")
    run(simulator.port, protocol=None)
    bus.wait_for_name("com.victronenergy.battery.ttySIM0", timeout=120)

    def kept():
        text = (folder / "state").read_text() if (folder / "state").exists() else ""
        return re.search(r'"adapter": "[^"]*ttySIM0"', text) and json.loads(text.split("\n", 1)[1])["lines"]

    wait_until(kept, 60, what="the state file names the adapter")
    assert [(line["protocol"], line["baud"], line["address"]) for line in kept()] == [("daren-485", 9600, 3)]
