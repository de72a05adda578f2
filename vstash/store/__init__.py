"""Where documents, words and vectors are kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from vstash.store.base import Store


def open_store(path: str | os.PathLike[str], *, create: bool, busy_wait: float, now: Callable[[], datetime]) -> Store:
    """The store at a path; ":memory:" is one that ends with the process. Raises: StoreError, DatabaseNotFound."""
    if os.fspath(path) == ":memory:":
        from vstash.store.memory import MemoryStore

        return MemoryStore()
    from vstash.store.sqlite.store import SqliteStore

    named = Path(os.path.expanduser(path))  # noqa: PTH111  (which raises for the home of nobody)
    return SqliteStore(named, create=create, busy_wait=busy_wait, clock=now)


def restore(source: Path, target: Path, *, force: bool, busy_wait: float) -> None:
    """Make the file `target` what the backup `source` holds. Raises: InputError, StoreError."""
    from vstash.store.sqlite.backup import restore as put_back

    put_back(source, target, force=force, busy_wait=busy_wait)


def engine() -> dict[str, str]:
    """The versions of what keeps the file. Raises: ExtensionMissing."""
    from vstash.store.sqlite.about import engine as versions

    return versions()


def describe(path: Path, *, busy_wait: float) -> dict[str, Any]:
    """What can be told of a file in seconds: counts, sizes in bytes, journal, space and the findings of the
    fast check. Raises: DatabaseNotFound, StoreError."""
    from vstash.store.sqlite.about import describe as look

    return look(path, busy_wait=busy_wait)
