"""`show` and `watch` ask the daemon through its socket; a port that it holds is named with its holder."""

import json

from processes import assert_one_line_error, bmsd


def find(tree, key):
    """All values under `key`, wherever they stand."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from find(value, key)
    elif isinstance(tree, list):
        for element in tree:
            yield from find(element, key)


def test_show_gives_what_the_bus_gives(bus, simulate, run):
    daemon = run(simulate(packs=2).port, address="1,2")
    first = bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x01")
    bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x02")
    done = bmsd("show", "--json", "--socket", daemon.socket)
    assert done.returncode == 0, done
    answer = json.loads(done.stdout)
    states = list(find(answer, "soc_percent"))
    assert len(states) == 2
    assert abs(states[0] - first.value("/Soc")) < 1
    assert [len(cells) for cells in find(answer, "cell_voltages_v")] == [16, 16]

    text = bmsd("show", "--socket", daemon.socket)
    assert text.returncode == 0 and "State of charge" in text.stdout and "0x02" in text.stdout


def test_watch_shows_every_pack(bus, simulate, run):
    daemon = run(simulate(packs=2).port, address="1,2")
    bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x02")
    done = bmsd("watch", "--once", "--socket", daemon.socket)
    assert done.returncode == 0, done
    assert "0x01" in done.stdout and "0x02" in done.stdout


def test_a_held_port_names_its_holder(bus, simulate, run):
    port = simulate().port
    daemon = run(port, address="1")
    bus.wait_for_name("com.victronenergy.battery.ttySIM0__0x01")
    done = bmsd("show", "--protocol", "daren-485", "--address", "1", port)
    assert_one_line_error(done, 1)
    assert str(daemon.pid) in done.stderr and "bmsd show" in done.stderr
    assert bus.names() == ["com.victronenergy.battery.ttySIM0__0x01"]


def test_show_reads_a_port_itself(simulate):
    port = simulate(packs=2).port
    done = bmsd("show", "--json", "--protocol", "daren-485", "--address", "1,2", port)
    assert done.returncode == 0, done
    assert len(list(find(json.loads(done.stdout), "soc_percent"))) == 2


def test_scan_finds_every_pack(simulate):
    port = simulate(packs=3).port
    done = bmsd("scan", "--json", "--protocol", "daren-485", "--address", "1,2,3,4", port)
    assert done.returncode == 0, done
    answer = json.loads(done.stdout)
    assert sorted(find(answer, "address")) == [1, 2, 3]
    assert set(find(answer, "protocol")) == {"daren-485"}
