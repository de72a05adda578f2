"""How to answer a query: a pure function from the query and what is known of the corpus to a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from vstash.rank import coverage, published
from vstash.rank.fuse import CORE
from vstash.text.terms import NONE, QueryTerm, query_terms, spelt, telling
from vstash.types import Arm, Plan, Query, Term, TermStats

DEFAULT_FUSION = "gated"
POSTINGS = 4_000  # FTS5 takes a microsecond for each it scores; words over it are counted among the candidates …
SMALL = 40_000  # … chunks up to which that matters little beside the rest of a search, so that words may have …
SMALL_POSTINGS = 10_000  # … so many: nDCG@10 −.002 with fewer, −.003 on the seven collections as one of 28,000
KEYWORD_DEPTH = 300  # keyword scores fetched, so that candidates of the vector side have theirs
EXACT_MAX = 2_000  # vectors: up to here comparing all is as fast as asking the codes first
RESCORE = 8  # sign codes compared exactly for each candidate wanted, up to RESCORE_FROM chunks; past them …
RESCORE_FROM = 50_000
RESCORE_GROWTH = 0.5  # … the power of the size with which more are needed for recall 0.99 at 10, 0.95 at 100
WEIGHTS = (0.5, 0.5)  # (vector, keyword)
# Of what a word of another language counts. By words alone NDCG@10 of XQuAD-R in Spanish is .824, .814 with word and
# stem counted as two; the mean with GNOME's help in six languages is .754, .737 so; flat from .6 to .8.
STEM = 2 / 3

Admitted = tuple[tuple[Term, ...], tuple[Term, ...], tuple[str, ...]]


def plan(query: Query, stats: TermStats, wider: int = 1) -> Plan:
    """The arms to run, how to fuse them and what to do then, with a reason for each choice.

    `wider` times as many candidates are taken as usual: repetitions among them left too few.
    """
    fusion = (query.fusion or DEFAULT_FUSION) if query.mode == "hybrid" and not stats.unread else "raw"
    terms, counted, reason = choose_terms(stats)
    if fusion == "adaptive":
        words = {(term.text, term.phrase): term._replace(times=1) for term in stats.terms}
        terms, counted, reason = tuple(words.values()), (), ("every word is sent, once",)
    weights, why = _weights(query, stats, fusion)
    pool, depth = (wider * size for size in _sizes(query, stats, fusion))
    if wider > 1:
        reason = (*reason, f"repetitions left too few: {pool:,} candidates of each side")
    arms, share = [], 0.0
    if query.mode != "keyword" and stats.unread:
        reason = (*reason, "vectors left out: the encoder does not know the words of the question")
    elif query.mode != "keyword":
        path, rescore, how = _path(stats, pool)
        arms.append(Arm("vector", weights[0], pool, pool, path=path, rescore=rescore))
        reason = (*reason, how)
    if query.mode != "vector" and terms:
        arms.append(Arm("keyword", weights[1], pool, depth, terms=terms, counted=counted))
    if fusion == "gated":
        share, how = _coverage(stats)
        reason = (*reason, how)
    gate = fusion == "gated" and query.weights is None and stats.calibrated
    stages = tuple(_stages(query, share, deepens=fusion == "gated" and len(arms) == 2))
    return Plan(query, tuple(arms), fusion, stages, (*reason, why), gate, share, stats.matching)


def worth_asking(query: Query, held: Mapping[str, float] = NONE) -> tuple[QueryTerm, ...]:
    """The words of a query whose frequencies the planner needs: stop words only where there are no others, or
    where the published weighting counts them too. `held` as in `query_terms`."""
    if query.mode == "vector":
        return ()
    if query.fusion == "adaptive" and query.mode == "hybrid":
        return query_terms(query.text, held)
    return telling(query.text, held)


def choose_terms(stats: TermStats) -> Admitted:
    """The words to send to the keyword index, rarest first within the budget of postings; those over it that
    candidates can be asked for; and why.

    Words in more than half the chunks tell nothing apart, unless there are no others; phrases are always
    sent.
    """
    found = [term for term in each_once(stats.terms) if term.df or term.phrase or term.prefix]
    telling = [term for term in found if term.phrase or 2 * term.df <= stats.chunks]
    reason = []
    if telling and len(telling) < len(found):
        common = ", ".join(sorted(spelt(term.text) for term in found if term not in telling))
        reason.append(f"words in more than half the chunks left out: {common}")
        found = telling
    allowed = POSTINGS if stats.chunks > SMALL else SMALL_POSTINGS
    admitted, budget = list[Term](), allowed
    for term in sorted(found, key=lambda term: (not term.phrase, term.df, term.text)):
        if term.phrase or not admitted or term.df <= budget:
            admitted.append(term)
            budget -= term.df
    over = [term for term in found if term not in admitted]
    counted = tuple([term for term in over if term.pieces])
    if over:
        left_out = ", ".join(spelt(term.text) for term in over)
        how = "; candidates are asked whether they hold them" if counted else ""
        reason.append(f"over the budget of {allowed:,} postings: {left_out}{how}")
    return shared(admitted), counted, tuple(reason)


def each_once(terms: Sequence[Term]) -> list[Term]:
    """The terms without the words that the index takes for an earlier one, which counts them, and without what is
    derived from one word and said as another. Not so the stem of a foreign word that the index happens to stem alike:
    of all others both are looked for."""
    found: dict[tuple[str, bool, bool, bool], Term] = {}
    said = {term.text.casefold() for term in terms if term.times}
    for term in terms:
        text = term.text.casefold()
        if term.times or text not in said:
            alike = bool(term.times) and not (term.phrase or term.prefix)
            key = (term.stem or text) if alike else text, bool(term.times), term.phrase, term.prefix
            known = found.get(key)
            found[key] = known._replace(times=known.times + term.times) if known else term
    return list(found.values())


def shared(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms with their shares: a word of another language and its stems count as one word, as who has the very
    word has its stem too, and a word that is its own stem would count half as much."""
    words = {term.text.casefold() for term in terms if term.times}
    stems = Counter(term.stem_of.casefold() for term in terms if term.stem_of)

    def share(term: Term) -> float:
        if term.stem_of:
            word = term.stem_of.casefold()
            return (STEM if word in words else 1.0) / stems[word]
        return 1.0 - STEM if term.times and stems[term.text.casefold()] else 1.0

    return tuple([term._replace(share=share(term)) for term in terms])


def _weights(query: Query, stats: TermStats, fusion: str) -> tuple[tuple[float, float], str]:
    if query.weights is not None:
        total = sum(query.weights)
        return (query.weights[0] / total, query.weights[1] / total), "weights as asked for"
    if fusion == "adaptive":
        stems = {term.stem or term.text: term.df for term in stats.terms}
        weights = published.weights(stats.chunks, list(stems.values()), len(query.text.split()))
        return weights, "weights from the words' mean IDF, as published"
    if fusion == "raw":
        side = "keyword" if query.mode == "hybrid" else query.mode
        return (1.0, 1.0), f"{side} search shows that side's own scores"
    if fusion == "gated" and stats.calibrated:
        return WEIGHTS, "the best cosine decides how much the vectors count"
    return WEIGHTS, "both sides count the same"


def _coverage(stats: TermStats) -> tuple[float, str]:
    """The share of the coverage of word-pieces, and why."""
    if stats.pieces is None:
        return 0.0, "coverage left out: this encoder names no word-pieces"
    share = coverage.share(stats.pieces)
    if not share:
        return 0.0, f"coverage left out: the question has {stats.pieces} word-pieces"
    return share, f"coverage of {stats.pieces} word-pieces counts {share:.2f} among the best {coverage.BEST}"


def _sizes(query: Query, stats: TermStats, fusion: str) -> tuple[int, int]:
    """(candidates, scores fetched) of each side."""
    if fusion == "adaptive":
        pool = published.pool(query.limit, stats.chunks)
        return pool, pool
    pool = max(CORE, 2 * query.limit)
    return pool, max(KEYWORD_DEPTH, pool)


def _path(stats: TermStats, pool: int) -> tuple[str, int, str]:
    size = stats.chunks if stats.matching is None else stats.matching
    if size <= EXACT_MAX or stats.matching is not None:
        return "exact", 0, f"{size:,} vectors: all are compared"
    if stats.sparse:  # codes write zeros as they write negative ones: recall@10 .52 with 8,000 chunks of hashed words
        return "exact", 0, f"{size:,} vectors: all are compared, as most of the question's is zero, which has no sign"
    rescore = int(RESCORE * pool * max(1.0, size / RESCORE_FROM) ** RESCORE_GROWTH)
    return "codes", rescore, f"{size:,} vectors: up to {rescore:,} of the nearest sign codes are compared exactly"


def _stages(query: Query, share: float, *, deepens: bool) -> Iterator[str]:
    if deepens:
        yield "depth"
    if share:
        yield "coverage"
    if query.recency is not None:
        yield "recency"
    if not query.by_document:  # of whole documents, those that say the same are still several
        yield "collapse"
    if query.diversity:
        yield "diversify"
    if query.by_document:
        yield "group"
    yield "limit"
