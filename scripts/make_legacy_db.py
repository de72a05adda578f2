"""Write tests/fixtures/legacy/schema-NNNN.db.gz, a small database of the newest schema, for the tests of upgrades.

Run it when a migration is added, and again while the newest one is not released yet; older files are never made
anew: they stand for what people have on their disks.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from vstash import HashEncoder, Memory
from vstash.store.sqlite.migrate import shipped

FOLDER = Path(__file__).parents[1] / "tests" / "fixtures" / "legacy"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
BIRDS = ("heron", "stork", "crane", "ibis")


def legacy() -> bytes:
    """A database with documents of one and of several passages, tags, two collections, and one forgotten again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notes.db"
        with Memory.open(path, encoder=HashEncoder(32), now=lambda: NOW) as memory:
            for bird in BIRDS:
                memory.remember(f"the grey {bird} stands in the reed", uri=f"{bird}:short", tags=["bird"])
                long = f"# The {bird}\n\n" + f"the {bird} flies over the sea. " * 80
                memory.add_bytes(long.encode(), f"{bird}.md", collection="long")
            memory.forget("ibis:short")
        return path.read_bytes()


if __name__ == "__main__":
    target = FOLDER / f"schema-{len(shipped()):04}.db.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(legacy(), mtime=0))
    sys.stdout.write(f"{target.name}: {target.stat().st_size:,} bytes\n")
