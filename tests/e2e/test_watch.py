"""Does vstash watch, as a process with the real watcher, follow what people and programs do to files?"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vstash import HashEncoder, Memory

PATIENCE = 60.0  # seconds; a shared machine may be slow


class Watching:
    """The process, its folders and what it says."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.top = home / "notes"
        self.database = home / "notes.db"
        self.said = home / "said.txt"
        command = [sys.executable, "-m", "vstash", "--db", str(self.database), "--encoder", "hash", "watch"]
        with self.said.open("w") as out:
            self.process = subprocess.Popen(
                [*command, str(self.top), *arguments], stdout=out, stderr=subprocess.STDOUT, cwd=home
            )

    def shows(self, text: str) -> None:
        until(lambda: text in self.said.read_text(), lambda: self.said.read_text())

    def holds(self, *names: str) -> None:
        """The memory comes to hold exactly these files."""
        until(lambda: self.documents() == sorted(names), lambda: f"{self.documents()}\n{self.said.read_text()}")

    def documents(self) -> list[str]:
        with Memory.open(self.database, encoder=HashEncoder()) as memory:
            return sorted(os.path.relpath(one.uri, self.top) for one in memory.list())

    def found(self, words: str) -> str:
        with Memory.open(self.database, encoder=HashEncoder()) as memory:
            hits = memory.search(words, mode="keyword", limit=1)
            return os.path.relpath(hits[0].uri, self.top) if hits else ""


def until(met: Callable[[], bool], told: Callable[[], str]) -> None:
    end = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < end, told()
        time.sleep(0.05)


@pytest.fixture
def watching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watching]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("iron anchors\n")
    started = Watching(tmp_path, str(tmp_path / "later"))
    started.shows("watching")
    yield started
    started.process.kill()
    started.process.wait()


def test_what_people_and_programs_do_is_followed(watching: Watching) -> None:
    top = watching.top
    (top / "b.txt").write_text("hempen ropes\n")
    watching.holds("a.md", "b.txt")
    temporary = top / ".a.md.tmp"
    temporary.write_text("bronze anchors\n")
    temporary.replace(top / "a.md")
    until(lambda: watching.found("bronze") == "a.md", watching.said.read_text)
    (top / "deep" / "er").mkdir(parents=True)
    (top / "deep" / "er" / "c.txt").write_text("sails\n")
    watching.holds("a.md", "b.txt", "deep/er/c.txt")
    (top / "deep").rename(top / "moved")
    watching.holds("a.md", "b.txt", "moved/er/c.txt")
    (top / "moved" / "er" / "d.txt").write_text("in a folder that was moved\n")
    watching.holds("a.md", "b.txt", "moved/er/c.txt", "moved/er/d.txt")
    (top / os.fsdecode(b"caf\xe9.txt")).write_text("a name that is no text\n")
    watching.holds("a.md", "b.txt", "caf\\xe9.txt", "moved/er/c.txt", "moved/er/d.txt")
    (top / os.fsdecode(b"caf\xe9.txt")).unlink()
    shutil.rmtree(top / "moved")
    (top / "b.txt").unlink()
    watching.holds("a.md")


def test_folders_come_later_and_again(watching: Watching) -> None:
    later = watching.top.parent / "later"
    later.mkdir()
    (later / "x.txt").write_text("words\n")
    watching.holds("../later/x.txt", "a.md")
    shutil.rmtree(later)
    watching.shows(f"delayed {later}: there is no such folder now")
    watching.holds("../later/x.txt", "a.md")
    later.mkdir()
    (later / "y.txt").write_text("other words\n")
    watching.holds("../later/y.txt", "a.md")


def test_a_thousand_renames_are_moves(watching: Watching) -> None:
    names = [f"n{number}.txt" for number in range(1000)]
    for name in names:
        (watching.top / name).write_text(f"note {name}\n")
    watching.holds("a.md", *names)
    for name in names:
        (watching.top / name).rename(watching.top / f"r{name}")
    watching.holds("a.md", *(f"r{name}" for name in names))
    said = watching.said.read_text()
    assert said.count("moved ") == 1000
    assert "deleted" not in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_ends_cleanly(watching: Watching, number: signal.Signals, code: int) -> None:
    (watching.top / "b.txt").write_text("hempen ropes\n")
    watching.holds("a.md", "b.txt")
    watching.process.send_signal(number)
    assert watching.process.wait(PATIENCE) == code
    assert watching.said.read_text().endswith("\nstopped; run it again to go on from here\n")
    assert sorted(path.name for path in watching.top.parent.iterdir()) == ["notes", "notes.db", "said.txt"]
    with Memory.open(watching.database, encoder=HashEncoder()) as memory:
        assert memory.check().ok
