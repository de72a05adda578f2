"""How does a copy of a database come to a name? Written beside it and verified, so that the name never stands for half
a copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vstash import publish
from vstash.store.sqlite.connection import Connection, connect, copy, discard, translated


def replicate(source: Connection, target: Path, verify: Callable[[Connection], object]) -> None:
    """Make `target` a copy of what `source` holds now, once `verify` has raised nothing of it. Raises: StoreError."""
    partial = publish.beside(target)
    try:
        with translated(target):
            written = connect(partial, create=True, vfs=source.open_vfs)
            try:
                copy(source, written)
                verify(written)
            except BaseException:
                discard(written)
                raise
            written.close()
        _remove_log(target)  # of another database that had this name: it must not be played into this one
        publish.rename(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        _remove_log(partial)
        raise


def _remove_log(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
