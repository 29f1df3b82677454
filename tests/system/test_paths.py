"""Every item of a battery service, asked over a bus, against the table in tests/venus/battery_paths.tsv."""

import csv
import json
import pathlib
import xml.etree.ElementTree

import dbus
import pytest

from bus import ITEM
from processes import bmsd

TABLE = pathlib.Path(__file__).parents[1] / "venus/battery_paths.tsv"
CELLS = 16  # of the simulated pack
NAME = "com.victronenergy.battery.ttySIM0__0x01"


POINTS = (100, 50, 20)  # TIME_TO_SOC_POINTS where there are any


def contract(cells="1", options=()):
    """path -> row, of what a service has without PUBLISH_CONFIG_VALUES. options: words of the column `when`."""
    with TABLE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE))
    there = {"start", "round", *options}
    rows = [row for row in rows if there & set(row["when"].split(", ")) or (row["when"].startswith("cells") and cells in row["when"])]
    numbers = {row["path"]: [None] if "#" not in row["path"] else POINTS if row["when"] == "points" else range(1, CELLS + 1)
               for row in rows}
    return {row["path"].replace("#", str(number)): row for row in rows for number in numbers[row["path"]]}


def text_of(row, value):
    """What people are to read, by the format that the table gives."""
    if row["text"] == "-":
        return repr(value) if row["type"] == "d" else str(value)
    text = row["text"] % value
    return text.replace("-", "") if not set(text) & set("123456789") else text  # nothing is shown as -0


@pytest.fixture
def pack(bus, simulate, run):
    run(simulate().port, address="1")
    return bus.wait_for_name(NAME)


def compare(items, table):
    assert sorted(set(table) - set(items)) == [], "missing"
    assert sorted(set(items) - set(table)) == [], "too much"
    for path, row in table.items():
        kind, value, text = items[path]
        if value is None:
            assert row["first"] != "valid", path
            assert (kind, text) == ("ai", "---"), path
        else:
            assert row["type"] in (kind, "any"), path
            assert text == text_of(row, value), path


def test_the_first_answer_is_the_table(pack):
    compare(pack.items(), contract())


@pytest.mark.parametrize("cells", ["0", "1", "2", "3"])
def test_the_form_of_the_cells_is_configured(cells, bus, simulate, run):
    run(simulate().port, address="1", config=f"[DEFAULT]\nBATTERY_CELL_DATA_FORMAT = {cells}\n")
    compare(bus.wait_for_name(NAME).items(), contract(cells))


def test_with_every_option(bus, simulate, run):
    run(simulate().port, address="1", config="[DEFAULT]\nMIDPOINT_ENABLE = True\nPUBLISH_BATTERY_DATA_AS_JSON = True\n"
                                             "PUBLISH_CONFIG_VALUES = True\n")
    items = bus.wait_for_name(NAME).items()
    config = {path.rpartition("/")[2]: items.pop(path) for path in list(items) if path.startswith("/Info/Config/")}
    compare(items, contract(options=["json"]))

    assert len(config) > 120
    assert config["MAX_CELL_VOLTAGE"] == ("d", 3.45, "3.45")
    assert config["CELL_VOLTAGES_WHILE_CHARGING"][:2] == ("ad", [3.5, 3.45, 3.425, 3.4, 3.375])
    assert config["TIME_TO_SOC_POINTS"][:2] == ("au", []), "an empty ai would be invalid"

    middle, voltage = items["/Dc/0/MidVoltage"][1], items["/Dc/0/Voltage"][1]
    assert middle == pytest.approx(voltage / 2, abs=0.2)
    assert 0 <= items["/Dc/0/MidVoltageDeviation"][1] < 5

    data = json.loads(items["/JsonData"][1])
    assert data["Dc"]["0"]["MidVoltage"] == middle
    assert data["ErrorCode"] is None and data["CustomName"] is None
    assert "Settings" not in data and "JsonData" not in data


def test_what_charge_control_adds(bus, simulate, run):
    run(simulate().port, address="1", config="[DEFAULT]\nSOC_CALCULATION = True\nTIME_TO_SOC_POINTS = 100, 50, 20\n"
                                             "SOC_RESET_AFTER_DAYS = 30\n")
    battery = bus.wait_for_name(NAME)
    bus.wait(lambda: "/SocBms" in battery.items() and "/TimeToSoC/20" in battery.items())
    compare(battery.items(), contract(options=["counted", "points", "reset"]))


def test_the_first_answer_has_limits_to_compute_with(pack):
    items = pack.items()
    assert items["/Info/MaxChargeVoltage"][1] == pytest.approx(CELLS * 3.45, abs=0.01)
    assert items["/Info/BatteryLowVoltage"][1] == pytest.approx(CELLS * 2.9, abs=0.01)
    assert 0 <= items["/Info/MaxChargeCurrent"][1] <= 50
    assert 0 <= items["/Info/MaxDischargeCurrent"][1] <= 60
    for path in ("/InstalledCapacity", "/Capacity", "/ConsumedAmphours", "/Soc", "/Dc/0/Voltage", "/Dc/0/Current"):
        assert items[path][1] is not None, path


def test_every_item_answers_for_itself(pack):
    """GetValue and GetText of what does not change from round to round."""
    items = pack.items()
    for path, row in contract().items():
        if row["when"] == "start":
            assert pack.value(path) == items[path][1], path
            assert pack.text(path) == items[path][2], path


def test_only_what_the_table_says_can_be_written(pack):
    items, table = pack.items(), contract()
    another = {"i": dbus.Int32(77), "d": dbus.Double(77.5), "s": dbus.String("seventy-seven")}
    same = {"i": dbus.Int32, "d": dbus.Double, "s": dbus.String}
    for path, row in table.items():
        if row["write"] == "w":
            continue
        assert pack.set(path, another[row["type"]]) == 1, path
        if items[path][1] is not None:
            assert pack.set(path, same[row["type"]](items[path][1])) == 1, path
    after = pack.items()
    assert [path for path, row in table.items() if row["when"] == "start" and after[path] != items[path]] == []


def test_what_can_be_written_takes_its_own_value_and_its_own_type(pack):
    writable = [path for path, row in contract().items() if row["write"] == "w"]
    assert writable == ["/CustomName", "/Mode", "/History/Clear"]
    assert pack.set("/CustomName", dbus.String("Shed")) == 0
    assert pack.value("/CustomName") == "Shed"
    assert pack.set("/CustomName", dbus.String("Shed")) == 0
    assert pack.set("/CustomName", dbus.Int32(1)) == 1
    assert pack.set("/CustomName", dbus.String("")) == 0
    assert pack.value("/CustomName") == ""


def test_what_nothing_can_do_is_refused_and_stays(pack):
    assert pack.set("/Mode", dbus.Int32(3)) == 0
    assert pack.set("/Mode", dbus.Int32(4)) == 2
    assert pack.set("/Mode", dbus.String("off")) == 1
    assert pack.value("/Mode") == 3


def test_the_history_is_cleared_in_parts_and_by_numbers_as_text(bus, pack):
    assert pack.value("/History/CanBeCleared") == 1
    bus.wait_for_value(pack, "/History/MinimumVoltage", lambda volts: volts is not None)
    for value in (dbus.Int32(3), dbus.String("1"), dbus.Double(7)):
        assert pack.set("/History/Clear", value) == 0
        assert pack.value("/History/Clear") == 0, "so that it can be cleared again"
    assert pack.set("/History/Clear", dbus.Int32(0)) == 0
    for value in (dbus.Int32(8), dbus.Int32(-1)):
        assert pack.set("/History/Clear", value) == 2
    assert pack.set("/History/Clear", dbus.String("all")) == 1


def test_without_a_history_nothing_can_be_cleared(bus, simulate, run):
    run(simulate().port, address="1", config="[DEFAULT]\nHISTORY_ENABLE = False\n")
    battery = bus.wait_for_name(NAME)
    assert battery.value("/History/CanBeCleared") == 0
    assert battery.set("/History/Clear", dbus.Int32(1)) == 2


def test_a_counted_soc_is_set_and_survives_a_restart(bus, simulate, run):
    port = simulate("--set", "drift=off", "--set", "soc_percent=60").port
    config = "[DEFAULT]\nSOC_CALCULATION = True\n"
    daemon = run(port, address="1", config=config)
    battery = bus.wait_for_name(NAME)
    bus.wait_for_value(battery, "/Soc", lambda soc: soc == pytest.approx(60, abs=0.1))
    assert battery.value("/Settings/HasSettings") == 1
    assert battery.set("/Settings/ResetSocTo", dbus.String("100")) == 0, "and not 1 %"
    assert battery.value("/Settings/ResetSocTo") == 100
    assert battery.set("/Settings/ResetSocTo", dbus.Int32(37)) == 0
    assert battery.value("/Soc") == pytest.approx(60, abs=0.1), "not applied"
    assert battery.set("/Settings/ResetSocToApply", dbus.Int32(1)) == 0
    assert battery.value("/Settings/ResetSocToApply") == 0
    bus.wait_for_value(battery, "/Soc", lambda soc: soc == pytest.approx(37, abs=0.1))
    assert battery.value("/SocBms") == pytest.approx(60, abs=0.1)
    assert battery.value("/Capacity") == pytest.approx(37, abs=0.2)
    done = bmsd("set", "--socket", daemon.socket, "--yes", "soc=41")
    assert (done.returncode, done.stdout) == (0, "ttySIM0 0x01: the state of charge is 41 %\n"), done
    bus.wait_for_value(battery, "/Soc", lambda soc: soc == pytest.approx(41, abs=0.1))
    daemon.stop()
    bus.wait_until_gone(NAME)
    run(port, address="1", config=config)
    battery = bus.wait_for_name(NAME)
    bus.wait_for_value(battery, "/Soc", lambda soc: soc == pytest.approx(41, abs=0.1))


def test_the_soc_reset_can_be_dated(bus, simulate, run):
    run(simulate().port, address="1", config="[DEFAULT]\nSOC_RESET_AFTER_DAYS = 30\n")
    battery = bus.wait_for_name(NAME)
    assert battery.value("/Settings/SocResetLastReached") == 0
    assert battery.set("/Settings/SocResetLastReached", dbus.String("1750000000")) == 0
    assert battery.value("/Settings/SocResetLastReached") == 1750000000
    assert battery.set("/Settings/SocResetLastReached", dbus.Int32(-5)) == 2


def test_introspection_finds_the_same_objects(pack):
    """Down the tree from "/": items are leaves, everything above them is a tree object."""
    found, trees = set(), set()

    def walk(path):
        node = xml.etree.ElementTree.fromstring(pack.introspect(path or "/"))
        methods = {method.get("name") for interface in node.findall("interface") if interface.get("name") == ITEM
                   for method in interface.findall("method")}
        children = [child.get("name") for child in node.findall("node")]
        assert {"GetValue", "GetText"} <= methods, path
        assert ("SetValue" in methods) == (not children), path
        (trees if children else found).add(path)
        for child in children:
            walk(f"{path}/{child}")

    walk("")
    assert found == set(pack.items())
    assert trees == {path.rpartition("/")[0][:end] for path in found for end in
                     [i for i, c in enumerate(path.rpartition("/")[0] + "/") if c == "/"]}
