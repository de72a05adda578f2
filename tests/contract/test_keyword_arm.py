"""Does the keyword side of every store rank as vstash/store/base.py promises?"""

from __future__ import annotations

import pytest

from tests.contract.test_stores import entry, ids, keyword, put
from vstash.filters import Eq, Filter
from vstash.store.base import Renamed, Store
from vstash.types import INSTEAD, Arm, Term


def test_the_keyword_arm_ranks_by_bm25(store: Store) -> None:
    put(store, entry("a", "heron heron reed"), entry("b", "heron reed reed"), entry("c", "stork"), entry("d", "sky"))
    ranking = store.rank(keyword("heron"), None, None)
    assert [item.chunk_id for item in ranking.items] == [*ids(store, "a"), *ids(store, "b")]
    assert ranking.arm == "keyword"
    assert ranking.items[0].score > ranking.items[1].score > 0
    assert store.rank(keyword("whale"), None, None).items == ()


def test_the_keyword_arm_breaks_ties_by_chunk_id_and_stops_at_its_depth(store: Store) -> None:
    put(store, *(entry(uri, "heron reed") for uri in "dcba"), *(entry(uri, "sky") for uri in "efghi"))
    found = [item.chunk_id for item in store.rank(keyword("heron", pool=3), None, None).items]
    assert found == [ids(store, uri)[0] for uri in "dcb"]


def test_a_phrase_must_occur(store: Store) -> None:
    put(store, entry("a", "grey heron flies"), entry("b", "heron grey flies"), entry("c", "sky"), entry("d", "sea"))
    assert [item.chunk_id for item in store.rank(keyword(phrase="grey heron"), None, None).items] == ids(store, "a")
    assert [item.chunk_id for item in store.rank(keyword("sky", phrase="grey heron"), None, None).items] == ids(
        store, "a"
    )


def test_titles_and_extra_terms_are_searched_too(store: Store) -> None:
    titled = entry("a", "nothing here", title="Heron")
    extra = entry("b", "nothing here")._replace(terms=("stork",))
    put(store, titled, extra, entry("c", "sky"), entry("d", "sea"))
    assert [item.chunk_id for item in store.rank(keyword("heron"), None, None).items] == ids(store, "a")
    assert [item.chunk_id for item in store.rank(keyword("stork"), None, None).items] == ids(store, "b")


def test_terms_may_stand_for_the_text(store: Store) -> None:
    def found(word: str = "", phrase: str = "") -> list[int]:
        return [item.chunk_id for item in store.rank(keyword(*word.split(), phrase=phrase), None, None).items]

    runs = entry("a", "白鷺が立つ")._replace(terms=(f"{INSTEAD} 白鷺 鷺が heron",))
    put(store, runs, entry("b", "grey stork"), entry("c", "sky"), entry("d", "sea"))
    assert found("鷺が") == found("heron") == found(phrase="白鷺 鷺が") == ids(store, "a")
    assert found("白鷺が立つ") == []
    store.rename([Renamed("a", "z", "", None, (f"{INSTEAD} 白鷺",))])
    assert found("白鷺") == ids(store, "z")
    assert found("鷺が") == []
    assert all(finding.ok for finding in store.check())
    store.forget("z")
    assert found("白鷺") == []
    assert all(finding.ok for finding in store.check())


@pytest.mark.parametrize("rule", [None, Eq("title", "a")])
def test_a_word_that_is_said_again_counts_more_but_not_beside_a_phrase(store: Store, rule: Filter | None) -> None:
    put(
        store, entry("a", "heron heron reed", title="a"), entry("b", "stork reed"), entry("c", "sky"), entry("d", "sea")
    )

    def score(*terms: Term) -> float:
        return store.rank(Arm("keyword", 1.0, 10, 10, terms=terms), None, rule).items[0].score

    for _ in range(3):  # the first search of a process, and those after it
        heron, reed = score(Term("heron", 1)), score(Term("reed", 2))
        assert score(Term("heron", 1, times=4)) == pytest.approx(2 * heron)
        assert score(Term("heron", 1, times=4), Term("reed", 2)) == pytest.approx(2 * heron + reed)
        assert score(Term("heron", 1, times=0)) == pytest.approx(heron)
        phrase = Term("heron reed", 1, phrase=True)
        assert score(phrase, Term("reed", 2, times=4)) == pytest.approx(score(phrase, Term("reed", 2)))


def test_a_prefix_stands_for_every_word_that_begins_so(store: Store) -> None:
    put(store, entry("a", "herons"), entry("b", "stork"), entry("c", "sky"))
    term = Term("her", 0, prefix=True)
    found = store.rank(Arm("keyword", 1.0, 10, 10, terms=(term,)), None, None)
    assert [item.chunk_id for item in found.items] == ids(store, "a")


def test_a_prefix_ends_a_phrase(store: Store) -> None:
    put(store, entry("a", "grey herons"), entry("b", "grey stork, heron"), entry("c", "herons grey"))
    term = Term("grey her", 0, phrase=True, prefix=True)
    found = store.rank(Arm("keyword", 1.0, 10, 10, terms=(term,)), None, None)
    assert [item.chunk_id for item in found.items] == ids(store, "a")


def test_a_filter_leaves_scores_as_they_are(store: Store) -> None:
    put(store, entry("a", "heron reed", title="a"), entry("b", "heron"), *(entry(uri, "sky") for uri in "cdefg"))
    scores = dict(store.rank(keyword("heron"), None, None).items)
    [found] = store.rank(keyword("heron"), None, Eq("title", "a")).items
    assert found.score == pytest.approx(scores[found.chunk_id])
