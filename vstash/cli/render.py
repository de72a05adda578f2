"""The one place that prints: data on stdout, talk on stderr, nothing from outside unescaped."""

from __future__ import annotations

import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from vstash.errors import VstashError
from vstash.types import AddResult, Document, Hit, Report, Results

if TYPE_CHECKING:
    from vstash.types import Plan
    from vstash.why import Loss

SNIPPET = 300  # characters of a passage shown on a screen
BOLD, DIM, MARK, RED, END = "\x1b[1m", "\x1b[2m", "\x1b[1;33m", "\x1b[31m", "\x1b[0m"


def printable(text: str) -> str:
    """The text without what could steer a terminal: control, format and surrogate characters are spelt out."""
    return "".join(
        char
        if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs") or char == "\u200d"
        else f"\\u{ord(char):04x}"
        for char in text
    )


def oneline(text: str) -> str:
    """Printable, on one line."""
    return printable(" ".join(text.split()))


def line(text: str = "") -> None:
    """A line of data."""
    _write(sys.stdout, text)


def talk(text: str) -> None:
    """A line of talk."""
    _write(sys.stderr, text)


def as_json(value: object) -> None:
    """One JSON value, as data."""
    line(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def failure(error: VstashError, *, as_json: bool) -> None:
    """An error as one line, and as a JSON value where one was asked for."""
    hint = f"; {error.hint}" if error.hint else ""
    talk(f"{_paint('error', RED, sys.stderr)}: {oneline(str(error) + hint)}")
    if as_json:
        described = {"type": type(error).__name__, "message": str(error), "hint": error.hint}
        line(json.dumps({"error": described}, ensure_ascii=False, indent=2, default=_plain))


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


def _paint(text: str, style: str, stream: TextIO | None = None) -> str:
    return f"{style}{text}{END}" if (stream or sys.stdout).isatty() else text


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


# --- add ---------------------------------------------------------------------------------------------


class Advance(Protocol):
    """Moves the bar on by one source."""

    def __call__(self, result: AddResult) -> None:
        """One more is done."""


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Advance]:
    """A bar with rate and time left while sources are added, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda result: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("adding"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, rate="")
        chunks = 0

        def advance(result: AddResult) -> None:
            nonlocal chunks
            chunks += result.chunks
            elapsed = bar.tasks[0].elapsed or 0.0
            bar.update(task, advance=1, rate=f"{chunks / elapsed:,.0f} chunks/s" if elapsed else "")

        yield advance


def add_failure(result: AddResult) -> None:
    """One line for a source that was not stored."""
    talk(f"{_paint('failed', RED, sys.stderr)} {oneline(result.uri)}: {oneline(result.error or 'unknown reason')}")


def add_summary(results: Sequence[AddResult], took: float) -> None:
    """What became of all sources."""
    counts = {name: sum(one.status == name for one in results) for name in ("added", "replaced", "unchanged", "failed")}
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "nothing to add"
    chunks = sum(one.chunks for one in results)
    talk(f"{said}: {chunks:,} chunks in {took:.1f} s" if chunks else said)


def add_json(results: Sequence[AddResult]) -> list[dict[str, Any]]:
    """The results as the contract has them."""
    return [
        {
            "uri": one.uri,
            "status": one.status,
            "chunks": one.chunks,
            "took_ms": round(one.took * 1000, 3),
            "error": one.error,
        }
        for one in results
    ]


def sync_line(status: str, uri: str, old: str, error: str | None) -> None:
    """One file that was not as the memory had it."""
    came = f"  (was {oneline(old)})" if old else ""
    line(f"{status:9} {oneline(uri)}{came}{f': {oneline(error)}' if error else ''}")


def sync_summary(rows: Sequence[tuple[str, str, str, str | None]], took: float, *, dry_run: bool) -> None:
    """What became of a folder."""
    order = ("added", "replaced", "moved", "deleted", "unchanged", "failed")
    counts = {name: sum(status == name for status, *_ in rows) for name in order}
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "nothing there"
    talk(f"{'would be: ' if dry_run else ''}{said}, {took:.1f} s")


# --- search ------------------------------------------------------------------------------------------


def results_json(results: Results, *, plan: bool, explain: bool) -> dict[str, Any]:
    """The results as the contract has them; plan and explanations where asked for."""
    value: dict[str, Any] = {
        "query": results.plan.query.text,
        "confidence": results.confidence,
        "took_ms": round(results.took * 1000, 3),
        "hits": [_hit_json(rank, hit, explain=explain) for rank, hit in enumerate(results, 1)],
    }
    if plan:
        value["plan"] = plan_json(results.plan)
    if plan or explain:
        value["trace"] = [
            {
                "step": note.step,
                "before": note.before,
                "after": note.after,
                "detail": note.detail,
                "took_ms": round(note.took * 1000, 3),
            }
            for note in results.trace
        ]
    return value


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan as plain data."""
    return {
        "mode": plan.query.mode,
        "arms": [
            {
                "kind": arm.kind,
                "weight": arm.weight,
                "pool": arm.pool,
                "depth": arm.depth,
                "terms": [{"text": term.text, "df": term.df, "phrase": term.phrase} for term in arm.terms],
                "path": arm.path,
                "rescore": arm.rescore,
            }
            for arm in plan.arms
        ],
        "fusion": plan.fusion,
        "stages": list(plan.stages),
        "reason": list(plan.reason),
    }


def _hit_json(rank: int, hit: Hit, *, explain: bool) -> dict[str, Any]:
    value: dict[str, Any] = {
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
    if explain:
        value["why"] = [
            {"arm": part.arm, "rank": part.rank, "score": part.score, "share": part.share} for part in hit.why
        ]
    return value


def results(found: Results, *, explain: bool) -> None:
    """The hits for a person: title, heading path, where, and a snippet with the query's words marked."""
    words = [term.text for arm in found.plan.arms for term in arm.terms]
    for rank, hit in enumerate(found, 1):
        where = f"{oneline(hit.uri)}  {_place(hit)}  score {hit.score:.3f}  id {hit.chunk_id}"
        line(f"{_paint(f'{rank}.', DIM)} {_paint(oneline(hit.title or hit.uri), BOLD)}{_heading(hit)}")
        line(f"   {_paint(where, DIM)}")
        for row in _wrapped(snippet(hit.text, words)):
            line(f"   {_marked(row, words)}")
        for part in hit.why if explain else ():
            line(f"   {_paint(_explained(part), DIM)}")
        line()
    if found.confidence == "low":
        talk("nothing in the memory seems to be about this" if found else "nothing found")


def _place(hit: Hit) -> str:
    """In words, "sheet Sales, row 3–9"; offsets where the format has no places."""
    runs = [(name, first, hit.place.get(f"{name}_end")) for name, first in hit.place.items()]
    named = [(name, first if last is None else f"{first}–{last}") for name, first, last in runs if name[-4:] != "_end"]
    return oneline(", ".join(f"{name} {span}" for name, span in named)) or f"[{hit.start}:{hit.end}]"


def _heading(hit: Hit) -> str:
    return f" › {oneline(hit.heading)}" if hit.heading else ""


def _explained(part: Any) -> str:
    rank = f"rank {part.rank}" if part.rank else "outside its candidates"
    score = "" if part.score is None else f", score {part.score:.4f}"
    return f"{part.arm}: {rank}{score}, adds {part.share:+.4f}"


def snippet(text: str, words: Sequence[str]) -> str:
    """At most SNIPPET characters of the text, from around the first of the words on."""
    flat = oneline(text)
    found = _pattern(words).search(flat) if words else None
    start = max(0, found.start() - SNIPPET // 3) if found else 0
    if start:
        start = flat.find(" ", start) + 1 or start
    end = min(len(flat), start + SNIPPET)
    return ("… " if start else "") + flat[start:end] + (" …" if end < len(flat) else "")


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{re.escape(word)}" for word in sorted(words, key=len, reverse=True)), re.IGNORECASE)


def _marked(text: str, words: Sequence[str]) -> str:
    if not words or not sys.stdout.isatty():
        return text
    return _pattern(words).sub(lambda found: f"{MARK}{found[0]}{END}", text)


def _wrapped(text: str) -> list[str]:
    import textwrap

    width = max(20, min(shutil.get_terminal_size((100, 24)).columns, 120) - 4)
    return textwrap.wrap(text, width) or [""]


def plan(found: Results) -> None:
    """The plan and what each step did."""
    for note in found.trace:
        talk(f"{note.step:10} {note.before:>6} → {note.after:<6} {note.took * 1000:8.2f} ms  {oneline(note.detail)}")


def loss(found: Loss) -> None:
    """Why a document is not among the hits."""
    line(f"{found.stage}: {oneline(found.detail)}")
    if found.advice:
        line(f"advice: {oneline(found.advice)}")


# --- documents and checks ----------------------------------------------------------------------------


def document_json(document: Document, *, text: bool = False) -> dict[str, Any]:
    """A document as plain data."""
    value: dict[str, Any] = {
        "id": document.id,
        "uri": document.uri,
        "title": document.title,
        "kind": document.kind,
        "collection": document.collection,
        "tags": list(document.tags),
        "chunks": document.chunks,
        "content_hash": document.content_hash,
        "added_at": document.added_at.isoformat(),
        "modified_at": document.modified_at and document.modified_at.isoformat(),
        "dated_at": document.dated_at and document.dated_at.isoformat(),
        "metadata": document.metadata,
    }
    return {**value, "text": document.text} if text else value


def documents(found: Sequence[Document]) -> None:
    """One line for each document."""
    for document in found:
        line(f"{oneline(document.uri)}  {_paint(f'{document.chunks} chunks, {document.collection}', DIM)}")


def report_json(report: Report) -> dict[str, Any]:
    """A report as the contract has it."""
    return {
        "ok": report.ok,
        "findings": [
            {
                "check": one.check,
                "ok": one.ok,
                "count": one.count,
                "sample": list(one.sample),
                "repairable": one.repairable,
            }
            for one in report.findings
        ],
        "schema": report.schema_version,
        "started": report.started.isoformat(),
        "took_ms": round(report.took * 1000, 3),
    }


def report(found: Report) -> None:
    """One line for each check, and what to do about what it found."""
    for one in found.findings:
        if one.ok:
            line(f"ok      {one.check}")
        else:
            line(f"{_paint('FAILED', RED)}  {one.check}: {one.count} — {oneline('; '.join(one.sample))}")
    if any(one.repairable for one in found.findings):
        talk("what is derived can be rebuilt: vstash check --repair")
