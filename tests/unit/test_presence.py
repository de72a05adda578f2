"""What do candidates gain by words whose postings were not read?"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstash import HashEncoder
from vstash.rank.presence import GAIN, completed, idf, wanted
from vstash.search import Trace, _completed
from vstash.store import open_store
from vstash.store.base import Entry
from vstash.types import Arm, Chunk, Plan, Query, Ranking, Scored, Source, Term

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ENCODER = HashEncoder(64)

COMMON = Term("common", 200, pieces=(3, 4))
COMMONER = Term("commoner", 400, pieces=(3,))
RANKING = Ranking("keyword", (Scored(1, 5.0), Scored(2, 4.9), Scored(3, 0.5)))


def test_a_word_is_held_where_all_its_pieces_are() -> None:
    held = {1: frozenset({4}), 2: frozenset({3, 4}), 9: frozenset({3, 4}), 8: frozenset[int]()}
    found = completed(RANKING, held, [COMMON], 1000)
    gain = GAIN * math.log(800.5 / 200.5)
    assert found.items == (Scored(2, 4.9 + gain), Scored(1, 5.0), Scored(9, gain), Scored(3, 0.5))
    assert wanted([COMMON, COMMONER]) == [3, 4]


def test_a_word_that_is_said_again_is_worth_more() -> None:
    held = {2: frozenset({3, 4})}
    once, four = (
        {item.chunk_id: item.score for item in completed(RANKING, held, [COMMON._replace(times=times)], 1000).items}[2]
        for times in (1, 4)
    )
    assert four - 4.9 == pytest.approx(2 * (once - 4.9))


def test_ties_go_to_the_smaller_chunk_id() -> None:
    held = {id_: frozenset({3, 4}) for id_ in (9, 8, 1)}
    found = completed(Ranking("keyword", ()), held, [COMMON], 1000)
    assert [item.chunk_id for item in found.items] == [1, 8, 9]


def test_a_rarer_word_is_worth_more_and_one_in_most_chunks_nothing() -> None:
    assert idf(1000, 10) > idf(1000, 400) > 0 == idf(1000, 600)


@given(st.permutations([1, 2, 3, 9]))
def test_the_order_in_which_chunks_are_asked_does_not_show(order: list[int]) -> None:
    held = {id_: frozenset({3, 4} if id_ % 2 else {3}) for id_ in order}
    assert completed(RANKING, held, [COMMON, COMMONER], 1000) == completed(
        RANKING, dict(sorted(held.items())), [COMMONER, COMMON], 1000
    )


def entry(uri: str, text: str, *pieces: int) -> Entry:
    source = Source(uri, text, content_hash=uri)
    named = (np.array(pieces, np.uint32),)
    return Entry(source, "1", (Chunk(0, text, 0, len(text)),), ("",), (uri.encode(),), ENCODER.documents([text]), named)


def test_a_search_asks_the_candidates_of_both_sides_for_words_it_did_not_look_up(tmp_path: Path) -> None:
    """One passage has the rare word, one came up by its vector and holds the common word."""
    store = open_store(tmp_path / "notes.db", create=True, busy_wait=1.0, now=lambda: NOW)
    store.put([entry("rare", "heron", 5, 9), entry("near", "common", 3, 4, 9)], ENCODER.space, NOW)
    [rare], [near] = (store.chunk_ids(document.id) for document in map(store.document, ("rare", "near")) if document)
    keyword = Arm("keyword", 0.5, 50, 300, terms=(Term("heron", 1),), counted=(COMMON,))
    plan = Plan(Query("heron common"), (Arm("vector", 0.5, 50, 50), keyword), "gated", ())
    before = [Ranking("vector", (Scored(near, 0.9),)), Ranking("keyword", (Scored(rare, 1.0),))]
    trace = Trace()
    after, held = _completed(store, plan, before, (5, 9), trace, 1000)
    assert after[0] == before[0]
    assert after[1].items == (Scored(near, GAIN * idf(1000, COMMON.df)), Scored(rare, 1.0))
    assert held == {rare: {5, 9}, near: {3, 4, 9}}
    assert [(note.step, note.before) for note in trace.notes] == [("presence", 2)]
    store.close()
