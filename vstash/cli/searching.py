"""vstash search, vstash why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, cast

import typer

from vstash.arguments import any_given
from vstash.cli import render, shapes, show
from vstash.cli.app import Session
from vstash.cli.options import Fusion, InCollection, InDocument, InMode, Json, Uri, Where, WithTags, by_uri

if TYPE_CHECKING:
    from vstash import Memory
    from vstash.types import Mode, Query, Results

Limit = Annotated[int, typer.Option("--limit", "-n", metavar="N", help="How many hits.")]
After = Annotated[
    str | None, typer.Option(metavar="DATE", help="Only what is dated this day or later.", show_default=False)
]
Before = Annotated[
    str | None, typer.Option(metavar="DATE", help="Only what is dated before this day.", show_default=False)
]
Recency = Annotated[
    float | None, typer.Option(metavar="DAYS", help="Prefer what is new: half as much every so many days.")
]
Diversity = Annotated[float, typer.Option(metavar="0..1", help="Push back repetitions within a document.")]
ByDocument = Annotated[bool, typer.Option("--by-document", help="Only the best passage of each.")]
Unfinished = Annotated[bool, typer.Option("--unfinished", help="The last word may go on.")]
MinConfidence = Annotated[str, typer.Option(metavar="LEVEL", help="No hits below this: low, medium or high.")]

OPTIONS = ("recency", "diversity", "window", "by_document", "unfinished", "min_confidence")  # fields of Query


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(search)
    app.command()(why)


def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help='What to look for; "quoted words" must stand together.')
    ],
    limit: Limit = 5,
    mode: InMode = "hybrid",
    fusion: Fusion = None,
    collection: InCollection = None,
    tag: WithTags = None,
    where: Where = None,
    within: InDocument = None,
    after: After = None,
    before: Before = None,
    recency: Recency = None,
    diversity: Diversity = 0.0,
    window: Annotated[int, typer.Option(metavar="N", help="Join so many neighbouring passages to each hit.")] = 0,
    by_document: ByDocument = False,
    unfinished: Unfinished = False,
    min_confidence: MinConfidence = "low",
    json: Json = False,
    plan: Annotated[bool, typer.Option("--plan", help="Show what was planned and what each step did.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show what ranked each hit.")] = False,
) -> None:
    """Find the passages that answer a question."""
    session: Session = context.obj
    wanted = _query(context)
    with session.open() as memory:
        found = memory.search(_narrowed(wanted, memory, within))
        remark = _remark(found, memory)
    if json:
        render.as_json(shapes.results(found, plan=plan, explain=explain))
        return
    if plan:
        show.plan(found)
    show.results(found, explain=explain)
    if remark:
        session.talk(remark)


def why(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="The question that was asked.")],
    uri: Uri,
    limit: Limit = 5,
    mode: InMode = "hybrid",
    fusion: Fusion = None,
    collection: InCollection = None,
    tag: WithTags = None,
    where: Where = None,
    within: InDocument = None,
    after: After = None,
    before: Before = None,
    recency: Recency = None,
    diversity: Diversity = 0.0,
    by_document: ByDocument = False,
    unfinished: Unfinished = False,
    min_confidence: MinConfidence = "low",
    json: Json = False,
) -> None:
    """Say why a document is not among the hits.

    Names the step of the search that lost it, and what would bring it back.
    """
    session: Session = context.obj
    wanted = _query(context)
    with session.open() as memory:
        asked = _narrowed(wanted, memory, within)
        found = by_uri(lambda name: memory.why(asked, name), uri)
    if json:
        render.as_json(shapes.loss(found))
    else:
        show.loss(found)


def _remark(found: Results, memory: Memory) -> str:
    """What to say of hits that are doubtful, and why there are none."""
    query = found.plan.query
    if found:
        return "low confidence: nothing in the memory seems to be about this" if found.confidence == "low" else ""
    if not memory.stats()["documents"]:
        return "the memory is empty; add something first: vstash add FOLDER"
    if query.filter is not None and found.plan.matching == 0:
        from vstash.filters import said

        return f"nothing found: no document passes {said(query.filter)}"
    if any(note.step == "confidence" for note in found.trace):
        return (
            f"nothing found: the confidence is {found.confidence}, {query.min_confidence} was asked for; "
            f"see it with --min-confidence {found.confidence}"
        )
    return "nothing found"


def _narrowed(query: Query, memory: Memory, name: str | None) -> Query:
    """The query for one document only, where one is named. Raises: DocumentNotFound."""
    if name is None:
        return query
    from vstash.filters import And, Eq

    own = Eq("uri", by_uri(memory.get, name).uri)
    return replace(query, filter=And((query.filter, own)) if query.filter else own)


def _query(context: typer.Context) -> Query:
    """What search and why take alike. Raises: InvalidQuery, InvalidFilter."""
    from vstash.types import Query

    given = context.params
    rule = None
    tags, where = given["tag"] or (), given["where"] or ()
    others = {name: given[name] for name in ("collection", "after", "before")}
    if any_given([*tags, *where], *others.values()):
        from vstash.filters import from_options

        rule = from_options(tags=tags, where=where, **others)
    options = {name: given[name] for name in OPTIONS if given.get(name) is not None}
    return Query(given["query"], given["limit"], cast("Mode", given["mode"]), rule, given["fusion"], **options)
