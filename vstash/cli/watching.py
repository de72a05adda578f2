"""vstash watch."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from vstash.arguments import paths
from vstash.cli import render
from vstash.cli.app import INTERRUPTED, Session
from vstash.cli.options import Collection, Exclude, Include, Tags, said
from vstash.cli.progress import sync_line, trouble
from vstash.errors import InputError

if TYPE_CHECKING:
    from vstash.watch.follow import News

TERMINATED = 143  # 128 + SIGTERM, as shells have it
BUSY_WAIT = 2.0  # seconds: a watch tries again, and should not keep whoever ends it waiting


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(watch)


def watch(
    context: typer.Context,
    folders: Annotated[list[str], typer.Argument(metavar="FOLDER", help="Folders; they may come into being later.")],
    include: Include = None,
    exclude: Exclude = None,
    collection: Collection = None,
    tag: Tags = None,
) -> None:
    """Keep the memory equal to folders while they change, until Ctrl-C."""
    from vstash.watch import events
    from vstash.watch.follow import Choice, always, outermost

    session: Session = context.obj
    named = [Path(one) for one in paths(folders)]
    for folder in named:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is no folder", hint="name a folder; for a single file: vstash add")
    choice = Choice(collection, said(tag), include or (), exclude or ())
    tops = outermost(named)
    opened = partial(session.open, create=True, busy_wait=BUSY_WAIT)
    with _ended() as signals:
        try:
            for news in always(opened, tops, events.batches(tops, session.talk), choice):
                _tell(news, session)
        except KeyboardInterrupt:
            session.talk("stopped; run it again to go on from here")
            raise SystemExit(TERMINATED if signals else INTERRUPTED) from None  # an Exit with the latter is an error


@contextmanager
def _ended() -> Iterator[list[int]]:
    """While inside, SIGTERM ends things as Ctrl-C does, and is noted; SIGINT too where a shell in the background
    has it ignored."""
    noted: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def _tell(news: News, session: Session) -> None:
    if news.status == "current":
        session.talk(f"watching {render.named(news.uri)}, Ctrl-C ends it")
    elif news.status in ("failed", "delayed"):
        trouble(news.status, news.uri, news.error)
    elif not session.quiet:
        sync_line(news.status, news.uri, news.old, None)
