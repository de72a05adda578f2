"""What is seen from outside: the wall time of whole commands, and the bytes of a file against what it must hold."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import measure

REPEATS = 5
ALLOWED = 1.25  # bytes for each byte of text, vector and sign code, see the formula of `disk`


def start(root: Path, database: Path | None, question: str) -> dict[str, float]:
    """The wall time of a search, or of --help without a database, as a fresh process: the first and the median, ms.

    Raises: RuntimeError when it fails.
    """
    rest = ["--help"] if database is None else ["--db", str(database), "search", question]
    environment = {**os.environ, "PYTHONPATH": str(root)}

    def run() -> None:
        command = [sys.executable, "-m", "vstash", *rest]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=root)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[1:])} failed: {' '.join(done.stderr.split())}")

    took = [measure.timed(run) for _ in range(REPEATS)]
    return {"first": took[0], "p50": statistics.median(took)}


def disk(database: Path) -> dict[str, Any]:
    """Bytes a chunk: of the file, of its parts, and allowed: 1.25 × (text + 4 · dim + dim / 8) + the pages of
    the FTS index."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    [[chunks, text]] = connection.execute("SELECT count(*), sum(length(CAST(text AS BLOB))) FROM chunk")
    [[dim]] = connection.execute("SELECT dim FROM space WHERE active = 1")
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE name GLOB 'chunk_fts_*'").fetchall()
    index = sum(connection.execute("SELECT sum(pgsize) FROM dbstat WHERE name = ?", table).get for table in tables)
    must = text / chunks + 4 * dim + dim / 8
    parts = {"text": text / chunks, "vector": 4.0 * dim, "code": dim / 8, "fts": index / chunks}
    whole = database.stat().st_size / chunks
    return {"file": whole, **parts, "allowed": ALLOWED * must + index / chunks, "chunks": chunks}
