"""Which migrations a database still needs, and applying them, all or none.

A migration is a file NNNN_name.sql, numbered without gaps. Its SHA-256 is recorded in the transaction
that applies it, so that an edited file is noticed before it can do harm.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from vstash.errors import ForeignFile, MigrationChanged, SchemaTooNew, StoreError
from vstash.store.sqlite.connection import (
    APPLICATION_ID,
    Connection,
    path_of,
    rows,
    use_wal,
    value,
    writing,
)
from vstash.store.sqlite.replica import replicate

_NAME = re.compile(r"(\d{4})_(\w+)\.sql")
_SHIPPED = Path(__file__).parents[2] / "_migrations"  # in the wheel
_CHECKOUT = Path(__file__).parents[3] / "migrations" / "sqlite"  # in the repository

_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    number     INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    applied_at TEXT NOT NULL
) STRICT
"""


class Migration(NamedTuple):
    """One step of the schema: `number` is the version it leads to."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Of the SQL as UTF-8, in hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def shipped(folder: Path | None = None) -> tuple[Migration, ...]:
    """The migrations of this installation, in order. Raises: StoreError when a number is missing."""
    folder = folder or (_SHIPPED if _SHIPPED.is_dir() else _CHECKOUT)
    found = [
        Migration(int(named[1]), named[2], path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.sql"))
        if (named := _NAME.fullmatch(path.name))
    ]
    if not found or [step.number for step in found] != list(range(1, len(found) + 1)):
        raise StoreError(f"{folder} does not hold migrations 0001 to 000N", hint="reinstall vstash")
    return tuple(found)


def version(connection: Connection) -> int:
    """The schema version of the file; 0 for a new one. Raises: ForeignFile for a file that is not ours."""
    found = connection.pragma("user_version")
    filled = found or value(connection, "SELECT count(*) FROM sqlite_schema")
    # asked for last: another process may be making the file
    if filled and connection.pragma("application_id") != APPLICATION_ID:
        raise ForeignFile(
            f"{path_of(connection)} is another program's SQLite database",
            hint="check the path, or choose another with --db",
        )
    return int(found)


def pending(connection: Connection, steps: Sequence[Migration]) -> tuple[Migration, ...]:
    """The steps not yet applied. Reads only.

    Raises: SchemaTooNew, MigrationChanged, StoreCorrupt.
    """
    current = version(connection)
    if current > len(steps):
        raise SchemaTooNew(
            f"{path_of(connection)} has schema {current}, this vstash knows up to {len(steps)}",
            hint="upgrade it: pip install --upgrade vstash",
        )
    recorded = rows(connection, "SELECT number, sha256 FROM migration ORDER BY number") if current else []
    for step, (number, sha256) in zip(steps, recorded, strict=False):
        if step.number != number or step.sha256 != sha256:
            raise MigrationChanged(
                f"migration {number:04} of {path_of(connection)} is not the shipped {step.number:04}_{step.name}",
                hint="reinstall the vstash that made the database, then upgrade",
            )
    return tuple(steps[current:])


def migrate(connection: Connection, steps: Sequence[Migration], now: datetime) -> None:
    """Bring the database to the newest schema, in one transaction. Raises: StoreError."""
    if not pending(connection, steps):
        return
    if version(connection) == 0:
        use_wal(connection)
    else:
        _side_copy(connection)
    with writing(connection):
        for step in pending(connection, steps):  # asked again: another process may have been faster
            connection.execute(step.sql)
            connection.execute(_TABLE)
            connection.execute(
                "INSERT INTO migration (number, name, sha256, applied_at) VALUES (?, ?, ?, ?)",
                (step.number, step.name, step.sha256, now.isoformat(timespec="microseconds")),
            )
            connection.pragma("user_version", step.number)
            connection.pragma("application_id", APPLICATION_ID)


def _side_copy(connection: Connection) -> None:
    """A copy beside the file, so that an upgrade which went wrong can be undone by hand."""
    path = path_of(connection)
    kept = path.with_name(f"{path.name}.schema-{version(connection)}")
    if not kept.exists():
        replicate(connection, kept, version)
