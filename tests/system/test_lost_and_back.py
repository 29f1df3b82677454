"""Packs that fall silent, adapters that are pulled: the service stays, and everything comes back."""

import pytest

NAME = "com.victronenergy.battery.ttySIM0__0x0{}"


@pytest.fixture
def simulator(simulate):
    return simulate(packs=2)


@pytest.fixture
def packs(bus, run, simulator):
    run(simulator.port, address="1,2")
    return [bus.wait_for_name(NAME.format(address)) for address in (1, 2)]


def test_a_silent_pack_keeps_its_service_and_the_other_goes_on(bus, packs, simulator):
    silent, other = packs
    soc = silent.value("/Soc")
    simulator.send("silence 1 on")
    bus.wait_for_value(silent, "/Dc/0/Voltage", lambda value: value is None)
    assert NAME.format(1) in bus.names()
    assert silent.value("/Connected") == 1
    assert silent.value("/Soc") == pytest.approx(soc, abs=1)
    assert silent.value("/Info/MaxChargeVoltage") is not None
    assert other.value("/Dc/0/Voltage") is not None

    simulator.send("silence 1 off")
    bus.wait_for_value(silent, "/Dc/0/Voltage", lambda value: value is not None)
    assert bus.departed == []


def test_a_pulled_adapter_is_waited_for(bus, packs, simulator):
    simulator.send("unplug")
    for pack in packs:
        bus.wait_for_value(pack, "/Dc/0/Voltage", lambda value: value is None)
    simulator.send("replug")
    for pack in packs:
        bus.wait_for_value(pack, "/Dc/0/Voltage", lambda value: value is not None)
    assert bus.departed == []


def test_a_switched_off_fet_stops_its_direction(bus, packs, simulator):
    pack = packs[0]
    bus.wait_for_value(pack, "/Io/AllowToDischarge", lambda value: value == 1)
    simulator.send("set 1 discharge_fet_on off")
    bus.wait_for_value(pack, "/Info/MaxDischargeCurrent", lambda value: value == 0)
    bus.wait_for_value(pack, "/Io/AllowToDischarge", lambda value: value == 0)
    assert pack.value("/Info/DischargeLimitation") == "BMS"
    assert pack.value("/Io/AllowToCharge") == 1
