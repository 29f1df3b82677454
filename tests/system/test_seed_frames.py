"""Frames of a real Daren pack, played back on a pseudo-terminal, arrive on the bus with the values that are known for them."""

import json
import os
import pathlib
import select
import threading
import tty

import pytest

VECTORS = json.loads((pathlib.Path(__file__).parents[1] / "vectors/daren-485.json").read_text())


class PlayedPack:
    """Answers each request of the captured talk with the captured reply and is silent otherwise."""

    def __init__(self, replies, link):
        self._replies = replies
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.symlink(os.ttyname(slave), link)
        self._slave = slave  # stays open: the line does not go away between two readers
        self._wake, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self):
        heard = b""
        while True:
            ready, _, _ = select.select([self._master, self._wake], [], [])
            if self._wake in ready:
                return
            heard += os.read(self._master, 4096)
            while b"\r" in heard:
                request, heard = heard.split(b"\r", 1)
                reply = self._replies.get(request.decode("ascii", "replace"))
                if reply:
                    os.write(self._master, reply.encode() + b"\r")

    def close(self):
        os.write(self._stop, b"x")
        self._thread.join()
        for descriptor in (self._master, self._slave, self._wake, self._stop):
            os.close(descriptor)


@pytest.fixture
def played(folder):
    seeds = [vector for vector in VECTORS if vector["name"].startswith("seed ")]
    assert len(seeds) >= 7
    pack = PlayedPack({vector["request"]: vector["response"] for vector in seeds}, folder / "ttySEED")
    yield folder / "ttySEED"
    pack.close()


def test_the_captured_pack_is_on_the_bus(bus, played, run):
    expect = next(vector["expect"] for vector in VECTORS if vector["name"] == "seed service 42 device info")
    run(played, address="1")
    pack = bus.wait_for_name("com.victronenergy.battery.ttySEED__0x01")
    bus.wait_for_value(pack, "/HardwareVersion", lambda value: value is not None and "T1_G" in value)
    values = {path: value for path, (_, value, _) in pack.items().items()}
    assert values["/Dc/0/Voltage"] == expect["voltage_v"]
    assert values["/Dc/0/Current"] == expect["current_a"]
    assert values["/Soc"] == expect["soc_percent"]
    assert values["/Soh"] == expect["soh_percent"]
    assert values["/Capacity"] == expect["capacity_remaining_ah"]
    assert values["/InstalledCapacity"] == expect["capacity_full_ah"]
    assert values["/History/ChargeCycles"] == expect["cycles"]
    assert values["/Dc/0/Temperature"] == 26
    assert values["/System/MOSTemperature"] == expect["mos_temperature_c"]
    assert [values[f"/Voltages/Cell{n}"] for n in range(1, 17)] == expect["cell_voltages_v"]
    assert [values[f"/System/Temperature{n}"] for n in range(1, 5)] == expect["cell_temperatures_c"]
    assert (values["/System/MinCellVoltage"], values["/System/MinVoltageCellId"]) == (3.291, "C3")
    assert (values["/System/MaxCellVoltage"], values["/System/MaxVoltageCellId"]) == (3.33, "C7")
    assert values["/Serial"] == "DJM2205180061"
    assert values["/Info/MaxChargeVoltage"] == pytest.approx(16 * 3.45)
    assert values["/Io/AllowToCharge"] == 1 and values["/Io/AllowToDischarge"] == 1
    assert values["/State"] == 9
