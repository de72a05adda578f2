"""What is said of a file whose content is damaged? One line each time, and the check names what it hit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vstash import DatabaseNotFound, Memory, StoreCorrupt, StoreError, VstashError
from vstash.store.sqlite.connection import connect, rows

USES: dict[str, Callable[[Memory], object]] = {
    "get": lambda memory: memory.get("doc:1"),
    "list": lambda memory: memory.list(),
    "stats": lambda memory: memory.stats(),
    "search": lambda memory: memory.search("heron in the réed"),
    "keyword": lambda memory: memory.search("heron in the réed", mode="keyword"),
    "why": lambda memory: memory.why("heron", "doc:2"),
    "export": lambda memory: memory.export(str, vectors=True),
    "fast": lambda memory: memory.check(fast=True),
    "check": lambda memory: memory.check(),
    "repair": lambda memory: memory.check(repair=True),
    "remember": lambda memory: memory.remember("a coot"),
    "forget": lambda memory: memory.forget("doc:1"),
}
GARBAGE = {"TEXT": "CAST(x'e9ff' AS TEXT)", "INTEGER": "4611686018427387904", "BLOB": "x'0102'", "ANY": "7"}
TABLES = ("document", "chunk", "tag", "space", "meta", "term", "vector_1", "code_1", "piece_1", "migration")


@pytest.fixture
def filled(database: Path) -> Path:
    with Memory.open(database, encoder="hash") as memory:
        memory.add_texts(
            [f"the heron {at} in the réed" for at in range(5)], [f"doc:{at}" for at in range(5)], tags=["é"]
        )
    return database


def damage(path: Path, sql: str) -> None:
    connection = connect(path, create=False)
    connection.pragma("foreign_keys", False)
    connection.pragma("ignore_check_constraints", True)
    connection.execute(sql)
    connection.close()


def columns(path: Path, table: str) -> list[tuple[str, str]]:
    connection = connect(path, create=False)
    found = rows(connection, "SELECT name, type FROM pragma_table_info(?)", (table,))
    connection.close()
    return found


def complaint(path: Path, use: Callable[[Memory], object]) -> VstashError | None:
    """What is said of a use that cannot be; any other error is for the test to fail with."""
    try:
        with Memory.open(path, encoder="hash", create=False) as memory:
            use(memory)
    except VstashError as error:
        return error
    return None


@pytest.mark.parametrize("table", TABLES)
def test_a_damaged_value_is_met_with_one_of_our_errors(filled: Path, tmp_path: Path, table: str) -> None:
    copy = tmp_path / "copy.db"
    tried = 0
    for column, kind in columns(filled, table):
        copy.write_bytes(filled.read_bytes())
        damage(copy, f'UPDATE OR REPLACE {table} SET "{column}" = {GARBAGE[kind]}')
        for name, use in USES.items():
            tried += 1
            said = complaint(copy, use)
            assert said is None or said.hint, (column, name)
    assert tried


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE chunk SET text = CAST(x'e9ff' AS TEXT) WHERE document_id = 2",
        "UPDATE chunk SET heading = CAST(x'e9ff' AS TEXT) WHERE document_id = 2",
        "UPDATE chunk SET place = '{' WHERE document_id = 2",
        "UPDATE document SET title = CAST(x'e9ff' AS TEXT) WHERE id = 2",
        "UPDATE document SET metadata = '}' WHERE id = 2",
        "UPDATE document SET added_at = 1 << 62 WHERE id = 2",
    ],
)
def test_the_check_names_the_document_that_cannot_be_read(filled: Path, sql: str) -> None:
    damage(filled, sql)
    with Memory.open(filled, encoder="hash") as memory:
        with pytest.raises(StoreCorrupt, match="is damaged"):
            memory.export(str)
        found = {one.check: one for one in memory.check().findings}
        assert not found["documents"].ok
        assert found["documents"].sample == ("doc:1 (forget it and add it again)",)
        memory.forget("doc:1")
        assert memory.check(repair=True).ok


def test_a_uri_that_cannot_be_read_is_shown_as_far_as_it_can(filled: Path) -> None:
    damage(filled, "UPDATE document SET uri = CAST(x'646f63e9' AS TEXT) WHERE id = 2")
    with Memory.open(filled, encoder="hash") as memory:
        found = {one.check: one for one in memory.check().findings}
        assert found["documents"].sample == ("doc\N{REPLACEMENT CHARACTER} (forget it and add it again)",)


@pytest.mark.parametrize("size", [8192, 20000])
def test_what_cannot_be_opened_says_to_put_a_backup_back(filled: Path, size: int) -> None:
    with filled.open("r+b") as file:
        file.truncate(size)
    with pytest.raises(StoreCorrupt) as caught, Memory.open(filled, encoder="hash") as memory:
        memory.check()
    assert "restore --force" in caught.value.hint


def test_an_empty_file_is_said_to_be_there(tmp_path: Path) -> None:
    database = tmp_path / "empty.db"
    database.touch()
    with pytest.raises(DatabaseNotFound, match="is there, but empty") as caught:
        Memory.open(database, encoder="hash", create=False)
    assert "restore" in caught.value.hint
    with Memory.open(database, encoder="hash") as memory:  # as mktemp leaves one
        memory.remember("a heron")


def test_a_copy_without_its_log_is_not_taken_for_an_empty_memory(database: Path, tmp_path: Path) -> None:
    """As with cp while somebody has the memory open: all of it is in the log still."""
    with Memory.open(database, encoder="hash") as memory:
        memory.remember("a heron")
        copied = Path(shutil.copy(database, tmp_path / "copy.db"))
    with pytest.raises(DatabaseNotFound, match="is there, but empty") as caught:
        Memory.open(copied, encoder="hash", create=False)
    assert "copy.db-wal" in caught.value.hint


def test_a_closed_memory_says_that_it_was_closed(filled: Path) -> None:
    memory = Memory.open(filled, encoder="hash")
    memory.close()
    with pytest.raises(StoreError, match="was closed") as caught:
        memory.list()
    assert caught.value.hint == "open it again"


def test_a_database_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is no UTF-8, which SQLite takes as an address only."""
    folder = tmp_path / os.fsdecode(b"c\xe9")
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("notes.db", os.fsdecode(b"bad\xff %.db")):
        with Memory.open(name, encoder="hash") as memory:
            memory.remember("grey heron")
            memory.backup(f"{name}.copy")
            assert memory.check().ok
        Memory.restore(f"{name}.copy", f"{name}.again")
        with Memory.open(folder / f"{name}.again", encoder="hash", create=False) as memory:
            assert memory.search("heron")
