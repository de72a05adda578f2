"""vstash get, vstash list, vstash forget, vstash stats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vstash.cli import render
from vstash.cli.app import Session
from vstash.cli.options import InCollection, Json, Tags
from vstash.errors import DocumentNotFound

if TYPE_CHECKING:
    from vstash.memory import Memory


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(get)
    app.command("list")(list_)
    app.command()(forget)
    app.command()(stats)


def get(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="URI|ID", help="A document's uri, or the id of a passage.")],
    json: Json = False,
) -> None:
    """Print a document, or one passage."""
    session: Session = context.obj
    with session.open(encode=False) as memory:
        if name.isdecimal() and not _is_document(memory, name):
            _passage(memory, int(name), json)
            return
        document = memory.get(name)
    if json:
        render.as_json(render.document_json(document, text=True))
    else:
        render.line(render.printable(document.text or ""))


def list_(context: typer.Context, collection: InCollection = None, tag: Tags = None, json: Json = False) -> None:
    """List the documents."""
    session: Session = context.obj
    with session.open(encode=False) as memory:
        found = memory.list(collection=collection, tags=tag or ())
    if json:
        render.as_json([render.document_json(document) for document in found])
        return
    render.documents(found)
    if not found and not session.quiet:
        render.talk("no documents")


def forget(
    context: typer.Context,
    uri: Annotated[str, typer.Argument(help="The document's uri.")],
    json: Json = False,
) -> None:
    """Remove a document and all that hangs on it."""
    session: Session = context.obj
    with session.open(encode=False) as memory:
        memory.forget(uri)
    if json:
        render.as_json({"uri": uri, "status": "forgotten"})
    elif not session.quiet:
        render.talk(f"forgotten: {render.oneline(uri)}")


def stats(context: typer.Context, json: Json = False) -> None:
    """Show how much is stored."""
    session: Session = context.obj
    with session.open(encode=False) as memory:
        found = memory.stats()
    found["db"] = str(session.settings.db)
    if json:
        render.as_json(found)
        return
    for name, value in found.items():
        shown = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
        render.line(f"{name:12} {render.oneline(str(shown))}")


def _is_document(memory: Memory, name: str) -> bool:
    try:
        memory.get(name)
    except DocumentNotFound:
        return False
    return True


def _passage(memory: Memory, chunk_id: int, json: bool) -> None:
    found = memory.chunk(chunk_id)
    chunk = found.chunk
    if not json:
        render.line(render.printable(chunk.text))
        return
    render.as_json(
        {
            "chunk_id": chunk_id,
            "uri": found.document.uri,
            "title": found.document.title,
            "heading": chunk.heading,
            "seq": chunk.seq,
            "start": chunk.start,
            "end": chunk.end,
            "place": chunk.place,
            "text": chunk.text,
        }
    )
