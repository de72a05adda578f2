"""How a connection to the file is made, and what its errors mean: the only module that knows the driver.

The driver is apsw: many Pythons are built without extension loading in their sqlite3, apsw's wheels
carry a current SQLite that can load sqlite-vec everywhere.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import apsw
import sqlite_vec

from vstash.errors import (
    DatabaseNotFound,
    ExtensionMissing,
    ForeignFile,
    InputError,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreGone,
    StoreReadOnly,
)
from vstash.store.sqlite import holder

APPLICATION_ID = 0x76737468  # "vsth" in ASCII, in the file's header: tells our files from other SQLite files
K1, B = 1.2, 0.75  # of BM25, as FTS5 has them
BUSY_WAIT = 30.0  # seconds a writer waits for its turn
PAGE_SIZE = 8192  # bytes: five float32[384] rows a page; 4096 would hold two and waste a third
CACHE_SIZE = 128 * 1024  # KiB of pages kept by a connection
WAL_PAGES = 4000  # pages (32 MiB) of log before a commit folds it into the file
NO_ROOM_FOR_INDEX = apsw.SQLITE_IOERR_SHMSIZE  # a reader too needs 32 KiB of disk, for the log's index

Connection = apsw.Connection
Locked = apsw.BusyError  # what a lock raises that was not given in time
Unwritable = (apsw.ReadOnlyError, StoreReadOnly)  # what a write raises where it may not be
NoBlob = apsw.SQLError  # what opening a blob raises whose row is gone, or holds another kind of value
Conflict = apsw.ConstraintError  # what a write raises that breaks a rule of the schema
NoRoom = apsw.FullError  # what a write raises on a full disk
Unreadable = (UnicodeDecodeError, JSONDecodeError, OverflowError)  # what a damaged text, JSON value or time raises
Damaged = (apsw.CorruptError, apsw.SQLError, *Unreadable)  # and what a damaged table, or one that is gone, does


def _load_vectors(connection: Connection) -> None:
    """sqlite-vec, from its own wheel; loading is switched off again behind it."""
    connection.enable_load_extension(True)
    try:
        connection.load_extension(sqlite_vec.loadable_path())
    except apsw.ExtensionLoadingError as error:
        raise ExtensionMissing(
            f"sqlite-vec cannot be loaded: {error}",
            hint="reinstall it: pip install --force-reinstall sqlite-vec",
        ) from error
    finally:
        connection.enable_load_extension(False)


def _synchronous(connection: Connection) -> None:
    """What was reported as stored survives a power cut; WAL's default would only survive a crash."""
    connection.pragma("synchronous", "full")


def _foreign_keys(connection: Connection) -> None:
    """Off by default in SQLite, for every connection anew."""
    connection.pragma("foreign_keys", True)


def _cache(connection: Connection) -> None:
    """The default of 2 MB is smaller than the upper levels of a large keyword index. Nothing is mapped: after every
    write of another process SQLite maps the file anew, and each page touched is then a fault; nor would mapped pages
    be returned while the process lives."""
    connection.pragma("cache_size", -CACHE_SIZE)


def _temporary(connection: Connection) -> None:
    """Sorting and materialised filters stay in memory; they are bounded by the pools."""
    connection.pragma("temp_store", 2)


def _checkpoint(connection: Connection) -> None:
    """Fewer, larger checkpoints: one per batch of documents rather than several."""
    connection.wal_autocheckpoint(WAL_PAGES)


def _untrusted_schema(connection: Connection) -> None:
    """A file from elsewhere cannot run functions with side effects from its schema."""
    connection.pragma("trusted_schema", False)


def _saturation(connection: Connection) -> None:
    """`saturation(table)` in a query of one word or phrase: what BM25 multiplies a word's inverse document frequency
    by, with FTS5's constants. FTS5's own bm25() walks all of the word's postings to count them."""

    def saturation(row: apsw.FTS5ExtensionApi, *_: object) -> float:
        length = row.column_size() / (row.column_total_size() / row.row_count)
        return row.inst_count * (K1 + 1) / (row.inst_count + K1 * (1 - B + B * length))

    connection.register_fts5_function("saturation", saturation)


SETUP: tuple[Callable[[Connection], None], ...] = (
    _load_vectors,
    _synchronous,
    _foreign_keys,
    _cache,
    _temporary,
    _checkpoint,
    _untrusted_schema,
    _saturation,
)


def connect(path: Path, *, create: bool, busy_wait: float = BUSY_WAIT, vfs: str | None = None) -> Connection:
    """A connection with every setting made; nothing is written to the file.

    Raises: StoreError.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    with translated(path, PUT_BACK):
        try:
            name, how = _named(path)
            connection = _open(name, flags | how, busy_wait, vfs)
        except (apsw.CantOpenError, apsw.ReadOnlyError) as error:
            if os.path.isdir(path):  # noqa: PTH112  (False where we may not look)
                raise StoreReadOnly(f"{path} is no file", hint="name one: --db FOLDER/memory.db") from error
            if create or not path.is_file():
                raise
            connection = _open_unwritable(path, busy_wait)
    return connection


def _named(path: Path) -> tuple[str, int]:
    """The path as SQLite takes it, and the flag that says so: UTF-8, or for any other bytes an address of the file."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return path.absolute().as_uri(), apsw.SQLITE_OPEN_URI
    return str(path), 0


def path_of(connection: Connection) -> Path:
    """The file, as an absolute path; its name need not be UTF-8."""
    try:
        return Path(connection.filename)
    except UnicodeDecodeError as error:
        return Path(os.fsdecode(error.object))


def _open(name: str, flags: int, busy_wait: float, vfs: str | None = None) -> Connection:
    connection = apsw.Connection(name, flags=flags, vfs=vfs)
    try:
        connection.set_busy_timeout(int(busy_wait * 1000))
        for setting in SETUP:
            setting(connection)
        connection.execute("SELECT count(*) FROM sqlite_schema").get  # noqa: B018  (opens the file, which connecting does not)
    except BaseException:
        discard(connection)
        raise
    return connection


def versions() -> dict[str, str]:
    """Of SQLite and of the driver."""
    return {"SQLite": apsw.sqlite_lib_version(), "apsw": apsw.apsw_version()}


def copy(source: Connection, target: Connection) -> None:
    """Make `target` an exact copy of what `source` holds now, in one transaction; others go on meanwhile."""
    with target.backup("main", source, "main") as running:
        running.step(-1)


def fold(connection: Connection) -> None:
    """Bring all of the log into the file and empty it; waits for who reads an older state, or raises `Locked`."""
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


@contextmanager
def copied(connection: Connection) -> Iterator[Connection]:
    """A copy in a temporary file, for what SQLite counts as writing though it changes nothing."""
    temporary = apsw.Connection("")
    try:
        copy(connection, temporary)
        yield temporary
    finally:
        discard(temporary)


def writable(connection: Connection) -> bool:
    """Whether the file may be written; that there is room for it is another matter."""
    return not connection.readonly("main")


def discard(connection: Connection) -> None:
    """Close after a failure: what fails now follows from it, and must not hide it."""
    with suppress(apsw.Error):
        connection.close()


def _open_unwritable(path: Path, busy_wait: float) -> Connection:
    """A file in a folder we cannot write to: SQLite can keep no log index there, so the file is
    read as it stands, which is right as long as no log lies beside it."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    log = path.with_name(path.name + "-wal")
    whole = not log.exists() or log.stat().st_size == 0
    try:
        return _open(f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if whole else ''}", flags, busy_wait)
    except apsw.CantOpenError as error:
        if whole:
            raise
        raise StoreReadOnly(
            f"{path} has a log beside it, which cannot be read in a folder that cannot be written",
            hint=f"copy it and {log.name} to a folder of your own, or let its owner open it once",
        ) from error


def use_wal(connection: Connection) -> None:
    """Turn a new file to write-ahead logging, in which readers never wait for a writer.

    The switch needs the file for itself and does not call the busy handler, so it is repeated while
    other processes that open the same new file are in the way, for as long as that would wait.
    """
    deadline = time.monotonic() + connection.pragma("busy_timeout") / 1000
    while True:
        try:
            connection.pragma("page_size", PAGE_SIZE)
            mode = connection.pragma("journal_mode", "wal")
            break
        except (apsw.BusyError, apsw.LockedError):
            if time.monotonic() > deadline:
                raise
        time.sleep(0.01)
    if mode not in ("wal", "memory"):
        raise StoreError(
            f"{path_of(connection)} lies where SQLite cannot share memory between processes",
            hint="put the database on a local disk",
        )


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """One write transaction, inside another a savepoint. Raises: StoreGone, StoreReadOnly; StoreError in a snapshot."""
    if connection.in_transaction:
        # In a file that may not be written none is a transaction of writing; what is written says so.
        if connection.txn_state("main") != apsw.SQLITE_TXN_WRITE and not connection.readonly("main"):
            raise StoreError(f"{path_of(connection)} is being read as of one moment", hint="write when that is over")
        with connection:
            yield
        return
    require_there(connection)
    holder.require_sole(path_of(connection))
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back on a full disk and some I/O errors
            connection.execute("ROLLBACK")
        raise


def require_there(connection: Connection) -> None:
    """What is written to a file that was deleted is lost, what is read of one that was replaced is no longer so, and
    SQLite notices nothing with a log. Asked before a transaction, not within; it costs a stat. Raises: StoreGone."""
    if connection.in_transaction:
        return
    moved = ctypes.c_int(0)
    connection.file_control("main", apsw.SQLITE_FCNTL_HAS_MOVED, ctypes.addressof(moved))
    if moved.value:
        raise StoreGone(f"{path_of(connection)} was deleted, moved or replaced while it was open", hint="open it again")


@contextmanager
def steady(connection: Connection) -> Iterator[None]:
    """Every read inside sees the same state, whoever writes meanwhile."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN DEFERRED")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")  # nothing was written; also ends it after an error


@contextmanager
def at_once(connection: Connection) -> Iterator[None]:
    """Inside, a lock that somebody else holds is not waited for: it raises `Locked`."""
    wait = connection.pragma("busy_timeout")
    connection.set_busy_timeout(0)
    try:
        yield
    finally:
        connection.set_busy_timeout(wait)


LOOK = "run: vstash check"
PUT_BACK = "put the newest backup back: vstash restore --force FILE"  # of what cannot even be looked at

_MEANING: tuple[tuple[type[apsw.Error], type[StoreError], str, str], ...] = (
    (apsw.BusyError, StoreBusy, "is locked by another process", "try again when it has finished writing"),
    (apsw.LockedError, StoreBusy, "is locked within this process", "end the other transaction first"),
    (apsw.FullError, StoreFull, "cannot grow: the disk is full", "free some space; nothing was half-written"),
    (apsw.ReadOnlyError, StoreReadOnly, "cannot be written", "check the permissions of the file and its folder"),
    (apsw.PermissionsError, StoreReadOnly, "may not be opened", "check the permissions of the file and its folder"),
    (apsw.CantOpenError, StoreReadOnly, "cannot be opened", "check that its folder is there, and the permissions"),
    (apsw.NotADBError, ForeignFile, "is not a vstash database", "check the path, or choose another with --db"),
    (apsw.FormatError, ForeignFile, "is not a vstash database", "check the path, or choose another with --db"),
    (apsw.CorruptError, StoreCorrupt, "is damaged", LOOK),
    (apsw.NoFTS5Error, ExtensionMissing, "needs FTS5, which this SQLite lacks", "reinstall apsw from PyPI"),
    (apsw.IOError, StoreError, "could not be read or written", "check the disk, then run: vstash check"),
    (apsw.NoMemError, StoreError, "ran out of memory", "close other programs and try again"),
    (apsw.ConnectionClosedError, StoreError, "was closed", "open it again"),
    (apsw.TooBigError, StoreError, "was given a value over SQLite's limit", "split the document"),
)  # fmt: skip


def absent(path: Path) -> bool:
    """Whether there is no database yet. Raises: StoreReadOnly where we may not look."""
    try:
        return not path.exists() or (path.is_file() and path.stat().st_size == 0)
    except OSError as error:
        raise StoreReadOnly(
            f"{path} cannot be reached: {error.strerror}", hint="check the permissions of the folders above it"
        ) from error


def missing(path: Path) -> DatabaseNotFound:
    """What is said of a database that is absent: an empty file may be one that lost its content."""
    hint = "add something first: vstash add FOLDER"
    if path.exists():
        copied = f"if it is a copy, its log {path.name}-wal is missing"
        return DatabaseNotFound(
            f"{path} is there, but empty", hint=f"{copied}; put a backup back, vstash restore FILE, or {hint}"
        )
    return DatabaseNotFound(f"there is no database at {path}", hint=hint)


def require_same(process: int, path: Path) -> None:
    """SQLite's locks do not follow a process into its fork, where writing could tear the file. Raises: StoreError."""
    if os.getpid() != process:
        raise StoreError(f"{path} was opened before this process was forked", hint="open it again in this process")


@contextmanager
def translated(path: Path | str, damaged: str = LOOK) -> Iterator[None]:
    """Turn the driver's errors into ours, each with what to do; `damaged` is that of a damaged file."""
    try:
        yield
    except apsw.Error as error:
        found = meaning(error, path)
        if isinstance(error, apsw.CorruptError):
            found.hint = damaged
        raise found from error
    except Unreadable as error:
        raise StoreCorrupt(f"{path} is damaged (a value in it cannot be read: {error})", hint=damaged) from error
    except UnicodeEncodeError as error:  # SQLite keeps UTF-8
        raise InputError(
            f"{error.object!r:.60} holds half of a character pair", hint="decode it with errors='replace'"
        ) from error


def meaning(error: apsw.Error, path: Path | str) -> StoreError:
    """Our error for one of the driver's."""
    for foreign, ours, what, hint in _MEANING:
        if isinstance(error, foreign):
            if foreign is Locked and (named := holder.writer(Path(path))):
                what = f"is being written by {named}"
            if getattr(error, "extendedresult", 0) == NO_ROOM_FOR_INDEX:  # not in its type
                ours, what, hint = StoreFull, "cannot be opened: the disk is full", "free some space; nothing was lost"
            detail = "" if str(error) == "not an error" else f" ({error})"  # as SQLite says of what a copy met
            return ours(f"{path} {what}{detail}", hint=hint)
    return StoreError(f"{path}: {type(error).__name__}: {error}", hint="run: vstash check")


def tokens(connection: Connection, word: str) -> list[str]:
    """The word as the keyword index stores it: folded and stemmed; several when it holds separators."""
    tokenizer = connection.fts5_tokenizer("porter", ["unicode61", "remove_diacritics", "2"])
    found = tokenizer(word.encode("utf-8", "replace"), apsw.FTS5_TOKENIZE_QUERY, None, include_offsets=False)
    return [str(token) for colocated in found for token in colocated]


def rows(connection: Connection, sql: str, bindings: Any = ()) -> list[Any]:
    """All rows of a statement, as tuples."""
    return connection.execute(sql, bindings).fetchall()


def value(connection: Connection, sql: str, bindings: Any = ()) -> Any:
    """The single value of a statement, or None when there is no row."""
    return connection.execute(sql, bindings).get
