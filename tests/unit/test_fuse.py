"""Are the fusions what their formulas say? Against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from vstash.plan import shared
from vstash.rank import coverage, gate, presence, published
from vstash.rank.confidence import ALONE, EVIDENCE, HIGH, MEDIUM, keyword_evidence, level
from vstash.rank.fuse import CORE, View, best_first, fuse
from vstash.types import Candidate, Ranking, Scored, Side, Term


def view(side: Side, weight: float, *items: tuple[int, float], pool: int = 100) -> View:
    return View.of(Ranking(side, tuple(Scored(*item) for item in items)), weight, pool)


def scores(name: str, *views: View) -> dict[int, float]:
    return {candidate.chunk_id: candidate.score for candidate in fuse(name, views)}


def test_reciprocal_ranks() -> None:
    found = scores("rrf", view("vector", 0.5, (1, 0.9), (2, 0.8)), view("keyword", 0.5, (3, 7.0), (2, 5.0)))
    assert found == pytest.approx({1: 0.5 / 61, 2: 0.5 / 62 + 0.5 / 62, 3: 0.5 / 61}, abs=1e-9)


def test_reciprocal_ranks_with_the_published_weights() -> None:
    views = view("vector", 0.65, (1, 0.9), (2, 0.8)), view("keyword", 0.35, (3, 7.0), (4, 6.0), (1, 5.0))
    expected = {1: 0.65 / 61 + 0.35 / 63, 2: 0.65 / 62, 3: 0.35 / 61, 4: 0.35 / 62}
    assert scores("adaptive", *views) == pytest.approx(expected, abs=1e-9)


def test_standard_scores() -> None:
    """Cosines 0.9, 0.5, 0.1: mean 0.5, deviation 0.8/√6. BM25 6, 0, 0: mean 2, deviation √8."""
    vector = view("vector", 0.5, (1, 0.9), (2, 0.5), (3, 0.1))
    keyword = view("keyword", 0.5, (2, 6.0))
    sigma = 0.8 / math.sqrt(6)
    expected = {
        1: 0.5 * 0.4 / sigma - 0.5 * 2 / math.sqrt(8),
        2: 0.5 * 4 / math.sqrt(8),
        3: -0.5 * 0.4 / sigma - 0.5 * 2 / math.sqrt(8),
    }
    assert scores("zscore", vector, keyword) == pytest.approx(expected, abs=1e-9)


def test_a_side_that_tells_nothing_apart_gives_nothing() -> None:
    vector, keyword = view("vector", 0.5, (1, 0.9), (2, 0.1)), view("keyword", 0.5, (1, 3.0), (2, 3.0))
    assert scores("zscore", vector, keyword) == pytest.approx({1: 0.5, 2: -0.5}, abs=1e-9)
    assert {part.share for one in fuse("zscore", [vector, keyword]) for part in one.contributions[1:]} == {0.0}


def test_scores_known_beyond_the_pool_count_in_standard_scores() -> None:
    """Chunk 3 is outside the keyword pool, but its score is known: 6, 3, 0 rather than 6, 3, nothing."""
    keyword = view("keyword", 1.0, (1, 6.0), (2, 3.0), (3, 1.5), pool=2)
    vector = view("vector", 0.0, (3, 0.9))
    mean, sigma = 3.5, math.sqrt((2.5**2 + 0.5**2 + 2.0**2) / 3)
    assert scores("zscore", vector, keyword) == pytest.approx(
        {1: 2.5 / sigma, 2: -0.5 / sigma, 3: (1.5 - mean) / sigma}, abs=1e-9
    )


def test_asking_for_more_moves_no_standard_score() -> None:
    items = [(id_, 1.0 / id_) for id_ in range(1, 2 * CORE)]
    few, many = (scores("zscore", view("vector", 1.0, *items, pool=pool)) for pool in (CORE, 2 * CORE))
    assert {id_: many[id_] for id_ in few} == few
    assert len(many) > len(few)


def test_one_side_alone_keeps_its_scores() -> None:
    assert scores("raw", view("keyword", 1.0, (4, 7.5), (2, 1.25))) == {4: 7.5, 2: 1.25}


def test_ties_go_to_the_smaller_chunk_id() -> None:
    found = fuse("rrf", [view("vector", 0.5, (9, 0.9)), view("keyword", 0.5, (4, 2.0))])
    assert [candidate.chunk_id for candidate in found] == [4, 9]


def test_contributions_say_rank_score_and_share_of_each_side() -> None:
    first, *_ = fuse("rrf", [view("vector", 0.5, (1, 0.9)), view("keyword", 0.5, (2, 3.0), (1, 2.0))])
    assert first.chunk_id == 1
    assert [(part.arm, part.rank, part.score) for part in first.contributions] == [
        ("vector", 1, 0.9),
        ("keyword", 2, 2.0),
    ]
    assert math.fsum(part.share for part in first.contributions) == first.score


@pytest.mark.parametrize("name", ["zscore", "rrf", "adaptive", "raw"])
def test_nothing_fused_is_nothing(name: str) -> None:
    assert fuse(name, []) == ()
    assert fuse(name, [view("vector", 1.0)]) == ()


@pytest.mark.parametrize(
    ("frequencies", "keyword"),
    [
        ([0], 0.1 + 0.5 * 1000 / 1001),  # idf ln 1000, that is 2 · (ln 1000 − ln 1000 / 2) = ln 1000
        ([999], 0.1 + 0.5 / 1001),  # idf 0
        ([9, 99], 0.35),  # mean of ln 100 and ln 10 = ln 1000 / 2: the middle
        ([99], 0.1 + 0.5 / (1 + math.sqrt(10) ** 2)),  # 2 · (ln 10 − ln 1000 / 2) = −ln 10
        ([], 0.35),
    ],
)
def test_published_weights(frequencies: list[int], keyword: float) -> None:
    found = published.weights(1000, frequencies, 5)
    assert found == pytest.approx((1 - keyword, keyword), abs=1e-9)
    assert sum(found) == pytest.approx(1.0, abs=1e-12)


def test_published_weights_of_a_long_query_and_of_an_empty_memory() -> None:
    assert published.weights(1000, [0], 51) == (0.9, 0.1)
    assert published.weights(1000, [0], 50) != (0.9, 0.1)
    assert published.weights(0, [], 3) == pytest.approx((0.65, 0.35), abs=1e-9)


def test_published_idf() -> None:
    assert published.idf(1000, 0) == pytest.approx(math.log(1000), abs=1e-12)
    assert published.idf(1000, 99) == pytest.approx(math.log(10), abs=1e-12)


@pytest.mark.parametrize(
    ("limit", "chunks", "size"), [(5, 0, 15), (5, 60, 20), (5, 30, 15), (5, 1_000_000, 50), (10, 240, 80)]
)
def test_published_pool(limit: int, chunks: int, size: int) -> None:
    assert published.pool(limit, chunks) == size


def test_published_cutoff_on_the_distance() -> None:
    """The best distance is 0.4, so candidates end at 0.529."""
    vector = view("vector", 0.5, (1, 0.6), (2, 0.48), (3, 0.47), (4, 0.0))
    kept, _ = published.trim(vector, view("keyword", 0.5), 5, 4)
    assert dict(kept.ranks) == {1: 1, 2: 2}
    kept, _ = published.trim(vector, view("keyword", 0.5), 5, 51)
    assert dict(kept.ranks) == {1: 1, 2: 2, 3: 3, 4: 4}


def test_published_gate_for_what_only_the_words_found() -> None:
    """With k = 1 the first two ranks are open to all, later ones to what the vectors found near."""
    keyword = view("keyword", 0.5, (10, 9.0), (11, 8.0), (12, 7.0), (1, 6.0))
    _, kept = published.trim(view("vector", 0.5, (1, 0.6)), keyword, 1, 4)
    assert dict(kept.ranks) == {10: 1, 11: 2, 1: 4}


def test_the_gate_trusts_the_vectors_the_more_the_nearer_the_best_passage() -> None:
    noise = (0.1, 0.05)
    assert gate.weights(0.1 + 0.05 * gate.CENTRE, noise) == pytest.approx((0.5, 0.5), abs=1e-9)
    one_more = gate.weights(0.1 + 0.05 * (gate.CENTRE + 1), noise)
    assert one_more == pytest.approx((0.5 + gate.SLOPE, 0.5 - gate.SLOPE), abs=1e-9)
    assert gate.weights(0.1, noise) == pytest.approx((gate.LEAST, 1 - gate.LEAST), abs=1e-9)
    assert gate.weights(9.0, noise) == pytest.approx((gate.MOST, 1 - gate.MOST), abs=1e-9)
    assert gate.weights(0.3, (0.1, 0.0)) == (0.5, 0.5)


def test_coverage_weighs_rare_pieces_more_and_long_questions_less() -> None:
    assert coverage.idf(10, 2) == pytest.approx(math.log(1 + 8.5 / 2.5), abs=1e-9)
    assert coverage.idf(2, 9) == 0.0
    weights = {1: 2.0, 2: 0.5}
    assert coverage.measured([{1, 2, 7}, {2}, set()], weights) == [2.5, 0.5, 0.0]
    assert coverage.share(5) == coverage.share(coverage.FULL) == coverage.SHARE
    assert coverage.share((coverage.FULL + coverage.NONE) // 2) == pytest.approx(coverage.SHARE / 2, abs=1e-9)
    assert coverage.share(coverage.NONE) == coverage.share(10 * coverage.NONE) == 0.0


def test_confidence_is_height_above_noise_or_evidence_of_words() -> None:
    noise = (0.1, 0.05)
    low, medium, high = (0.1 + 0.05 * height for height in (MEDIUM - 0.1, MEDIUM + 0.1, HIGH + 0.1))
    assert [level(cosine, noise, 0.0) for cosine in (None, low, medium, high)] == ["low", "low", "medium", "high"]
    assert [level(cosine, noise, EVIDENCE) for cosine in (None, low, medium)] == ["high", "medium", "high"]
    assert [level(cosine, noise, ALONE) for cosine in (None, low, medium)] == ["medium", "low", "medium"]
    assert [level(0.99, None, evidence) for evidence in (0.0, ALONE, EVIDENCE)] == ["low", "medium", "high"]


def test_keyword_evidence_is_a_share_of_what_all_the_words_could_give() -> None:
    idf = math.log(999.5 / 1.5)
    words = [Term("heron", 1), Term("common", 900)]
    assert keyword_evidence(idf * 2.2, words, 1000) == pytest.approx(1.0, abs=1e-9)
    assert keyword_evidence(idf * 1.1, words, 1000) == pytest.approx(0.5, abs=1e-9)
    derived = [Term("heron", 1), Term("her", 1, times=0)]
    assert keyword_evidence(idf * 2.2, derived, 1000) == pytest.approx(1 / 1.5, abs=1e-9)
    of_another_language = shared([Term("Häuser", 1), Term("haus", 1, times=0, stem_of="Häuser")])
    assert keyword_evidence(idf * 1.1, of_another_language, 1000) == pytest.approx(0.5, abs=1e-9)
    twice = [Term("heron", 1, times=4), Term("common", 900)]
    assert keyword_evidence(idf * 2.2, twice, 1000) == pytest.approx(0.5, abs=1e-9)
    assert keyword_evidence(0.0, words, 1000) == keyword_evidence(5.0, [], 1000) == 0.0
    assert keyword_evidence(99.0, words, 1000) == 1.0


def test_confidence_reaches_a_level_at_its_edge_and_needs_a_noise() -> None:
    assert [level(height, (0.0, 1.0), 0.0) for height in (MEDIUM, HIGH)] == ["medium", "high"]
    assert level(0.99, (0.0, 0.0), 0.0) == "low"


def test_candidates_of_one_score_stand_by_chunk_id() -> None:
    found = best_first(Candidate(id_, score, ()) for id_, score in ((3, 1.0), (1, 1.0), (2, 2.0)))
    assert [one.chunk_id for one in found] == [2, 1, 3]


def test_what_a_damaged_file_says_of_frequencies_breaks_no_weight() -> None:
    assert presence.idf(3, 9) == presence.idf(3, -1) == 0.0
    assert published.weights(0, [1], 3) == pytest.approx((0.65, 0.35), abs=1e-9)


def test_a_vector_like_the_question_is_not_cut_off() -> None:
    kept, _ = published.trim(view("vector", 0.5, (1, 1.0), (2, 0.9)), view("keyword", 0.5), 5, 4)
    assert list(kept.ranks) == [1]
