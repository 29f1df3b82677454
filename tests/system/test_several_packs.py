"""Several packs on one line, several lines in one process."""


def test_each_pack_has_a_service_an_instance_and_its_own_values(bus, simulate, run):
    run(simulate(packs=3).port, address="1,2,0x03")
    packs = [bus.wait_for_name(f"com.victronenergy.battery.ttySIM0__0x0{n}") for n in (1, 2, 3)]
    assert [pack.value("/DeviceInstance") for pack in packs] == [1, 2, 3]
    assert len({pack.value("/Serial") for pack in packs}) == 3
    for number, pack in enumerate(packs, 1):
        assert f"0x0{number}" in pack.value("/Mgmt/Connection")


def test_two_lines_run_beside_each_other(bus, simulate, run):
    first, second = simulate(packs=2, link="ttySIM0"), simulate(link="ttySIM1")
    run(first.port, second.port, address="1,2")
    for name in ("ttySIM0__0x01", "ttySIM0__0x02", "ttySIM1__0x01"):
        bus.wait_for_name(f"com.victronenergy.battery.{name}")
    # The one that was asked for and never answered is no battery.
    assert "com.victronenergy.battery.ttySIM1__0x02" not in bus.names()


def test_without_addresses_the_name_is_the_port(bus, simulate, run):
    run(simulate().port)
    bus.wait_for_name("com.victronenergy.battery.ttySIM0")
