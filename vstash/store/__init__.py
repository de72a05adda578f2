"""Where documents, words and vectors are kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from vstash.store.base import Store


def open_store(path: str | os.PathLike[str], *, create: bool, busy_wait: float, now: Callable[[], datetime]) -> Store:
    """The store at a path; ":memory:" is one that ends with the process. Raises: StoreError, DatabaseNotFound."""
    if os.fspath(path) == ":memory:":
        from vstash.store.memory import MemoryStore

        return MemoryStore()
    from vstash.store.sqlite.store import SqliteStore

    return SqliteStore(Path(path).expanduser(), create=create, busy_wait=busy_wait, clock=now)
