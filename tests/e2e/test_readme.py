"""Is every block of README.md true? Python blocks and command lines are run, in order, in one folder."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.commandline import REPOSITORY, Run
from vstash.config import names

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"(?:^\$ |\* \* \* +)(vstash .*)$", re.MULTILINE)  # after a prompt, or a cron table's stars


@pytest.fixture
def notes(here: Path) -> Path:
    """What the README's reader has in their folder."""
    for folder in ("notes", "papers"):
        (here / folder).mkdir()
    (here / "notes" / "taxes.md").write_text("# Taxes\n\nTwo invoices of May are still unpaid.\n", encoding="utf-8")
    (here / "notes" / "garden.md").write_text("# Garden\n\nPrune the roses in March.\n", encoding="utf-8")
    (here / "papers" / "paper.txt").write_text("Rank fusion combines rankings.\n", encoding="utf-8")
    (here / "report.html").write_text("<title>Report</title><p>Sales rose by a tenth.</p>", encoding="utf-8")
    return here


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", "console", "python", "text"}


def test_the_python_blocks_run(notes: Path) -> None:
    blocks = [code for language, code in BLOCKS if language == "python"]
    assert len(blocks) == 2
    for number, code in enumerate(blocks, 1):
        exec(compile(code, f"README.md, Python block {number}", "exec"), {})


def test_the_command_lines_run(run: Run, notes: Path) -> None:
    lines = [line for language, code in BLOCKS if language != "python" for line in COMMANDS.findall(code)]
    assert len(lines) == 13
    for line in lines:
        _, *arguments = map(os.path.expanduser, shlex.split(line))
        assert run(*arguments).code == 0, line


def test_the_shell_blocks_name_targets_that_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    lines = [line for language, code in BLOCKS if language == "sh" for line in code.splitlines()]
    assert [line.split()[:2] for line in lines] == [["make", "demo"], ["make", "test"]]
    assert all(re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE) for line in lines)


def test_the_two_commands_come_first() -> None:
    assert README.index("make demo") < README.index("\n## ")
    assert BLOCKS[0][0] == "sh"


def test_every_command_and_setting_is_described(run: Run) -> None:
    listed = run("--help").out.split("Commands:\n")[1].split("\n\n")[0]
    for command in [row.split()[0] for row in listed.splitlines()]:
        assert f"`vstash {command}" in README
    for setting in names():
        assert f"`{setting}`" in README


def test_every_link_into_the_repository_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if "://" not in link]
    assert links
    assert all((REPOSITORY / link).exists() for link in links)
