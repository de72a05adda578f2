"""Does a change of encoder leave searches alone until it is complete, and go on where it was interrupted?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from vstash import HashEncoder, Limits, Memory, SpaceMismatch, StoreCorrupt
from vstash.reindex import BATCH, Reindexed
from vstash.store.memory import MemoryStore
from vstash.store.sqlite.connection import connect, rows

COUNT = BATCH + 44
TEXTS = [f"the bird number{at} stands" for at in range(COUNT)]
URIS = [f"doc:{at:04}" for at in range(COUNT)]
OLD, NEW = HashEncoder(64), HashEncoder(32)
START = datetime(2026, 1, 1, tzinfo=UTC)


class Interrupted(Exception):
    pass


class Counting(HashEncoder):
    """Counts what it encodes, and can give up."""

    def __init__(self, dim: int, fail_after: int = 10**9) -> None:
        super().__init__(dim)
        self.encoded = 0
        self.fail_after = fail_after

    def documents(self, texts: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        if len(texts) > 32 and self.encoded >= self.fail_after:  # calibrating takes small batches
            raise Interrupted
        self.encoded += len(texts)
        return super().documents(texts)


@pytest.fixture(params=["file", "process"])
def filled(request: pytest.FixtureRequest, database: Path) -> Iterator[Memory]:
    with Memory.open(database if request.param == "file" else ":memory:", encoder=OLD) as memory:
        memory.add_texts(TEXTS, URIS)
        yield memory


def fresh_answers(encoder: HashEncoder) -> list[tuple[str, float]]:
    with Memory.open(":memory:", encoder=encoder) as memory:
        memory.add_texts(TEXTS, URIS)
        return answers(memory)


def answers(memory: Memory) -> list[tuple[str, float]]:
    return [(hit.uri, round(hit.score, 5)) for hit in memory.search("number7 stands", mode="vector")]


def spaces(path: Path) -> list[tuple[str, int]]:
    connection = connect(path, create=False)
    found = rows(connection, "SELECT name, active FROM space ORDER BY id")
    connection.close()
    return found


def test_afterwards_it_answers_as_one_made_with_the_new_encoder(filled: Memory) -> None:
    seen: list[int] = []
    done = filled.reindex(NEW, report=seen.append)
    assert (done.before, done.after, done.chunks) == (OLD.space, NEW.space, COUNT)
    assert seen == [BATCH, COUNT]
    assert answers(filled) == fresh_answers(NEW)
    assert filled.check().ok
    assert filled.stats()["encoder"] == NEW.space.id
    assert filled.add_texts(["one more"])[0].status == "added"


def test_the_old_space_is_gone(database: Path) -> None:
    with Memory.open(database, encoder=OLD) as memory:
        memory.add_texts(TEXTS, URIS)
        memory.reindex(NEW)
    assert spaces(database) == [(NEW.space.id, 1)]
    with pytest.raises(SpaceMismatch) as caught:
        Memory.open(database, encoder=OLD)
    assert "reindex" in caught.value.hint
    assert "--encoder" in caught.value.hint


def test_interrupted_it_answers_as_before_and_goes_on_from_there(database: Path) -> None:
    with Memory.open(database, encoder=OLD) as memory:
        memory.add_texts(TEXTS, URIS)
        before = answers(memory)
        with pytest.raises(Interrupted):
            memory.reindex(Counting(32, fail_after=BATCH))
        assert answers(memory) == before
        assert memory.check().ok
        memory.forget(URIS[3])
        memory.add_texts(["a late bird"], ["late"])
        assert memory.check().ok
    assert spaces(database) == [(OLD.space.id, 1), (NEW.space.id, 0)]
    with Memory.open(database, encoder=None) as memory:
        assert memory.reindex(Counting(32)).chunks == COUNT - BATCH + 1
        assert memory.check().ok
        assert memory.search("a late bird", mode="vector")[0].uri == "late"


def test_another_encoder_takes_the_place_of_an_unfinished_one(database: Path) -> None:
    with Memory.open(database, encoder=OLD) as memory:
        memory.add_texts(TEXTS, URIS)
        with pytest.raises(Interrupted):
            memory.reindex(Counting(32, fail_after=BATCH))
        memory.reindex(HashEncoder(16))
        assert memory.check().ok
    assert spaces(database) == [(HashEncoder(16).space.id, 1)]


def test_what_is_added_meanwhile_gets_its_vector_too(database: Path) -> None:
    with Memory.open(database, encoder=OLD) as memory, Memory.open(database, encoder=OLD) as other:
        memory.add_texts(TEXTS, URIS)

        def interfere(done: int) -> None:
            if done <= COUNT:
                other.add_texts([f"late {done}"], [f"late:{done}"])

        memory.reindex(NEW, report=interfere)
        assert len(memory.list()) == COUNT + 1
        assert memory.check().ok


def test_who_has_it_open_with_the_old_encoder_is_told(database: Path) -> None:
    with Memory.open(database, encoder=OLD) as memory, Memory.open(database, encoder=OLD) as other:
        memory.add_texts(TEXTS, URIS)
        memory.reindex(NEW)
        with pytest.raises(SpaceMismatch) as caught:
            other.search("bird")
        assert caught.value.hint
        assert other.search("number7", mode="keyword")
        with pytest.raises(SpaceMismatch):
            other.add_texts(["one more"])
        assert memory.check().ok


def test_an_empty_memory_has_nothing_to_change(memory: Memory) -> None:
    assert memory.reindex(NEW).chunks == 0
    assert memory.add_texts(["one"])[0].status == "added"
    assert memory.stats()["encoder"] == NEW.space.id


def test_the_same_encoder_mends_vectors_that_are_gone(database: Path) -> None:
    with Memory.open(database, encoder=OLD) as memory:
        memory.add_texts(TEXTS, URIS)
        before = answers(memory)
    connection = connect(database, create=False)
    connection.execute("DELETE FROM vector_1 WHERE chunk_id % 3 = 0")
    connection.close()
    with Memory.open(database, encoder=OLD) as memory:
        assert not memory.check().ok
        assert memory.reindex(OLD).chunks == COUNT // 3
        assert memory.check().ok
        assert answers(memory) == before


def test_a_chunk_without_a_document_ends_it(database: Path) -> None:
    with Memory.open(database, encoder=OLD) as memory:
        memory.add_texts(TEXTS, URIS)
        before = answers(memory)
    connection = connect(database, create=False)
    connection.execute("PRAGMA foreign_keys = OFF; DELETE FROM document WHERE uri = 'doc:0003'")
    connection.close()
    with Memory.open(database, encoder=OLD) as memory:
        with pytest.raises(StoreCorrupt, match=r"chunk 4 of .*notes\.db") as caught:
            memory.reindex(NEW)
        assert "backup" in caught.value.hint
        assert answers(memory) == before
        assert spaces(database)[0] == (OLD.space.id, 1)


class Picky(HashEncoder):
    """Cannot encode nothing at all."""

    def documents(self, texts: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        assert texts
        return super().documents(texts)


def test_a_memory_of_nothing_but_such_a_chunk_ends_it_too(database: Path) -> None:
    with Memory.open(database, encoder=OLD) as memory:
        memory.remember("grey heron")
    connection = connect(database, create=False)
    connection.execute("PRAGMA foreign_keys = OFF; DELETE FROM document")
    connection.close()
    with Memory.open(database, encoder=OLD) as memory, pytest.raises(StoreCorrupt, match="belongs to no document"):
        memory.reindex(Picky(32))


class Losing(MemoryStore):
    """Keeps no vector that it is given later."""

    def fill(self, *_: object) -> None:
        """As where the way to a chunk is damaged."""


def test_a_chunk_that_is_read_and_cannot_be_written_ends_it() -> None:
    with Memory(Losing(), OLD) as memory:
        memory.remember("grey heron")
        with pytest.raises(StoreCorrupt, match=r"chunk 1 .* cannot be reached by its id"):
            memory.reindex(NEW)


def test_an_empty_memory_remembers_the_encoder_it_was_changed_to(database: Path) -> None:
    with Memory.open(database, encoder=None) as memory:
        done = memory.reindex(NEW)
        assert (done.before, done.after, done.chunks) == (None, NEW.space, 0)
    with pytest.raises(SpaceMismatch):
        Memory.open(database, encoder=OLD)
    with Memory.open(database, encoder=NEW) as memory:
        assert (list(memory.search("heron")), memory.check().ok) == ([], True)
        memory.remember("a heron")
        assert (memory.search("heron")[0].text, memory.check().ok) == ("a heron", True)
        memory.reindex(OLD)
        assert memory.search("heron")[0].text == "a heron"


def test_it_changes_the_encoder_of_all_that_share_the_memory(filled: Memory) -> None:
    before = filled.within(Limits(max_query=50))
    before.reindex(NEW)
    assert answers(filled) == answers(before) == fresh_answers(NEW)
    assert filled.remember("one more").status == before.remember("and another").status == "added"


class Overtaken(HashEncoder):
    """An encoder, as whose question is read the memory is changed over."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(OLD.space.dim)
        self._memory = memory
        self._change: Callable[[HashEncoder], Reindexed] = memory.reindex

    def query(self, text: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        if self._memory.stats()["encoder"] == OLD.space.id:
            self._change(NEW)
        return super().query(text)


def test_a_search_that_it_overtakes_is_answered(filled: Memory) -> None:
    filled._encoders[:] = [Overtaken(filled)]
    assert answers(filled) == fresh_answers(NEW)


def test_a_search_that_one_overtakes_while_the_next_begins_is_answered(filled: Memory) -> None:
    overtaken = Overtaken(filled)
    filled._encoders[:] = [overtaken]
    filled.remember("so that there is something to say of it")

    class Next(HashEncoder):
        def documents(self, texts: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
            raise Interrupted

    def twice(encoder: HashEncoder) -> Reindexed:
        done = Memory.reindex(filled, encoder)
        with pytest.raises(Interrupted):
            Memory.reindex(filled, Next(16))
        return done

    overtaken._change = twice
    assert answers(filled)[0][0] == fresh_answers(NEW)[0][0]


def test_where_only_what_is_old_could_not_be_dropped_it_has_changed(filled: Memory) -> None:
    times = iter([START, None])

    def once_only() -> datetime:
        at = next(times)
        if at is None:
            raise Interrupted
        return at

    filled._now = once_only
    with pytest.raises(Interrupted):
        filled.reindex(NEW)
    filled._now = lambda: START
    assert answers(filled) == fresh_answers(NEW)
    assert filled.remember("one more").status == "added"
