"""Is a backup whole, does restore bring it back, and is nothing overwritten that was not asked for?"""

from __future__ import annotations

import os
import resource
import shutil
import stat
import threading
from pathlib import Path

import apsw
import pytest

from vstash import DatabaseNotFound, HashEncoder, InputError, Memory, SchemaTooNew, StoreCorrupt, StoreError
from vstash.publish import spare
from vstash.store.sqlite.connection import connect

TEXTS = [f"the {bird} stands in the reed" for bird in ("heron", "stork", "crane")]
URIS = [f"doc:{at}" for at in range(3)]


@pytest.fixture
def filled(memory: Memory) -> Memory:
    memory.add_texts(TEXTS, URIS, tags=["bird"])
    return memory


def answers(path: Path) -> list[tuple[str, float]]:
    with Memory.open(path, encoder=HashEncoder(), create=False) as memory:
        assert memory.check().ok
        return [(hit.uri, hit.score) for hit in memory.search("heron in the reed")]


def test_a_backup_answers_as_the_memory_does(filled: Memory, database: Path, tmp_path: Path) -> None:
    filled.backup(tmp_path / "copy.db")
    assert answers(tmp_path / "copy.db") == answers(database)
    assert sorted(file.name for file in tmp_path.iterdir() if "copy" in file.name) == ["copy.db"]


def test_a_backup_is_of_one_moment_while_another_writes(filled: Memory, database: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with Memory.open(database, encoder=HashEncoder()) as other:
            count = 0
            while not stop.is_set():
                other.add_texts([f"bird {count} a", f"bird {count} b"], [f"pair:{count}:a", f"pair:{count}:b"])
                count += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for at in range(3):
            filled.backup(tmp_path / f"copy{at}.db")
    finally:
        stop.set()
        writer.join()
    for at in range(3):
        with Memory.open(tmp_path / f"copy{at}.db", encoder=None) as memory:
            uris = [document.uri for document in memory.list() if document.uri.startswith("pair")]
            assert memory.check().ok
            assert len(uris) % 2 == 0


def test_no_backup_is_made_of_what_fails_its_checks(filled: Memory, database: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    filled.backup(target)
    before = target.read_bytes()
    connection = connect(database, create=False)
    connection.execute("DELETE FROM code_1")
    connection.close()
    with pytest.raises(StoreCorrupt, match="sign_codes"):
        filled.backup(target, force=True)
    assert target.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir() if "copy" in file.name) == ["copy.db"]


@pytest.mark.parametrize("left", ["all of it", "no database", "only its log"])
def test_the_log_of_another_database_is_not_played_into_a_backup(
    filled: Memory, database: Path, tmp_path: Path, left: str
) -> None:
    """It was left by a process that was killed, and looks as good as any."""
    target = tmp_path / "copy.db"
    with Memory.open(tmp_path / "other.db", encoder=HashEncoder()) as other:
        other.add_texts([f"another text {number}" for number in range(50)])
        for name in ("", "-wal"):
            shutil.copyfile(tmp_path / f"other.db{name}", tmp_path / f"copy.db{name}")
    if left == "no database":
        for name in ("copy.db", "copy.db-wal"):  # not even the log is sound: it alone might open it
            (tmp_path / name).write_bytes(b"no database at all" * 1000)
    elif left == "only its log":
        target.unlink()
    assert target.with_name("copy.db-wal").stat().st_size
    (tmp_path / "copy.db-shm").write_bytes(b"of it")
    filled.backup(target, force=True)
    assert sorted(file.name for file in tmp_path.iterdir() if "copy" in file.name) == ["copy.db"]
    assert answers(target) == answers(database)


def test_a_backup_does_not_overwrite_unless_told(filled: Memory, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("something dear")
    with pytest.raises(InputError, match="already") as caught:
        filled.backup(target)
    assert "--force" in caught.value.hint
    assert target.read_text() == "something dear"
    filled.backup(target, force=True)
    assert answers(target)


@pytest.mark.parametrize("force", [False, True])
def test_an_empty_file_is_nothing_to_overwrite_and_one_letter_is(
    filled: Memory, database: Path, tmp_path: Path, force: bool
) -> None:
    target = tmp_path / "copy.db"
    target.touch()
    filled.backup(target, force=force)
    assert answers(target) == answers(database)
    target.write_text("x")
    with pytest.raises(InputError, match="already"):
        filled.backup(target)


@pytest.mark.parametrize("force", [False, True])
def test_a_backup_onto_itself_is_refused(filled: Memory, database: Path, force: bool) -> None:
    with pytest.raises(InputError, match="itself"):
        filled.backup(database, force=force)
    assert filled.check().ok


def test_a_backup_into_no_folder_is_one_clear_error(filled: Memory, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"there is no folder {tmp_path / 'nowhere'}$") as caught:
        filled.backup(tmp_path / "nowhere" / "copy.db")
    assert caught.value.hint
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        filled.backup(tmp_path / "file" / "copy.db")
    assert caught.value.hint


def test_a_copy_that_finds_no_room_is_said_of_its_name_and_leaves_nothing(filled: Memory, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 15, before[1]))
    try:
        with pytest.raises(StoreError, match=r"copy\.db") as caught:
            filled.backup(tmp_path / "copy.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.hint
    assert not [file.name for file in tmp_path.iterdir() if "copy" in file.name]


def test_a_name_is_spare_that_not_even_a_link_to_nothing_has(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    assert spare(path) == path
    path.symlink_to("nothing")
    path.with_name("a.db-2").touch()
    assert spare(path) == path.with_name("a.db-3")


def test_a_memory_without_a_file_says_what_to_do_instead(tmp_path: Path) -> None:
    with Memory.open(":memory:", encoder=HashEncoder()) as memory, pytest.raises(StoreError) as caught:
        memory.backup(tmp_path / "copy.db")
    assert "export" in caught.value.hint


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_file_is_left_as_it_is(filled: Memory, database: Path, tmp_path: Path, force: bool) -> None:
    """A device has no size, and neither has a pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="no regular file"):
        filled.backup(pipe, force=force)
    with pytest.raises(InputError, match="no regular file"):
        Memory.restore(database, pipe, force=force)
    with pytest.raises(InputError, match="is a folder"):
        filled.backup(tmp_path, force=force)
    with pytest.raises(InputError, match="is no file"):
        Memory.restore(pipe, tmp_path / "new.db", force=force)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_a_link_leads_to_is_written(filled: Memory, database: Path, tmp_path: Path) -> None:
    link, new = tmp_path / "link.db", tmp_path / "elsewhere" / "new.db"
    new.parent.mkdir()
    link.symlink_to(new)
    for force in (False, True):
        filled.backup(link, force=force)
        assert link.is_symlink()
        assert answers(new) == answers(database)
    (tmp_path / "own.db").symlink_to(database)
    with pytest.raises(InputError, match="itself"):
        filled.backup(tmp_path / "own.db", force=True)
    with pytest.raises(InputError, match="itself"):
        Memory.restore(tmp_path / "own.db", database, force=True)
    new.unlink()
    Memory.restore(database, link)
    assert link.is_symlink()
    assert answers(new) == answers(database)


def test_no_file_of_somebody_else_is_in_the_way(filled: Memory, database: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db.partial").write_text("something dear")
    filled.backup(tmp_path / "copy.db")
    assert (tmp_path / "copy.db.partial").read_text() == "something dear"


@pytest.mark.parametrize(("content", "said"), [(None, "no backup at"), (b"", "is empty")])
def test_what_is_wrong_with_a_backup_is_said_of_it(tmp_path: Path, content: bytes | None, said: str) -> None:
    source = tmp_path / "copy.db"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises((DatabaseNotFound, StoreCorrupt), match=rf"copy\.db.*{said}|{said}.*copy\.db"):
        Memory.restore(source, tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()


def test_restore_makes_a_new_memory(filled: Memory, database: Path, tmp_path: Path) -> None:
    filled.backup(tmp_path / "copy.db")
    Memory.restore(tmp_path / "copy.db", tmp_path / "new.db")
    assert answers(tmp_path / "new.db") == answers(database)


def test_who_has_it_open_sees_what_was_restored(tmp_path: Path) -> None:
    """Also when what came after has the numbers of what was there before."""
    database, copy = tmp_path / "notes.db", tmp_path / "copy.db"
    with Memory.open(database, encoder="hash") as memory:
        memory.add_texts([f"water {number} {'heron' if number % 5 else 'gull'}" for number in range(3000)])
        memory.backup(copy)
        for text in ("an otter", "one more otter"):
            memory.remember(text)
        assert all(len(memory.search("otter", limit=2, mode="keyword")) == 2 for _ in range(3))
        memory.search("otter", mode="vector")
        Memory.restore(copy, database, force=True)
        with Memory.open(database, encoder="hash") as other:
            for text in ("a badger", "one more badger"):
                other.remember(text)
        assert len(memory.search("otter", limit=2, mode="keyword")) == 0
        for mode in ("keyword", "vector"):
            assert "badger" in memory.search("badger", mode=mode)[0].text  # type: ignore[arg-type]


def test_restore_does_not_overwrite_unless_told(filled: Memory, database: Path, tmp_path: Path) -> None:
    filled.backup(tmp_path / "copy.db")
    before = answers(database)
    filled.forget("doc:0")
    with pytest.raises(InputError, match="already"):
        Memory.restore(tmp_path / "copy.db", database)
    assert len(filled.list()) == 2
    Memory.restore(tmp_path / "copy.db", database, force=True)
    assert len(filled.list()) == 3  # also for those who have it open
    assert answers(database) == before


def test_restore_over_a_damaged_file_sets_it_aside(filled: Memory, tmp_path: Path) -> None:
    filled.backup(tmp_path / "copy.db")
    target = tmp_path / "damaged.db"
    target.write_bytes(b"no database at all" * 1000)
    for name in ("damaged.db.damaged", "damaged.db.damaged-2", "damaged.db.damaged-3"):
        Memory.restore(tmp_path / "copy.db", target, force=True)
        assert answers(target)
        assert target.with_name(name).read_bytes().startswith(b"no database")
        target.write_bytes(b"no database either" * 1000)
    assert target.with_name("damaged.db.damaged").read_bytes().startswith(b"no database at all")


def test_restore_over_another_programs_database_sets_it_aside(filled: Memory, tmp_path: Path) -> None:
    filled.backup(tmp_path / "copy.db")
    target = tmp_path / "theirs.db"
    theirs = apsw.Connection(str(target))
    theirs.execute("CREATE TABLE theirs (x)")
    theirs.close()
    before = target.read_bytes()
    Memory.restore(tmp_path / "copy.db", target, force=True)
    assert answers(target)
    assert target.with_name("theirs.db.damaged").read_bytes() == before


def test_what_is_set_aside_keeps_its_log(filled: Memory, tmp_path: Path) -> None:
    filled.backup(tmp_path / "copy.db")
    target, log = tmp_path / "damaged.db", tmp_path / "damaged.db-wal"
    filled.backup(target)
    with Memory.open(target, encoder=HashEncoder()) as memory:
        memory.remember("stored last")
        left = log.read_bytes()  # as by a process that was killed
    target.write_bytes(b"no database at all" + target.read_bytes()[18:])
    log.write_bytes(left)
    Memory.restore(tmp_path / "copy.db", target, force=True)
    assert answers(target)
    assert b"stored last" in target.with_name("damaged.db.damaged-wal").read_bytes()


def test_a_damaged_backup_is_refused_and_the_memory_left_alone(filled: Memory, database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    filled.backup(copy)
    connection = connect(copy, create=False)
    connection.execute("DELETE FROM code_1")
    connection.close()
    with pytest.raises(StoreCorrupt, match="sign_codes"):
        Memory.restore(copy, database, force=True)
    assert filled.check().ok


def test_a_backup_of_a_newer_version_is_refused_and_the_memory_left_alone(
    filled: Memory, database: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    filled.backup(copy)
    connection = connect(copy, create=False)
    connection.pragma("user_version", 9999)
    connection.close()
    with pytest.raises(SchemaTooNew):
        Memory.restore(copy, database, force=True)
    assert len(filled.list()) == 3


def test_another_programs_database_is_no_backup(database: Path, tmp_path: Path) -> None:
    theirs = apsw.Connection(str(tmp_path / "theirs.db"))
    theirs.execute("CREATE TABLE theirs (x)")
    theirs.close()
    with pytest.raises(StoreCorrupt):
        Memory.restore(tmp_path / "theirs.db", database)
    assert not database.exists()


def test_compact_gives_space_back(database: Path) -> None:
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.add_texts([f"word{at} " * 300 for at in range(300)], [f"doc:{at}" for at in range(300)])
        for at in range(280):
            memory.forget(f"doc:{at}")
        found = [hit.uri for hit in memory.search("word290")]
        before = memory.stats()["bytes"]
        memory.compact()
        assert memory.stats()["bytes"] < before / 2
        log = database.with_name(f"{database.name}-wal")
        assert database.stat().st_size + log.stat().st_size < before / 2, "also while it is open"
        assert [hit.uri for hit in memory.search("word290")] == found
        assert memory.check().ok
    assert database.stat().st_size < before / 2


def test_what_is_compacted_while_somebody_reads_is_so_all_the_same(filled: Memory, database: Path) -> None:
    with Memory.open(database, encoder=None) as reader:
        filled.remember("a bittern", uri="last")
        filled._store.connection.set_busy_timeout(100)  # type: ignore[attr-defined]
        with reader._store.reading():
            before = reader.list()
            filled.compact()
            assert reader.list() == before
        assert filled.check().ok


def test_a_home_is_found_as_it_is_when_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with Memory.open("~/memory.db", encoder=HashEncoder()) as memory:
        memory.remember("grey heron")
        memory.backup("~/backup.db")
    Memory.restore("~/backup.db", "~/other.db")
    assert {path.name for path in tmp_path.glob("*.db")} == {"memory.db", "backup.db", "other.db"}
