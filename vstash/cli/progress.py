"""What is seen of an add: a bar while it runs, a line for each failure, a summary."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from vstash.cli.render import RED, counted, is_terminal, named, oneline, paint, talk

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


def add_failure(result: AddResult) -> None:
    """One line for a source that was not stored."""
    talk(f"{paint('failed', RED, sys.stderr)} {named(result.uri)}: {oneline(result.error or 'unknown reason')}")


def add_summary(results: Sequence[AddResult], took: float) -> None:
    """What became of all sources; `took` is in seconds."""
    counts = {name: sum(one.status == name for one in results) for name in STATUSES}
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "nothing to add"
    chunks = sum(one.chunks for one in results)
    talk(f"{said}: {counted(chunks, 'chunk')} in {took:.1f} s" if chunks else said)
