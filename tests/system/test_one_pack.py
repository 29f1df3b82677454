"""One pack from the wire to the bus: names, values, types, and the contract of BusItem."""

import dbus
import pytest

NAME = "com.victronenergy.battery.ttySIM0__0x01"


@pytest.fixture
def pack(bus, simulate, run):
    run(simulate().port, address="1")
    return bus.wait_for_name(NAME)


def test_the_service_is_complete_when_its_name_appears(pack):
    items = pack.items()
    for path in ("/Dc/0/Voltage", "/Dc/0/Current", "/Dc/0/Power", "/Dc/0/Temperature", "/Soc", "/Capacity", "/InstalledCapacity",
                 "/Info/MaxChargeVoltage", "/Info/MaxChargeCurrent", "/Info/MaxDischargeCurrent", "/Info/BatteryLowVoltage"):
        assert items[path][0] == "d", (path, items[path])
    for path in ("/DeviceInstance", "/ProductId", "/Connected", "/State", "/Io/AllowToCharge", "/Io/AllowToDischarge"):
        assert items[path][0] == "i", (path, items[path])
    for path in ("/Mgmt/ProcessName", "/Mgmt/ProcessVersion", "/Mgmt/Connection", "/ProductName", "/CustomName", "/Serial",
                 "/FirmwareVersion", "/HardwareVersion", "/Info/ChargeMode"):
        assert items[path][0] == "s", (path, items[path])
    for cell in range(1, 17):
        kind, value, text = items[f"/Voltages/Cell{cell}"]
        assert kind == "d" and 2.0 < value < 4.0 and text == f"{value:.3f}V"
    assert "/Voltages/Cell17" not in items


def test_values_are_those_of_a_battery(pack):
    items = pack.items()
    assert items["/ProductId"][1:] == (0xBA77, "0xBA77")
    assert items["/Connected"][1] == 1
    assert items["/DeviceInstance"][1] == 1
    assert "ttySIM0" in items["/Mgmt/Connection"][1]
    assert items["/ProductName"][1].startswith("SerialBattery ")
    voltage = items["/Dc/0/Voltage"][1]
    assert items["/Dc/0/Voltage"][2] == f"{voltage:.2f}V"
    assert voltage == pytest.approx(sum(items[f"/Voltages/Cell{cell}"][1] for cell in range(1, 17)), abs=0.1)
    assert items["/Dc/0/Power"][1] == pytest.approx(voltage * items["/Dc/0/Current"][1], abs=1)
    assert 0 <= items["/Soc"][1] <= 100
    assert items["/Info/MaxChargeVoltage"][1] == pytest.approx(16 * 3.45, abs=0.01)
    assert 0 <= items["/Info/MaxChargeCurrent"][1] <= 50
    assert 0 <= items["/Info/MaxDischargeCurrent"][1] <= 60


def test_what_is_unknown_is_the_empty_array(pack):
    unknown = {path: (kind, text) for path, (kind, value, text) in pack.items().items() if value is None}
    assert "/ErrorCode" in unknown
    assert all(kind == "ai" and text == "---" for kind, text in unknown.values()), unknown


def test_items_and_trees_answer_alike(pack):
    items = pack.items()
    assert pack.value("/Soc") == pytest.approx(items["/Soc"][1], abs=1)
    assert pack.text("/ProductId") == "0xBA77"
    tree = pack.call("/Dc", "GetValue")
    assert {str(path) for path in tree} == {path[len("/Dc/"):] for path in items if path.startswith("/Dc/")}
    root = pack.call("/", "GetText")
    assert {"/" + str(path) for path in root} == set(items)
    assert str(root["ProductId"]) == "0xBA77"


def test_introspection_lists_the_children(pack):
    assert '<node name="Dc"' in pack.introspect("/")
    assert '<node name="0"' in pack.introspect("/Dc")
    assert "com.victronenergy.BusItem" in pack.introspect("/Soc")


def test_a_measurement_cannot_be_written(pack):
    before = pack.value("/Info/MaxChargeVoltage")
    assert pack.set("/Info/MaxChargeVoltage", dbus.Double(99.0)) == 1
    assert pack.value("/Info/MaxChargeVoltage") == before


def test_what_does_not_exist_is_an_error(pack):
    with pytest.raises(dbus.DBusException) as error:
        pack.call("/No/Such/Path", "GetValue")
    assert error.value.get_dbus_name() == "org.freedesktop.DBus.Error.UnknownObject"
    with pytest.raises(dbus.DBusException) as error:
        pack.call("/Soc", "NoSuchMethod")
    assert error.value.get_dbus_name() == "org.freedesktop.DBus.Error.UnknownMethod"


def test_peer_is_answered(pack, bus):
    bus.call(NAME, "/", "org.freedesktop.DBus.Peer", "Ping")
    assert len(str(bus.call(NAME, "/", "org.freedesktop.DBus.Peer", "GetMachineId"))) == 32


def test_only_what_changed_is_announced(pack, bus):
    """The values of the simulated pack drift, so there is something to announce."""
    bus.wait(lambda: len(bus.signals) >= 4, what="four signals")
    for path in {change.path for change in bus.changes}:
        values = bus.values_of(pack, path)
        assert all(old != new for old, new in zip(values, values[1:])), (path, values)


def test_the_name_leaves_with_the_daemon(bus, simulate, run):
    daemon = run(simulate().port, address="1")
    bus.wait_for_name(NAME)
    daemon.stop()
    bus.wait_until_gone(NAME)
