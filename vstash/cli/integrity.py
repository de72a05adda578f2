"""vstash check, vstash config."""

from __future__ import annotations

from typing import Annotated

import typer

from vstash.cli import render
from vstash.cli.app import FINDINGS, Session
from vstash.cli.options import Json


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
    """Verify everything that is stored; exits with 4 when something is wrong."""
    session: Session = context.obj
    with session.open(encode=False) as memory:
        found = memory.check(repair=repair, fast=fast)
    if json:
        render.as_json(render.report_json(found))
    elif not session.quiet or not found.ok:
        render.report(found)
    if not found.ok:
        raise typer.Exit(FINDINGS)


def config(context: typer.Context, json: Json = False) -> None:
    """Show the settings in force and where they can be changed."""
    from vstash.config import user_file

    session: Session = context.obj
    settings = session.settings
    values = {**settings.model_dump(mode="json"), "file": str(user_file())}
    if json:
        render.as_json(values)
        return
    for name, value in values.items():
        render.line(f"{name:12} {render.oneline(str(value))}")
