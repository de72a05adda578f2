"""vstash add, vstash remember."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from vstash.cli import render
from vstash.cli.app import FAILURE, Session
from vstash.cli.options import Collection, Json, Tags
from vstash.errors import UnsupportedSource
from vstash.types import AddResult

if TYPE_CHECKING:
    from vstash.memory import Memory


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(add)
    app.command()(remember)


def add(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files and folders; - reads standard input.")],
    collection: Collection = "default",
    tag: Tags = None,
    json: Json = False,
) -> None:
    """Add files and folders; what has not changed is skipped."""
    session: Session = context.obj
    started = time.perf_counter()
    results: list[AddResult] = []
    with session.open(create=True) as memory:
        files = [file for path in paths if path != "-" for file in memory.files(path)]
        with render.progress(len(files), quiet=session.quiet) as advance:
            for result in memory.adding(files, collection=collection, tags=tag or ()):
                results.append(result)
                advance(result)
        if "-" in paths:
            results.append(_standard_input(memory, collection, tag or []))
    _report(results, time.perf_counter() - started, session, json)


def remember(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What to remember; - reads standard input.")],
    title: Annotated[str, typer.Option(help="What to call it.")] = "",
    uri: Annotated[str | None, typer.Option(help="A name of its own; the same name replaces it.")] = None,
    collection: Collection = "default",
    tag: Tags = None,
    json: Json = False,
) -> None:
    """Store a text, however short."""
    session: Session = context.obj
    started = time.perf_counter()
    content = _read_standard_input().decode("utf-8", "replace") if text == "-" else text
    if not content.strip():
        raise UnsupportedSource("the text is blank", hint="say what to remember")
    with session.open(create=True) as memory:
        result = memory.remember(content, title=title, uri=uri, collection=collection, tags=tag or ())
    _report([result], time.perf_counter() - started, session, json)


def _standard_input(memory: Memory, collection: str, tags: list[str]) -> AddResult:
    return memory.add_bytes(_read_standard_input(), "stdin:", collection=collection, tags=tags)


def _read_standard_input() -> bytes:
    return sys.stdin.buffer.read()


def _report(results: list[AddResult], took: float, session: Session, json: bool) -> None:
    for result in results:
        if result.status == "failed":
            render.add_failure(result)
    if not session.quiet:
        render.add_summary(results, took)
    if json:
        render.as_json(render.add_json(results))
    if any(result.status == "failed" for result in results):
        raise typer.Exit(FAILURE)
