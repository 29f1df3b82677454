"""A pack falls silent and comes back, with the real program and a real bus: 1 s, 5 s and 15 s of silence. Every stage of the loss, up
to 31 minutes, is in virtual time in tests/app/loss_test.cc. BMSD_LOSS_SECONDS: a longer silence as well, 70 or more (0: none)."""

import os
import time

import pytest

NAME = "com.victronenergy.battery.ttySIM0__0x0{}"
SECONDS = float(os.environ.get("BMSD_LOSS_SECONDS", "0"))
# Hold and ramp in seconds instead of half a minute. Pack 2 blocks at once, pack 3 is never silent.
CONFIG = """[DEFAULT]
CCL_RECOVERY_HOLD_SEC = 2
CCL_RECOVERY_RATE_A_PER_SEC = 20
[battery ttySIM0 0x02]
BLOCK_ON_DISCONNECT = True
"""
MEASURED = ["/Dc/0/Voltage", "/Dc/0/Current", "/Dc/0/Power"]
LIMITS = ["/Info/MaxChargeVoltage", "/Info/MaxChargeCurrent", "/Info/MaxDischargeCurrent", "/Io/AllowToCharge",
          "/Io/AllowToDischarge"]
LATENCY = 15  # s: a round is tried three times before it has failed, and the machine may be busy


@pytest.fixture
def simulator(simulate):
    simulator = simulate("--set", "drift=off", "--set", "current_a=10", packs=3)
    cells(simulator, 3.3)
    return simulator


@pytest.fixture
def packs(bus, run, simulator):
    run(simulator.port, address="1,2,3", config=CONFIG)
    packs = [bus.wait_for_name(NAME.format(address)) for address in (1, 2, 3)]
    for pack in packs:
        bus.wait_for_value(pack, "/Info/MaxChargeCurrent", lambda value: value == 50)
        bus.wait_for_value(pack, "/Io/AllowToCharge", lambda value: value == 1)
    return packs


def cells(simulator, volts):
    simulator.send("set cell_voltages_v " + ",".join([str(volts)] * 16))


def silence(simulator, addresses, switch):
    for address in addresses:
        simulator.send(f"silence {address} {switch}")
    return time.monotonic()


def since(bus, start, service, paths):
    """What `service` published for `paths` from `start` on."""
    return [change for change in bus.changes if change.at >= start and change.service == service.name and change.path in paths]


def is_untouched(bus, start, pack):
    assert all(change.value is not None for change in since(bus, start, pack, MEASURED))
    assert since(bus, start, pack, LIMITS + ["/Alarms/BmsCable", "/State", "/System/NrOfModulesOnline"]) == []
    assert pack.value("/Dc/0/Voltage") is not None


@pytest.mark.parametrize("duration", [1, 5])
def test_a_short_silence_is_told_in_words_alone(bus, packs, simulator, duration):
    start = silence(simulator, (1, 2), "on")
    bus.run_for(duration)
    silence(simulator, (1, 2), "off")
    for pack in packs:
        bus.wait_for_value(pack, "/ConnectionInformation", lambda text: text.startswith("Connected"))
    bus.run_for(3)
    for pack in packs:
        is_untouched(bus, start, pack)
        assert pack.value("/Info/ChargeLimitation") == "Max Battery Charge Current"


def test_fifteen_seconds_of_silence(bus, packs, simulator):
    kept, blocked, other = packs
    start = silence(simulator, (1, 2), "on")
    for pack in (kept, blocked):
        bus.wait_for_value(pack, "/Dc/0/Voltage", lambda value: value is None)
        gone = since(bus, start, pack, ["/Dc/0/Voltage"])[-1].at
        assert 10 <= gone - start < 10 + LATENCY
        assert [pack.value(path) for path in MEASURED] == [None] * 3
        assert (pack.value("/System/NrOfModulesOnline"), pack.value("/System/NrOfModulesOffline")) == (0, 1)
        assert pack.text("/ConnectionInformation").startswith("Lost for: 1")
        assert pack.value("/Soc") is not None and pack.value("/Voltages/Cell1") == pytest.approx(3.3)
        assert pack.value("/Info/MaxChargeVoltage") == pytest.approx(55.2)
        assert (pack.value("/Connected"), pack.value("/Alarms/BmsCable"), pack.value("/ErrorCode")) == (1, 0, None)
    assert [kept.value(path) for path in LIMITS[1:]] == [50, 60, 1, 1]
    assert kept.value("/State") == 9
    assert "Threshold: 30m" in kept.text("/ConnectionInformation")
    assert [blocked.value(path) for path in LIMITS[1:]] == [0, 0, 0, 0]
    assert (blocked.value("/Info/ChargeLimitation"), blocked.value("/Info/DischargeLimitation")) == ("BMS connection lost",) * 2
    assert "Threshold: 1m" in blocked.text("/ConnectionInformation")
    bus.run_for(max(0, start + 15 - time.monotonic()))

    back = silence(simulator, (1, 2), "off")
    for pack in (kept, blocked):
        bus.wait_for_value(pack, "/Dc/0/Voltage", lambda value: value is not None)
        assert (pack.value("/System/NrOfModulesOnline"), pack.value("/Connected")) == (1, 1)
    bus.wait_for_value(blocked, "/Info/MaxChargeCurrent", lambda value: value == 50)
    assert since(bus, start, kept, LIMITS) == [], "what was never lowered has nothing to recover from"
    # Values at once, the limit by hold and ramp.
    valid = since(bus, back, blocked, ["/Dc/0/Voltage"])[0].at
    climb = [change for change in since(bus, back, blocked, ["/Info/MaxChargeCurrent"])]
    assert climb[0].at - valid > 1.9
    for before, after in zip(climb, climb[1:]):
        assert before.value <= after.value <= 50
        assert after.value - before.value <= 20 * (after.at - before.at) + 20 * 0.5, "a message may be late, the rate is not"
    assert "Max Battery Charge Current *" in bus.values_of(blocked, "/Info/ChargeLimitation")
    is_untouched(bus, start, other)
    assert bus.departed == []


@pytest.mark.skipif(SECONDS < 70, reason="BMSD_LOSS_SECONDS=70 or more")
def test_a_long_silence_of_full_cells_is_an_error_until_it_ends(bus, packs, simulator):
    kept, _, other = packs
    cells(simulator, 3.4)
    bus.wait_for_value(kept, "/Info/MaxChargeCurrent", lambda value: value == pytest.approx(12.5))
    bus.wait_for_value(other, "/Info/MaxChargeCurrent", lambda value: value == pytest.approx(12.5))
    start = silence(simulator, (1,), "on")
    bus.wait_for_value(kept, "/State", lambda value: value == 10, timeout=60 + 2 * LATENCY)
    assert 60 <= time.monotonic() - start
    bus.run_for(max(0, start + SECONDS - time.monotonic()))
    assert [kept.value(path) for path in LIMITS[1:]] == [0, 0, 0, 0]
    assert (kept.value("/Alarms/BmsCable"), kept.value("/Connected"), kept.value("/ErrorCode")) == (2, 1, None)
    silence(simulator, (1,), "off")
    bus.wait_for_value(kept, "/State", lambda value: value == 9)
    bus.wait_for_value(kept, "/Info/MaxChargeCurrent", lambda value: value == pytest.approx(12.5))
    assert kept.value("/Alarms/BmsCable") == 2, "until a minute has passed without an error"
    bus.wait_for_value(kept, "/Alarms/BmsCable", lambda value: value == 0, timeout=70)
    is_untouched(bus, start, other)
    assert bus.departed == []
