"""Forgetting costs what hangs on a document, not what the memory holds; many go together, and none by half."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

from vstash import HashEncoder, InputError, Memory, Source, StoreError, parts
from vstash.intake import PART_OF
from vstash.store.sqlite.connection import rows, value
from vstash.store.sqlite.store import SqliteStore


class Naming(HashEncoder):
    """An encoder that names word-pieces, as the default one does: a number is one of its own."""

    def pieces(self, text: str) -> Sequence[int]:
        return [100 + int(word) if word.isdecimal() else len(word) for word in text.split()]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "notes.db")
    yield made
    made.close()


@pytest.fixture
def memory(store: SqliteStore) -> Memory:
    return Memory(store, Naming(64))


def fill(memory: Memory, first: int, last: int) -> list[str]:
    """Add documents of one passage each; their uris."""
    uris = [f"doc:{at}" for at in range(first, last)]
    memory.add_texts([f"a heron of its own kind, number {at}" for at in range(first, last)], uris)
    return uris


def with_parts(memory: Memory, uri: str, count: int) -> list[str]:
    """Add a document and others that came in it; the uris of all."""
    uris = [uri, *(f"{uri}#{at}" for at in range(count))]
    sources = [
        Source(one, one, "text", f"the stork of {one}", metadata={PART_OF: uri} if one != uri else {}) for one in uris
    ]
    assert all(result.status == "added" for result in memory.add_sources(sources))
    return uris


def steps(store: SqliteStore, act: Callable[[], object]) -> int:
    """How many instructions SQLite's machine runs for something, but for FTS5's own, which merges what was written
    earlier now and then."""
    counted: list[int] = []

    def count(event: dict[str, Any]) -> None:
        if "'main'." not in event["sql"]:
            counted.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

    store.connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, count)
    act()
    store.connection.trace_v2(0)
    return sum(counted)


def written(store: SqliteStore, act: Callable[[], object]) -> int:
    """How many bytes something adds to the log."""
    log = store.path.with_name(f"{store.path.name}-wal")
    store.connection.wal_autocheckpoint(0)
    store.connection.pragma("wal_checkpoint", "truncate")
    act()
    return log.stat().st_size


def transactions(store: SqliteStore, act: Callable[[], object]) -> int:
    """In how many transactions something is taken out of the index."""
    sql = "SELECT coalesce(sum(value), 0) FROM meta WHERE key = 'rewritten'"
    before = value(store.connection, sql)
    act()
    return int(value(store.connection, sql) - before)


def test_one_costs_the_same_among_few_and_among_many(store: SqliteStore, memory: Memory) -> None:
    fill(memory, 0, 100)
    memory.forget("doc:1")  # statements are prepared
    few = steps(store, lambda: memory.forget("doc:2"))
    fill(memory, 100, 3000)
    many = steps(store, lambda: memory.forget("doc:3"))
    assert many < few * 1.3


def test_many_cost_less_than_one_by_one(store: SqliteStore, memory: Memory) -> None:
    uris = fill(memory, 0, 1200)
    single = written(store, lambda: deque(map(memory.forget, uris[:100]), 0))
    together = written(store, lambda: memory.forget_all(uris[100:200]))
    assert together < single / 10
    assert memory.check().ok


def test_the_codes_of_many_are_written_once(store: SqliteStore, memory: Memory) -> None:
    uris = fill(memory, 0, 200)
    before = rows(store.connection, "SELECT shard, version FROM code_1")
    memory.forget_all(uris[50:150])
    assert rows(store.connection, "SELECT shard, version FROM code_1") == [(s, version + 1) for s, version in before]


def test_many_go_in_several_transactions(store: SqliteStore, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that others who want to write wait for a moment only."""
    monkeypatch.setattr(parts, "TOGETHER", 8)
    uris = fill(memory, 0, 30)
    forgotten: list[int] = []
    took = transactions(store, lambda: forgotten.append(memory.forget_all([*uris[:20], "nothing", *uris[:3]])))
    assert (took, forgotten) == (3, [20])
    assert sorted(one.uri for one in memory.list()) == sorted(uris[20:])
    assert [hit.uri for hit in memory.search("number 25", limit=1)] == ["doc:25"]
    assert memory.check().ok


def test_a_kill_in_the_middle_leaves_whole_documents(
    store: SqliteStore, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "TOGETHER", 2)
    mails = [with_parts(memory, f"mail:{at}", 5) for at in range(6)]
    commits = iter([False, False, True])  # the third does not come about
    store.connection.set_commit_hook(lambda: next(commits))
    with pytest.raises(StoreError):
        memory.forget_all([mail[0] for mail in mails])
    store.connection.set_commit_hook(None)
    assert sorted(one.uri for one in memory.list()) == sorted(uri for mail in mails[4:] for uri in mail)
    assert memory.check().ok
    assert memory.forget_all([mail[0] for mail in mails]) == 12
    assert (memory.list(), memory.check().ok) == ([], True)


def test_what_only_looks_like_a_part_stays(memory: Memory) -> None:
    with_parts(memory, "a", 2)
    memory.add_texts(["an egret", "an ibis", "a crane"], ["a#note", "a", "a$"])
    with_parts(memory, "a#0#deep", 0)
    memory.forget("a")
    assert [one.uri for one in memory.list()] == ["a#0#deep", "a#note", "a$"]


def test_inside_are_those_whose_uri_goes_on_behind_a_hash(memory: Memory) -> None:
    """In a file as in memory."""
    uris = ["a", "a#", "a#1", "a#1#2", "a$", "a/b", "b#1", "ä#1", "a\U0010ffff", "aa#1"]
    with Memory.open(":memory:", encoder=HashEncoder(64)) as other:
        for one in (memory, other):
            one.add_texts(["a heron"] * len(uris), uris)
            assert [found.uri for found in one._store.inside(["a"])] == ["a#1", "a#1#2"]
            wanted = ["ä#1", "ä", "a#1", "a", "a", "none"]
            assert [found.uri for found in one._store.inside(wanted)] == ["a#1", "a#1#2", "ä#1"]
            assert list(one._store.inside([])) == []


def test_a_single_text_is_no_list_of_uris(memory: Memory) -> None:
    with pytest.raises(InputError, match="not a list"):
        memory.forget_all("doc:1")
