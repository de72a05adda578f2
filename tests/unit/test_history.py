"""Files of a git checkout have the date of their last commit, where they name none themselves."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

import pytest

from vstash import Memory
from vstash.history import History
from vstash.text.dates import stamped

FIRST, SECOND = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2021, 6, 7, 8, 9, 10, tzinfo=UTC)


def git(folder: Path, *command: str, at: datetime | str = FIRST) -> None:
    when = str(at)
    subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *command],
        cwd=folder, check=True, capture_output=True,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when,
             "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"},
    )  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Two commits: the second changes one file and adds one in a folder; one file is not tracked."""
    top = tmp_path / "checkout"
    (top / "sub").mkdir(parents=True)
    for name in ("old.txt", "new.txt"):
        (top / name).write_text(f"{name} says little\n")
    git(top, "init", "-q")
    git(top, "add", ".")
    git(top, "commit", "-qm", "one")
    (top / "new.txt").write_text("now it says more\n")
    (top / "sub" / "früh ling.md").write_text("# Spring\n\nFlowers.\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "two", at=SECOND)
    (top / "loose.txt").write_text("not tracked\n")
    return top


def dates(top: Path, *paths: Path) -> list[datetime | None]:
    history = History(top)
    return [history.date(path) for path in paths]


def test_the_last_commit_counts(checkout: Path):
    paths = [checkout / name for name in ("old.txt", "new.txt", "sub/früh ling.md", "loose.txt", "gone.txt")]
    assert dates(checkout, *paths) == [FIRST, SECOND, SECOND, None, None]
    assert dates(checkout / "old.txt", checkout / "old.txt") == [FIRST]
    assert dates(checkout / "sub", checkout / "sub" / "früh ling.md") == [SECOND]


def test_checkouts_below_the_folder_are_asked_for_themselves(checkout: Path, tmp_path: Path):
    assert dates(tmp_path, checkout / "old.txt", tmp_path / "else.txt") == [FIRST, None]


def test_without_git_or_with_a_broken_checkout_there_is_no_date(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / ".git").write_text("gitdir: nowhere\n")
    assert dates(tmp_path / "broken", tmp_path / "broken" / "a.txt") == [None]
    monkeypatch.setenv("PATH", "")
    assert dates(checkout, checkout / "old.txt") == [None]


def test_a_commit_outside_the_calendar_has_no_date(memory: Memory, checkout: Path):
    (checkout / "old.txt").write_text("changed in the year 10000\n")
    git(checkout, "commit", "-qam", "far", at="@253402300800 +0000")
    assert dates(checkout, checkout / "old.txt", checkout / "new.txt") == [None, SECOND]
    assert {one.status for one in memory.add(checkout)} == {"added"}


@pytest.mark.parametrize("seconds", [1e12, -1e12, 1e300])
def test_a_file_stamped_outside_the_calendar_has_no_time(seconds: float):
    assert stamped(seconds) is None
    assert stamped(FIRST.timestamp()) == FIRST


def test_nothing_that_a_checkout_names_is_run(checkout: Path):
    mark = checkout / "ran"
    for key in ("core.fsmonitor", "core.pager", "gpg.program", "diff.external", "core.sshCommand"):
        git(checkout, "config", key, f"touch {mark};")
    git(checkout, "config", "log.showSignature", "true")
    assert dates(checkout, checkout / "old.txt") == [FIRST]
    assert not mark.exists()


def test_a_document_has_its_own_date_first(memory: Memory, checkout: Path):
    (checkout / "dated.md").write_text("---\ndate: 1999-12-31\n---\nA party.\n")
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "three", at=SECOND)
    assert {one.status for one in memory.add(checkout)} == {"added"}
    assert {Path(one.uri).name: str(one.dated_at)[:10] for one in memory.list()} == {
        "dated.md": "1999-12-31", "loose.txt": "2021-06-07", "new.txt": "2021-06-07",
        "old.txt": "2020-01-02", "früh ling.md": "2021-06-07",
    }  # fmt: skip
    found = memory.search("says", before="2020-06-01", mode="keyword")
    assert [Path(hit.uri).name for hit in found] == ["old.txt"]
    assert {one.status for one in memory.sync(memory.compare(checkout))} == {"unchanged"}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where git's arguments are noted, a line for each time that it runs."""
    real, log = which("git"), tmp_path / "log"
    (tmp_path / "bin").mkdir()
    noting = tmp_path / "bin" / "git"
    noting.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\nexec {real} "$@"\n')
    noting.chmod(0o755)
    monkeypatch.setenv("PATH", str(noting.parent), prepend=os.pathsep)
    return log


def test_many_files_named_one_by_one_are_asked_for_together(
    checkout: Path, asked: Path, monkeypatch: pytest.MonkeyPatch
):
    for number in range(20):
        (checkout / "sub" / f"{number}.md").write_text(f"Spring {number}.\n")
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "three", at=SECOND)
    address = "https://127.0.0.1/"  # which fails: it is private
    with Memory.open(":memory:", encoder="hash") as memory:
        memory.add([*sorted((checkout / "sub").glob("*.md")), address])
        assert [document.dated_at for document in memory.list()] == [SECOND] * 21
    runs = asked.read_text().splitlines()
    assert len(runs) == 2
    assert all(f"-C {checkout / 'sub'} " in run for run in runs)
    monkeypatch.chdir(checkout)
    with Memory.open(":memory:", encoder="hash") as memory:
        memory.add([*(f"sub/{number}.md" for number in range(20)), "sub/../old.txt"])
        assert memory.get(str(checkout / "old.txt")).dated_at == FIRST


def test_a_few_files_are_asked_for_by_themselves(checkout: Path, asked: Path):
    """What they have in common may be all of a large checkout."""
    with Memory.open(":memory:", encoder="hash") as memory:
        memory.add([checkout / "old.txt", checkout / "sub" / "früh ling.md"])
        assert sorted(str(one.dated_at) for one in memory.list()) == [str(FIRST), str(SECOND)]
    runs = asked.read_text().splitlines()
    assert [run.rpartition(" -- ")[2] for run in runs] == ["old.txt"] * 2 + ["früh ling.md"] * 2
