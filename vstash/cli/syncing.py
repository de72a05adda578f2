"""vstash sync."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from vstash.cli import render
from vstash.cli.app import FAILURE, Session
from vstash.cli.options import Collection, Exclude, Include, Json, Tags, said
from vstash.cli.progress import progress, sync_line, sync_summary, trouble
from vstash.errors import DatabaseNotFound
from vstash.types import AddResult

if TYPE_CHECKING:
    from vstash.memory import Memory
    from vstash.sync import Comparison


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(sync)


def sync(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The folder that the memory should equal.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    include: Include = None,
    exclude: Exclude = None,
    collection: Collection = None,
    tag: Tags = None,
    json: Json = False,
) -> None:
    """Make the memory equal to a folder: new, changed, moved and deleted files."""
    from vstash.sync import rehearse

    session: Session = context.obj
    started = time.perf_counter()
    with _as_it_is(session) if dry_run else session.open(create=True) as memory:
        compared = memory.compare(
            folder, collection=collection, tags=said(tag), include=include or (), exclude=exclude or ()
        )
        results: dict[str, AddResult] = {}
        with progress(len(compared.changes), quiet=session.quiet) as advance:
            for done in rehearse(compared) if dry_run else memory.sync(compared):
                if isinstance(done, AddResult):
                    results[done.uri] = done
                    advance(done)
    _report(compared, results, session, json)
    if not session.quiet:
        sync_summary(_statuses(compared, results), time.perf_counter() - started, dry_run=dry_run)
    if any(result.status == "failed" for result in results.values()) or compared.of("fail"):
        raise typer.Exit(FAILURE)


def _as_it_is(session: Session) -> Memory:
    """The memory to compare with; an empty one where none is yet, as the first sync would make it."""
    from vstash.memory import Memory

    try:
        return session.open(encode=False)
    except DatabaseNotFound as error:
        if session.settings.db.expanduser().exists():  # it may have lost what it held
            raise
        session.talk(str(error))
    return Memory.open(":memory:", encoder=None).within(session.settings)


def _statuses(compared: Comparison, results: dict[str, AddResult]) -> list[tuple[str, str, str, str | None]]:
    """(status, uri, where it was, error) of each file."""
    from vstash.sync import DONE

    found = []
    for change in compared.changes:
        result = results.get(change.uri)
        failed = change.action == "fail" or (result is not None and result.status == "failed")
        overtaken = change.action in ("add", "change") and result is not None and result.status == "unchanged"
        status = "failed" if failed else "unchanged" if overtaken else DONE[change.action]
        found.append((status, change.uri, change.old, (result and result.error) or change.error or None))
    return found


def _report(compared: Comparison, results: dict[str, AddResult], session: Session, json: bool) -> None:
    rows = _statuses(compared, results)
    if json:
        render.as_json(
            [{"uri": uri, "status": status, "old": old or None, "error": error} for status, uri, old, error in rows]
        )
        return
    for status, uri, old, error in rows:
        if session.quiet and status == "failed":
            trouble(status, uri, error or "")
        elif status != "unchanged" and not session.quiet:
            sync_line(status, uri, old, error)
