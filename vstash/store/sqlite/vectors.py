"""Vectors: one ordinary table for each space, float32 blobs of unit length, compared in SQL or in NumPy.

Not a vec0 virtual table: its top-k is O(n·k), stops at 4096, cannot be filtered beforehand and keeps
the space of deleted rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vstash.errors import BadVectors
from vstash.store.sqlite import codes, pieces
from vstash.store.sqlite.best import best
from vstash.store.sqlite.connection import Connection, NoBlob, rows, value
from vstash.store.sqlite.filters import chunk_ids, condition, stamp
from vstash.store.sqlite.recent import Recent
from vstash.store.sqlite.scan import Scanner
from vstash.types import Arm, Ranking, Space

if TYPE_CHECKING:
    from vstash.filters import Filter

Vectors = NDArray[np.float32]

_COLUMNS = "id, name, model, dim, max_tokens, fingerprint, noise"
PART = 4  # of the vectors that may be compared exactly one in so many is first
OVERSCAN = 4  # codes taken by their bits for each that is compared exactly; four times more for each widening
_UNIT = 1e-3  # how far a length may be from 1


def active(connection: Connection) -> tuple[int, Space] | None:
    """The space that searches use, with its number; None before the first document."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM space WHERE active = 1").fetchone()
    return None if row is None else _space(row)


def spaces(connection: Connection) -> list[tuple[int, Space]]:
    """Every space in the file, with its number."""
    return [_space(row) for row in rows(connection, f"SELECT {_COLUMNS} FROM space ORDER BY id")]


def _space(row: Sequence[Any]) -> tuple[int, Space]:
    number, name, model, dim, max_tokens, fingerprint, noise = row
    known = tuple(json.loads(noise)) if noise else None
    return number, Space(name, model, dim, max_tokens, fingerprint, known)


def create(connection: Connection, space: Space, now: datetime) -> int:
    """Register a space and make its tables; its number."""
    connection.execute(
        "INSERT INTO space (name, model, dim, max_tokens, fingerprint, noise, active, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, NOT EXISTS (SELECT 1 FROM space WHERE active = 1), ?)",
        (
            space.id,
            space.model,
            space.dim,
            space.max_tokens,
            space.fingerprint,
            space.noise and json.dumps(space.noise),
            stamp(now),
        ),
    )
    number = connection.last_insert_rowid()
    make_tables(connection, number)
    return number


def make_tables(connection: Connection, number: int) -> None:
    """The tables of a space, those that are not there."""
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS vector_{number} (chunk_id INTEGER PRIMARY KEY REFERENCES chunk (id),"
        " key BLOB NOT NULL, vector BLOB NOT NULL) STRICT;"
        f"CREATE INDEX IF NOT EXISTS vector_{number}_key ON vector_{number} (key);"
        f"{codes.SCHEMA.format(number)};{pieces.SCHEMA.format(number)}"
    )


def insert(connection: Connection, number: int, ids: Sequence[int], keys: Sequence[bytes], vectors: Vectors) -> None:
    """Store one vector for each chunk."""
    connection.executemany(
        f"INSERT INTO vector_{number} (chunk_id, key, vector) VALUES (?, ?, ?)",
        [(id_, key, vector.tobytes()) for id_, key, vector in zip(ids, keys, vectors, strict=True)],
    )


def delete(connection: Connection, number: int, ids: Sequence[int]) -> None:
    """Remove the vectors of these chunks."""
    connection.execute(
        f"DELETE FROM vector_{number} WHERE chunk_id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )


def by_key(connection: Connection, number: int, keys: Iterable[bytes]) -> dict[bytes, Vectors]:
    """Vectors already there, by the digest of what was encoded."""
    found = {}
    for key in keys:
        blob = value(connection, f"SELECT vector FROM vector_{number} WHERE key = ? LIMIT 1", (key,))
        if blob is not None:
            found[key] = np.frombuffer(blob, np.float32)
    return found


def nearest(connection: Connection, number: int, vector: Vectors, pool: int, rule: Filter | None) -> Ranking:
    """The `pool` chunks of largest cosine among all that pass, exactly; ties by chunk id."""
    where, bindings = "", list[object]()
    if rule is not None:
        inner, bindings = chunk_ids(rule)
        where = f" WHERE chunk_id IN ({inner})"
    found = rows(
        connection,
        # a vector without length, which no put lets in, has no distance: as far away as can be
        f"SELECT chunk_id, coalesce(vec_distance_cosine(vector, ?), 2.0) AS distance FROM vector_{number}{where}"
        " ORDER BY distance, chunk_id LIMIT ?",
        (vector.tobytes(), *bindings, pool),
    )
    return Ranking.of("vector", [(id_, 1.0 - distance) for id_, distance in found])


def nearest_by_codes(
    connection: Connection, number: int, scanner: Scanner, vector: Vectors, arm: Arm, rule: Filter | None
) -> Ranking:
    """The `pool` chunks of largest cosine among those whose sign codes come nearest; ties by chunk id.

    Of the codes that differ in the fewest bits (OVERSCAN times as many as wanted) up to `rescore` that agree best
    with the vector are compared exactly: a part of them, and then those that may still belong to the best by what
    agreement has meant in that part. With a filter more codes are taken until enough chunks pass.
    """
    scanner.refresh(connection)
    wanted = OVERSCAN * arm.rescore
    while True:
        ids, found = scanner.nearest(vector, wanted)
        exhausted = len(ids) < wanted or wanted >= len(scanner)
        if rule is not None:
            keep = np.isin(ids, passing(connection, ids.tolist(), rule))
            ids, found = ids[keep], found[:, keep]
        if exhausted or len(ids) >= (arm.rescore if rule is not None else 0):
            break
        wanted *= OVERSCAN
    agreement = codes.agreement(found, vector)
    ids, agreement = best(ids, agreement, arm.rescore)
    first = max(2 * arm.pool, arm.rescore // PART)
    cosine = known(connection, number, scanner.recent, ids[:first], vector)
    reach = codes.promising(agreement, cosine, arm.pool)
    if reach > first:
        cosine = np.concatenate([cosine, known(connection, number, scanner.recent, ids[first:reach], vector)])
    ids = ids[: len(cosine)]
    there = ~np.isnan(cosine)
    ids, cosine = best(ids[there], cosine[there], arm.pool)
    return Ranking.of("vector", zip(ids.tolist(), cosine.tolist(), strict=True))


def known(
    connection: Connection, number: int, recent: Recent, ids: NDArray[np.int64], vector: Vectors
) -> NDArray[np.float32]:
    """The cosine of each chunk with the vector, in the order asked for; NaN where there is no vector."""
    places, matrix = recent.read(ids.tolist(), lambda some, into: fill(connection, number, some, into))
    found = dots(matrix.take(places, axis=0, mode="clip"), vector)
    found[places < 0] = np.nan
    return found


def passing(connection: Connection, ids: Sequence[int], rule: Filter) -> list[int]:
    """Which of these chunks belong to a document that passes."""
    sql, bindings = condition(rule)
    found = rows(
        connection,
        # in this order: from the documents of a collection SQLite would go through all that is asked for each
        "SELECT chunk.id FROM json_each(?) AS asked CROSS JOIN chunk ON chunk.id = asked.value"
        f" CROSS JOIN document ON document.id = chunk.document_id WHERE document.retired_at IS NULL AND {sql}",
        (json.dumps(list(ids)), *bindings),
    )
    return [id_ for (id_,) in found]


def read(connection: Connection, number: int, ids: Sequence[int], dim: int) -> tuple[list[int], Vectors]:
    """The vectors of these chunks: the ids found, ascending, and shape (found, dim)."""
    matrix = np.empty((len(ids), dim), np.float32)
    found = fill(connection, number, sorted(ids), matrix)
    return found, matrix[: len(found)]


def fill(connection: Connection, number: int, ids: Sequence[int], into: Vectors) -> list[int]:
    """Read the vectors of these chunks, ascending, into the first rows of a matrix; the ids found."""
    if not ids or _filled(connection, number, ids, into):
        return list(ids)
    found = rows(
        connection,
        # joined, not IN: SQLite would first put the ids into a tree of its own
        f"SELECT chunk_id, vector FROM json_each(?) AS asked CROSS JOIN vector_{number} ON chunk_id = asked.value"
        " WHERE length(vector) = ?",
        (json.dumps(ids), 4 * into.shape[1]),
    )
    into[: len(found)] = np.frombuffer(b"".join(blob for _, blob in found), np.float32).reshape(-1, into.shape[1])
    return [id_ for id_, _ in found]


def _filled(connection: Connection, number: int, ids: Sequence[int], into: Vectors) -> bool:
    """Read each vector straight to its place, which takes half the time of a statement; False where one is not there
    or not whole."""
    try:
        blob = connection.blob_open("main", f"vector_{number}", "vector", ids[0], False)
        try:
            for id_, row in zip(ids, into, strict=True):
                blob.reopen(id_)
                if blob.length() != row.nbytes:
                    return False
                blob.read_into(row)
        finally:
            blob.close(True)
    except NoBlob:
        return False
    return True


def cosines(
    connection: Connection, number: int, recent: Recent | None, ids: Sequence[int], vector: Vectors
) -> list[float]:
    """The cosine of each chunk with the vector, in the order asked for; 0 where there is no vector."""
    found = known(connection, number, recent or Recent(len(vector), len(ids)), np.array(ids, np.int64), vector)
    cosine: list[float] = np.nan_to_num(found).tolist()
    return cosine


def dots(matrix: Vectors, vector: Vectors) -> NDArray[np.float32]:
    """The scalar product of each row with the vector, shape (rows,). Not by @: BLAS would wake a thread for each
    core, which then spins for a while on the core that the next comparison of codes needs."""
    found: NDArray[np.float32] = np.einsum("ij,j->i", matrix, vector)
    return found


def of_unit(vectors: Vectors) -> NDArray[np.bool_]:
    """Whether each row is of unit length, shape (rows,); damaged bytes, which may stand for any number, are not."""
    with np.errstate(over="ignore", invalid="ignore"):
        found: NDArray[np.bool_] = np.abs(np.linalg.norm(vectors, axis=1) - 1.0) < _UNIT
    return found


def require_unit(vectors: Vectors, rows_: int, dim: int) -> None:
    """Refuse what no search could compare. Raises: BadVectors."""
    if vectors.shape != (rows_, dim) or vectors.dtype != np.float32:
        raise BadVectors(
            f"vectors are {vectors.dtype}{list(vectors.shape)}, expected float32[{rows_}, {dim}]",
            hint="pass one row for each text, in the encoder's dimension",
        )
    if not of_unit(vectors).all():
        raise BadVectors("vectors are not of unit length", hint="divide each by its Euclidean norm")
