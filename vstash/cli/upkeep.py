"""vstash compact, vstash reindex, vstash doctor."""

from __future__ import annotations

import sys

import typer

from vstash.cli import render
from vstash.cli.app import FAILURE, Session
from vstash.cli.options import Json


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(compact)
    app.command()(reindex)
    app.command()(doctor)


def compact(context: typer.Context, json: Json = False) -> None:
    """Give the space of what was forgotten back to the file system."""
    session: Session = context.obj
    with session.open(encode=False) as memory:
        before = memory.stats()["bytes"]
        memory.compact()
        after = memory.stats()["bytes"]
    if json:
        render.as_json({"before": before, "after": after})
    elif not session.quiet:
        render.talk(f"{before / 2**20:,.1f} MiB before, {after / 2**20:,.1f} MiB now")


def reindex(context: typer.Context, json: Json = False) -> None:
    """Change the memory over to the encoder named with --encoder; searches go on, and it can be interrupted."""
    from vstash.memory import Memory

    session: Session = context.obj
    settings = session.settings
    with Memory.open(settings.db, encoder=None, create=False, busy_wait=settings.busy_wait) as memory:
        total = memory.stats()["chunks"]
        seen = sys.stderr.isatty() and not session.quiet
        done = memory.reindex(
            settings.encoder, report=lambda count: render.talk(f"{count:,} of {total:,}") if seen else None
        )
    if json:
        render.as_json({"encoder": done.after.id, "chunks": done.chunks, "took_ms": round(done.took * 1000, 3)})
    elif not session.quiet:
        encoded = f"{render.counted(done.chunks, 'chunk')} encoded in {done.took:.1f} s"
        render.talk(f"the encoder is {done.after.model} now: {encoded}")


def doctor(context: typer.Context, json: Json = False) -> None:
    """Say whether this installation and this file are healthy, and what to do next."""
    from vstash.doctor import examine

    session: Session = context.obj
    found = examine(session.settings)
    if json:
        render.as_json(found.as_dict())
    else:
        for one in found.facts:
            render.line(f"{'ok ' if one.ok else 'BAD'}  {one.name:12} {render.oneline(one.said)}")
        render.line(f"next: {render.oneline(found.advice)}")
    if not found.ok:
        raise typer.Exit(FAILURE)
