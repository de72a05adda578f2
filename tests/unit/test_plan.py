"""Does the planner choose the arms, words and sizes it says it does?"""

from __future__ import annotations

import pytest

from vstash.plan import EXACT_MAX, POSTINGS, RESCORE, SMALL, choose_terms, each_once, plan, worth_asking
from vstash.rank.fuse import CORE
from vstash.types import Arm, Query, Term, TermStats

STATS = TermStats(1000, (Term("heron", 10, stem="heron"), Term("reed", 40, stem="reed")))


def words(stats: TermStats) -> list[str]:
    return [term.text for term in choose_terms(stats)[0]]


def arm(query: Query, stats: TermStats, kind: str) -> Arm:
    [found] = [one for one in plan(query, stats).arms if one.kind == kind]
    return found


def test_a_hybrid_search_runs_both_arms_and_the_others_one() -> None:
    for mode, kinds in (("hybrid", ["vector", "keyword"]), ("keyword", ["keyword"]), ("vector", ["vector"])):
        made = plan(Query("heron reed", mode=mode), STATS)  # type: ignore[arg-type]
        assert [one.kind for one in made.arms] == kinds
        assert made.arm("vector") == next((one for one in made.arms if one.kind == "vector"), None)


def test_one_side_alone_shows_its_own_scores() -> None:
    assert plan(Query("heron", mode="vector"), STATS).fusion == "raw"
    assert plan(Query("heron", mode="keyword", fusion="rrf"), STATS).fusion == "raw"
    assert plan(Query("heron", fusion="rrf"), STATS).fusion == "rrf"


def test_without_a_known_word_there_is_no_keyword_arm() -> None:
    assert plan(Query("whale"), TermStats(1000, (Term("whale", 0, stem="whale"),))).arm("keyword") is None
    assert plan(Query("whale", mode="keyword"), TermStats(0)).arms == ()


def test_rarest_words_come_first() -> None:
    assert words(TermStats(1000, (Term("reed", 40), Term("heron", 10)))) == ["heron", "reed"]


def test_words_of_one_stem_are_sent_once_and_counted() -> None:
    terms = (
        Term("Heron", 10, stem="heron"),
        Term("heron", 10, stem="heron", times=2),
        Term("herons", 10, stem="heron"),
        Term("sky", 10, stem="sky"),
    )
    found = choose_terms(TermStats(1000, terms))[0]
    assert [(term.text, term.times, term.weight) for term in found] == [("Heron", 4, 2.0), ("sky", 1, 1.0)]


def test_what_is_derived_counts_once_and_not_beside_the_word_itself() -> None:
    terms = (
        Term("casas", 10, stem="casa"),
        Term("casa", 10, stem="casa", times=0),
        Term("casa", 10, stem="casa", times=0),
        Term("HTTP2Server", 5, stem="http2server"),
        Term("http", 10, stem="http", times=0),
        Term("server", 10, stem="server", times=0),
        Term("Server", 10, stem="server"),
    )
    found = {(term.text, term.times, term.weight) for term in choose_terms(TermStats(1000, terms))[0]}
    assert found == {
        ("casas", 1, 1.0),
        ("casa", 0, 1.0),
        ("HTTP2Server", 1, 1.0),
        ("http", 0, 1.0),
        ("Server", 1, 1.0),
    }


def test_a_word_of_another_language_counts_once_together_with_its_stems() -> None:
    terms = (
        Term("Häuser", 5, times=4),
        Term("haus", 20, times=0, stem_of="Häuser"),
        Term("wieder", 9),
        Term("wied", 9, times=0, stem_of="wieder"),
        Term("wiederum", 8, times=0, stem_of="wieder"),
        Term("garten", 30, times=0, stem_of="Gartens"),
        Term("plan", 40),
    )
    weights = {(term.text, term.df): term.weight for term in choose_terms(TermStats(1000, terms))[0]}
    assert weights == {
        ("Häuser", 5): pytest.approx(2 / 3),
        ("haus", 20): pytest.approx(2 / 3),
        ("wieder", 9): pytest.approx(1 / 3),
        ("wied", 9): pytest.approx(1 / 3),
        ("wiederum", 8): pytest.approx(1 / 3),
        ("garten", 30): 1.0,
        ("plan", 40): 1.0,
    }


def test_a_word_whose_stem_is_over_the_budget_counts_all() -> None:
    stats = TermStats(SMALL + 1, (Term("gehst", 5), Term("geh", 2 * POSTINGS, times=0, stem_of="gehst")))
    [found] = choose_terms(stats)[0]
    assert (found.text, found.weight) == ("gehst", 1.0)


def test_the_published_weighting_counts_every_word_once() -> None:
    terms = (
        Term("heron", 10, stem="heron", times=3),
        Term("herons", 10, stem="heron"),
        Term("heron", 10, stem="heron", times=0),
    )
    made = plan(Query("heron heron heron herons", fusion="adaptive"), TermStats(1000, terms))
    assert [(term.text, term.times) for arm in made.arms for term in arm.terms] == [("heron", 1), ("herons", 1)]


def test_stop_words_and_common_words_are_left_out_and_named() -> None:
    stats = TermStats(1000, (Term("the", 900), Term("bird", 501), Term("heron", 10)))
    terms, counted, reason = choose_terms(stats)
    assert ([term.text for term in terms], counted) == (["heron"], ())
    assert any("the" in line for line in reason)
    assert any("bird" in line for line in reason)


def test_stop_words_are_sent_when_there_are_no_others() -> None:
    assert words(TermStats(1000, (Term("to", 400), Term("be", 300)))) == ["be", "to"]
    assert words(TermStats(10, (Term("bird", 9),))) == ["bird"]


def test_words_over_the_budget_of_postings_are_left_out() -> None:
    stats = TermStats(
        SMALL + 1,
        (
            Term("rare", 5),
            Term("common", POSTINGS - 10),
            Term("commoner", POSTINGS, pieces=(7,)),
            Term("all", 2 * POSTINGS),
        ),
    )
    terms, counted, reason = choose_terms(stats)
    assert [term.text for term in terms] == ["rare", "common"]
    assert [term.text for term in counted] == ["commoner"]  # the encoder names no pieces of the other
    assert "commoner" in reason[-1]
    assert words(TermStats(SMALL + 1, (Term("all", 2 * POSTINGS),))) == ["all"]
    assert words(stats._replace(chunks=SMALL)) == ["rare", "common", "commoner"]


def test_phrases_are_always_sent_and_first() -> None:
    stats = TermStats(1000, (Term("heron", 10), Term("the grey", 900, phrase=True), Term("in vain", 0, phrase=True)))
    assert words(stats) == ["in vain", "the grey", "heron"]


def test_small_and_filtered_sets_are_compared_exactly_and_large_ones_by_their_codes() -> None:
    small, large = STATS._replace(chunks=EXACT_MAX), STATS._replace(chunks=EXACT_MAX + 1)
    assert arm(Query("heron"), small, "vector").path == "exact"
    found = arm(Query("heron"), large, "vector")
    assert found.path == "codes"
    assert found.rescore > found.pool
    assert arm(Query("heron"), large._replace(matching=10), "vector").path == "exact"


def test_a_vector_that_is_mostly_zero_is_compared_exactly_and_the_plan_says_why() -> None:
    found = plan(Query("heron"), STATS._replace(chunks=50_000, sparse=True))
    assert found.arms[0].path == "exact"
    assert any("50,000 vectors" in reason and "zero" in reason for reason in found.reason)


def test_pools_grow_with_the_limit() -> None:
    assert arm(Query("heron", limit=5), STATS, "keyword").pool == CORE
    found = arm(Query("heron", limit=3000), STATS, "keyword")
    assert found.pool >= 3000
    assert found.depth >= found.pool


def test_weights_as_asked_for_are_made_to_sum_to_one() -> None:
    made = plan(Query("heron", weights=(3, 1)), STATS)
    assert [one.weight for one in made.arms] == [0.75, 0.25]


def test_the_published_fusion_weighs_by_idf_and_sends_every_word() -> None:
    stats = TermStats(1000, (Term("the", 999, stem="the"),))
    made = plan(Query("the", fusion="adaptive", limit=5), stats)
    keyword = made.arm("keyword")
    assert keyword is not None
    assert [term.text for term in keyword.terms] == ["the"]
    assert keyword.weight == pytest.approx(0.1 + 0.5 / 1001, abs=1e-9)
    assert (keyword.pool, keyword.depth) == (50, 50)


def test_stages_follow_the_query() -> None:
    assert plan(Query("heron"), STATS).stages == ("depth", "collapse", "limit")
    asked = Query("heron", recency=30, diversity=0.5, by_document=True)
    assert plan(asked, STATS).stages == ("depth", "recency", "diversify", "group", "limit")


def test_a_plan_says_why() -> None:
    made = plan(Query("heron"), STATS)
    assert made.reason
    assert all(line and "\n" not in line for line in made.reason)


def test_the_best_cosine_decides_only_where_noise_is_known_and_no_weights_are_asked_for() -> None:
    calibrated = STATS._replace(calibrated=True)
    asked = Query("heron reed", weights=(1, 1))
    assert [plan(query, calibrated).gate for query in (Query("heron reed"), asked)] == [True, False]
    assert not plan(Query("heron reed"), STATS).gate


def test_only_two_sides_fused_by_ours_are_deepened() -> None:
    one_side = STATS._replace(terms=())
    made = [plan(Query("a"), STATS), plan(Query("a", fusion="rrf"), STATS), plan(Query("a"), one_side)]
    assert ["depth" in one.stages for one in made] == [True, False, False]


def test_stop_words_are_asked_for_by_the_published_weighting_alone() -> None:
    said = "where is the heron"
    found = [worth_asking(Query(said, mode=mode, fusion="adaptive")) for mode in ("vector", "keyword", "hybrid")]  # type: ignore[arg-type]
    assert [[term.text for term in terms] for terms in found] == [[], ["heron"], said.split()]


def test_what_may_begin_a_word_and_what_half_of_all_hold_is_sent() -> None:
    terms = (Term("her", 0, prefix=True), Term("half", 500), Term("most", 501), Term("whale", 0))
    assert words(TermStats(1000, terms)) == ["her", "half"]


def test_a_phrase_is_sent_over_the_budget_too() -> None:
    phrases = tuple(Term(f"grey {word}", SMALL, phrase=True) for word in ("heron", "stork"))
    assert len(words(TermStats(10 * SMALL, phrases))) == 2


def test_phrases_beginnings_and_what_is_derived_are_not_one_with_a_word_of_their_stem() -> None:
    for other in ({"phrase": True}, {"prefix": True}, {"times": 0}):
        pair = [Term("herons", 10, stem="heron", **other), Term("heronry", 10, stem="heron", **other)]  # type: ignore[arg-type]
        assert each_once(pair) == pair


def test_a_vector_without_words_the_encoder_knows_leaves_the_other_side_alone() -> None:
    assert plan(Query("heron"), STATS._replace(unread=True)).fusion == "raw"


def test_filtered_sets_of_any_size_are_compared_exactly_and_few_codes_are_no_fewer() -> None:
    size = 2 * EXACT_MAX
    assert arm(Query("heron"), STATS._replace(chunks=size, matching=size), "vector").path == "exact"
    assert arm(Query("heron"), STATS._replace(chunks=size), "vector").rescore == RESCORE * CORE


def test_the_published_weights_count_a_stem_once_and_a_plan_says_how_many_vectors_are_compared() -> None:
    terms = (Term("herons", 10, stem="heron"), Term("heron", 10, stem="heron"), Term("reed", 40, stem="reed"))
    asked = Query("heron reed", fusion="adaptive")
    both = [arm(asked, STATS._replace(terms=some), "vector").weight for some in (terms, terms[1:])]
    assert both[0] == both[1]
    assert "17 vectors: all are compared" in plan(Query("heron"), STATS._replace(matching=17)).reason
