"""vstash check, vstash config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vstash.cli import render, shapes, show
from vstash.cli.app import FINDINGS, Session
from vstash.cli.options import Json
from vstash.cli.progress import steps
from vstash.errors import ForeignFile, StoreCorrupt
from vstash.names import printable

if TYPE_CHECKING:
    from vstash.types import Report


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(check)
    app.command()(config)


def check(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Rebuild what is derived from the documents.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Compare counts and keys only: seconds, not minutes.")] = False,
    json: Json = False,
) -> None:
    """Verify everything that is stored.

    Exits with 4 when something is wrong.
    """
    session: Session = context.obj
    advice = ""
    try:
        with session.open(encode=False) as memory, steps("checking", quiet=session.quiet) as step:
            found = memory.check(repair=repair, fast=fast, report=step)
    except ForeignFile:
        raise
    except StoreCorrupt as error:  # too damaged to be looked at any further
        found, advice = _too_damaged(error), error.hint
    if json:
        render.as_json(shapes.report(found))
    elif not session.quiet or not found.ok:
        show.report(found, repaired=repair, advice=advice)
    if not found.ok:
        raise typer.Exit(FINDINGS)


def _too_damaged(error: StoreCorrupt) -> Report:
    from datetime import UTC, datetime

    from vstash.types import Finding, Report

    return Report((Finding("sqlite", ok=False, count=1, sample=(str(error),)),), datetime.now(UTC), 0.0, 0)


def config(context: typer.Context, json: Json = False) -> None:
    """Show the settings in force and where they can be changed."""
    from vstash.config import cache_folder, numbers, user_file

    settings = context.obj.settings
    values = {
        "db": printable(str(settings.db)),
        "encoder": settings.encoder,
        "busy_wait": settings.busy_wait,
        **numbers(settings),
        "file": printable(str(user_file())),
        "cache": printable(str(cache_folder())),
    }
    if json:
        render.as_json(values)
        return
    for name, value in values.items():
        render.line(f"{name:12} {render.oneline(str(value))}")
