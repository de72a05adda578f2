"""What do candidates gain by words whose postings were not read?"""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from vstash.rank.presence import GAIN, completed, idf, wanted
from vstash.types import Ranking, Scored, Term

COMMON = Term("common", 200, pieces=(3, 4))
COMMONER = Term("commoner", 400, pieces=(3,))
RANKING = Ranking("keyword", (Scored(1, 5.0), Scored(2, 4.9), Scored(3, 0.5)))


def test_a_word_is_held_where_all_its_pieces_are() -> None:
    held = {1: frozenset({4}), 2: frozenset({3, 4}), 9: frozenset({3, 4}), 8: frozenset[int]()}
    found = completed(RANKING, held, [COMMON], 1000)
    gain = GAIN * math.log(800.5 / 200.5)
    assert found.items == (Scored(2, 4.9 + gain), Scored(1, 5.0), Scored(9, gain), Scored(3, 0.5))
    assert wanted([COMMON, COMMONER]) == [3, 4]


def test_a_rarer_word_is_worth_more_and_one_in_most_chunks_nothing() -> None:
    assert idf(1000, 10) > idf(1000, 400) > 0 == idf(1000, 600)


@given(st.permutations([1, 2, 3, 9]))
def test_the_order_in_which_chunks_are_asked_does_not_show(order: list[int]) -> None:
    held = {id_: frozenset({3, 4} if id_ % 2 else {3}) for id_ in order}
    assert completed(RANKING, held, [COMMON, COMMONER], 1000) == completed(
        RANKING, dict(sorted(held.items())), [COMMONER, COMMON], 1000
    )
