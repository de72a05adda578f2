"""Why a document is not among the hits: the first step of the search that lost it, and what would bring it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from vstash.encode.base import Encoder, Naming
from vstash.filters import And, Eq, Filter, matches, said
from vstash.rank import confidence, presence
from vstash.rank.stages import STAGES, Candidates
from vstash.search import Found, Trace, Vector, answered, knowing, naming, query_vector, setting_for, standing
from vstash.store.base import Store
from vstash.text.terms import spelt
from vstash.types import MAX_LIMIT, Arm, Candidate, Confidence, Document, Facts, Query

_ANEW = "ask in words that stand in it"
_UNSURE = "take hits of low confidence: --min-confidence low"


@dataclass(frozen=True, slots=True)
class Loss:
    """What became of a document in a search.

    `stage` is "found", or the step that lost it: filter, keyword, vector, candidates, collapse, limit or confidence.
    `remedy` is the query that does return the document, the same as `advice` says in words; None when found, and
    where none with these words does.
    """

    stage: str
    detail: str
    advice: str = ""
    rank: int | None = None
    remedy: Query | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """One question: what was asked, of which document, and all that was found on the way."""

    store: Store
    query: Query
    document: Document
    chunk_ids: frozenset[int]
    vector: Vector | None
    namer: Naming | None
    now: datetime

    def answered(self, query: Query) -> tuple[Found, Candidates]:
        """What a search for the query finds before its stages, and what they keep."""
        vector = None if query.mode == "keyword" else self.vector
        return answered(self.store, query, vector, self.now, Trace(), self.namer)

    def rank(self, query: Query) -> int | None:
        """Where the document stands among the hits for the query."""
        _, kept = self.answered(query)
        return _first(self, [one.chunk_id for one in kept])


def explain(store: Store, encoder: Encoder, query: Query, document: Document, now: datetime) -> Loss:
    """Follow the document through the search. Raises: StoreError, EncoderError."""
    vector, namer = query_vector(encoder, query, None), naming(encoder)
    with store.reading():
        unbound = replace(query, min_confidence="low")
        case = _Case(store, unbound, document, frozenset(store.chunk_ids(document.id)), vector, namer, now)
        return _assured(case, _lost(case), query.min_confidence)


def _lost(case: _Case) -> Loss:
    """What became of it, whatever the confidence."""
    if not matches(case.query.filter, case.document):
        return _filtered(case)
    found, _ = case.answered(case.query)
    if not any(one.chunk_id in case.chunk_ids for one in found.candidates):
        return _no_candidate(case, found)
    return _followed(case, found)


def _assured(case: _Case, loss: Loss, least: Confidence) -> Loss:
    """The last step of a search, for all hits or none: with a remedy that is not lost there itself."""
    if loss.remedy is None and loss.rank is None:
        return loss
    remedy = loss.remedy or case.query
    found, _ = case.answered(remedy)
    if confidence.reaches(found.confidence, least):
        return replace(loss, remedy=loss.remedy and replace(remedy, min_confidence=least))
    if loss.remedy:
        return replace(loss, advice=f"{loss.advice}, and {_UNSURE}")
    detail = f"{loss.detail}, but the confidence is {found.confidence}, {least} was asked for"
    return Loss("confidence", detail, _UNSURE, loss.rank, remedy)


def _filtered(case: _Case) -> Loss:
    parts = list(_parts(case.query.filter))
    failing = [part for part in parts if not matches(part, case.document)]
    rest = tuple(part for part in parts if part not in failing)
    names = ", ".join(map(said, failing))
    relaxed = replace(case.query, filter=And(rest) if rest else None)
    advice = f"search without {names}"
    remedy: Query | None = relaxed
    if case.rank(relaxed) is None:
        more, remedy = _reached(replace(case, query=relaxed))
        advice = f"{advice}, and {more}"
    return Loss("filter", f"the document does not pass {names}", advice, remedy=remedy)


def _parts(rule: Filter | None) -> Iterator[Filter]:
    """The filters that must all hold."""
    if isinstance(rule, And):
        for part in rule.parts:
            yield from _parts(part)
    elif rule is not None:
        yield rule


def _no_candidate(case: _Case, found: Found) -> Loss:
    """Neither side had it in its pool: say how far off it was, and find out what would reach it."""
    reasons = [*_keyword_distance(case, found), *_vector_distance(case, found)]
    stage = "candidates" if len(reasons) > 1 else case.query.mode
    advice, remedy = _reached(case)
    return Loss(stage, "; ".join(reasons), advice, remedy=remedy)


def _keyword_distance(case: _Case, found: Found) -> Iterator[str]:
    arm = found.plan.arm("keyword")
    if arm is None:
        if case.query.mode != "vector":
            yield "no word of the query occurs in the memory"
        return
    everything = case.store.rank(arm._replace(pool=MAX_LIMIT, depth=MAX_LIMIT), None, case.query.filter)
    words = ", ".join(spelt(term.text) for term in arm.terms)
    rank = _first(case, [item.chunk_id for item in everything.items])
    if rank is None:
        yield f"none of the words searched for stands in it ({words}){_uncounted(case, arm)}"
    else:
        yield f"by its words ({words}) it stands at {rank}, candidates end at {arm.pool}{_uncounted(case, arm)}"


def _uncounted(case: _Case, arm: Arm) -> str:
    """What is to be said of words so common that only candidates were asked for them, as this one was not."""
    if not arm.counted:
        return ""
    held = case.store.pieces(sorted(case.chunk_ids), presence.wanted(arm.counted))
    own = [spelt(term.text) for term in arm.counted if any(set(term.pieces) <= pieces for pieces in held.values())]
    others = ", ".join(spelt(term.text) for term in arm.counted)
    there = f"it has {', '.join(own)}, but" if own else "it has none of them, and"
    return f" ({others}: too common to be looked up; {there} only candidates are asked for them)"


def _vector_distance(case: _Case, found: Found) -> Iterator[str]:
    arm = found.plan.arm("vector")
    if case.vector is None and case.query.mode != "keyword":
        yield "the encoder does not know the words of the question, so that it is not compared by meaning"
    if arm is None or case.vector is None:
        return
    everything = case.store.rank(arm._replace(pool=MAX_LIMIT, path="exact"), case.vector, case.query.filter)
    rank = _first(case, [item.chunk_id for item in everything.items])
    best = max(case.store.cosines(sorted(case.chunk_ids), case.vector), default=0.0)
    where = f"stands at {rank}" if rank else f"stands behind {MAX_LIMIT:,} others"
    yield f"by meaning it {where} (cosine {best:.3f}), candidates end at {arm.pool}"


def _followed(case: _Case, found: Found) -> Loss:
    """It was a candidate: run the stages one by one and see which one drops it."""
    setting = knowing(case.store, setting_for(case.store, found, case.now), found.candidates)
    candidates = standing(found.candidates, setting)
    for name in found.plan.stages:
        kept = STAGES[name](candidates, setting)
        rank = _first(case, [one.chunk_id for one in candidates])
        if _first(case, [one.chunk_id for one in kept]) is None and rank is not None:
            return _limited(case, rank) if name == "limit" else _repeated(case, name, candidates[:rank], setting.facts)
        candidates = kept
    rank = _first(case, [one.chunk_id for one in candidates])
    return Loss("found", f"it is hit {rank} of {len(candidates)}", rank=rank)


def _limited(case: _Case, rank: int) -> Loss:
    advice, remedy = _reached(replace(case, query=replace(case.query, limit=min(rank, MAX_LIMIT))))
    return Loss("limit", f"it stands at {rank}, {case.query.limit} hits were asked for", advice, rank, remedy)


def _repeated(case: _Case, name: str, candidates: Sequence[Candidate], facts: Mapping[int, Facts]) -> Loss:
    """The last of the candidates was dropped for saying the same as one before it."""
    digest = facts[candidates[-1].chunk_id].digest
    twin = next(one.chunk_id for one in candidates if facts[one.chunk_id].digest == digest)
    shown = ", ".join(passage.document.uri for passage in case.store.passages([twin]))
    rank = len(candidates)
    remedy = replace(case.query, filter=_narrowed(case))
    return Loss(name, f"its passage at {rank} says the same as one of {shown}", _within(case), rank, remedy)


def _reached(case: _Case) -> tuple[str, Query | None]:
    """Advice that works: ask for more hits until the document is there, or else within it alone. No query is named
    for words that neither it nor the encoder knows."""
    limit = case.query.limit
    while limit <= MAX_LIMIT:
        wider = replace(case.query, limit=limit)
        if case.rank(wider) is not None:
            return f"ask for more hits: -n {limit}", wider
        limit = MAX_LIMIT if limit < MAX_LIMIT < 2 * limit else 2 * limit
    narrowed = replace(case.query, filter=_narrowed(case))
    if case.rank(narrowed) is not None:
        return _within(case), narrowed
    if case.vector is None:
        return _ANEW, None
    return f"{_within(case)}, and by meaning too: --mode hybrid", replace(narrowed, mode="hybrid")


def _within(case: _Case) -> str:
    return f"search within this document only: {said(Eq('uri', case.document.uri))}"


def _narrowed(case: _Case) -> Filter:
    own = Eq("uri", case.document.uri)
    return own if case.query.filter is None else And((case.query.filter, own))


def _first(case: _Case, chunk_ids: list[int]) -> int | None:
    """The rank of the document's best passage, from 1."""
    return next((rank for rank, id_ in enumerate(chunk_ids, 1) if id_ in case.chunk_ids), None)
