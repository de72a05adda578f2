"""How does a copy of a database come to a name? Written beside it and verified, so that the name never stands for half
a copy, nor for a database without its log: at every moment it is the old one or the new one, whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vstash.errors import StoreCorrupt
from vstash.extras import later
from vstash.store.sqlite.connection import Connection, absent, connect, copy, discard, fold, translated

if TYPE_CHECKING:
    from vstash import claims
else:  # what a search does without
    claims = later("vstash.claims")


def replicate(
    source: Connection,
    target: Path,
    verify: Callable[[Connection], object],
    yielding: Callable[[Path], object] | None = None,
) -> None:
    """Make `target` a copy of what `source` holds now, once `verify` has raised nothing of it. `yielding` is done to
    what has the name when the copy is ready to take it. Raises: StoreError."""
    with claims.publishing(target) as partial:
        with translated(target):
            written = connect(partial, create=True, vfs=source.open_vfs)
            try:
                copy(source, written)
                verify(written)
            except BaseException:
                discard(written)
                raise
            written.close()
        if yielding:
            yielding(target)
        _settle(target, source)
        for suffix in claims.JOURNALS:  # of another database that had this name: not to be played into this one
            target.with_name(target.name + suffix).unlink(missing_ok=True)


def _settle(target: Path, source: Connection) -> None:
    """Let SQLite bring what the journals of a database hold into its file, so that they may go before it does."""
    journals = (target.with_name(target.name + suffix) for suffix in ("-wal", "-journal"))
    if absent(target) or all(map(absent, journals)):
        return
    with suppress(StoreCorrupt), translated(target):  # of what is no database, nothing can be brought in
        opened = connect(target, create=False, busy_wait=source.pragma("busy_timeout") / 1000, vfs=source.open_vfs)
        try:
            fold(opened)
        finally:
            discard(opened)
