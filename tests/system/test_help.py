"""The command line: help, exit codes, errors in one line."""

import json

import pytest

from processes import assert_one_line_error, bmsd

COMMANDS = ["demo", "run", "check", "scan", "show", "watch", "explain", "set", "restart", "doctor", "report", "plan", "listen", "record", "replay", "simulate", "decode", "list", "pin"]


def test_help_names_every_command():
    done = bmsd("--help")
    assert done.returncode == 0 and done.stderr == ""
    for command in COMMANDS:
        assert command in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    done = bmsd(command, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert f"bmsd {command}" in done.stdout
    assert "--help" in done.stdout


def test_version_is_one_line():
    done = bmsd("--version")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1 and "0.1.0" in done.stdout


@pytest.mark.parametrize("arguments", [
    [],
    ["nonsense"],
    ["--nonsense"],
    ["run", "--nonsense"],
    ["set"],
    ["set", "--yes", "charge-fet"],
    ["set", "--yes", "charge-fet=1"],
    ["set", "--yes", "soc=101"],
    ["set", "--yes", "fuse=off"],
    ["set", "charge-fet=off"],  # nobody there who could say yes
    ["restart", "now"],
    ["explain", "--what-if", "cel_max=3.6"],
    ["explain", "--config", "x.ini", "--bus", "session"],
    ["pin"],
    ["pin", "--list", "--remove"],
    ["pin", "--serial-starter", "ttyUSB0"],  # this is no Venus OS
    ["doctor", "--seconds", "0"],
    ["doctor", "--protocol", "no-such-bms", "/dev/null"],
    ["simulate"],
    ["simulate", "no-such-bms"],
    ["simulate", "daren-485", "--packs", "none"],
    ["simulate", "daren-485", "--fault", "gremlins=1"],
    ["simulate", "daren-485", "--time-factor", "60"],  # of what?
    ["simulate", "daren-485", "--model", "perpetual-motion"],
    ["plan", "--cells", "0"],
    ["plan", "--config", "/no/such/config.ini"],
    ["decode", "--protocol", "no-such-bms", "~"],
    ["show", "--protocol", "no-such-bms", "/dev/null"],
    ["run", "--bus", "none", "--interval", "-1", "/dev/null"],
    ["run", "--bus", "none", "--protocol", "daren-485", "--address", "10", "/dev/null"],  # ten or sixteen? 0x10 says
    ["run", "--bus", "none", "--protocol", "daren-485", "--address", "0x99", "/dev/null"],
    ["run", "--bus", "none", "--protocol", "daren-485", "--address", "1,x", "/dev/null"],
], ids=" ".join)
def test_wrong_usage_is_2_and_one_line(arguments):
    assert_one_line_error(bmsd(*arguments), 2)


@pytest.mark.parametrize("arguments", [
    ["run", "--bus", "none", "--socket", "{folder}/control", "--protocol", "daren-485", "{folder}/no-such-port"],
    ["show", "--protocol", "daren-485", "{folder}/no-such-port"],
    ["scan", "{folder}/no-such-port"],
    ["pin", "{folder}/no-such-port"],
    ["show", "--socket", "{folder}/no-daemon"],
    ["watch", "--socket", "{folder}/no-daemon"],
    ["explain", "--socket", "{folder}/no-daemon"],
    ["doctor", "--socket", "{folder}/no-daemon"],
    ["set", "--yes", "charge-fet=off", "--socket", "{folder}/no-daemon"],
], ids=" ".join)
def test_what_is_not_there_is_1_and_one_line(arguments, folder):
    done = bmsd(*[argument.format(folder=folder) for argument in arguments])
    assert_one_line_error(done, 1)
    assert str(folder) in done.stderr  # names what was missing


def test_list_knows_daren():
    done = bmsd("list")
    assert done.returncode == 0 and "daren-485" in done.stdout
    assert "daren-485" in json.dumps(json.loads(bmsd("list", "--json").stdout))
    assert bmsd("list", "--markdown").stdout.startswith("|")
