"""vstash search, vstash why."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from vstash.cli import render
from vstash.cli.app import Session
from vstash.cli.options import InCollection, Json, Tags
from vstash.filters import from_options
from vstash.types import Mode, Query

Limit = Annotated[int, typer.Option("--limit", "-n", help="How many hits.")]
InMode = Annotated[str, typer.Option(help="hybrid, keyword or vector.")]
Fusion = Annotated[str | None, typer.Option(help="zscore, rrf or adaptive.", show_default=False)]
After = Annotated[str | None, typer.Option(help="Only what is dated this day or later.", show_default=False)]
Before = Annotated[str | None, typer.Option(help="Only what is dated before this day.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(search)
    app.command()(why)


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help='What to look for; "quoted words" must stand together.')],
    limit: Limit = 5,
    mode: InMode = "hybrid",
    fusion: Fusion = None,
    collection: InCollection = None,
    tag: Tags = None,
    after: After = None,
    before: Before = None,
    json: Json = False,
    plan: Annotated[bool, typer.Option("--plan", help="Show what was planned and what each step did.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show what ranked each hit.")] = False,
) -> None:
    """Find the passages that answer a question."""
    session: Session = context.obj
    rule = from_options(collection=collection, tags=tag or (), after=after, before=before)
    wanted = Query(query, limit, cast(Mode, mode), rule, fusion)
    with session.open() as memory:
        found = memory.search(wanted)
    if json:
        render.as_json(render.results_json(found, plan=plan, explain=explain))
        return
    if plan:
        render.plan(found)
    render.results(found, explain=explain)


def why(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="The question that was asked.")],
    uri: Annotated[str, typer.Argument(help="The document that was expected.")],
    limit: Limit = 5,
    mode: InMode = "hybrid",
    fusion: Fusion = None,
    collection: InCollection = None,
    tag: Tags = None,
    after: After = None,
    before: Before = None,
    json: Json = False,
) -> None:
    """Say why a document is not among the hits, and what would bring it back."""
    session: Session = context.obj
    rule = from_options(collection=collection, tags=tag or (), after=after, before=before)
    wanted = Query(query, limit, cast(Mode, mode), rule, fusion)
    with session.open() as memory:
        found = memory.why(wanted, uri)
    if json:
        render.as_json({"stage": found.stage, "detail": found.detail, "advice": found.advice, "rank": found.rank})
    else:
        render.loss(found)
