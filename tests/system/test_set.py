"""Changing something in a BMS: over D-Bus and with `bmsd set`; read back each time; never without permission."""

import json
import os
import pty
import re
import signal
import subprocess

import dbus
import pytest

from processes import BMSD, PATIENCE, assert_one_line_error, bmsd

ALLOWED = "[DEFAULT]\nALLOW_WRITES = True\n"
CHARGING_OFF, DISCHARGING_OFF = "/Settings/ForceChargingOff", "/Settings/ForceDischargingOff"
SOC_TO, SOC_APPLY, HAS_SETTINGS = "/Settings/ResetSocTo", "/Settings/ResetSocToApply", "/Settings/HasSettings"
PATHS = {"daly-uart": {CHARGING_OFF, DISCHARGING_OFF, SOC_TO, SOC_APPLY, HAS_SETTINGS},
         "lltjbd-uart": {CHARGING_OFF, DISCHARGING_OFF, HAS_SETTINGS}}
NAME = "com.victronenergy.battery.ttySIM0"


class System:
    """Simulated packs and the daemon that reads them."""

    def __init__(self, simulator, daemon, log):
        self.simulator, self.daemon, self.log = simulator, daemon, log

    def states(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def acknowledged(self):
        """The acknowledgements of writes: who gives none was told nothing."""
        return [state["reply"] for state in self.states() if re.match(r"A5..(21|D9|DA)|DD(00|01|E1)....0000", state["reply"])]

    def set(self, *arguments, **options):
        return bmsd("set", "--socket", self.daemon.socket, *arguments, **options)

    def show(self):
        return json.loads(bmsd("show", "--json", "--socket", self.daemon.socket).stdout)["batteries"]


@pytest.fixture
def system(folder, simulate, run):
    """system("daly-uart", "writes=ignore", packs=3, config=ALLOWED): to be changed, unless the configuration says otherwise."""

    def start(protocol, *variants, packs=1, config=ALLOWED):
        log = folder / "log"
        settings = [word for variant in ("drift=off", *variants) for word in ("--set", variant)]
        simulator = simulate("--log", log, "--seed", 7, "--delay-ms", 2, *settings, packs=packs, protocol=protocol)
        speed = 19200 if protocol == "daren-485" else 9600
        addresses = ",".join(hex(0x40 + i) for i in range(packs)) if packs > 1 else None
        return System(simulator, run(simulator.port, protocol=protocol, address=addresses, config=config, options=["--baud", speed]), log)

    return start


@pytest.mark.parametrize("protocol", PATHS)
def test_it_is_read_only_by_default(protocol, bus, system):
    changed = system(protocol, config="")
    pack = bus.wait_for_name(NAME)
    assert [path for path in pack.items() if path in PATHS["daly-uart"]] == []
    with pytest.raises(dbus.DBusException, match="UnknownObject"):
        pack.set(CHARGING_OFF, 1)
    done = changed.set("--yes", "charge-fet=off")
    assert_one_line_error(done, 1)
    assert "ALLOW_WRITES = True" in done.stderr and "[line ttySIM0]" in done.stderr
    bus.run_for(1)
    assert changed.states()[-1]["charge_fet_on"] is True
    assert changed.acknowledged() == []


@pytest.mark.parametrize("protocol", PATHS)
def test_the_bus_switches_a_fet_and_sees_it(protocol, bus, system):
    changed = system(protocol)
    pack = bus.wait_for_name(NAME)
    assert {path for path in pack.items() if path in PATHS["daly-uart"]} == PATHS[protocol]
    assert (pack.value(HAS_SETTINGS), pack.value(CHARGING_OFF), pack.value(DISCHARGING_OFF)) == (1, 0, 0)

    assert pack.set(CHARGING_OFF, 1) == 0
    assert pack.value(CHARGING_OFF) == 1
    bus.wait_for_value(pack, "/Info/MaxChargeCurrent", lambda value: value == 0)
    assert changed.show()[0]["charge_fet_on"] is False
    assert changed.states()[-1]["charge_fet_on"] is False and changed.states()[-1]["discharge_fet_on"] is True
    if protocol == "lltjbd-uart":
        assert "mosfet_software_lock" in changed.show()[0]["alarms"]

    assert pack.set(DISCHARGING_OFF, 1) == 0
    assert pack.set(CHARGING_OFF, 0) == 0
    assert (pack.value(CHARGING_OFF), pack.value(DISCHARGING_OFF)) == (0, 1)
    assert len(changed.acknowledged()) == 3, "each is written once"
    for value, answer in ((2, 2), (-1, 2), (dbus.Double(0.5), 1)):
        assert pack.set(CHARGING_OFF, value) == answer
    assert len(changed.acknowledged()) == 3
    changed.daemon.wait_for_line(r"ttySIM0: discharge FET to off: done")


def test_the_state_of_charge_is_set_over_the_bus(bus, system):
    changed = system("daly-uart", "soc_percent=55")
    pack = bus.wait_for_name(NAME)
    assert (pack.value(SOC_TO), pack.value(SOC_APPLY)) == (100, 0)
    for value in (-1, 101):
        assert pack.set(SOC_TO, value) == 2
    assert pack.set(SOC_TO, 80) == 0 and pack.value(SOC_TO) == 80
    assert changed.acknowledged() == []
    for _ in range(2):
        assert pack.set(SOC_APPLY, 1) == 0
        assert pack.value(SOC_APPLY) == 0
    assert bus.wait_for_value(pack, "/Soc", lambda value: value == pytest.approx(80, abs=0.5))
    assert len(changed.acknowledged()) == 2


def test_what_the_bms_does_not_follow_is_refused(bus, system):
    changed = system("lltjbd-uart", "writes=refuse")
    pack = bus.wait_for_name(NAME)
    assert pack.set(CHARGING_OFF, 1) == 2
    assert pack.value(CHARGING_OFF) == 0
    done = changed.set("--yes", "charge-fet=off")
    assert_one_line_error(done, 1)
    assert "the BMS refused (status 0x81" in done.stderr


def test_a_bms_that_obeys_without_a_word_is_believed_what_it_says_of_itself(bus, system):
    system("daly-uart", "writes=mute")
    assert bus.wait_for_name(NAME).set(DISCHARGING_OFF, 1) == 0


def test_set_prints_what_was_read_back(bus, system):
    changed = system("daly-uart", "soc_percent=55")
    bus.wait_for_name(NAME)
    done = changed.set("--yes", "charge-fet=off")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ttySIM0: the charge FET is off\n", "")
    done = changed.set("--yes", "com.victronenergy.battery.ttySIM0", "soc=42.5")
    assert (done.returncode, done.stdout) == (0, "ttySIM0: the state of charge is 42.5 %\n")
    identity = changed.show()[0]["identity"]
    done = changed.set("--yes", identity, "charge-fet=on")
    assert (done.returncode, done.stdout) == (0, "ttySIM0: the charge FET is on\n")
    last = changed.show()[0]
    assert last["charge_fet_on"] is True and last["soc_percent"] == 42.5


def test_of_several_packs_the_one_that_is_meant_is_changed(bus, system):
    changed = system("daly-uart", packs=3, config="[battery ttySIM0 0x42]\nALLOW_WRITES = True\n")
    packs = [bus.wait_for_name(f"{NAME}__0x{0x40 + i:02x}") for i in range(3)]
    assert_one_line_error(changed.set("--yes", "charge-fet=off"), 1)
    assert_one_line_error(changed.set("--yes", "ttySIM0 0x99", "charge-fet=off"), 1)
    refused = changed.set("--yes", "ttySIM0 0x41", "charge-fet=off")
    assert_one_line_error(refused, 1)
    assert "[battery ttySIM0 0x41]" in refused.stderr
    done = changed.set("--yes", "ttySIM0 0x42", "charge-fet=off")
    assert done.stdout == "ttySIM0 0x42: the charge FET is off\n"
    assert [battery["charge_fet_on"] for battery in changed.show()] == [True, True, False]
    assert [CHARGING_OFF in pack.items() for pack in packs] == [False, False, True]
    assert packs[2].value(CHARGING_OFF) == 1
    assert len(changed.acknowledged()) == 1


def answer_on_a_terminal(system, answer, *arguments):
    """Runs `bmsd set` with a terminal as its standard input."""
    master, slave = pty.openpty()
    child = subprocess.Popen([BMSD, "set", "--socket", system.daemon.socket, *arguments], stdin=slave, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    os.close(slave)
    os.write(master, answer.encode() + b"\n")
    out, err = child.communicate(timeout=PATIENCE)
    os.close(master)
    return child.returncode, out, err


def test_on_a_terminal_it_asks(bus, system):
    changed = system("daly-uart")
    bus.wait_for_name(NAME)
    code, out, err = answer_on_a_terminal(changed, "n", "discharge-fet=off")
    assert (code, out) == (1, "Turn the discharge FET of ttySIM0 off? [y/N] ") and "nothing was changed" in err
    assert changed.acknowledged() == []
    code, out, _ = answer_on_a_terminal(changed, "y", "soc=33")
    assert (code, out) == (0, "Set the state of charge of ttySIM0 to 33 %? [y/N] ttySIM0: the state of charge is 33 %\n")
    code, out, err = answer_on_a_terminal(changed, "y", "nobody", "soc=33")
    assert (code, out) == (1, "") and "no battery \"nobody\"" in err, "not even asked"


def test_a_pack_that_is_gone_is_not_changed_when_it_is_back(bus, system):
    changed = system("daly-uart")
    pack = bus.wait_for_name(NAME)
    changed.simulator.send("silence all on")
    bus.wait(lambda: changed.show()[0]["connection"]["failed_rounds"] > 0)
    assert pack.set(CHARGING_OFF, 1) == 2
    done = changed.set("--yes", "charge-fet=off")
    assert_one_line_error(done, 1)
    assert "the BMS does not answer; nothing was written" in done.stderr
    rounds = changed.show()[0]["connection"]["rounds"]
    changed.simulator.send("silence all off")
    bus.wait(lambda: changed.show()[0]["connection"]["rounds"] > rounds + 1)
    assert changed.states()[-1]["charge_fet_on"] is True
    assert changed.acknowledged() == []


def test_sighup_takes_the_permission_away_at_once(bus, system):
    changed = system("daly-uart")
    pack = bus.wait_for_name(NAME)
    assert pack.set(CHARGING_OFF, 1) == 0
    changed.daemon.config.write_text("[DEFAULT]\n")
    os.kill(changed.daemon.pid, signal.SIGHUP)
    changed.daemon.wait_for_line("read again")
    assert pack.set(CHARGING_OFF, 0) == 2
    assert_one_line_error(changed.set("--yes", "charge-fet=on"), 1)
    changed.daemon.config.write_text(ALLOWED)
    os.kill(changed.daemon.pid, signal.SIGHUP)
    bus.wait(lambda: len([line for line in changed.daemon.err if "read again" in line]) == 2)
    assert pack.set(CHARGING_OFF, 0) == 0


def test_a_bms_that_can_only_be_read_says_so(bus, system, folder):
    changed = system("daren-485")
    bus.wait_for_name(NAME)
    done = changed.set("--yes", "charge-fet=off")
    assert_one_line_error(done, 1)
    assert "cannot be changed" in done.stderr
    assert HAS_SETTINGS not in bus.wait_for_name(NAME).items()


def test_wrong_requests_over_the_socket_are_answered(bus, system):
    changed = system("daly-uart")
    bus.wait_for_name(NAME)
    from socket import AF_UNIX, socket  # here only: the other tests ask as people do
    with socket(AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(str(changed.daemon.socket))
        lines = client.makefile("rw")

        def ask(**request):
            lines.write(json.dumps({"ask": "set", **request}) + "\n")
            lines.flush()
            return json.loads(lines.readline())

        for wrong in ({}, {"what": "charge-fet"}, {"what": "charge-fet", "value": 1}, {"what": "charge-fet", "value": "ON"},
                      {"what": "soc", "value": 100.5}, {"what": "soc", "value": None}, {"what": 5, "value": "off"},
                      {"what": "soc", "value": 50, "battery": "nobody"}):
            reply = ask(**wrong)
            assert reply["ok"] is False and reply["error"], wrong
        assert ask(what="soc", value=50, check=True) == {"ok": True, "battery": "ttySIM0", "what": "soc", "value": 50}
        assert changed.acknowledged() == []
        assert ask(what="charge-fet", value="off") == {"ok": True, "battery": "ttySIM0", "what": "charge-fet", "value": "off"}
        reply = ask(what="soc", value=50)
        assert reply["ok"] is True and reply["value"] == pytest.approx(50, abs=0.5)


def test_a_full_battery_is_told_so_once(bus, system):
    changed = system("daly-uart", "soc_percent=90", "cell_voltages_v=" + ",".join(["3.35"] * 16), config=ALLOWED + "SWITCH_TO_FLOAT_WAIT_FOR_SEC = 3\n")
    pack = bus.wait_for_name(NAME)
    bus.wait_for_value(pack, "/Info/ChargeMode", lambda text: text.startswith("Bulk"))
    assert changed.acknowledged() == []
    changed.simulator.send("set all cell_voltages_v " + ",".join(["3.451"] * 16))
    bus.wait_for_value(pack, "/Info/ChargeMode", lambda text: text.startswith("Float Transition"), timeout=60)
    bus.wait_for_value(pack, "/Soc", lambda value: value == 100)
    changed.daemon.wait_for_line("ttySIM0: state of charge to 100: done")
    bus.run_for(5)
    assert len(changed.acknowledged()) == 1, "once per full charge"


@pytest.mark.parametrize("config", ["SWITCH_TO_FLOAT_WAIT_FOR_SEC = 3\n", ALLOWED + "SWITCH_TO_FLOAT_WAIT_FOR_SEC = 3\nAUTO_RESET_SOC = False\n"])
def test_without_permission_a_full_battery_is_told_nothing(config, bus, system):
    changed = system("daly-uart", "soc_percent=90", "cell_voltages_v=" + ",".join(["3.451"] * 16),
                     config=config if config.startswith("[") else "[DEFAULT]\n" + config)
    pack = bus.wait_for_name(NAME)
    bus.wait_for_value(pack, "/Info/ChargeMode", lambda text: text.startswith("Float Transition"), timeout=60)
    bus.run_for(5)
    assert changed.acknowledged() == []
    assert pack.value("/Soc") == pytest.approx(90, abs=0.5)
