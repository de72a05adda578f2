"""vstash get, vstash list, vstash forget, vstash stats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vstash.cli import render, shapes, show
from vstash.cli.app import Session
from vstash.cli.options import InCollection, Json, Where, WithTags, by_uri, holds
from vstash.errors import DocumentNotFound, InputError
from vstash.names import printable

if TYPE_CHECKING:
    from vstash.memory import Memory

LONGEST_ID = 19  # digits, as SQLite's largest number has


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
        by_id = name.isdecimal() and len(name) <= LONGEST_ID and not holds(memory, name)
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


def list_(
    context: typer.Context,
    collection: InCollection = None,
    tag: WithTags = None,
    where: Where = None,
    json: Json = False,
) -> None:
    """List the documents."""
    from vstash.filters import from_options

    session: Session = context.obj
    rule = from_options(collection=collection, tags=tag or (), where=where or ())
    with session.open(encode=False) as memory:
        found = memory.list(filter=rule)
    if json:
        render.as_json([shapes.document(document) for document in found])
        return
    show.documents(found)
    if not found:
        session.talk("no documents")


def forget(
    context: typer.Context,
    uris: Annotated[list[str], typer.Argument(metavar="URI", help="A document's uri, or the path of its file.")],
    below: Annotated[
        bool, typer.Option("--below", help="The names are folders, there or gone: all that was below them.")
    ] = False,
    json: Json = False,
) -> None:
    """Remove documents and all that hangs on them.

    All that are named or, where one is not there, none. --json prints an object, of several a list.
    """
    session: Session = context.obj
    with session.open(encode=False) as memory:
        gone = _below(memory, uris) if below else _uris(memory, uris)
        memory.forget_all(gone)
    if json:
        shape = [{"uri": uri, "status": "forgotten"} for uri in gone]
        render.as_json(shape if below or len(uris) > 1 else shape[0])
        return
    for uri in gone:
        session.talk(f"forgotten: {render.named(uri)}")


def _uris(memory: Memory, names: list[str]) -> list[str]:
    """The uris of the documents named so, each once. Raises: DocumentNotFound naming all that are not there."""
    found, absent = [], []
    for name in names:
        try:
            found.append(by_uri(memory.get, name).uri)
        except DocumentNotFound:
            absent.append(repr(printable(name)))
    if absent:
        what = "there is no document" if len(absent) == 1 else "there are no documents"
        all_left = "nothing was forgotten; " if len(names) > 1 else ""
        raise DocumentNotFound(f"{what} {', '.join(absent)}", hint=f"{all_left}see what there is: vstash list")
    return list(dict.fromkeys(found))


def _below(memory: Memory, folders: list[str]) -> list[str]:
    """The uris of the documents below these folders, each once. Raises: DocumentNotFound where one never held any."""
    found: dict[str, None] = {}
    for folder in folders:
        held = memory.below(folder) if folder.strip() else []
        if not held:
            raise DocumentNotFound(
                f"there is no document below {printable(folder)!r}",
                hint="nothing was forgotten; see what there is: vstash list",
            )
        found |= dict.fromkeys(held)
    return list(found)


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
