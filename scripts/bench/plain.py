"""How fast are plain sqlite-vec, FTS5 and RRF in one statement? `build FOLDER DB SIZE` or `search FOLDER DB N`."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import apsw
import measure
import numpy as np
import sqlite_vec
from material import load, slices
from numpy.typing import NDArray

SCHEMA = """
CREATE TABLE IF NOT EXISTS chunk (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    text, content = 'chunk', content_rowid = 'id', tokenize = 'porter'
);
CREATE VIRTUAL TABLE IF NOT EXISTS vectors USING vec0 (vector float[{dim}] distance_metric=cosine);
"""

SEARCH = """
WITH by_vector AS (
    SELECT rowid AS id, row_number() OVER (ORDER BY distance) AS rank
    FROM vectors WHERE vector MATCH ?1 AND k = 100
), by_word AS (
    SELECT id, row_number() OVER (ORDER BY score) AS rank
    FROM (SELECT rowid AS id, bm25(words) AS score FROM words WHERE words MATCH ?2 ORDER BY score LIMIT 100)
), fused AS (
    SELECT id, sum(1.0 / (60 + rank)) AS score
    FROM (SELECT * FROM by_vector UNION ALL SELECT * FROM by_word) GROUP BY id
)
SELECT chunk.id, fused.score, chunk.text FROM fused JOIN chunk USING (id) ORDER BY fused.score DESC LIMIT 5
"""


def connect(database: Path) -> apsw.Connection:
    """The file with sqlite-vec loaded and pages mapped."""
    connection = apsw.Connection(str(database))
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA mmap_size = 17179869184")
    return connection


def build(folder: Path, database: Path, size: int) -> dict[str, Any]:
    """Add up to `size` texts, a slice in a transaction."""
    material = load(folder)
    connection = connect(database)
    connection.execute(SCHEMA.format(dim=material.sample.shape[1]))
    [[first]] = connection.execute("SELECT coalesce(max(id), 0) FROM chunk")
    spent = 0.0
    for part in slices(material, size, first):
        begun = time.perf_counter()
        with connection:
            ids = [int(name.split(":")[1]) + 1 for name in part.names]
            rows = list(zip(ids, part.texts, strict=True))
            connection.executemany("INSERT INTO chunk (id, text) VALUES (?, ?)", rows)
            connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", rows)
            blobs = [(id_, vector.tobytes()) for id_, vector in zip(ids, part.vectors, strict=True)]
            connection.executemany("INSERT INTO vectors (rowid, vector) VALUES (?, ?)", blobs)
        spent += time.perf_counter() - begun
    connection.close()
    return {"added": size - first, "seconds": spent}


def search(folder: Path, database: Path, most: int) -> dict[str, Any]:
    """Warm searches for five, every word of the question OR-ed."""
    material = load(folder, questions_only=True)
    connection = connect(database)

    def ask(question: str, vector: NDArray[np.float32]) -> Mapping[str, float]:
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", question))
        connection.execute(SEARCH, (vector.tobytes(), words)).fetchall()
        return {}

    return measure.searches(ask, material.questions, material.asked, most)


if __name__ == "__main__":
    act = {"build": build, "search": search}[sys.argv[1]]
    measure.answer(act(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
