"""With a settings service, as on Venus OS: instances and names are its own, and they outlive the daemon."""

import json

import pytest

NAME = "com.victronenergy.battery.ttySIM0__0x0{}"


@pytest.fixture
def stored(folder):
    """What the settings hold of the device with that identity: name -> value."""

    def read(identity):
        prefix = f"/Settings/Devices/serialbattery_{identity.upper()}/"
        settings = json.loads((folder / "settings.json").read_text())
        return {path[len(prefix):]: setting["value"] for path, setting in settings.items() if path.startswith(prefix)}

    return read


def restart(bus, daemon, run, *arguments, **options):
    names = bus.names()
    daemon.stop()
    for name in names:
        bus.wait_until_gone(name)
    return run(*arguments, **options)


def test_each_battery_has_an_entry_and_an_instance(bus, settings, stored, simulate, run):
    run(simulate(packs=2).port, address="1,2")
    packs = [bus.wait_for_name(NAME.format(address)) for address in (1, 2)]
    assert sorted(pack.value("/DeviceInstance") for pack in packs) == [1, 2]
    for pack in packs:
        entry = stored(pack.value("/Serial"))
        assert entry["ClassAndVrmInstance"] == f"battery:{pack.value('/DeviceInstance')}"
        assert entry["UniqueIdentifier"] == pack.value("/Serial")
        bus.wait(lambda serial=pack.value("/Serial"): stored(serial)["LastSeen"] > 1_700_000_000, what="LastSeen")


def test_a_name_survives_a_restart(bus, settings, stored, simulate, run):
    port = simulate().port
    daemon = run(port, address="1")
    pack = bus.wait_for_name(NAME.format(1))
    assert pack.set("/CustomName", "Garage") == 0
    assert stored(pack.value("/Serial"))["CustomName"] == "Garage"
    restart(bus, daemon, run, port, address="1")
    assert bus.wait_for_name(NAME.format(1)).value("/CustomName") == "Garage"


def test_an_instance_survives_a_restart_in_another_order(bus, settings, simulate, run):
    port = simulate(packs=2).port
    daemon = run(port, address="1,2")
    packs = [bus.wait_for_name(NAME.format(address)) for address in (1, 2)]
    instances = [pack.value("/DeviceInstance") for pack in packs]
    daemon = restart(bus, daemon, run, port, address="2")
    assert bus.wait_for_name(NAME.format(2)).value("/DeviceInstance") == instances[1]
    restart(bus, daemon, run, port, address="1,2")
    assert [bus.wait_for_name(NAME.format(address)).value("/DeviceInstance") for address in (1, 2)] == instances


def test_a_name_that_is_changed_in_the_settings_is_shown(bus, settings, simulate, run):
    run(simulate().port, address="1")
    pack = bus.wait_for_name(NAME.format(1))
    path = f"/Settings/Devices/serialbattery_{pack.value('/Serial').upper()}/CustomName"
    assert bus.call("com.victronenergy.settings", path, "com.victronenergy.BusItem", "SetValue", "v", "Cellar") == 0
    bus.wait_for_value(pack, "/CustomName", lambda name: name == "Cellar")


def test_the_settings_beat_the_state_file(bus, folder, simulate, run, request):
    port = simulate().port
    daemon = run(port, address="1")
    pack = bus.wait_for_name(NAME.format(1))
    assert pack.set("/CustomName", "without") == 0
    request.getfixturevalue("settings")  # now there is a service, as after a move to Venus OS
    restart(bus, daemon, run, port, address="1")
    pack = bus.wait_for_name(NAME.format(1))
    name = pack.value("/CustomName")
    assert name in ("", "without")  # an entry that is new may begin with what was kept
    assert pack.set("/CustomName", "with") == 0
    bus.wait_for_value(pack, "/CustomName", lambda now: now == "with")
