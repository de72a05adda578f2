"""What is seen of an add: a bar while it runs, a line for each failure, a summary."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from vstash.cli.render import RED, counted, is_terminal, line, named, oneline, paint, talk

if TYPE_CHECKING:
    from vstash.types import AddResult

STATUSES = ("added", "replaced", "unchanged", "failed")


class Advance(Protocol):
    """Moves the bar on by one source."""

    def __call__(self, result: AddResult) -> None:
        """One more is done."""


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Advance]:
    """A bar with rate and time left while `total` sources are added, on a terminal only."""
    if quiet or not is_terminal(sys.stderr):
        yield lambda result: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("adding"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, rate="")
        chunks = 0

        def advance(result: AddResult) -> None:
            nonlocal chunks
            chunks += result.chunks
            elapsed = bar.tasks[0].elapsed or 0.0
            bar.update(task, advance=1, rate=f"{chunks / elapsed:,.0f} chunks/s" if elapsed else "")

        yield advance


@contextmanager
def steps(doing: str, *, quiet: bool) -> Iterator[Callable[[str], object]]:
    """Tells which step of a long command is running, on a terminal only."""
    if quiet or not is_terminal(sys.stderr):
        yield str
        return
    from rich.console import Console

    with Console(stderr=True).status(doing) as status:
        yield lambda name: status.update(f"{doing} {name.replace('_', ' ')}")


def add_failure(result: AddResult) -> None:
    """One line for a source that was not stored."""
    trouble("failed", result.uri, result.error or "unknown reason")


def trouble(status: str, uri: str, error: str) -> None:
    """One line for what could not be done with a file or folder."""
    talk(f"{paint(status, RED, sys.stderr)} {named(uri)}: {oneline(error)}")


def add_summary(results: Sequence[AddResult], took: float) -> None:
    """What became of all sources; `took` is in seconds."""
    counts = {name: sum(one.status == name for one in results) for name in STATUSES}
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "nothing to add"
    chunks = sum(one.chunks for one in results)
    talk(f"{said}: {counted(chunks, 'chunk')} in {took:.1f} s" if chunks else said)


def sync_line(status: str, uri: str, old: str, error: str | None) -> None:
    """One file that was not as the memory had it."""
    came = f"  (was {named(old)})" if old else ""
    line(f"{status:9} {named(uri)}{came}{f': {oneline(error)}' if error else ''}")


def sync_summary(rows: Sequence[tuple[str, str, str, str | None]], took: float, *, dry_run: bool) -> None:
    """What became of a folder; `took` is in seconds."""
    order = ("added", "replaced", "moved", "deleted", "unchanged", "failed")
    counts = {name: sum(status == name for status, *_ in rows) for name in order}
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "nothing there"
    talk(f"{'would be: ' if dry_run else ''}{said}, {took:.1f} s")
