"""Is the file at a name the old or the new one, whole, whenever a command that replaces it is killed? Killed before
each thing that it does to the folder, one process after another."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vstash import HashEncoder, Memory, StoreBusy

ROOT = Path(__file__).resolve().parents[2]
# runs a command line, and is killed when the folder is about to be touched for the Nth time
KILLED = """
import os, signal, sys
folder, left = sys.argv[1], int(sys.argv[2])
def watch(event, arguments):
    global left
    if event in ("os.remove", "os.rename", "os.link") and folder in str(arguments):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
from vstash.cli.app import run
sys.exit(run(sys.argv[3:]))
"""
OLD, LAST, NEW = "old", "stored last", "the new one"


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """A folder with a database, its backup, and another database as a killed process leaves one: with a log."""
    made = tmp_path / "start"
    made.mkdir()
    with Memory.open(made / "notes.db", encoder=HashEncoder()) as memory:
        memory.remember("a white stork", uri=NEW)
        memory.backup(made / "backup.db")
    with Memory.open(tmp_path / "open.db", encoder=HashEncoder()) as memory:
        memory.remember("a grey heron", uri=OLD)
        memory._store.connection.wal_checkpoint(mode=3)  # type: ignore[attr-defined]
        memory.remember("a bittern", uri=LAST)
        for suffix in ("", "-wal"):
            shutil.copyfile(tmp_path / f"open.db{suffix}", made / f"target.db{suffix}")
    return made


def killed(start: Path, *command: str) -> Iterator[Path]:
    """The folder after each kill, and once after the command has ended well."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "VSTASH_CONFIG": os.devnull}
    for point in range(100):
        folder = start.with_name(f"work{point}")
        shutil.copytree(start, folder)
        ran = subprocess.run(
            [sys.executable, "-c", KILLED, str(folder), str(point), "--encoder", "hash", *command],
            env=environment, cwd=folder, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert ran.returncode in (0, -signal.SIGKILL), ran.stderr
        yield folder
        if ran.returncode == 0:
            assert point > 1, "it was never killed"
            return
    raise AssertionError("it does not end")


def stored(path: Path) -> list[str]:
    with Memory.open(path, encoder=None, create=False) as memory:
        assert memory.check().ok
        return [document.uri for document in memory.list()]


def test_a_backup_over_a_database_costs_nothing_that_its_log_held(start: Path) -> None:
    found = [
        stored(folder / "target.db") for folder in killed(start, "--db", "notes.db", "backup", "--force", "target.db")
    ]
    assert found[-1] == [NEW]
    assert [one for one in found if one not in ([OLD, LAST], [NEW])] == []
    assert [OLD, LAST] in found


def test_a_restore_over_a_damaged_database_leaves_it_or_the_backup(start: Path) -> None:
    """And its log, beside it or set aside."""
    target = start / "target.db"
    damaged = b"no database at all" + target.read_bytes()[18:]
    target.write_bytes(damaged)
    restored = []
    for folder in killed(start, "--db", "target.db", "restore", "--force", "backup.db"):
        restored.append((folder / "target.db").read_bytes() != damaged)
        if restored[-1]:
            assert stored(folder / "target.db") == [NEW]
            assert (folder / "target.db.damaged").read_bytes() == damaged
        logs = [path for path in folder.glob("target.db*-wal") if LAST.encode() in path.read_bytes()]
        assert len(logs) == 1
    assert restored[-1]


def test_an_export_over_another_leaves_it_or_the_new_one(start: Path) -> None:
    (start / "all.jsonl").write_text(OLD)
    found = [
        (folder / "all.jsonl").read_text()
        for folder in killed(start, "--db", "notes.db", "export", "--force", "all.jsonl")
    ]
    assert f'"{NEW}"' in found[-1]
    assert {OLD, found[-1]} >= set(found)


def test_a_log_that_somebody_reads_an_older_state_of_is_waited_for(start: Path) -> None:
    """Its content cannot be brought into the file meanwhile."""
    with (
        Memory.open(start / "target.db", encoder=None) as reader,
        Memory.open(start / "notes.db", encoder=None) as memory,
    ):
        with reader._store.reading():
            assert [document.uri for document in reader.list()] == [OLD, LAST]
            with Memory.open(start / "target.db", encoder=HashEncoder()) as writer:
                writer.remember("an egret", uri="later")
            memory._store.connection.set_busy_timeout(100)  # type: ignore[attr-defined]
            with pytest.raises(StoreBusy, match=r"target\.db"):
                memory.backup(start / "target.db", force=True)
        assert stored(start / "target.db") == ["later", OLD, LAST]
        memory.backup(start / "target.db", force=True)
    assert stored(start / "target.db") == [NEW]
