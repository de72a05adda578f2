"""Carrying out a search: statistics, plan, arms, fusion, stages, hydration.

Everything is read in one snapshot, nothing is written.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vstash.encode.base import Encoder
from vstash.encode.registry import checked
from vstash.errors import BadVectors, SpaceMismatch
from vstash.plan import plan as make_plan
from vstash.rank import confidence, published
from vstash.rank.fuse import View, fuse
from vstash.rank.stages import STAGES, Setting
from vstash.store.base import Passage, Store
from vstash.text.terms import query_terms
from vstash.types import Candidate, Hit, Note, Plan, Query, Ranking, Results, Term, TermStats

Vector = NDArray[np.float32]


class Done(Protocol):
    """Tells a step how many came out, and a detail."""

    def __call__(self, after: int, detail: str = "") -> None:
        """Note it."""


@dataclass(slots=True)
class Trace:
    """The notes of one search, taken as it goes."""

    notes: list[Note] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, before: int = 0) -> Iterator[Done]:
        """Time a step; what is yielded takes the number that came out, and a detail."""
        started = time.perf_counter()
        outcome = [(0, "")]

        def done(after: int, detail: str = "") -> None:
            outcome[0] = (after, detail)

        yield done
        after, detail = outcome[0]
        self.notes.append(Note(name, before, after, detail, time.perf_counter() - started))


@dataclass(frozen=True, slots=True)
class Found:
    """What a search knows before anything is trimmed: also what `why` reads."""

    plan: Plan
    rankings: tuple[Ranking, ...]
    candidates: tuple[Candidate, ...]
    cosine: float | None


def search(store: Store, encoder: Encoder, query: Query, *, now: datetime, vector: ArrayLike | None = None) -> Results:
    """The hits for a query, best first. `vector` is used in place of encoding the query.

    Raises: StoreError, EncoderError.
    """
    started = time.perf_counter()
    trace = Trace()
    asked: Vector | None = None
    if query.mode != "keyword":
        with trace.step("encode"):
            asked = query_vector(encoder, query, vector)
    with store.reading():
        if asked is not None:
            _require_space(store, encoder)
        found = find(store, query, asked, trace)
        kept = apply_stages(store, found, now, trace)
        with trace.step("hydrate", len(kept)) as done:
            hits = tuple(_hits(store, kept, query.window))
            done(len(hits))
        space = store.space()
    level = confidence.level(found.cosine, space.calibration if space else None)
    return Results(hits, found.plan, tuple(trace.notes), level, time.perf_counter() - started)


def _require_space(store: Store, encoder: Encoder) -> None:
    """Another process may have changed the memory over since it was opened. Raises: SpaceMismatch."""
    space = store.space()
    if space is not None and (space.id, space.dim) != (encoder.space.id, encoder.space.dim):
        raise SpaceMismatch(
            f"the memory was changed over to the encoder {space.model} while it was open",
            hint="open it again with that encoder",
        )


def find(store: Store, query: Query, vector: Vector | None, trace: Trace) -> Found:
    """Plan the query, run its arms and fuse them."""
    with trace.step("plan") as done:
        plan = make_plan(query, statistics(store, query))
        done(len(plan.arms), "; ".join(plan.reason))
    rankings = []
    for arm in plan.arms:
        with trace.step(arm.kind) as done:
            ranking = store.rank(arm, vector if arm.kind == "vector" else None, query.filter)
            done(len(ranking.items), " ".join(term.text for term in arm.terms) or arm.path)
        rankings.append(ranking)
    with trace.step("fuse", sum(len(ranking.items) for ranking in rankings)) as done:
        views = _views(store, plan, rankings, vector)
        candidates = fuse(plan.fusion, views)
        done(len(candidates), plan.fusion)
    cosine = max((score for view in views if view.side == "vector" for score in view.scores.values()), default=None)
    return Found(plan, tuple(rankings), candidates, cosine)


def statistics(store: Store, query: Query) -> TermStats:
    """What the planner asks the corpus about a query."""
    wanted = query_terms(query.text) if query.mode != "vector" else ()
    known = store.terms([term.text for term in wanted])
    terms = tuple(
        Term(term.text, df, term.phrase, stem, term.prefix)
        for term, (stem, df) in zip(wanted, known, strict=True)
        if stem
    )
    return TermStats(store.count(), terms, None if query.filter is None else store.count(query.filter))


def apply_stages(store: Store, found: Found, now: datetime, trace: Trace) -> tuple[Candidate, ...]:
    """Run the plan's stages, one after another."""
    candidates = found.candidates
    facts = store.facts([candidate.chunk_id for candidate in candidates])
    setting = Setting(found.plan.query, facts, now, store.similar)
    for name in found.plan.stages:
        with trace.step(name, len(candidates)) as done:
            candidates = STAGES[name](candidates, setting)
            done(len(candidates))
    return candidates


def query_vector(encoder: Encoder, query: Query, vector: ArrayLike | None) -> Vector:
    """The vector to search with, checked. Raises: BadVectors, EncoderError."""
    given = encoder.query(query.text) if vector is None else np.asarray(vector, dtype=np.float32)
    if given.ndim != 1:
        raise BadVectors(f"a query's vector has one dimension, not {given.ndim}", hint="pass shape (dim,)")
    rows: Vector = checked(given[None], 1, encoder.space.dim)
    return rows.reshape(-1)


def _views(store: Store, plan: Plan, rankings: Sequence[Ranking], vector: Vector | None) -> tuple[View, ...]:
    """How each side sees the candidates of both: the vector side knows the cosine of any chunk, the
    keyword side the scores of its depth."""
    views = []
    for arm, ranking in zip(plan.arms, rankings, strict=True):
        views.append(View.of(ranking, arm.weight, arm.pool))
    if plan.fusion == "adaptive" and len(views) == 2:
        words = len(plan.query.text.split())
        views = list(published.trim(views[0], views[1], plan.query.limit, words))
    if vector is not None and len(views) == 2:
        missing = sorted(views[1].ranks.keys() - views[0].scores.keys())
        known = zip(missing, store.cosines(missing, vector), strict=True)
        views[0] = replace(views[0], scores={**views[0].scores, **dict(known)})
    return tuple(views)


def _hits(store: Store, candidates: Sequence[Candidate], window: int) -> Iterator[Hit]:
    passages = {passage.chunk_id: passage for passage in store.passages([one.chunk_id for one in candidates])}
    taken = {(one.document.id, one.chunk.seq) for one in passages.values()}
    for candidate in candidates:
        if passage := passages.get(candidate.chunk_id):
            yield _hit(candidate, _widened(store, passage, window, taken) if window else passage)


def _widened(store: Store, passage: Passage, window: int, taken: set[tuple[int, int]]) -> Passage:
    """The passage with its neighbours joined on, up to what another hit already shows: no text comes twice."""
    document, seq = passage.document.id, passage.chunk.seq
    first, last = seq, seq
    while first > max(0, seq - window) and (document, first - 1) not in taken:
        first -= 1
    while last < min(passage.document.chunks - 1, seq + window) and (document, last + 1) not in taken:
        last += 1
    taken.update((document, number) for number in range(first, last + 1))
    around = store.neighbours(document, first, last)
    text = "".join(chunk.text for chunk in around)
    return replace(passage, chunk=replace(passage.chunk, text=text, start=around[0].start, end=around[-1].end))


def _hit(candidate: Candidate, passage: Passage) -> Hit:
    chunk, document = passage.chunk, passage.document
    return Hit(
        chunk_id=candidate.chunk_id,
        document=document,
        uri=document.uri,
        title=document.title,
        heading=chunk.heading,
        seq=chunk.seq,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        score=candidate.score,
        why=candidate.contributions,
    )
