"""Databases as older versions left them, and an upgrade of them beyond today's schema."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from vstash.store.sqlite.connection import connect, translated
from vstash.store.sqlite.migrate import Migration, migrate, shipped

FOLDER = Path(__file__).parents[1] / "fixtures" / "legacy"
FIXTURES = tuple(sorted(FOLDER.glob("schema-*.db.gz")))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
# What a migration may have to do: a column with values, an index over it, a table made anew beside the old one.
NEXT = Migration(
    len(shipped()) + 1,
    "next",
    """
    ALTER TABLE document ADD COLUMN language TEXT NOT NULL DEFAULT 'und';
    UPDATE document SET language = 'en' WHERE collection = 'default';
    CREATE INDEX document_language ON document (language);
    CREATE TABLE tag_new (name TEXT NOT NULL, document_id INTEGER NOT NULL REFERENCES document (id),
        PRIMARY KEY (document_id, name)) STRICT, WITHOUT ROWID;
    INSERT INTO tag_new SELECT name, document_id FROM tag;
    DROP TABLE tag;
    ALTER TABLE tag_new RENAME TO tag;
    """,
)
STEPS = (*shipped(), NEXT)


def unpacked(fixture: Path, folder: Path) -> Path:
    """The database of a fixture, in a folder of its own."""
    path = folder / "notes.db"
    path.write_bytes(gzip.decompress(fixture.read_bytes()))
    return path


def upgrade(path: Path, vfs: str | None, steps: Sequence[Migration]) -> None:
    """Bring a database to the last of the steps, as opening it does."""
    with translated(path):
        connection = connect(path, create=False, busy_wait=0.0, vfs=vfs)
        try:
            migrate(connection, steps, NOW)
        finally:
            connection.close()
