"""`bmsd doctor`: what is wrong with a line, from the running daemon and from a port that nobody reads."""

import json
import os
import pty
import signal
import termios
import time
import tty

import pytest

from processes import BMSD, assert_one_line_error, bmsd, wait_until

NAME = "com.victronenergy.battery.ttySIM0__0x01"


def findings(done):
    """code -> finding of the only port."""
    (port,) = json.loads(done.stdout)["ports"]
    return {finding["code"]: finding for finding in port["findings"]}


def doctor(*arguments, **options):
    return bmsd("doctor", "--json", *arguments, **options)


def of_daemon(daemon, wanted):
    """What `doctor` says of the daemon once it has found `wanted`."""
    def found():
        done = doctor("--socket", daemon.socket)
        return done if wanted in findings(done) else None

    return wait_until(found, timeout=60, what=wanted)


# --- A running daemon ---

def test_a_healthy_line_has_nothing_wrong(bus, simulate, run):
    daemon = run(simulate(packs=2).port, address="1,2", options=("--interval", "0.5"))
    bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x02")
    bus.run_for(5)
    done = doctor("--socket", daemon.socket)
    assert done.returncode == 0 and findings(done) == {}, done
    assert json.loads(done.stdout)["ports"][0]["enough_seen"] is True
    text = bmsd("doctor", "--socket", daemon.socket)
    assert text.returncode == 0 and "nothing is wrong" in text.stdout


def test_the_port_of_a_daemon_is_asked_there(bus, simulate, run):
    port = simulate().port
    run(port, address="1")
    bus.wait_for_name(NAME)
    done = doctor(port)  # no --socket: the daemon that holds the port is found
    assert done.returncode == 0 and json.loads(done.stdout)["ports"][0]["port"] == str(port), done
    assert bus.names() == [NAME]


def test_a_pack_that_falls_silent_is_told(bus, simulate, run):
    simulator = simulate(packs=2)
    daemon = run(simulator.port, address="1,2", options=("--interval", "0.2"))
    bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x02")
    simulator.send("silence 2 on")
    done = of_daemon(daemon, "silent_pack")
    assert done.returncode == 1
    assert "0x02" in findings(done)["silent_pack"]["what"]
    text = bmsd("doctor", "--socket", daemon.socket).stdout
    assert "something is wrong" in text and "0x02" in text and "1. " in text


def test_a_port_that_is_gone_is_told(bus, simulate, run, folder):
    simulator = simulate()
    daemon = run(simulator.port, address="1")
    bus.wait_for_name(NAME)
    simulator.stop()
    done = of_daemon(daemon, "port_missing")
    assert done.returncode == 1 and "ttySIM0" in findings(done)["port_missing"]["what"]


def test_without_a_daemon_it_says_what_to_do(folder):
    done = bmsd("doctor", "--socket", folder / "no-daemon")
    assert_one_line_error(done, 1)
    assert "bmsd doctor PORT" in done.stderr


# --- A port that nobody reads ---

ONE = ("--protocol", "daren-485", "--address", "1", "--baud", "19200")


def test_a_healthy_port_has_nothing_wrong(simulate):
    done = doctor(*ONE, "--interval", "0.1", "--seconds", "4", simulate("--baud", "19200").port)
    assert done.returncode == 0 and findings(done) == {}, done


@pytest.mark.parametrize("faults, wanted", [
    (("--fault", "echo=1"), "echo"),
    (("--fault", "flip=0.3"), "damaged_replies"),
    (("--fault", "ringing=1"), "no_termination"),
    (("--fault", "twin=1"), "two_packs_one_address"),
    (("--fault", "silence=0.3"), "unanswered"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_it_sees_what_is_wrong(simulate, faults, wanted):
    port = simulate("--baud", "19200", *faults).port
    done = doctor(*ONE, "--interval", "0", "--seconds", "15", port)
    found = findings(done)
    assert wanted in found, done
    assert done.returncode == (1 if found[wanted]["problem"] else 0)
    assert str(port) in found[wanted]["what"]
    assert found[wanted]["check"] or not found[wanted]["problem"]


def test_swapped_wires_are_seen(simulate):
    done = doctor(*ONE, "--seconds", "6", simulate("--baud", "19200", "--fault", "inverted=1").port, timeout=150)
    assert done.returncode == 1 and list(findings(done)) == ["swapped_wires"], done


def test_a_pack_at_another_speed_and_address_is_found(simulate):
    port = simulate("--baud", "9600", "--address", "3").port
    done = doctor(*ONE, "--seconds", "6", port, timeout=150)
    assert done.returncode == 1
    assert list(findings(done)) == ["wrong_settings"], done
    assert "daren-485 at 9600 baud, address 0x03" in findings(done)["wrong_settings"]["what"]


def test_silence_says_how_to_wake_a_bms(folder, processes):
    silent = processes(BMSD, "simulate", "daren-485", "--link", folder / "ttySIM0", "--fault", "silence=1")
    silent.wait_for_line("listening on")
    done = bmsd("doctor", *ONE, "--seconds", "3", folder / "ttySIM0", timeout=150)
    assert done.returncode == 1 and "awake" in done.stdout and "A and B" in done.stdout, done


def test_a_port_that_is_missing_is_told(folder):
    done = doctor(*ONE, folder / "no-such-port")
    assert done.returncode == 1 and list(findings(done)) == ["port_missing"], done


def test_whoever_holds_the_port_is_named(folder, processes):
    simulator = processes(BMSD, "simulate", "daren-485", "--link", folder / "ttySIM0")
    simulator.wait_for_line("listening on")
    holder = processes("/usr/bin/python3", "-c",
                       "import fcntl, sys, time\n"
                       "port = open(sys.argv[1], 'rb+', buffering=0)\n"
                       "fcntl.flock(port, fcntl.LOCK_EX)\nprint('held', flush=True)\n"
                       "import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nsignal.pause()",
                       folder / "ttySIM0")
    holder.wait_for_line("held")
    done = doctor(*ONE, folder / "ttySIM0")
    held = findings(done)["port_held"]
    assert done.returncode == 1 and str(holder.pid) in held["what"] and "python3" in held["what"], done


def test_a_port_that_swallows_what_is_sent_is_told(folder):
    """Half-open: it opens, and nothing ever leaves it."""
    master, slave = pty.openpty()
    try:
        tty.setraw(slave)
        termios.tcflow(slave, termios.TCOOFF)
        done = doctor(*ONE, "--interval", "0.2", "--seconds", "12", os.ttyname(slave), timeout=150)
        assert done.returncode == 1 and list(findings(done)) == ["port_stuck"], done
    finally:
        os.close(master)
        os.close(slave)


def test_it_can_be_interrupted(simulate, processes):
    port = simulate("--baud", "19200").port
    process = processes(BMSD, "doctor", *ONE, "--seconds", "600", port)
    time.sleep(3)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait() == 0
    assert "nothing is wrong" in "\n".join(process.out)
