"""vstash add, vstash remember."""

from __future__ import annotations

import os
import sys
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

import typer

from vstash.arguments import paths as named
from vstash.cli import render, shapes
from vstash.cli.app import FAILURE, Session
from vstash.cli.options import Collection, Json, Tags, said
from vstash.cli.progress import add_failure, add_summary, progress
from vstash.errors import InputError, UnsupportedSource
from vstash.names import printable, uri_of

if TYPE_CHECKING:
    from vstash.memory import Memory
    from vstash.types import AddResult

STANDARD_INPUT = "-"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(add)
    app.command()(remember)


def add(
    context: typer.Context,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Files, folders, web addresses; - reads standard input.")
    ],
    collection: Collection = None,
    tag: Tags = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also web addresses that lead into a private network.")
    ] = False,
    json: Json = False,
) -> None:
    """Add files, folders and web pages; what has not changed is skipped."""
    from vstash.ingest import in_order

    session: Session = context.obj
    named(paths)
    started = time.perf_counter()
    results = _none_there(paths, session)
    if results:
        _report(results, time.perf_counter() - started, session, json)
    with session.open(create=True) as memory:
        named_files = (file for path in paths if path != STANDARD_INPUT for file in memory.files(path))
        files = list(dict.fromkeys(named_files))  # a folder and what is in it may both be named
        with progress(len(files), quiet=session.quiet) as advance:
            for result in memory.adding(files, collection=collection, tags=said(tag), allow_private=allow_private):
                results.append(result)
                advance(result)
        results = in_order(results, [uri_of(os.fspath(file)) for file in files])
        if STANDARD_INPUT in paths:
            results.append(_standard_input(memory, collection, said(tag)))
    _report(results, time.perf_counter() - started, session, json)


def remember(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to remember; - reads standard input.")],
    title: Annotated[str, typer.Option(metavar="TEXT", help="What to call it.")] = "",
    uri: Annotated[
        str | None, typer.Option(metavar="URI", help="A name of its own; the same name replaces it.")
    ] = None,
    collection: Collection = None,
    tag: Tags = None,
    json: Json = False,
) -> None:
    """Store a text, however short."""
    session: Session = context.obj
    started = time.perf_counter()
    content = _text() if text == STANDARD_INPUT else text
    if not content.strip():
        raise UnsupportedSource("the text is blank", hint="say what to remember")
    with session.open(create=True) as memory:
        result = memory.remember(
            content, title=printable(title), uri=uri and printable(uri), collection=collection, tags=said(tag)
        )
    _report([result], time.perf_counter() - started, session, json)


def _none_there(paths: list[str], session: Session) -> list[AddResult]:
    """The failures when no path is there: they make no database where there is none."""
    from vstash.types import AddResult

    if session.settings.db.expanduser().exists():
        return []
    if any(path == STANDARD_INPUT or "://" in path or os.path.lexists(path) for path in paths):
        return []
    error = "No such file or directory: check the path"
    return [AddResult(uri_of(os.path.abspath(path)), "failed", error=error) for path in paths]  # noqa: PTH100


def _standard_input(memory: Memory, collection: str | None, tags: list[str] | None) -> AddResult:
    data = _read()
    if not data:
        return _nothing()
    return memory.add_bytes(data, f"stdin:{sha256(data).hexdigest()[:16]}", collection=collection, tags=tags)


def _nothing() -> AddResult:
    from vstash.types import AddResult

    return AddResult(STANDARD_INPUT, "failed", error="standard input is empty: pipe a text or a file into it")


def _read() -> bytes:
    if sys.stdin is None:
        raise InputError("standard input is closed", hint="pipe a text into it")
    return sys.stdin.buffer.read()


def _text() -> str:
    """What is piped in, in whatever encoding a file of it would be read."""
    from vstash.text.decode import decode

    return decode(_read(), "standard input")


def _report(results: list[AddResult], took: float, session: Session, json: bool) -> None:
    for result in results:
        if result.status == "failed":
            add_failure(result)
    if not session.quiet:
        add_summary(results, took)
    if json:
        render.as_json(shapes.added(results))
    if any(result.status == "failed" for result in results):
        raise typer.Exit(FAILURE)
