"""Are the errors the tree that the docstring draws, and is every one of the driver's turned into ours?"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

import vstash
from vstash import HashEncoder, Memory, errors
from vstash.errors import (
    ExtensionMissing,
    ForeignFile,
    InputError,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreGone,
    StoreReadOnly,
    VstashError,
)
from vstash.store.sqlite.connection import connect, translated
from vstash.store.sqlite.store import SqliteStore

FOREIGN = sorted(
    (one for one in vars(apsw).values() if isinstance(one, type) and issubclass(one, apsw.Error)),
    key=lambda one: one.__name__,
)
OURS = {name: one for name, one in vars(errors).items() if isinstance(one, type)}
MEANING = {
    apsw.BusyError: StoreBusy,
    apsw.LockedError: StoreBusy,
    apsw.FullError: StoreFull,
    apsw.ReadOnlyError: StoreReadOnly,
    apsw.PermissionsError: StoreReadOnly,
    apsw.CantOpenError: StoreReadOnly,
    apsw.NotADBError: ForeignFile,
    apsw.FormatError: ForeignFile,
    apsw.CorruptError: StoreCorrupt,
    apsw.NoFTS5Error: ExtensionMissing,
}


def drawn() -> dict[str, str]:
    """Each error in the docstring with the one it hangs on."""
    parents, parent = {}, ""
    for line in (errors.__doc__ or "").splitlines():
        if line[:1] in tuple("├│└"):
            first, *others = re.findall(r"\w+", line)
            if line[0] == "│":
                others = [first, *others]
            else:
                parent, parents[first] = first, "VstashError"
            parents |= dict.fromkeys(others, parent)
            parents |= {one: above for above, one in re.findall(r"(\w+) ─ (\w+)", line)}
    return parents


def test_the_docstring_draws_the_tree() -> None:
    assert drawn() == {name: one.mro()[1].__name__ for name, one in OURS.items() if one is not VstashError}


def test_every_error_can_be_imported_from_vstash() -> None:
    assert OURS.keys() <= set(vstash.__all__)
    assert all(getattr(vstash, name) is one for name, one in OURS.items())


@pytest.mark.parametrize("kind", OURS.values(), ids=OURS.keys())
def test_every_error_carries_a_hint(kind: type[VstashError]) -> None:
    error = kind("what happened", hint="what to do")
    assert (str(error), error.hint, kind("x").hint) == ("what happened", "what to do", "")
    assert isinstance(error, VstashError)


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda one: one.__name__)
def test_every_error_of_the_driver_is_translated(foreign: type[apsw.Error]) -> None:
    with pytest.raises(StoreError) as caught, translated("notes.db"):
        raise foreign("some detail")
    assert type(caught.value) is MEANING.get(foreign, type(caught.value))
    assert caught.value.hint
    assert re.fullmatch(r".*notes\.db.*some detail.*", str(caught.value))
    assert isinstance(caught.value.__cause__, foreign)


def test_what_the_driver_says_of_a_copy_is_not_said_on() -> None:
    with pytest.raises(StoreFull) as caught, translated("copy.db"):
        raise apsw.FullError("not an error")
    assert str(caught.value) == "copy.db cannot grow: the disk is full"


def test_no_room_for_the_index_of_a_log_is_a_full_disk() -> None:
    error = apsw.IOError("disk I/O error")
    error.extendedresult = apsw.SQLITE_IOERR_SHMSIZE  # type: ignore[attr-defined]
    with pytest.raises(StoreFull, match=r"notes\.db cannot be opened: the disk is full"), translated("notes.db"):
        raise error


def test_half_of_a_character_pair_is_the_callers_error(memory: Memory) -> None:
    for attempt in (memory.get, memory.forget, lambda text: memory.remember("x", title=text)):
        with pytest.raises(InputError):
            attempt("\ud800")
    assert memory.list() == []


def test_another_writer_means_busy(database: Path, memory: Memory) -> None:
    with Memory.open(database, encoder=HashEncoder(), busy_wait=0.05) as impatient:
        memory.remember("heron")
        other = connect(database, create=False)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match=r"notes\.db"):
            impatient.remember("stork")
        assert impatient.search("heron")[0].text == "heron"
        other.execute("ROLLBACK")
        other.close()
        assert impatient.remember("stork").status == "added"


def test_a_full_disk_leaves_nothing_half_written(database: Path) -> None:
    store = SqliteStore(database)
    memory = Memory(store, HashEncoder())
    memory.remember("heron")
    store.connection.pragma("max_page_count", store.connection.pragma("page_count") + 2)
    with pytest.raises(StoreFull) as caught:
        memory.add_texts([f"text {at} " * 100 for at in range(100)])
    assert caught.value.hint
    assert len(memory.list()) == 1
    assert memory.check().ok
    store.connection.pragma("max_page_count", 1 << 30)
    assert memory.remember("stork").status == "added"
    memory.close()


def test_a_torn_file_is_damaged_not_a_traceback(database: Path) -> None:
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.add_texts([f"heron {at}" for at in range(200)])
    content = bytearray(database.read_bytes())
    content[8192 * 2 :] = b"\x5a" * (len(content) - 8192 * 2)
    database.write_bytes(content)
    with pytest.raises(StoreCorrupt) as caught, Memory.open(database, encoder=HashEncoder()) as memory:
        memory.search("heron")
    assert "restore" in caught.value.hint


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Memory.open(tmp_path, encoder=HashEncoder())
    assert caught.value.hint


def test_a_closed_memory_says_so(database: Path) -> None:
    memory = Memory.open(database, encoder=HashEncoder())
    memory.close()
    with pytest.raises(StoreError):
        memory.list()


def test_a_database_that_is_there_no_more_may_have_any_name(tmp_path: Path) -> None:
    database = Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xe9sum\xe9.db"))
    with Memory.open(database, encoder="hash") as memory:
        database.unlink()
        with pytest.raises(StoreGone, match=r"sum.*\.db was deleted"):
            memory.remember("grey heron")


def test_a_database_that_another_was_renamed_over_is_told_at_the_next_question(database: Path) -> None:
    other = database.with_name("other.db")
    with Memory.open(other, encoder="hash") as memory:
        memory.remember("white stork", uri="s")
    with Memory.open(database, encoder="hash") as memory:
        memory.remember("grey heron", uri="h")
        memory.backup(database.with_name("copy.db"))
        Memory.restore(database.with_name("copy.db"), database, force=True)  # in place: that is the same file
        assert memory.search("heron")[0].uri == "h"
        database.with_name(f"{database.name}-wal").unlink()
        other.replace(database)
        with pytest.raises(StoreGone):
            memory.search("heron")
    with Memory.open(database, encoder="hash") as memory:
        assert [one.uri for one in memory.list()] == ["s"]


@pytest.mark.parametrize("then", ["deleted", "moved", "replaced"])
def test_nothing_is_asked_of_a_database_that_is_there_no_more(database: Path, then: str) -> None:
    with Memory.open(database, encoder="hash") as memory:
        memory.remember("grey heron", uri="h")
        for path in list(database.parent.iterdir()):  # its log goes with it
            path.unlink() if then == "deleted" else path.rename(path.with_name(f"away-{path.name}"))
        if then == "replaced":
            Memory.open(database, encoder="hash").close()
        attempts: list[Callable[[], object]] = [
            lambda: memory.remember("white stork"),
            lambda: memory.forget("h"),
            lambda: memory.reindex("hash"),
            memory.compact,
            lambda: memory.search("heron"),
            lambda: memory.why("heron", "h"),
            lambda: memory.get("h"),
            lambda: memory.chunk(1),
            lambda: memory.passage("h", 0),
            memory.list,
            memory.stats,
            memory.check,
            lambda: memory.check(fast=True),
            lambda: memory.compare(database.parent),
            lambda: memory.backup(database.with_name("copy.db")),
            lambda: memory.export(str),
        ]
        for attempt in attempts:
            with pytest.raises(StoreGone, match=r"notes\.db was deleted, moved or replaced") as caught:
                attempt()
            assert caught.value.hint == "open it again"
