"""vstash get, vstash list, vstash forget, vstash stats."""

from __future__ import annotations

from typing import Annotated

import typer

from vstash.cli import render, shapes, show
from vstash.cli.app import Session
from vstash.cli.options import InCollection, Json, Uri, WithTags, by_uri, holds
from vstash.errors import InputError
from vstash.names import printable


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(get)
    app.command("list")(list_)
    app.command()(forget)
    app.command()(stats)


def get(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="URI|ID", help="A document's uri or file, or the id of a passage from a search.")
    ],
    chunk: Annotated[
        int | None,
        typer.Option("--chunk", metavar="N", help="One passage of the document, from 0.", min=0, show_default=False),
    ] = None,
    open_at: Annotated[
        bool, typer.Option("--open-at", help="Print where it stands in the original, not its text.")
    ] = False,
    json: Json = False,
) -> None:
    """Print a document, or one passage."""
    session: Session = context.obj
    with session.open(encode=False) as memory:
        by_id = name.isdecimal() and not holds(memory, name)
        if by_id and chunk is not None:
            raise InputError(f"{name} is the id of a passage already", hint="leave --chunk out, or name a document")
        if by_id or chunk is not None or open_at:
            found = memory.chunk(int(name)) if by_id else memory.passage(by_uri(memory.get, name).uri, chunk or 0)
            shape, text = shapes.passage(found), found.chunk.text
            if open_at:
                text = shapes.opening(found).target
        else:
            document = by_uri(memory.get, name)
            shape, text = shapes.document(document, text=True), document.text or ""
    if json:
        render.as_json(shape)
    else:
        render.line(render.printable(text).removesuffix("\n"))


def list_(context: typer.Context, collection: InCollection = None, tag: WithTags = None, json: Json = False) -> None:
    """List the documents."""
    session: Session = context.obj
    with session.open(encode=False) as memory:
        found = memory.list(collection=collection, tags=tag or ())
    if json:
        render.as_json([shapes.document(document) for document in found])
        return
    show.documents(found)
    if not found:
        session.talk("no documents")


def forget(context: typer.Context, uri: Uri, json: Json = False) -> None:
    """Remove a document and all that hangs on it."""
    session: Session = context.obj
    with session.open(encode=False) as memory:
        gone = by_uri(memory.get, uri).uri
        memory.forget(gone)
    if json:
        render.as_json({"uri": gone, "status": "forgotten"})
    else:
        session.talk(f"forgotten: {render.named(gone)}")


def stats(context: typer.Context, json: Json = False) -> None:
    """Show how much is stored."""
    session: Session = context.obj
    with session.open(encode=False) as memory:
        found = {**memory.stats(), "db": printable(str(session.settings.db))}
    if json:
        render.as_json(found)
        return
    for name, value in found.items():
        shown = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
        render.line(f"{name:12} {render.oneline(str(shown))}".rstrip())
