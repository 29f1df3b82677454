"""A port that a running bmsd reads."""

from processes import assert_one_line_error, bmsd


def test_says_what_to_type_instead(simulate, run):
    simulator = simulate(packs=1)
    daemon = run(simulator.port, address="1")
    daemon.wait_for_line("on the bus as")
    for command in ("show", "scan"):
        done = bmsd(command, simulator.port)
        assert_one_line_error(done, 1)
        assert f"is read by the running bmsd (process {daemon.pid})" in done.stderr
        assert "bmsd show --socket " in done.stderr
