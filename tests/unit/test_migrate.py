"""Which files are opened, upgraded or refused, and what is left of those that are not?"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from vstash import HashEncoder, Memory
from vstash.errors import DatabaseNotFound, MigrationChanged, SchemaTooNew, StoreBusy, StoreCorrupt, StoreError
from vstash.store.sqlite.connection import APPLICATION_ID, connect, translated
from vstash.store.sqlite.migrate import Migration, migrate, pending, shipped, version
from vstash.store.sqlite.store import SqliteStore

NOW = datetime(2026, 5, 1, tzinfo=UTC)
NEXT = Migration(len(shipped()) + 1, "next", "CREATE TABLE added (x INTEGER) STRICT; UPDATE meta SET value = 77;")


@pytest.fixture
def current(database: Path) -> Path:
    """A database of the newest schema with one document."""
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.remember("grey heron")
    return database


@pytest.fixture
def connection(current: Path) -> Iterator[apsw.Connection]:
    opened = connect(current, create=False)
    yield opened
    opened.close()


def state(path: Path) -> dict[str, tuple[bytes, int]]:
    """Every file in the folder: its bytes and when it was last written."""
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.parent.iterdir()}


def schema(path: Path) -> list[str]:
    opened = apsw.Connection(str(path))
    found = [sql for (sql,) in opened.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")]
    opened.close()
    return found


def open_and_close(path: Path, **options: object) -> None:
    SqliteStore(path, **options).close()  # type: ignore[arg-type]


def test_a_new_file_that_is_being_read_is_waited_for_as_long_as_was_said(database: Path) -> None:
    reader = apsw.Connection(str(database))
    reader.pragma("application_id", APPLICATION_ID)
    reader.execute("BEGIN; SELECT * FROM sqlite_schema")
    started = time.monotonic()
    with pytest.raises(StoreBusy):
        SqliteStore(database, busy_wait=0.1)
    assert 0.1 <= time.monotonic() - started < 10
    reader.close()


def test_a_new_file_gets_the_newest_schema(database: Path) -> None:
    store = SqliteStore(database)
    assert store.statistics()["schema"] == len(shipped())
    assert store.connection.pragma("application_id") == APPLICATION_ID
    assert store.connection.pragma("journal_mode") == "wal"
    store.close()
    assert [file.name for file in database.parent.iterdir()] == [database.name]


@pytest.mark.parametrize("create", [True, False])
def test_opening_a_current_file_writes_not_a_byte(current: Path, create: bool) -> None:
    os.utime(current, ns=(1, 1))
    before = state(current)
    open_and_close(current, create=create)
    with Memory.open(current, encoder=HashEncoder(), create=create) as memory:
        memory.search("heron")
        memory.stats()
        memory.list()
        assert (current.with_name(current.name + "-wal")).stat().st_size == 0
    assert state(current) == before


def test_an_empty_file_is_a_new_one(database: Path) -> None:
    database.touch()
    with pytest.raises(DatabaseNotFound):
        open_and_close(database, create=False)
    assert database.stat().st_size == 0
    open_and_close(database)
    assert database.stat().st_size > 0


def test_without_create_nothing_is_made(database: Path) -> None:
    with pytest.raises(DatabaseNotFound) as caught:
        open_and_close(database, create=False)
    assert caught.value.hint
    assert not database.exists()


@pytest.mark.parametrize("content", [b"not a database", os.urandom(8192), b"SQLite format 3\0" + b"x" * 4080])
def test_what_is_no_database_is_refused_untouched(database: Path, content: bytes) -> None:
    database.write_bytes(content)
    before = state(database)
    with pytest.raises(StoreCorrupt) as caught:
        open_and_close(database)
    assert caught.value.hint
    assert state(database) == before


@pytest.mark.parametrize("statement", ["CREATE TABLE theirs (x)", "PRAGMA user_version = 1"])
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_another_programs_database_is_refused_untouched(database: Path, statement: str, mode: str) -> None:
    theirs = apsw.Connection(str(database))
    theirs.pragma("journal_mode", mode)
    theirs.execute(statement)
    theirs.close()
    before = state(database)
    with pytest.raises(StoreCorrupt, match="another program"):
        open_and_close(database)
    assert state(database) == before


def test_a_newer_file_is_refused_untouched(current: Path) -> None:
    theirs = apsw.Connection(str(current))
    theirs.pragma("user_version", len(shipped()) + 1)
    theirs.close()
    before = state(current)
    with pytest.raises(SchemaTooNew) as caught:
        open_and_close(current)
    assert "upgrade" in caught.value.hint
    assert state(current) == before


def test_an_edited_migration_is_refused_untouched(current: Path) -> None:
    theirs = apsw.Connection(str(current))
    theirs.execute("UPDATE migration SET sha256 = 'other' WHERE number = 1")
    theirs.close()
    before = state(current)
    with pytest.raises(MigrationChanged, match="0001"):
        open_and_close(current)
    assert state(current) == before


def test_an_upgrade_applies_what_is_pending_and_keeps_a_copy(current: Path, connection: apsw.Connection) -> None:
    steps = (*shipped(), NEXT)
    assert pending(connection, steps) == (NEXT,)
    migrate(connection, steps, NOW)
    assert version(connection) == NEXT.number
    assert pending(connection, steps) == ()
    assert connection.execute("SELECT number, name, sha256 FROM migration").fetchall()[-1] == (
        NEXT.number,
        NEXT.name,
        NEXT.sha256,
    )
    copy = current.with_name(f"{current.name}.schema-{len(shipped())}")
    kept = SqliteStore(copy, create=False)
    assert [document.text for document in [kept.document(found.uri) for found in kept.documents()] if document] == [
        "grey heron"
    ]
    kept.close()


def test_pending_only_reads(current: Path, connection: apsw.Connection) -> None:
    before = state(current)
    pending(connection, (*shipped(), NEXT))
    assert state(current) == before


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE added (x); INSERT INTO nowhere VALUES (1);",
        "DROP TABLE chunk_fts; DELETE FROM meta; SELECT nothing FROM nowhere;",
        "CREATE TABLE added (x); SYNTAX ERROR",
    ],
)
def test_a_migration_that_fails_leaves_the_old_state(current: Path, sql: str) -> None:
    before = schema(current)
    connection = connect(current, create=False)
    broken = Migration(NEXT.number + 1, "broken", sql)
    with pytest.raises(StoreError), translated(current):
        migrate(connection, (*shipped(), NEXT, broken), NOW)
    assert version(connection) == len(shipped())
    connection.close()
    assert schema(current) == before
    with Memory.open(current, encoder=HashEncoder()) as memory:
        assert memory.search("heron")[0].text == "grey heron"
        assert memory.check().ok


def test_a_new_file_whose_first_migration_fails_is_still_new(database: Path) -> None:
    connection = connect(database, create=True)
    with pytest.raises(apsw.SQLError):
        migrate(connection, [Migration(1, "broken", "CREATE TABLE a (x); SYNTAX ERROR")], NOW)
    connection.close()
    open_and_close(database)
    assert schema(database)


def test_where_there_can_be_no_log_it_says_so(database: Path) -> None:
    """This VFS of SQLite's has no shared memory, as network file systems have none."""
    with pytest.raises(StoreError, match="share memory"):
        open_and_close(database, vfs="unix-dotfile")


@pytest.mark.parametrize("names", [[], ["0002_b.sql"], ["0001_a.sql", "0003_c.sql"], ["0001_a.sql", "0001_b.sql"]])
def test_a_folder_with_a_gap_is_no_set_of_migrations(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(StoreError, match="0001"):
        shipped(tmp_path)


def test_the_shipped_migrations_are_in_order() -> None:
    assert [step.number for step in shipped()] == list(range(1, len(shipped()) + 1))


@pytest.mark.parametrize("moment", range(5))
def test_a_file_that_another_process_makes_meanwhile_is_no_other_programs(database: Path, moment: int) -> None:
    """It is made after so many of the statements that look at it; then it is locked."""
    connection = connect(database, create=True)
    ended: list[str] = []

    def note(event: dict[str, str]) -> None:
        ended.append(event["sql"])
        if len(ended) == moment + 1:
            SqliteStore(database, create=True).close()

    connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, note)
    migrate(connection, shipped(), NOW)
    connection.trace_v2(0, None)
    assert not pending(connection, shipped())
    connection.close()
