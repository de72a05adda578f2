"""Options that several commands take, each said once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from vstash.errors import DocumentNotFound
from vstash.names import before_marks, printable, uri_of

if TYPE_CHECKING:
    from vstash.memory import Memory

Collection = Annotated[
    str | None,
    typer.Option(
        "--collection",
        metavar="NAME",
        help="The collection it belongs to; without, its own or default.",
        show_default=False,
    ),
]
InCollection = Annotated[
    str | None, typer.Option("--collection", metavar="NAME", help="Only this collection.", show_default=False)
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag", metavar="NAME", help="A tag to give it in place of its own; repeat for several, '' for none."
    ),
]
WithTags = Annotated[
    list[str] | None, typer.Option("--tag", metavar="NAME", help="Only what has this tag; repeat for several.")
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="KEY=VALUE", help="Only what has this in its metadata; repeat for several."),
]
InDocument = Annotated[
    str | None,
    typer.Option(
        "--in", metavar="URI", help="Only this document: its uri, or the path of its file.", show_default=False
    ),
]
Uri = Annotated[str, typer.Argument(metavar="URI", help="The document's uri, or the path of its file.")]
InMode = Annotated[str, typer.Option("--mode", metavar="MODE", help="hybrid, keyword or vector.")]
Fusion = Annotated[
    str | None,
    typer.Option("--fusion", metavar="FUSION", help="gated, zscore, rrf or adaptive.", show_default=False),
]
Include = Annotated[
    list[str] | None, typer.Option("--include", metavar="PATTERN", help="Only files like this, as in .gitignore.")
]
Exclude = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="PATTERN", help="No files like this, as in .gitignore.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]

Value = TypeVar("Value")


def said(tags: list[str] | None) -> list[str] | None:
    """The tags to give; None where none are named, and none where an empty name is all."""
    return [] if tags == [""] else tags or None


def by_uri(use: Callable[[str], Value], name: str) -> Value:
    """Use a document by its uri or, when there is none, by the path of its file as seen from here, or by that of the
    file it came in, "#" and its own name.

    Raises: DocumentNotFound for the name as it was given.
    """
    first = printable(name)
    try:
        return use(first)
    except DocumentNotFound as missing:
        for uri in _by_path(name):
            with suppress(DocumentNotFound):
                return use(uri)
        raise missing


def _by_path(name: str) -> Iterator[str]:
    """The uris that a name may mean which begins with a path."""
    for path in (name, *before_marks(name)):
        if os.path.exists(path):  # noqa: PTH110  (a Path would drop a trailing slash, and fails on a null)
            yield uri_of(os.path.abspath(path)) + printable(name[len(path) :])  # noqa: PTH100  (as in walk)


def holds(memory: Memory, name: str) -> bool:
    """Whether there is a document with this uri."""
    try:
        memory.get(name)
    except DocumentNotFound:
        return False
    return True
