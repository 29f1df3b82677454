"""`bmsd demo --once`: the first thing that anybody does with it."""

from processes import bmsd


def test_demo_shows_four_packs_and_ends(private_environment):
    done = bmsd("demo", "--once", env=private_environment)
    assert done.returncode == 0, done
    for address in ("0x01", "0x02", "0x03", "0x04"):
        assert address in done.stdout, done.stdout
    assert "unix:" in done.stdout  # the bus, and two commands to type
    assert "dbus-send" in done.stdout and "busctl" in done.stdout


def test_demo_leaves_nothing_behind(private_environment, folder):
    assert bmsd("demo", "--once", env=private_environment).returncode == 0
    assert list(folder.iterdir()) == []
