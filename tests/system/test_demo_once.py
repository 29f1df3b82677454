"""`bmsd demo`: the first thing that anybody does with it."""

from processes import BMSD, assert_one_line_error, bmsd


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


def test_demo_begins_with_its_introduction_and_ends_when_told(private_environment, processes, folder):
    demo = processes(BMSD, "demo", env=private_environment)
    demo.wait_for_line("^ttyDEMO 0x04")
    demo.stop()
    assert demo.out[0].startswith("4 simulated"), str(demo)
    assert list(folder.iterdir()) == []


def test_demo_without_a_folder_says_so(private_environment, folder):
    done = bmsd("demo", "--once", env={**private_environment, "TMPDIR": str(folder / "none")})
    assert_one_line_error(done, 1)
    assert "TMPDIR" in done.stderr
