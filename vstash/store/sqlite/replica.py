"""How does a copy of a database come to a name? Written beside it and verified, so that the name never stands for half
a copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vstash.extras import later
from vstash.store.sqlite.connection import Connection, connect, copy, discard, translated

if TYPE_CHECKING:
    from vstash import claims
else:  # what a search does without
    claims = later("vstash.claims")


def replicate(source: Connection, target: Path, verify: Callable[[Connection], object]) -> None:
    """Make `target` a copy of what `source` holds now, once `verify` has raised nothing of it. Raises: StoreError."""
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
        for suffix in ("-wal", "-shm"):  # of another database that had this name: they must not be played into this one
            target.with_name(target.name + suffix).unlink(missing_ok=True)
