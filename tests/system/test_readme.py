"""What the README prints is what happens."""

import os
import pathlib
import re
import subprocess

import pytest

from processes import BMSD, bmsd

ROOT = pathlib.Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

# <!-- test --> before a block of code: its commands succeed as printed, with bmsd in the path, in the folder of the sources.
BLOCKS = re.findall(r"<!-- test -->\n+```sh\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_commands_run_as_printed(block, private_environment):
    path = f"{pathlib.Path(BMSD).resolve().parent}:{private_environment['PATH']}"
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=ROOT, env={**private_environment, "PATH": path},
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done


def test_there_are_commands_to_run():
    assert len(BLOCKS) >= 2


def test_the_table_of_bmses_is_that_of_the_program():
    table = re.search(r"<!-- bmsd list --markdown -->\n(.*?)\n<!-- end -->", README, re.DOTALL).group(1)
    assert table.strip() == bmsd("list", "--markdown").stdout.strip()


def test_the_table_of_the_demo_is_the_one_shown(private_environment):
    """Values and folders differ from run to run; what stands at the head of the table and in front of its lines does not."""
    shown = re.search(r"<!-- output of bmsd demo --once -->\n```text\n(.*?)```", README, re.DOTALL).group(1)
    printed = bmsd("demo", "--once", env=private_environment).stdout

    def marks(text):
        return [line.split()[:2] for line in text.splitlines() if re.match(r"ttyDEMO|Try|\d simulated", line)]

    assert len(marks(shown)) >= 6
    assert marks(shown) == marks(printed)
    heads = [next(line for line in text.splitlines() if line.startswith("Battery")).split() for text in (shown, printed)]
    assert heads[0] == heads[1]


def test_the_scripts_that_it_names_are_there():
    for name in set(re.findall(r"\b(?:script|\.ci)/\w+", README)):
        assert os.access(ROOT / name, os.X_OK), name


def test_links_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
