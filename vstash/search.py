"""Carrying out a search: statistics, plan, arms, fusion, stages, hydration.

Everything is read in one snapshot, nothing is written.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vstash.encode.base import Encoder, Naming, Reading
from vstash.encode.registry import checked
from vstash.errors import BadVectors, SpaceMismatch
from vstash.plan import each_once, shared, worth_asking
from vstash.plan import plan as make_plan
from vstash.rank import confidence, coverage, gate, presence, published
from vstash.rank.fuse import View, fuse
from vstash.rank.stages import PICKING, STAGES, UNKNOWING, Candidates, Setting
from vstash.store.base import Passage, Store
from vstash.text.places import joined
from vstash.text.terms import FOREIGN, STOP_WORDS, QueryTerm, held_marks, spelt
from vstash.types import Candidate, Confidence, Hit, Note, Plan, Query, Ranking, Results, Term, TermStats

Vector = NDArray[np.float32]

AHEAD = 4  # candidates looked at first for each hit wanted
WIDER = (1, 8, 64)  # times as many candidates as usual, one after another while they leave too few


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


class Found(NamedTuple):
    """What a search knows before anything is trimmed: also what `why` reads.

    `cosine` is that of the best passage, `noise` the space's, `evidence` that of the words, `pieces` the
    question's word-pieces, `meaning` the weight the vectors had, `held` which of the pieces some chunks hold.
    """

    plan: Plan
    rankings: tuple[Ranking, ...]
    candidates: tuple[Candidate, ...]
    cosine: float | None
    noise: tuple[float, float] | None
    evidence: float
    pieces: tuple[int, ...]
    meaning: float
    held: Mapping[int, frozenset[int]]

    @property
    def confidence(self) -> Confidence:
        """Whether anything in it is about the question."""
        return confidence.level(self.cosine, self.noise, self.evidence)

    @property
    def more(self) -> bool:
        """Whether a side may know of more candidates than were taken."""
        return any(len(ranking.items) >= arm.pool for arm, ranking in zip(self.plan.arms, self.rankings, strict=True))


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
        found, kept = answered(store, query, asked, now, trace, naming(encoder))
        level = found.confidence
        if not confidence.reaches(level, query.min_confidence):
            trace.notes.append(Note("confidence", len(kept), 0, f"{level}, {query.min_confidence} was asked for"))
            kept = ()
        with trace.step("hydrate", len(kept)) as done:
            hits = tuple(_hits(store, kept, query.window))
            done(len(hits))
    return Results(hits, found.plan, tuple(trace.notes), level, time.perf_counter() - started)


def _require_space(store: Store, encoder: Encoder) -> None:
    """Another process may have changed the memory over since it was opened. Raises: SpaceMismatch."""
    space = store.space()
    if space is not None and (space.id, space.dim) != (encoder.space.id, encoder.space.dim):
        raise SpaceMismatch(
            f"the memory was changed over to the encoder {space.model} while it was open",
            hint="open it again with that encoder",
        )


def answered(
    store: Store, query: Query, vector: Vector | None, now: datetime, trace: Trace, namer: Naming | None
) -> tuple[Found, Candidates]:
    """What was found, and what its stages keep. Where passages that say the same leave fewer than were asked for,
    more candidates are taken."""
    for wider in WIDER:
        found = find(store, query, vector, trace, namer, wider)
        kept = apply_stages(store, found, now, trace)
        if len(kept) >= query.limit or not found.more:
            break
    return found, kept


def find(
    store: Store, query: Query, vector: Vector | None, trace: Trace, namer: Naming | None = None, wider: int = 1
) -> Found:
    """Plan the query, run its arms and fuse them. Without a vector only by words; `namer` names word-pieces, if the
    encoder does; `wider` as in `plan`."""
    pieces = None if namer is None else tuple(namer.pieces(query.text))
    with trace.step("plan") as done:
        stats = statistics(store, query, namer, pieces)
        stats = stats._replace(sparse=vector is not None and _sparse(vector), unread=vector is None)
        plan = make_plan(query, stats, wider)
        done(len(plan.arms), "; ".join(plan.reason))
    rankings = []
    for arm in plan.arms:
        with trace.step(arm.kind) as done:
            ranking = store.rank(arm, vector if arm.kind == "vector" else None, query.filter)
            done(len(ranking.items), " ".join(spelt(term.text) for term in arm.terms) or arm.path)
        rankings.append(ranking)
    rankings, held = _completed(store, plan, rankings, pieces or (), trace, stats.chunks)
    space = store.space()
    noise = space.noise if space else None
    with trace.step("fuse", sum(len(ranking.items) for ranking in rankings)) as done:
        views = _views(store, plan, rankings, vector)
        cosine = _best(views, "vector")
        if plan.gate and noise is not None and cosine is not None:
            weights = gate.weights(cosine, noise)
            views = tuple(view._replace(weight=weights[0 if view.side == "vector" else 1]) for view in views)
        candidates = fuse(plan.fusion, views)
        weighed = ", ".join(f"{view.side} {view.weight:.2f}" for view in views)
        done(len(candidates), f"{plan.fusion}: {weighed}")
    weight = views[0].weight if views else 0.0
    words = [term for term in shared(each_once(stats.terms)) if term.text.casefold() not in STOP_WORDS]
    evidence = confidence.keyword_evidence(_best(views, "keyword") or 0.0, words, stats.chunks)
    return Found(plan, tuple(rankings), candidates, cosine, noise, evidence, pieces or (), weight, held)


def _completed(
    store: Store, plan: Plan, rankings: list[Ranking], pieces: Sequence[int], trace: Trace, chunks: int
) -> tuple[list[Ranking], Mapping[int, frozenset[int]]]:
    """Let the keyword side count the words whose postings were not read; what was found out of whose pieces."""
    words = next((arm.counted for arm in plan.arms if arm.kind == "keyword"), ())
    if not words:
        return rankings, {}
    pools = zip(plan.arms, rankings, strict=True)
    asked = {item.chunk_id for arm, ranking in pools for item in ranking.items[: arm.pool]}
    with trace.step("presence", len(asked)) as done:
        held = store.pieces(sorted(asked), presence.wanted(words, pieces))
        found = [presence.completed(one, held, words, chunks) if one.arm == "keyword" else one for one in rankings]
        done(len(asked), " ".join(word.text for word in words))
    return found, held


def statistics(
    store: Store, query: Query, namer: Naming | None = None, pieces: Sequence[int] | None = None
) -> TermStats:
    """What the planner asks the corpus about a query."""
    wanted = worth_asking(query, _held(store) if query.mode != "vector" else {})
    known = store.terms([term.text for term in wanted])
    # where texts hold a word but not its stem, they are in another language than the stem
    frequencies = {term.text: df for term, (_, df) in zip(wanted, known, strict=True)}
    begun = wanted[-1] if query.unfinished and wanted and not wanted[-1].phrase else None
    terms = tuple(
        Term(
            term.text,
            df,
            term.phrase,
            stem,
            prefix=term.prefix or term is begun,
            pieces=_pieces_of(term, namer),
            times=term.times,
            stem_of=term.stem_of,
        )
        for term, (stem, df) in zip(wanted, known, strict=True)
        if stem and 2 * df >= frequencies.get(term.stem_of, 0)
    )
    space = store.space()
    return TermStats(
        chunks=store.count(),
        terms=terms,
        matching=None if query.filter is None else store.count(query.filter),
        calibrated=space is not None and space.noise is not None,
        pieces=None if pieces is None else len(pieces),
    )


def _pieces_of(term: QueryTerm, namer: Naming | None) -> tuple[int, ...]:
    """Those of a plain word: what is derived from one stands in the text as it is nowhere."""
    return () if namer is None or term.phrase or term.extra else tuple(namer.pieces(term.text))


def _held(store: Store) -> dict[str, float]:
    """The languages of Latin letters, other than English, that the memory's texts are in, with their shares."""
    if not store.terms([FOREIGN])[0][1]:
        return {}
    marks = held_marks()
    known, chunks = store.terms(list(marks.values())), max(1, store.count())
    return {name: df / chunks for name, (_, df) in zip(marks, known, strict=True) if df}


def apply_stages(store: Store, found: Found, now: datetime, trace: Trace) -> tuple[Candidate, ...]:
    """Run the plan's stages, one after another.

    What is known of chunks lies on pages far apart: stages that only pick from the top see the top alone, and all
    candidates if that leaves too few.
    """
    names, wanted = found.plan.stages, found.plan.query.limit
    first = next((at for at, name in enumerate(names) if name not in UNKNOWING), len(names))
    setting = setting_for(store, found, now)
    ordered = _run(names[:first], found.candidates, setting, trace)
    picking = all(name in PICKING for name in names[first:])
    for top in (AHEAD * wanted if picking else len(ordered), len(ordered)):
        tried = Trace()
        setting = knowing(store, setting, ordered[:top])
        kept = _run(names[first:], standing(ordered[:top], setting), setting, tried)
        if len(kept) >= wanted or top >= len(ordered):
            break
    trace.notes += tried.notes
    return kept


def _run(names: Sequence[str], candidates: Candidates, setting: Setting, trace: Trace) -> Candidates:
    for name in names:
        with trace.step(name, len(candidates)) as done:
            candidates = STAGES[name](candidates, setting)
            done(len(candidates))
    return candidates


def knowing(store: Store, setting: Setting, candidates: Candidates) -> Setting:
    """The setting with what the store knows of these candidates' chunks."""
    return setting._replace(facts=store.facts([one.chunk_id for one in candidates]))


def standing(candidates: Candidates, setting: Setting) -> Candidates:
    """The candidates without those whose chunk is gone: a damaged file may hold a vector without its chunk."""
    return tuple(one for one in candidates if one.chunk_id in setting.facts)


def setting_for(store: Store, found: Found, now: datetime) -> Setting:
    """What the stages may ask about the candidates, but for what the store knows of their chunks."""

    def covered(ids: Sequence[int]) -> list[float]:
        distinct = sorted(set(found.pieces))
        chunks = store.count()
        frequencies = store.piece_frequencies(distinct)
        weights = {piece: coverage.idf(chunks, df) for piece, df in zip(distinct, frequencies, strict=True)}
        unknown = [id_ for id_ in ids if id_ not in found.held]
        held = {**found.held, **store.pieces(unknown, distinct)} if unknown else found.held
        return coverage.measured([held.get(id_, frozenset()) for id_ in ids], weights)

    return Setting(found.plan.query, {}, now, store.similar, covered, found.plan.coverage, found.meaning)


def naming(encoder: Encoder) -> Naming | None:
    """The encoder, if it names word-pieces."""
    return encoder if isinstance(encoder, Naming) else None


def _sparse(vector: Vector) -> bool:
    """Whether most of its components are zero, as a few hashed words leave them."""
    return 2 * int(np.count_nonzero(vector)) < vector.size


def _best(views: Sequence[View], side: str) -> float | None:
    """The largest score on one side."""
    return max((score for view in views if view.side == side for score in view.scores.values()), default=None)


def query_vector(encoder: Encoder, query: Query, vector: ArrayLike | None) -> Vector | None:
    """The vector to search with, checked; None for a question that the encoder cannot read, as words can find it.

    Raises: BadVectors, EncoderError.
    """
    unasked = vector is None and query.mode != "vector"
    if unasked and isinstance(encoder, Reading) and not encoder.reads(query.text):
        return None
    given, dim = encoder.query(query.text) if vector is None else vector, encoder.space.dim
    try:
        rows: Vector = checked([given], 1, dim)
    except BadVectors as error:
        hint = f"a question has one vector of {dim} finite numbers, of the encoder's query(text) or as vector=…"
        raise BadVectors(str(error), hint=hint) from error
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
        views[0] = views[0]._replace(scores={**views[0].scores, **dict(known)})
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
    place = joined(around[0].place, around[-1].place)
    start, end = around[0].start, around[-1].end
    return passage._replace(chunk=replace(passage.chunk, text=text, start=start, end=end, place=place))


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
        place=chunk.place,
    )
