"""Options that several commands take, each said once."""

from __future__ import annotations

from typing import Annotated

import typer

Collection = Annotated[str, typer.Option(help="The collection it belongs to.")]
InCollection = Annotated[str | None, typer.Option("--collection", help="Only this collection.", show_default=False)]
Tags = Annotated[list[str] | None, typer.Option(help="A tag; give it several times for several.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
