"""A line that damages, delays and mixes up replies: whatever is on the bus was said by that pack. (Long runs of each fault are
in virtual time, in tests/line; this is the whole program.) BMSD_FAULT_SECONDS: how long each case listens, 4 s unless set."""

import json
import os

import pytest

from bus import Change

# Of each protocol: three addresses, or one where a line has one pack; path on the bus -> (key of the simulator's log, half of the
# last published digit and of what the wire carries); `cell`: the same of a cell, where it is not 1 mV; the check of its frames. An
# 8-bit sum lets one damaged frame of 256 pass that has several wrong bytes.
PROTOCOLS = [
    {
        "protocol": "daren-485",
        "addresses": ("0x01", "0x02", "0x03"),
        "scalars": {
            "/Dc/0/Voltage": ("voltage_v", 0.0101),
            "/Dc/0/Current": ("current_a", 0.0101),
            "/Soc": ("soc_percent", 0.0101),
            "/Soh": ("soh_percent", 0.51),
            "/Capacity": ("capacity_remaining_ah", 0.0101),
            "/InstalledCapacity": ("capacity_full_ah", 0.0101),
            "/System/MOSTemperature": ("mos_temperature_c", 0.101),
        },
        "check": "sum16",
    },
    {
        "protocol": "daly-uart",
        "addresses": ("0x40", "0x41", "0x42"),
        "scalars": {
            "/Dc/0/Voltage": ("voltage_v", 0.0551),
            "/Dc/0/Current": ("current_a", 0.0551),
            "/Soc": ("soc_percent", 0.0551),
            "/Capacity": ("capacity_remaining_ah", 0.0101),
            "/InstalledCapacity": ("capacity_full_ah", 0.0101),
        },
        "check": "sum8",
    },
    {
        "protocol": "lltjbd-uart",
        "addresses": ("0x01",),  # one board per port
        "scalars": {
            "/Dc/0/Voltage": ("voltage_v", 0.0101),
            "/Dc/0/Current": ("current_a", 0.0101),
            "/Soc": ("soc_percent", 0.501),
            "/Capacity": ("capacity_remaining_ah", 0.0101),
            "/InstalledCapacity": ("capacity_full_ah", 0.0101),
            "/System/MOSTemperature": ("mos_temperature_c", 0.101),
        },
        "check": "sum16",
    },
    {
        "protocol": "jkbms-uart",
        "addresses": ("0x01",),  # one board per port; with a number it is never mistaken for another
        "scalars": {
            "/Dc/0/Voltage": ("voltage_v", 0.0101),
            "/Dc/0/Current": ("current_a", 0.0101),
            "/Soc": ("soc_percent", 0.501),
            "/System/MOSTemperature": ("mos_temperature_c", 0.501),
        },
        "check": "sum16",
    },
    {
        "protocol": "jkbms-pb",
        "addresses": ("0x01", "0x02", "0x03"),
        "scalars": {
            "/Dc/0/Voltage": ("voltage_v", 0.0101),
            "/Dc/0/Current": ("current_a", 0.0101),
            "/Soc": ("soc_percent", 0.501),  # whole percent
            "/Soh": ("soh_percent", 0.51),
            "/Capacity": ("capacity_remaining_ah", 0.0101),
            "/InstalledCapacity": ("capacity_full_ah", 0.0101),
            "/System/MOSTemperature": ("mos_temperature_c", 0.101),
        },
        "check": "crc16",  # its sum has 8 bits, but the acknowledgement stands at a fixed distance and has a CRC
    },
    {
        "protocol": "eg4-lifepower",
        "addresses": ("0x01", "0x02", "0x03"),
        # Small steps are believed without a second reply, which is what stands in for the check that passes single wrong bits.
        "scalars": {
            "/Dc/0/Voltage": ("voltage_v", 0.2061),
            "/Dc/0/Current": ("current_a", 2.0061),
            "/Soc": ("soc_percent", 0.2061),
            "/Soh": ("soh_percent", 0.51),
            "/InstalledCapacity": ("capacity_full_ah", 0.0101),
            "/System/MOSTemperature": ("mos_temperature_c", 1.51),
        },
        "cell": 0.02061,
        "check": "sum8",
    },
    {
        "protocol": "renogy",
        "addresses": ("0x30", "0x31", "0x32"),
        "scalars": {
            "/Dc/0/Voltage": ("voltage_v", 0.0551),
            "/Dc/0/Current": ("current_a", 0.0101),
            "/Soc": ("soc_percent", 0.0101),
            "/Capacity": ("capacity_remaining_ah", 0.0101),
            "/InstalledCapacity": ("capacity_full_ah", 0.0101),
        },
        "cell": 0.0501,  # one decimal
        "check": "crc16",
    },
    {
        "protocol": "pylontech-rs485",
        "addresses": ("0x02", "0x03", "0x04"),
        "scalars": {
            "/Dc/0/Voltage": ("voltage_v", 0.0101),
            "/Dc/0/Current": ("current_a", 0.0551),
            "/Soc": ("soc_percent", 0.0101),
            "/Capacity": ("capacity_remaining_ah", 0.0101),
            "/InstalledCapacity": ("capacity_full_ah", 0.0101),
            "/System/MOSTemperature": ("mos_temperature_c", 0.101),
        },
        "check": "sum16",
    },
]
CELL = 0.00101
STEP = 0.5
SECONDS = float(os.environ.get("BMSD_FAULT_SECONDS", "4"))


def said_by(log, scalars):
    """address -> key -> every value that the simulated pack has sent."""
    said = {}
    for line in log.read_text().splitlines():
        state = json.loads(line)
        values = said.setdefault(state["address"], {})
        for key, _ in scalars.values():
            values.setdefault(key, set()).add(state[key])
        for number, voltage in enumerate(state["cell_voltages_v"], 1):
            values.setdefault(f"cell {number}", set()).add(voltage)
    return said


def never_said(change, said, scalars, cell):
    address = int(change.service.rsplit("0x", 1)[1], 16)
    if change.path in scalars:
        key, tolerance = scalars[change.path]
    else:
        key, tolerance = "cell " + change.path[len("/Voltages/Cell"):], cell
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
@pytest.mark.parametrize("of", PROTOCOLS, ids=lambda of: of["protocol"])
def test_only_what_a_pack_said_is_published(of, faults, bus, simulate, run, folder):
    log, scalars = folder / "log", of["scalars"]
    options = [word for fault in faults for word in ("--fault", fault)]
    addresses = ",".join(of["addresses"])
    simulator = simulate("--log", log, "--seed", 7, "--address", addresses, *options, packs=len(of["addresses"]), protocol=of["protocol"])

    def move(step):
        """Far apart, so that mixing packs up, or taking an old value for a new one, would show."""
        for number, address in enumerate(of["addresses"], 1):
            simulator.send(f"set {address} soc_percent {20 * number + 2 * step % 20}")
            simulator.send(f"set {address} current_a {5 * number + 0.7 * (step % 5):.1f}")

    move(0)
    daemon = run(simulator.port, address=addresses, protocol=of["protocol"], options=["--interval", "0"])
    packs = [bus.wait_for_name(f"com.victronenergy.battery.ttySIM0__{address}", timeout=60) for address in of["addresses"]]
    published = [Change(0, pack.name, path, value, text) for pack in packs for path, (_, value, text) in pack.items().items()]
    for step in range(1, round(SECONDS / STEP) + 1):
        move(step)
        bus.run_for(STEP)
    bus.wait(lambda: len(bus.signals) >= 3, timeout=60, what="the packs are read on")  # however slow the machine is
    assert daemon.exit_code is None
    said = said_by(log, scalars)
    published = [change for change in published + bus.changes if change.path in scalars or change.path.startswith("/Voltages/Cell")]
    assert len(published) > len(packs) * (len(scalars) + 16)
    wrong = [change for change in published if never_said(change, said, scalars, of.get("cell", CELL))]
    passes_the_sum = of["check"] == "sum8" and any(fault.startswith("garbage") for fault in faults)
    assert len(wrong) <= (3 if passes_the_sum else 0), wrong  # 3: the cells of one frame
