"""Which word-pieces of the encoder's vocabulary each chunk holds, and how many chunks hold each piece.

Kept for encoders that can name their pieces. Both tables are derived from the chunks; the counts are kept
with every put and remove, so that no search reads more than the rows it asks for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vstash.store.sqlite.connection import Connection, rows

Pieces = NDArray[np.uint32]

SCHEMA = (
    "CREATE TABLE piece_{0} (chunk_id INTEGER PRIMARY KEY REFERENCES chunk (id), ids BLOB NOT NULL) STRICT;"
    "CREATE TABLE piece_count_{0} (piece INTEGER PRIMARY KEY, chunks INTEGER NOT NULL) STRICT"
)


def insert(connection: Connection, number: int, found: Mapping[int, Pieces]) -> None:
    """Keep the pieces of these chunks: chunk id → distinct piece ids, ascending."""
    connection.executemany(
        f"INSERT INTO piece_{number} (chunk_id, ids) VALUES (?, ?)",
        [(id_, _packed(pieces)) for id_, pieces in found.items()],
    )
    _count(connection, number, found.values(), +1)


def delete(connection: Connection, number: int, chunk_ids: Iterable[int]) -> None:
    """Forget the pieces of these chunks."""
    ids = list(chunk_ids)
    _count(connection, number, read(connection, number, ids).values(), -1)
    connection.execute(
        f"DELETE FROM piece_{number} WHERE chunk_id IN (SELECT value FROM json_each(?))", (json.dumps(ids),)
    )


def read(connection: Connection, number: int, chunk_ids: Sequence[int]) -> dict[int, Pieces]:
    """The pieces of these chunks; chunks without any that can be read are left out."""
    found = rows(
        connection,
        f"SELECT chunk_id, ids FROM piece_{number} WHERE chunk_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(chunk_ids)),),
    )
    return {id_: unpacked(blob) for id_, blob in found if sound(blob)}


def frequencies(connection: Connection, number: int, pieces: Sequence[int]) -> list[int]:
    """How many chunks hold each piece."""
    found = rows(
        connection,
        f"SELECT piece, chunks FROM piece_count_{number} WHERE piece IN (SELECT value FROM json_each(?))",
        (json.dumps(list(pieces)),),
    )
    counts = dict(found)
    return [max(0, counts.get(piece, 0)) for piece in pieces]


def kept(connection: Connection, number: int) -> dict[int, int]:
    """Every count."""
    return dict(rows(connection, f"SELECT piece, chunks FROM piece_count_{number}"))


def recount(connection: Connection, number: int) -> dict[int, int]:
    """The counts as the chunks' own rows give them, those that can be read."""
    total: Counter[int] = Counter()
    for (blob,) in connection.execute(f"SELECT ids FROM piece_{number}"):
        total.update(unpacked(blob).tolist() if sound(blob) else ())
    return dict(total)


def sound(blob: bytes) -> bool:
    """Whether a row can be unpacked."""
    return blob[:1] in (b"\2", b"\4") and len(blob) % blob[0] == 0


def rebuild(connection: Connection, number: int) -> None:
    """Count anew."""
    connection.execute(f"DELETE FROM piece_{number} WHERE chunk_id NOT IN (SELECT id FROM chunk)")
    connection.execute(f"DELETE FROM piece_count_{number}")
    connection.executemany(
        f"INSERT INTO piece_count_{number} (piece, chunks) VALUES (?, ?)",
        sorted(recount(connection, number).items()),
    )


def unpacked(blob: bytes) -> Pieces:
    """Piece ids from a row: its first byte says how many bytes each id takes."""
    return np.frombuffer(blob, np.uint16 if blob[0] == 2 else np.uint32, offset=blob[0]).astype(np.uint32)


def _packed(pieces: Pieces) -> bytes:
    """Two bytes an id where the vocabulary allows; the width is padded to one id, so that ids stay aligned."""
    narrow = not len(pieces) or int(pieces[-1]) < 1 << 16
    width = 2 if narrow else 4
    return bytes([width] * width) + pieces.astype(np.uint16 if narrow else np.uint32).tobytes()


def _count(connection: Connection, number: int, found: Iterable[Pieces], sign: int) -> None:
    kept = list(found)
    if not kept:
        return
    distinct, counts = np.unique(np.concatenate(kept), return_counts=True)
    connection.executemany(
        f"INSERT INTO piece_count_{number} (piece, chunks) VALUES (?, ?)"
        " ON CONFLICT (piece) DO UPDATE SET chunks = chunks + excluded.chunks",
        zip(distinct.tolist(), (sign * counts).tolist(), strict=True),
    )
    if sign < 0:
        connection.execute(f"DELETE FROM piece_count_{number} WHERE chunks = 0")
