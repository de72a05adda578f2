"""Does a fusion depend on nothing but ranks, scores and weights, and do its parts add up?"""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vstash.plan import choose_terms, each_once
from vstash.rank import published
from vstash.rank.fuse import FUSE, View, fuse
from vstash.types import Side, Term, TermStats

SCORES = st.floats(-1e3, 1e3, allow_nan=False) | st.sampled_from([0.0, 1.0, 1e-6])
NAMES = st.sampled_from(sorted(FUSE))


@st.composite
def views(draw: st.DrawFn, side: Side) -> View:
    """A side's view: a ranking by its own scores, and further scores beyond its pool."""
    scores = draw(st.dictionaries(st.integers(1, 200), SCORES, max_size=30))
    ranked = sorted(scores, key=lambda id_: (-scores[id_], id_))
    pool = draw(st.integers(0, len(ranked)))
    weight = draw(st.floats(0, 1))
    return View(side, weight, {id_: rank for rank, id_ in enumerate(ranked[:pool], 1)}, scores)


def turned(view: View) -> View:
    """The same view with everything listed the other way round."""
    return View(
        view.side, view.weight, dict(reversed(list(view.ranks.items()))), dict(reversed(list(view.scores.items())))
    )


@given(NAMES, views("vector"), views("keyword"))
def test_candidates_are_those_of_the_pools_best_first(name: str, vector: View, keyword: View) -> None:
    found = fuse(name, [vector, keyword])
    assert sorted(one.chunk_id for one in found) == sorted(vector.ranks.keys() | keyword.ranks.keys())
    for first, second in pairwise(found):
        assert (-first.score, first.chunk_id) < (-second.score, second.chunk_id)


@given(NAMES, views("vector"), views("keyword"))
def test_contributions_add_up_to_the_score(name: str, vector: View, keyword: View) -> None:
    for one in fuse(name, [vector, keyword]):
        assert math.fsum(part.share for part in one.contributions) == one.score
        assert math.isfinite(one.score)
        assert [part.arm for part in one.contributions] == ["vector", "keyword"]
        assert [part.rank for part in one.contributions] == [
            vector.ranks.get(one.chunk_id),
            keyword.ranks.get(one.chunk_id),
        ]


@given(NAMES, views("vector"), views("keyword"))
def test_the_order_of_the_input_never_shows(name: str, vector: View, keyword: View) -> None:
    found = fuse(name, [vector, keyword])
    assert fuse(name, [vector, keyword]) == found
    assert fuse(name, [turned(vector), turned(keyword)]) == found
    swapped = fuse(name, [keyword, vector])
    assert [(one.chunk_id, one.score) for one in swapped] == [(one.chunk_id, one.score) for one in found]


@given(views("vector"), views("keyword"), st.integers(1, 10), st.integers(1, 100))
def test_the_published_trimming_only_takes_away(vector: View, keyword: View, limit: int, words: int) -> None:
    near, gated = published.trim(vector, keyword, limit, words)
    assert near.ranks.items() <= vector.ranks.items()
    assert gated.ranks.items() <= keyword.ranks.items()
    assert (near.scores, gated.scores) == (vector.scores, keyword.scores)


@given(st.integers(0, 10**7), st.lists(st.integers(0, 10**7), max_size=20), st.integers(0, 100))
def test_published_weights_stay_in_their_band(chunks: int, frequencies: list[int], words: int) -> None:
    vector, keyword = published.weights(chunks, [min(df, chunks) for df in frequencies], words)
    assert 0.1 - 1e-9 <= keyword <= 0.6 + 1e-9
    assert math.isclose(vector + keyword, 1.0)


TEXTS = st.text("abcde", min_size=1, max_size=3)
FREQUENCIES = st.integers(0, 10**6)
TERMS = st.lists(st.tuples(TEXTS, FREQUENCIES, st.booleans()).map(lambda fields: Term(*fields)))
SAID = st.lists(
    st.tuples(TEXTS, st.sampled_from("ab"), st.integers(0, 3)).map(
        lambda one: Term(one[0], 1, stem=one[1], times=one[2])
    )
)


@given(TERMS, st.integers(0, 10**6))
def test_the_planner_sends_known_words_once_each_whatever_their_order(terms: list[Term], chunks: int) -> None:
    distinct = list({(term.text, term.phrase): term for term in terms}.values())
    admitted, _, _ = choose_terms(TermStats(chunks, tuple(distinct)))
    assert set(admitted) <= set(distinct)
    assert len(set(admitted)) == len(admitted)
    assert bool(admitted) == any(term.df or term.phrase or term.prefix for term in distinct)
    assert choose_terms(TermStats(chunks, tuple(reversed(distinct))))[0] == admitted


@given(SAID)
def test_what_is_said_is_counted_once_for_each_stem_and_nothing_derived_beside_it(terms: list[Term]) -> None:
    found = each_once(terms)
    said, derived = [one for one in found if one.times], [one.text for one in found if not one.times]
    assert len({one.stem for one in said}) == len(said)
    for one in said:
        assert one.times == sum(term.times for term in terms if term.stem == one.stem)
    assert len(set(derived)) == len(derived)
    assert set(derived) == {term.text for term in terms} - {term.text for term in terms if term.times}
