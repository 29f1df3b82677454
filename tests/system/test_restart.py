"""bmsd restart: a new process in the place of the old one, without a moment in which a service is missing."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time

import pytest

from processes import BMSD, assert_one_line_error, bmsd, wait_until

NAME = "com.victronenergy.battery.ttySIM0__0x0{}"
LIMITS = ["/Info/MaxChargeVoltage", "/Info/MaxChargeCurrent", "/Info/MaxDischargeCurrent", "/Io/AllowToCharge", "/Io/AllowToDischarge"]


def restart(daemon, *options, timeout=90):
    return bmsd("restart", "--socket", daemon.socket, *options, timeout=timeout)


def start_restart(daemon, *options):
    """The same, while the test goes on."""
    return subprocess.Popen([BMSD, "restart", "--socket", daemon.socket, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def restart_and_watch(bus, daemon, *options):
    """The exit status and the one line that it printed; signals of the bus are taken in meanwhile."""
    command = start_restart(daemon, *options)
    bus.wait(lambda: command.poll() is not None, timeout=110, what="bmsd restart ends")
    out, err = command.communicate()
    return command.returncode, (out + err).strip()


def moments_without(bus, since=0):
    """Every moment at which a service of a battery had no owner, from its number `since` in bus.owners on."""
    return [entry for entry in bus.owners[since:] if entry[1].startswith("com.victronenergy.battery.") and not entry[3]]


def process_of(daemon):
    """The process that serves now."""
    done = subprocess.run(["python3", "-c", "import json,socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                           "s.sendall(b'{\"ask\":\"status\"}\\n')\nprint(json.loads(s.makefile().readline())['pid'])", daemon.socket],
                          capture_output=True, text=True, timeout=30, check=True)
    return int(done.stdout)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def script(folder, text):
    path = folder / "other-bmsd"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


@pytest.fixture
def packs(bus, run, simulate):
    """Two packs, one of them with a current of its own."""
    simulator = simulate("--set", "drift=off", packs=2)
    daemon = run(simulator.port, address="1,2")
    services = [bus.wait_for_name(NAME.format(address)) for address in (1, 2)]
    for service in services:
        bus.wait_for_value(service, "/Io/AllowToCharge", lambda value: value == 1)
    return simulator, daemon, services


def test_restarts_are_not_seen_on_the_bus_but_for_the_owner(bus, packs, folder):
    simulator, daemon, services = packs
    instances = [service.value("/DeviceInstance") for service in services]
    limits = [[service.value(path) for path in LIMITS] for service in services]
    assert services[1].set("/CustomName", "Garage") == 0
    served = [daemon.pid]
    for number in range(1, 4):
        code, text = restart_and_watch(bus, daemon)
        assert code == 0, f"{text}\n{daemon}"
        served.append(process_of(daemon))
        assert text.startswith(f"process {served[-1]} "), text
        assert moments_without(bus) == []
        # Two processes at most: the one that was started, and the one that serves.
        bus.wait(lambda: not any(is_running(pid) for pid in served[1:-1]), what="the one before ends")
        assert is_running(daemon.pid)
        assert [service.value("/DeviceInstance") for service in services] == instances
        assert [[service.value(path) for path in LIMITS] for service in services] == limits
        assert services[1].value("/CustomName") == "Garage"
        simulator.send(f"set 1 current_a {number}")
        bus.wait_for_value(services[0], "/Dc/0/Current", lambda value, number=number: value == number)
    assert len(set(served)) == 4
    owners = [entry for entry in bus.owners if entry[1] == services[0].name]
    assert len(owners) == 4 and all(before[3] == after[2] for before, after in zip(owners, owners[1:]))
    assert all(change.value is not None for change in bus.changes if change.path in LIMITS)
    with open(f"/proc/{daemon.pid}/cmdline", encoding="ascii") as words:
        assert words.read().split("\0")[1] == "--guard"

    daemon.stop()  # SIGTERM to the process that was started ends all
    wait_until(lambda: not is_running(served[-1]), what="the last process ends")
    for service in services:
        bus.wait_until_gone(service.name)
    assert not daemon.socket.exists()
    assert "Garage" in (folder / "state").read_text()


@pytest.mark.parametrize("text, why", [("exit 3", "ended with status 3"), ("kill -9 $$", "ended by signal 9")])
def test_a_new_binary_that_does_not_start_changes_nothing(bus, packs, folder, text, why):
    simulator, daemon, services = packs
    since = len(bus.owners)
    code, said = restart_and_watch(bus, daemon, "--with", script(folder, text))
    assert code == 1 and why in said and "goes on" in said, said
    assert len(said.splitlines()) == 1
    assert process_of(daemon) == daemon.pid
    assert not [entry for entry in bus.owners[since:] if entry[1].startswith("com.victronenergy")], "nobody asked for the names"
    simulator.send("set 2 current_a 7")
    bus.wait_for_value(services[1], "/Dc/0/Current", lambda value: value == 7)


def test_without_good_data_the_old_process_goes_on(bus, packs, folder):
    """The new one is told that other BMSes are there. For a minute the old one has the names, and calls the packs lost."""
    simulator, daemon, services = packs
    other = script(folder, f'exec {BMSD} $(echo "$@" | sed s/daren-485/renogy/)')
    code, said = restart_and_watch(bus, daemon, "--with", other)
    assert code == 1, said
    assert "no good data within 60 s" in said and "ttySIM0 0x01 has not answered to the new process" in said, said
    assert moments_without(bus) == [] and process_of(daemon) == daemon.pid
    lost = bus.values_of(services[0], "/Dc/0/Voltage")
    assert None in lost, "what is a minute old is not shown as if it were new"
    bus.wait_for_value(services[0], "/Dc/0/Voltage", lambda value: value is not None)
    simulator.send("set 1 current_a 9")
    bus.wait_for_value(services[0], "/Dc/0/Current", lambda value: value == 9)
    code, said = restart_and_watch(bus, daemon)  # and it may try again
    assert code == 0, said
    assert moments_without(bus) == []


def test_a_new_process_that_is_killed_at_any_moment_leaves_the_service_there(bus, packs):
    simulator, daemon, services = packs
    chance = random.Random(3)
    taken_over = 0
    for number in range(8):
        serving = process_of(daemon)
        command = start_restart(daemon)
        started = wait_until(lambda serving=serving: [child for child in children_of(serving)], what="the new process")[-1]
        bus.run_for(chance.uniform(0, 0.6))
        try:
            os.kill(started, signal.SIGKILL)
        except ProcessLookupError:
            pass
        bus.wait(lambda command=command: command.poll() is not None, what="bmsd restart ends")
        command.communicate()
        if command.returncode == 0:
            # It had taken over before: with it all ends, as with any daemon that is killed.
            taken_over += 1
            break
        assert moments_without(bus) == [], str(daemon)
        assert process_of(daemon) == serving
        simulator.send(f"set 1 current_a {number + 1}")
        bus.wait_for_value(services[0], "/Dc/0/Current", lambda value, number=number: value == number + 1)
    if taken_over:
        assert daemon.wait() == 128 + signal.SIGKILL


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return [int(child) for child in children.read().split()]


def test_a_lost_pack_stays_on_the_bus_and_stays_lost(bus, packs):
    simulator, daemon, services = packs
    simulator.send("silence 2 on")
    bus.wait_for_value(services[1], "/Dc/0/Voltage", lambda value: value is None)
    cells, soc = services[1].value("/Voltages/Cell1"), services[1].value("/Soc")
    code, text = restart_and_watch(bus, daemon)
    assert code == 0, f"{text}\n{daemon}"
    assert moments_without(bus) == []
    assert services[1].value("/Dc/0/Voltage") is None
    assert (services[1].value("/Voltages/Cell1"), services[1].value("/Soc")) == (cells, soc)
    assert services[1].text("/ConnectionInformation").startswith("Lost for: ")
    seconds = services[1].value("/ConnectionInformation")
    assert not seconds.startswith("Lost for: 0 s"), "it goes on being lost, and is not lost anew"
    assert services[0].value("/Dc/0/Voltage") is not None
    simulator.send("silence 2 off")
    bus.wait_for_value(services[1], "/Dc/0/Voltage", lambda value: value is not None)
    assert services[1].value("/Info/MaxChargeVoltage") is not None
    assert moments_without(bus) == []


def test_the_signal_to_end_during_a_restart_ends_all(bus, packs, folder):
    _, daemon, services = packs
    command = start_restart(daemon, "--with", script(folder, "exec sleep 60"))
    new = wait_until(lambda: children_of(daemon.pid), what="the new process")[0]
    assert_one_line_error(restart(daemon), 1)  # one at a time
    daemon.stop()
    command.communicate(timeout=30)
    assert command.returncode == 1
    assert not is_running(new)
    bus.wait_until_gone(services[0].name)


def signal_as_it_leaves(daemon, number, before=lambda: None):
    """The signal comes to the old process with its last word said, at the moment at which it leaves."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(daemon.socket))
        client.sendall(b'{"ask":"restart"}\n')
        new = json.loads(client.makefile().readline())["pid"]
        os.kill(daemon.pid, signal.SIGSTOP)
    before()
    os.kill(daemon.pid, number)
    time.sleep(0.5)
    os.kill(daemon.pid, signal.SIGCONT)
    return new


def test_the_signal_to_end_at_the_moment_of_leaving_ends_all(bus, packs):
    _, daemon, services = packs
    new = signal_as_it_leaves(daemon, signal.SIGTERM)
    assert daemon.wait() == 0
    assert not is_running(new)
    bus.wait_until_gone(services[0].name)


def test_the_signal_to_read_the_configuration_again_at_that_moment_reaches_the_new_process(bus, packs):
    _, daemon, services = packs
    limit = services[0].value("/Info/MaxChargeCurrent")
    signal_as_it_leaves(daemon, signal.SIGHUP, lambda: daemon.config.write_text("[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = 7\n"))
    assert limit > 7
    bus.wait_for_value(services[0], "/Info/MaxChargeCurrent", lambda value: value == 7)


def test_the_first_process_ends_as_the_last_one_does(bus, packs):
    _, daemon, services = packs
    assert restart_and_watch(bus, daemon)[0] == 0
    os.kill(process_of(daemon), signal.SIGKILL)
    assert daemon.wait() == 128 + signal.SIGKILL
    bus.wait_until_gone(services[0].name)


def test_a_daemon_whose_guardian_is_killed_ends(bus, packs):
    _, daemon, services = packs
    assert restart_and_watch(bus, daemon)[0] == 0
    serving = process_of(daemon)
    bus.run_for(2.5)  # it looks once a second whose child it is now
    os.kill(daemon.pid, signal.SIGKILL)
    assert daemon.wait() == -signal.SIGKILL
    bus.wait(lambda: not is_running(serving), what="the daemon ends")
    bus.wait_until_gone(services[0].name)


def test_a_name_and_an_instance_of_the_settings_stay(bus, settings, packs):
    _, daemon, services = packs
    instances = [service.value("/DeviceInstance") for service in services]
    assert services[0].set("/CustomName", "Cellar") == 0
    devices = "/Settings/Devices"
    before = bus.call("com.victronenergy.settings", devices, "com.victronenergy.BusItem", "GetValue")
    assert restart_and_watch(bus, daemon)[0] == 0
    assert [service.value("/DeviceInstance") for service in services] == instances
    assert services[0].value("/CustomName") == "Cellar"
    after = bus.call("com.victronenergy.settings", devices, "com.victronenergy.BusItem", "GetValue")
    assert set(after) == set(before), "no entry came or went"
    assert moments_without(bus) == []


STARTER_PATIENCE = 5  # s; where the type of the BMS is known


@pytest.fixture
def handed_over(bus, run, simulate):
    """A pack on a port that serial-starter has handed to bmsd."""
    simulator = simulate("--set", "drift=off")
    daemon = run(protocol=None, config="[DEFAULT]\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 1\n", options=["--serial-starter", simulator.port])
    service = bus.wait_for_name(NAME.format(1))
    bus.wait_for_value(service, "/Io/AllowToCharge", lambda value: value == 1)
    return simulator, daemon, service


def test_on_a_port_of_serial_starter_it_is_the_same_and_the_end_is_that_of_its_device(bus, handed_over):
    simulator, daemon, service = handed_over
    for number in range(1, 3):
        code, text = restart_and_watch(bus, daemon)
        assert code == 0, f"{text}\n{daemon}"
        simulator.send(f"set 1 current_a {number}")
        bus.wait_for_value(service, "/Dc/0/Current", lambda value, number=number: value == number)
    bus.run_for(STARTER_PATIENCE + 1)
    assert moments_without(bus) == [] and daemon.exit_code is None
    serving = process_of(daemon)
    simulator.send("unplug")
    assert daemon.wait() == 1  # serial-starter is told so by the process that it has started
    assert not is_running(serving)
    bus.wait_until_gone(service.name)


def test_on_a_port_of_serial_starter_a_lost_pack_does_not_end_the_new_process(bus, handed_over):
    simulator, daemon, service = handed_over
    simulator.send("silence 1 on")
    bus.wait_for_value(service, "/Dc/0/Voltage", lambda value: value is None)
    code, text = restart_and_watch(bus, daemon)
    assert code == 0, f"{text}\n{daemon}"
    bus.run_for(STARTER_PATIENCE + 1)
    assert moments_without(bus) == [] and daemon.exit_code is None
    simulator.send("silence 1 off")
    bus.wait_for_value(service, "/Dc/0/Voltage", lambda value: value is not None)


def test_on_a_port_of_serial_starter_a_new_process_has_the_time_that_others_have(bus, handed_over, folder):
    simulator, daemon, service = handed_over
    (folder / "other.ini").write_text("[DEFAULT]\nBMS_TYPE = Renogy\nBATTERY_ADDRESSES = 48\n")
    command = start_restart(daemon, "--with", script(folder, f'exec {BMSD} $(echo "$@" | sed s/config.ini/other.ini/)'))
    bus.run_for(STARTER_PATIENCE + 3)
    assert command.poll() is None and process_of(daemon) == daemon.pid and moments_without(bus) == []
    simulator.send("unplug")  # of both: the new one ends, the old one takes the port back and finds it gone
    assert daemon.wait() == 1
    assert command.wait(30) == 1
    assert "ended with status 1" in command.communicate()[1]
    bus.wait_until_gone(service.name)


def test_on_a_port_of_serial_starter_on_which_nobody_has_answered_the_new_process_ends_as_the_old_one_would(run, simulate, bus):
    simulator = simulate()
    simulator.send("silence 1 on")
    daemon = run(protocol=None, config="[DEFAULT]\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 1\n", options=["--serial-starter", simulator.port])
    code, text = restart_and_watch(bus, daemon)
    assert code == 0, f"{text}\n{daemon}"
    start = time.monotonic()
    assert daemon.wait() == 1
    assert time.monotonic() - start > 3
    assert f"no BMS answered within {STARTER_PATIENCE} s" in str(daemon)


def test_a_line_that_was_searched_is_not_searched_again(bus, run, simulate):
    simulator = simulate("--set", "drift=off")
    daemon = run(simulator.port, protocol=None)
    service = bus.wait_for_name("com.victronenergy.battery.ttySIM0")
    bus.wait_for_value(service, "/Io/AllowToCharge", lambda value: value == 1)
    start = time.monotonic()
    code, text = restart_and_watch(bus, daemon)
    assert code == 0, f"{text}\n{daemon}"
    assert moments_without(bus) == []
    assert time.monotonic() - start < 20
    assert str(daemon).count("answers at") == 1, str(daemon)


@pytest.mark.parametrize("protocol", ["jkbms-can", "canbus-bms"])
def test_a_bus_of_packs_that_send_by_themselves_is_handed_over(bus, run, simulate, protocol):
    simulator = simulate("--set", "drift=off", protocol=protocol)
    daemon = run(simulator.port, protocol=protocol)
    name = bus.wait(bus.names, what="the pack")[0]
    service = bus.wait_for_name(name)
    bus.wait_for_value(service, "/Io/AllowToCharge", lambda value: value == 1)
    code, text = restart_and_watch(bus, daemon)
    assert code == 0, f"{text}\n{daemon}"
    assert moments_without(bus) == []
    simulator.send("set current_a 3")
    bus.wait_for_value(service, "/Dc/0/Current", lambda value: value == 3)


def test_the_binary_is_the_one_at_its_place_now(bus, simulate, processes, folder):
    """An installer moves the old one away, and keeps it."""
    binary, socket = folder / "bmsd", folder / "control"
    shutil.copy(BMSD, binary)
    port = simulate("--set", "drift=off").port
    daemon = processes(binary, "run", "--bus", bus.address, "--protocol", "daren-485", "--address", "1", "--state", folder / "state",
                       "--socket", socket, port)
    daemon.socket = socket
    bus.wait_for_name(NAME.format(1))
    binary.rename(folder / "bmsd.previous")
    shutil.copy(BMSD, binary)
    code, text = restart_and_watch(bus, daemon)
    assert code == 0, f"{text}\n{daemon}"
    assert os.readlink(f"/proc/{process_of(daemon)}/exe") == str(binary)
    assert moments_without(bus) == []


def test_what_cannot_be_restarted_is_said(folder, processes):
    assert_one_line_error(bmsd("restart", "--socket", folder / "nobody"), 1)
    assert_one_line_error(bmsd("restart", "--socket", folder / "nobody", "--with", folder / "nothing"), 2)
