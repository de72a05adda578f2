"""Does each stage keep, drop and move what it says?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vstash.rank.stages import DEEP, DEEP_MEANING, STAGES, Setting
from vstash.types import Candidate, Contribution, Facts, Query

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def candidates(*scores: float) -> tuple[Candidate, ...]:
    """Chunks 1, 2, … with these scores."""
    return tuple(
        Candidate(id_, score, (Contribution("vector", id_, score, score),)) for id_, score in enumerate(scores, 1)
    )


def none_similar(chunk_id: int, others: Sequence[int]) -> list[float]:
    return [0.0] * len(others)


def setting(query: Query, **facts: tuple[int, ...]) -> Setting:
    """`documents`, `ages` (days) and `digests` of chunks 1, 2, …; by default all differ and are new."""
    size = 20
    documents = facts.get("documents", tuple(range(1, size)))
    ages = facts.get("ages", (0,) * size)
    digests = facts.get("digests", tuple(range(size)))
    known = {
        id_: Facts(document, NOW - timedelta(days=age), digest)
        for id_, (document, age, digest) in enumerate(zip(documents, ages, digests, strict=False), 1)
    }
    return Setting(query, known, NOW, none_similar)


def ids(found: Sequence[Candidate]) -> list[int]:
    return [one.chunk_id for one in found]


def test_limit_keeps_the_first() -> None:
    assert ids(STAGES["limit"](candidates(3, 2, 1), setting(Query("q", limit=2)))) == [1, 2]


def test_collapse_keeps_the_best_of_what_says_the_same() -> None:
    found = STAGES["collapse"](candidates(4, 3, 2, 1), setting(Query("q"), digests=(7, 8, 7, 8)))
    assert ids(found) == [1, 2]


def test_group_keeps_the_best_of_each_document() -> None:
    found = STAGES["group"](candidates(4, 3, 2, 1), setting(Query("q"), documents=(1, 1, 2, 1)))
    assert ids(found) == [1, 3]


def test_recency_adds_a_deviation_to_what_is_new_and_half_after_a_half_life() -> None:
    asked = Query("q", recency=30)
    found = STAGES["recency"](candidates(3, 1), setting(asked, ages=(30, 0)))
    assert {one.chunk_id: one.score for one in found} == pytest.approx({1: 3.5, 2: 2.0}, abs=1e-9)


def test_recency_can_turn_an_order_and_shows_in_the_contributions() -> None:
    asked = Query("q", recency=1)
    found = STAGES["recency"](candidates(1.1, 1.0, -3.0), setting(asked, ages=(900, 0, 900)))
    assert ids(found) == [2, 1, 3]
    for one in found:
        assert one.contributions[-1].arm == "recency"
        assert math.fsum(part.share for part in one.contributions) == one.score


def test_a_date_in_the_future_counts_as_now() -> None:
    found = STAGES["recency"](candidates(3, 1), setting(Query("q", recency=30), ages=(-400, 0)))
    assert {one.chunk_id: one.score for one in found} == pytest.approx({1: 4.0, 2: 2.0}, abs=1e-9)


def test_diversify_pushes_back_a_repetition_within_a_document_only() -> None:
    def twins(chunk_id: int, others: Sequence[int]) -> list[float]:
        return [1.0] * len(others)

    asked = Query("q", diversity=1.0)
    apart = setting(asked, documents=(1, 2, 3))._replace(similar=twins)
    assert ids(STAGES["diversify"](candidates(1.2, 1.1, 1.0), apart)) == [1, 2, 3]
    together = setting(asked, documents=(1, 1, 2))._replace(similar=twins)
    found = STAGES["diversify"](candidates(1.2, 1.1, 1.05), together)
    assert ids(found) == [1, 3, 2]
    assert all(math.fsum(part.share for part in one.contributions) == one.score for one in found)


def test_depth_lets_the_vectors_order_what_comes_past_the_first() -> None:
    """Of two passages past the first sixty, the one the words liked gives way to the one that is near in meaning."""
    shares = [(3.0 - 0.01 * at, 0.0) for at in range(DEEP)] + [(-1.0, 0.9), (0.1, -0.4)]
    given = tuple(
        Candidate(
            id_,
            math.fsum((vector, keyword)),
            (Contribution("vector", id_, 0.5, vector), Contribution("keyword", id_, 9.0, keyword)),
        )
        for id_, (vector, keyword) in enumerate(shares, 1)
    )
    assert given[DEEP].score > given[DEEP + 1].score
    asked = setting(Query("q"))._replace(meaning=0.5)
    found = STAGES["depth"](given, asked)
    assert ids(found) == [*range(1, DEEP + 1), DEEP + 2, DEEP + 1]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(math.fsum(part.share for part in one.contributions) == one.score for one in found)
    assert STAGES["depth"](given, asked._replace(meaning=DEEP_MEANING)) == given


def test_what_comes_past_the_first_keeps_its_own_order_below_them() -> None:
    """Though the vectors would lift all of it above them."""
    tail = [(1.0 + at / 10, -1.0) for at in range(5)]
    given_ones = tuple(
        Candidate(id_, math.fsum(pair), tuple(map(Contribution, ("vector", "keyword"), (id_, id_), pair, pair)))
        for id_, pair in enumerate([(0.5, 0.0)] * DEEP + tail[::-1], 1)
    )
    found = STAGES["depth"](given_ones, setting(Query("q"))._replace(meaning=0.5))
    assert ids(found) == list(range(1, DEEP + 6))
    assert len({one.score for one in found[DEEP:]}) == 5


def test_ties_go_to_the_smaller_chunk_id() -> None:
    given_ones = tuple(reversed(candidates(1.0, 1.0, 1.0)))
    assert ids(STAGES["recency"](given_ones, setting(Query("q", recency=30.0)))) == [1, 2, 3]


SHARES = st.floats(-10, 10).filter(lambda share: share == 0 or abs(share) > 1e-9)


@given(
    pairs=st.lists(st.tuples(SHARES, SHARES), min_size=DEEP + 1, max_size=DEEP + 5),
    meaning=st.sampled_from([0.05, 0.3, 0.5, 0.77]),
)
@example([(0.5, 0.5)] * DEEP + [(0.5 + 2**-53, 0.5)], 0.5)  # where the least steps down would be far too many
def test_rounding_lifts_nothing_over_the_border_of_the_depth(pairs: list[tuple[float, float]], meaning: float) -> None:
    fused = [
        Candidate(at, math.fsum(pair), tuple(map(Contribution, ("vector", "keyword"), (at, at), pair, pair)))
        for at, pair in enumerate(pairs)
    ]
    given_ones = tuple(sorted(fused, key=lambda one: -one.score))
    found = STAGES["depth"](given_ones, setting(Query("q"))._replace(meaning=meaning))
    assert all(first.score >= second.score for first, second in pairwise(found))
    assert all(one.score == math.fsum(part.share for part in one.contributions) for one in found)


@pytest.mark.parametrize("meaning", [0.0, 1e-320])
def test_depth_leaves_alone_what_vectors_have_no_say_in(meaning: float) -> None:
    given = tuple(Candidate(one, -one, (Contribution("keyword", one, 1.0, -one),)) for one in range(1, DEEP + 3))
    assert STAGES["depth"](given, setting(Query("q"))._replace(meaning=meaning)) == given


@pytest.mark.parametrize("name", sorted(STAGES))
def test_every_stage_bears_no_candidate_and_one(name: str) -> None:
    asked = Query("q", recency=10, diversity=0.5)
    assert STAGES[name]((), setting(asked)) == ()
    assert ids(STAGES[name](candidates(1.0), setting(asked))) == [1]


@pytest.mark.parametrize("name", sorted(STAGES))
def test_every_stage_keeps_candidates_best_first(name: str) -> None:
    asked = Query("q", recency=10, diversity=0.5)
    found = STAGES[name](candidates(4, 3, 3, 2, 1), setting(asked, ages=(9, 99, 1, 2, 0)))
    assert found
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
