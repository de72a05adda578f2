"""The JSON of the contract: each value that is printed with --json as plain data. Times in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vstash.errors import InputError
from vstash.text.terms import spelt

if TYPE_CHECKING:
    from vstash.opening import Opening
    from vstash.store.base import Passage
    from vstash.types import AddResult, Arm, Contribution, Document, Finding, Hit, Note, Plan, Report, Results, Term
    from vstash.why import Loss


def added(results: Sequence[AddResult]) -> list[dict[str, Any]]:
    """What became of each source."""
    return [
        {
            "uri": one.uri,
            "status": one.status,
            "chunks": one.chunks,
            "took_ms": _milliseconds(one.took),
            "error": one.error,
        }
        for one in results
    ]


def results(found: Results, *, plan: bool, explain: bool) -> dict[str, Any]:
    """The hits of a search; its plan, and what ranked each hit, where asked for."""
    value: dict[str, Any] = {
        "query": found.plan.query.text,
        "confidence": found.confidence,
        "took_ms": _milliseconds(found.took),
        "hits": [{**_hit(rank, hit), **(_why(hit) if explain else {})} for rank, hit in enumerate(found, 1)],
    }
    if plan:
        value["plan"] = _plan(found.plan)
    if plan or explain:
        value["trace"] = [_note(note) for note in found.trace]
    return value


def loss(found: Loss) -> dict[str, Any]:
    """Why a document is not among the hits."""
    return {"stage": found.stage, "detail": found.detail, "advice": found.advice, "rank": found.rank}


def document(found: Document, *, text: bool = False) -> dict[str, Any]:
    """A document, with its text where asked for."""
    value: dict[str, Any] = {
        "id": found.id,
        "uri": found.uri,
        "title": found.title,
        "kind": found.kind,
        "collection": found.collection,
        "tags": list(found.tags),
        "chunks": found.chunks,
        "content_hash": found.content_hash,
        "added_at": found.added_at.isoformat(),
        "modified_at": found.modified_at and found.modified_at.isoformat(),
        "dated_at": found.dated_at and found.dated_at.isoformat(),
        "metadata": found.metadata,
    }
    return {**value, "text": found.text} if text else value


def passage(found: Passage) -> dict[str, Any]:
    """One passage; `open_at` says where in the original it stands, null for what never was a file or page."""
    try:
        where = opening(found)
    except InputError:
        where = None
    return {
        "chunk_id": found.chunk_id,
        "uri": found.document.uri,
        "title": found.document.title,
        "heading": found.chunk.heading,
        "seq": found.chunk.seq,
        "start": found.chunk.start,
        "end": found.chunk.end,
        "place": found.chunk.place,
        "open_at": where and {"target": where.target, "path": where.path, **where.place},
        "text": found.chunk.text,
    }


def opening(found: Passage) -> Opening:
    """Where in the original a passage stands. Raises: InputError for what never was a file or page."""
    from vstash.opening import open_at

    return open_at(found.document.uri, found.document.kind, found.chunk.place, found.chunk.text)


def report(found: Report) -> dict[str, Any]:
    """A run of the integrity check."""
    return {
        "ok": found.ok,
        "findings": [_finding(one) for one in found.findings],
        "schema": found.schema_version,
        "started": found.started.isoformat(),
        "took_ms": _milliseconds(found.took),
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "check": one.check,
        "ok": one.ok,
        "count": one.count,
        "sample": list(one.sample),
        "repairable": one.repairable,
    }


def _hit(rank: int, hit: Hit) -> dict[str, Any]:
    return {
        "rank": rank,
        "score": hit.score,
        "chunk_id": hit.chunk_id,
        "uri": hit.uri,
        "title": hit.title,
        "heading": hit.heading,
        "seq": hit.seq,
        "start": hit.start,
        "end": hit.end,
        "place": hit.place,
        "text": hit.text,
        "collection": hit.document.collection,
        "tags": list(hit.document.tags),
        "added_at": hit.document.added_at.isoformat(),
    }


def _why(hit: Hit) -> dict[str, list[dict[str, Any]]]:
    return {"why": [_contribution(part) for part in hit.why]}


def _contribution(part: Contribution) -> dict[str, Any]:
    return {"arm": part.arm, "rank": part.rank, "score": part.score, "share": part.share}


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "mode": plan.query.mode,
        "arms": [_arm(arm) for arm in plan.arms],
        "fusion": plan.fusion,
        "stages": list(plan.stages),
        "reason": list(plan.reason),
    }


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "kind": arm.kind,
        "weight": arm.weight,
        "pool": arm.pool,
        "depth": arm.depth,
        "terms": [_term(term) for term in arm.terms],
        "counted": [_term(term) for term in arm.counted],
        "path": arm.path,
        "rescore": arm.rescore,
    }


def _term(term: Term) -> dict[str, Any]:
    return {"text": spelt(term.text), "df": term.df, "phrase": term.phrase}


def _note(note: Note) -> dict[str, Any]:
    return {
        "step": note.step,
        "before": note.before,
        "after": note.after,
        "detail": note.detail,
        "took_ms": _milliseconds(note.took),
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
