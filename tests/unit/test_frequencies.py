"""Kept word frequencies: do they hold only while the memory has about the size it had when they were counted?"""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from vstash import Memory
from vstash.store.sqlite import frequencies
from vstash.store.sqlite.connection import Connection, connect, rows

BILLS = [f"bill:{number}" for number in range(40)]
NOTES = [f"note:{number}" for number in range(20)]


@pytest.fixture
def counted(memory: Memory, database: Path) -> Memory:
    """40 bills and 20 notes, one of which names an invoice too; the common words are counted."""
    memory.add_texts([f"invoice number {uri}" for uri in BILLS], BILLS)
    memory.add_texts(["the unpaid invoice of the gardens", *["a meeting in the garden"] * 19], NOTES)
    connection = connect(database, create=False)
    frequencies.count(connection, least=50)
    connection.close()
    assert kept(memory)["invoic"] == (41, 60)
    return memory


def opened(memory: Memory) -> Connection:
    found: Connection = memory._store.connection  # type: ignore[attr-defined]
    return found


def kept(memory: Memory) -> dict[str, tuple[int, int]]:
    return {text: (chunks, of) for text, chunks, of in rows(opened(memory), "SELECT text, chunks, counted FROM term")}


def test_a_word_that_was_common_is_found_after_most_was_forgotten(counted: Memory, database: Path) -> None:
    counted.forget_all(BILLS)
    with Memory.open(database, encoder="hash") as fresh:
        for memory in (counted, fresh):
            assert [hit.uri for hit in memory.search("invoice 17", mode="keyword")] == ["note:0"]


def test_a_word_that_was_common_is_found_after_most_was_replaced(counted: Memory, database: Path) -> None:
    """As many chunks as before; the same for a memory that had looked the word up."""
    assert counted.search("invoice 17", mode="keyword")
    with Memory.open(database, encoder="hash") as writer:
        writer.add_texts([f"a delivery to garden {uri}" for uri in BILLS], BILLS)
    with Memory.open(database, encoder="hash") as fresh:
        for memory in (counted, fresh):
            assert [hit.uri for hit in memory.search("invoice garden", mode="keyword")][:1] == ["note:0"]
            assert memory._store.terms(["invoice"]) == [("invoic", 1)]


def test_within_the_bounds_it_is_scaled_to_the_size(counted: Memory) -> None:
    counted.forget_all(BILLS[:12])
    assert counted._store.terms(["invoice"]) == [("invoic", round(41 / 60 * 48))]
    counted.forget_all(BILLS[12:24])
    assert counted._store.terms(["invoice"]) == [("invoic", 17)]


@pytest.mark.parametrize(("chunks", "expected"), [(39, True), (40, False), (60, False), (89, False), (90, True)])
def test_counting_is_due_where_they_hold_no_longer(counted: Memory, chunks: int, expected: bool) -> None:
    assert frequencies.due(opened(counted), chunks, least=30) is expected


def test_counting_is_due_once_a_memory_is_large(memory: Memory) -> None:
    assert not frequencies.due(opened(memory), frequencies.LEAST - 1)
    assert frequencies.due(opened(memory), frequencies.LEAST)


def test_what_holds_no_longer_is_dropped_with_the_next_put(counted: Memory) -> None:
    counted.forget_all(BILLS)
    counted.remember("a late note")
    assert kept(counted) == {}


def test_a_word_that_was_nowhere_is_found_once_it_is_written(counted: Memory) -> None:
    """Left out of searches before: a write too small for anything else to be looked up again tells enough."""
    assert not list(counted.search("stork", mode="keyword"))
    counted.remember("white stork", uri="stork")
    assert [hit.uri for hit in counted.search("stork", mode="keyword")] == ["stork"]


def test_a_word_is_looked_up_again_once_the_memory_has_grown_by_a_tenth(counted: Memory) -> None:
    known, connection = frequencies.Frequencies(), opened(counted)
    expected = [20, 20, 20, 23]
    for number, chunks in enumerate((60, 63, 66, 69)):
        assert known.of(connection, ["garden"], chunks) == [("garden", expected[number])]
        counted.add_texts([f"garden {number} {at}" for at in range(3)])


def test_of_several_pieces_the_rarest_counts(counted: Memory) -> None:
    assert counted._store.terms(["invoice-unpaid", "unpaid-invoice"]) == [("invoic unpaid", 1), ("unpaid invoic", 1)]


def test_no_more_words_are_remembered_than_a_bound(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frequencies, "REMEMBERED", 10)
    memory.remember(f"grey heron {' '.join(f'word{number}' for number in range(1, 50, 2))}")
    known = frequencies.Frequencies()
    for number in range(50):  # of which a write makes it forget the odd ones only, which are nowhere
        word = f"word{number}"
        assert known.of(opened(memory), [word, "heron"], 1) == [(word, number % 2), ("heron", 1)]
        assert len(known._known) <= 11


def test_what_is_put_is_stored_though_another_writes_before_counting(counted: Memory, database: Path) -> None:
    """Past the bounds a put counts anew once it has committed: here another process is quicker."""
    counted.forget_all(BILLS)
    other = connect(database, create=False)

    def grab(connection: Connection, name: str, pages: int) -> int:
        if not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")
        return apsw.SQLITE_OK

    opened(counted).set_busy_timeout(50)
    opened(counted).set_wal_hook(grab)  # called when a commit is done and its lock given back
    assert counted.remember("a late note", uri="late").status == "added"
    assert other.in_transaction
    assert kept(counted)["invoic"] == (41, 60)
    other.close()
    opened(counted).set_wal_hook(None)
    assert counted.get("late").text == "a late note"
    counted.remember("a later note")
    assert kept(counted) == {}
