"""When was the file last checked whole, and how did that end? Kept in the file, so that it goes where the file goes."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

from vstash.store.sqlite.connection import Connection, Damaged, Locked, NoRoom, Unwritable, at_once, value, writing
from vstash.types import Report

KEY = "checked"  # in the table meta


def note(connection: Connection, report: Report) -> None:
    """Keep it, unless that cannot be done at once; a file with broken pages is not written to."""
    wrong = [finding.check for finding in report.findings if not finding.ok]
    if "sqlite" in wrong:
        return
    kept = json.dumps({"at": report.started.isoformat(timespec="seconds"), "took": report.took, "wrong": wrong})
    with suppress(*Damaged, Locked, NoRoom, *Unwritable), at_once(connection), writing(connection):
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (KEY, kept))


def last(connection: Connection) -> dict[str, Any] | None:
    """`at`, a time in UTC, `took` in seconds and `wrong`, the names of the checks that failed; None when never."""
    try:
        kept = value(connection, "SELECT value FROM meta WHERE key = ?", (KEY,))
        found: dict[str, Any] = json.loads(kept or "null")
        return found and {**found, "at": datetime.fromisoformat(found["at"])}
    except (*Damaged, ValueError, KeyError, TypeError):
        return None
