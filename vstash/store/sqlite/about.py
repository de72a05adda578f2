"""What is there to say of the engine and of a file, for a person who wonders whether all is well?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vstash.store.sqlite import checked, quick, vectors
from vstash.store.sqlite.connection import connect, translated, value, writable
from vstash.store.sqlite.connection import versions as driver_versions
from vstash.store.sqlite.store import SqliteStore


def engine() -> dict[str, str]:
    """Versions by name. Raises: ExtensionMissing."""
    connection = connect(Path(":memory:"), create=True)
    try:
        return {**driver_versions(), "sqlite-vec": value(connection, "SELECT vec_version()")}
    finally:
        connection.close()


def describe(path: Path, *, busy_wait: float) -> dict[str, Any]:
    """Counts, sizes in bytes, the journal's mode and size, the space, what the fast check found wrong."""
    store = SqliteStore(path, create=False, busy_wait=busy_wait)
    try:
        log = path.with_name(path.name + "-wal")
        with store.reading(), translated(path):
            active = vectors.active(store.connection)
            return {
                **store.statistics(),
                "free": store.connection.pragma("freelist_count") * store.connection.pragma("page_size"),
                "journal": store.connection.pragma("journal_mode"),
                "checked": checked.last(store.connection),
                "writable": writable(store.connection),
                "log": log.stat().st_size if log.exists() else 0,
                "space": active and active[1],
                "findings": [finding for finding in quick.run(store.connection) if not finding.ok],
            }
    finally:
        store.close()
