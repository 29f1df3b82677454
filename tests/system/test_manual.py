"""The man page and the completions know what --help knows."""

import functools
import pathlib
import re
import shutil
import subprocess

import pytest

from processes import BMSD, bmsd

ROOT = pathlib.Path(__file__).parents[2]


def words(text, heading):
    """The first words of the entries below a heading of the help, as in "-h,--help"."""
    block = re.search(rf"^{heading}:\n((?:  .*\n)+)", text, re.MULTILINE)
    return re.findall(r"^  (\S+)", block.group(1), re.MULTILINE) if block else []


@functools.cache
def options_of(*command):
    return [name for entry in words(bmsd(*command, "--help").stdout, "Options") for name in entry.split(",")]


COMMANDS = words(bmsd("--help").stdout, "Subcommands")


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manual")
    subprocess.run([ROOT / "package/manual.py", "--out", folder, BMSD], check=True)
    return folder


def test_there_are_commands_and_options():
    assert len(COMMANDS) >= 15 and "run" in COMMANDS
    assert "--serial-starter" in options_of("run") and "--version" in options_of()


def tool(name):
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")


def test_the_man_page_has_every_command_and_option(manual):
    page = (manual / "bmsd.1").read_text().replace("\\-", "-")
    for command in COMMANDS:
        section = re.search(rf'^\.SS "bmsd {command} .*?(?=^\.S[SH] )', page, re.MULTILINE | re.DOTALL)
        assert section, command
        for option in options_of(command):
            assert option in ("-h", "--help") or f"\\fB{option}\\fR" in section.group(), f"{command} {option}"
    for option in options_of():
        assert f"\\fB{option}\\fR" in page


@tool("man")
def test_the_man_page_is_without_complaint(manual):
    done = subprocess.run(["man", "--warnings", "--encoding=UTF-8", "--local-file", manual / "bmsd.1"], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "MANWIDTH": "120", "LC_ALL": "C.UTF-8", "MANROFFOPT": "-wmac"}, check=True)
    assert done.stderr == ""
    assert "EXIT STATUS" in done.stdout


def complete_bash(manual, *line):
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bmsd; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-euc", script, "bash", manual / "bmsd.bash", *line], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_bash_completes_commands_options_and_protocols(manual):
    assert set(COMMANDS) <= set(complete_bash(manual, "bmsd", ""))
    assert set(options_of()) <= set(complete_bash(manual, "bmsd", "-"))
    for command in COMMANDS:
        assert complete_bash(manual, "bmsd", command, "-") == options_of(command), command
    assert "daren-485" in complete_bash(manual, "bmsd", "show", "--protocol", "d")
    assert complete_bash(manual, "bmsd", "run", "--log", "w") == ["warning"]


@tool("fish")
def test_fish_completes_commands_options_and_protocols(manual, private_environment):
    def complete(line):
        done = subprocess.run(["fish", "--no-config", "-c", f"source {manual}/bmsd.fish; complete -C '{line}'"], capture_output=True, text=True,
                              env=private_environment, check=True)
        assert done.stderr == ""
        return [entry.split("\t")[0] for entry in done.stdout.splitlines()]

    assert set(COMMANDS) <= set(complete("bmsd "))
    for command in COMMANDS:
        found = complete(f"bmsd {command} --")
        assert {option for option in options_of(command) if option.startswith("--")} <= set(found), command
    assert "daren-485" in complete("bmsd show --protocol d")


@tool("zsh")
def test_zsh_accepts_its_file_which_has_every_command_and_option(manual):
    subprocess.run(["zsh", "-n", manual / "_bmsd"], check=True)
    text = (manual / "_bmsd").read_text()
    for command in COMMANDS:
        assert f"    '{command}:" in text
        section = re.search(rf"^    {command}\)\n(.*?);;", text, re.MULTILINE | re.DOTALL).group(1)
        for option in options_of(command):
            assert f"'*{option}[" in section, f"{command} {option}"
