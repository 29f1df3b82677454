"""A line that damages, delays and mixes up replies: whatever is on the bus was said by that pack. (Long runs of each fault are
in virtual time, in tests/line; this is the whole program.) BMSD_FAULT_SECONDS: how long each case listens, 6 s unless set."""

import json
import os

import pytest

from bus import Change

# Path on the bus -> (key of the simulator's log, half of the last published digit and of what the wire carries).
SCALARS = {
    "/Dc/0/Voltage": ("voltage_v", 0.0101),
    "/Dc/0/Current": ("current_a", 0.0101),
    "/Soc": ("soc_percent", 0.0101),
    "/Soh": ("soh_percent", 0.51),
    "/Capacity": ("capacity_remaining_ah", 0.0101),
    "/InstalledCapacity": ("capacity_full_ah", 0.0101),
    "/System/MOSTemperature": ("mos_temperature_c", 0.101),
}
CELL = 0.00101
SECONDS = float(os.environ.get("BMSD_FAULT_SECONDS", "6"))


def said_by(log):
    """address -> key -> every value that the simulated pack has sent."""
    said = {}
    for line in log.read_text().splitlines():
        state = json.loads(line)
        values = said.setdefault(state["address"], {})
        for key in {key for key, _ in SCALARS.values()}:
            values.setdefault(key, set()).add(state[key])
        for number, voltage in enumerate(state["cell_voltages_v"], 1):
            values.setdefault(f"cell {number}", set()).add(voltage)
    return said


def is_checked(path):
    return path in SCALARS or path.startswith("/Voltages/Cell")


def never_said(change, said):
    address = int(change.service.rsplit("0x", 1)[1], 16)
    if change.path in SCALARS:
        key, tolerance = SCALARS[change.path]
    else:
        key, tolerance = "cell " + change.path[len("/Voltages/Cell"):], CELL
    return change.value is not None and all(abs(change.value - value) > tolerance for value in said[address][key])


@pytest.mark.parametrize("faults", [
    ["corrupt=0.1"],
    ["flip=0.1"],
    ["silence=0.1"],
    ["foreign=0.05"],
    ["late=0.1:0.45"],
    ["echo=1"],
    ["garbage=0.3"],
    ["corrupt=0.1", "foreign=0.05", "late=0.05:0.45", "garbage=0.1", "truncate=0.05", "flip=0.05", "drop=0.05"],
], ids=" ".join)
def test_only_what_a_pack_said_is_published(faults, bus, simulate, run, folder):
    log = folder / "log"
    options = [word for fault in faults for word in ("--fault", fault)]
    simulator = simulate("--log", log, "--seed", 7, *options, packs=3)
    for address in (1, 2, 3):  # far apart, so that mixing them up would show
        simulator.send(f"set {address} soc_percent {20 * address}")
        simulator.send(f"set {address} current_a {5 * address}")
    daemon = run(simulator.port, address="1,2,3", options=["--interval", "0"])
    packs = [bus.wait_for_name(f"com.victronenergy.battery.ttySIM0__0x0{address}", timeout=60) for address in (1, 2, 3)]
    published = [Change(0, pack.name, path, value, text) for pack in packs for path, (_, value, text) in pack.items().items()]
    bus.run_for(SECONDS)
    assert daemon.exit_code is None
    assert len(bus.signals) >= 3
    said = said_by(log)
    published = [change for change in published + bus.changes if is_checked(change.path)]
    assert len(published) > 3 * (len(SCALARS) + 16)
    assert [change for change in published if never_said(change, said)] == []
