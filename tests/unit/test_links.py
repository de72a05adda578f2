"""May a database that has several names be written to? Only read, as logs go by the name, and snapshots by the file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from vstash import HashEncoder, Memory, StoreReadOnly


@pytest.fixture
def snapshot(database: Path, tmp_path: Path) -> Path:
    """Another name of a database, as `cp -al` gives it."""
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.remember("grey heron", uri="bird")
        memory.backup(tmp_path / "backup.db")
    linked = tmp_path / "a snapshot.db"
    linked.hardlink_to(database)
    return linked


def test_it_is_read_by_either_name(database: Path, snapshot: Path, tmp_path: Path) -> None:
    before = snapshot.read_bytes()
    for path in (database, snapshot):
        with Memory.open(path, encoder=HashEncoder(), create=False) as memory:
            assert [hit.uri for hit in memory.search("heron")] == ["bird"]
            assert memory.check().ok
            memory.backup(tmp_path / "copy.db", force=True)
    assert snapshot.read_bytes() == before


def test_it_is_written_by_neither_until_it_is_a_file_of_its_own(database: Path, snapshot: Path, tmp_path: Path) -> None:
    before = snapshot.read_bytes()
    for path in (database, snapshot):
        with Memory.open(path, encoder=HashEncoder()) as memory:
            for change in (lambda: memory.remember("stork"), lambda: memory.forget("bird"), memory.compact):
                with pytest.raises(StoreReadOnly, match=r"one file under 2 names") as caught:
                    change()
        with pytest.raises(StoreReadOnly, match=path.name):
            Memory.restore(tmp_path / "backup.db", path, force=True)
        assert [one.name for one in tmp_path.glob("*-wal")] == []
    with pytest.raises(StoreReadOnly) as caught, Memory.open(snapshot, encoder=HashEncoder()) as memory:
        memory.remember("stork")
    subprocess.run(["sh", "-c", caught.value.hint.removeprefix("make it a file of its own: ")], check=True)
    with Memory.open(snapshot, encoder=HashEncoder()) as memory:
        memory.remember("stork")
        assert memory.check().ok
    assert database.read_bytes() == before


def test_a_backup_takes_the_name_and_leaves_the_other(database: Path, snapshot: Path) -> None:
    before = snapshot.read_bytes()
    with Memory.open(database.with_name("new.db"), encoder=HashEncoder()) as memory:
        memory.remember("a white stork", uri="new")
        memory.backup(database, force=True)
    assert snapshot.read_bytes() == before
    with Memory.open(database, encoder=HashEncoder()) as memory:
        assert [one.uri for one in memory.list()] == ["new"]
        memory.remember("stork")
