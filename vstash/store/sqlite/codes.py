"""Sign codes: one bit for each dimension of a vector, packed in shards that are scanned with NumPy.

Shard s holds the chunks whose id lies in [s·SHARD, (s+1)·SHARD), so that a chunk's shard follows from
its id, a put rewrites only the last shard, and a removed chunk leaves nothing behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from vstash.store.sqlite import vectors
from vstash.store.sqlite.connection import Connection, rows
from vstash.types import Arm, Ranking, Scored

SHARD = 2048  # ids: 96 KiB of codes at 384 dimensions; larger ones make a single put slower

Ids = NDArray[np.int64]
Codes = NDArray[np.uint64]


def encode(vectors: NDArray[np.float32]) -> Codes:
    """The signs of each vector as 64-bit words, shape (n, ceil(dim / 64)); missing bits are 0."""
    count, dim = vectors.shape
    padded = np.zeros((count, -(-dim // 64) * 64), dtype=bool)
    padded[:, :dim] = vectors > 0
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)


def insert(connection: Connection, number: int, ids: Sequence[int], vectors: NDArray[np.float32]) -> None:
    """Add the codes of new chunks, ids ascending and above those of their shard."""
    codes = encode(vectors)
    for shard, span in _by_shard(ids):
        old_ids, old = _read(connection, number, shard, codes.shape[1])
        fresh = np.asarray(ids[span], dtype=np.int64)
        _write(connection, number, shard, np.concatenate([old_ids, fresh]), np.concatenate([old, codes[span]]))


def delete(connection: Connection, number: int, ids: Iterable[int], dim: int) -> None:
    """Remove the codes of these chunks."""
    by_shard: dict[int, list[int]] = defaultdict(list)
    for id_ in ids:
        by_shard[id_ // SHARD].append(id_)
    for shard, gone in by_shard.items():
        old_ids, codes = _read(connection, number, shard, -(-dim // 64))
        kept = ~np.isin(old_ids, gone)
        _write(connection, number, shard, old_ids[kept], codes[kept])


def load(connection: Connection, number: int, dim: int) -> tuple[Ids, Codes]:
    """All codes: ids of shape (n,), ascending, and codes of shape (n, words)."""
    shards = rows(connection, f"SELECT ids, codes FROM code_{number} ORDER BY shard")
    ids = np.frombuffer(b"".join(row[0] for row in shards), np.int64)
    codes = np.frombuffer(b"".join(row[1] for row in shards), np.uint64)
    return ids, codes.reshape(len(ids), -(-dim // 64))


def hamming(codes: Codes, query: Codes) -> NDArray[np.uint16]:
    """In how many bits each code, shape (n, words), differs from the query's, shape (words,)."""
    distance = np.zeros(len(codes), dtype=np.uint16)
    for word in range(codes.shape[1]):
        distance += np.bitwise_count(codes[:, word] ^ query[word])
    return distance


def nearest(connection: Connection, number: int, vector: NDArray[np.float32], arm: Arm) -> Ranking:
    """The `pool` chunks of largest cosine among the `rescore` nearest codes; ties by chunk id."""
    ids, codes = load(connection, number, len(vector))
    distance = hamming(codes, encode(vector[None])[0])
    if arm.rescore < len(ids):
        ids = ids[np.argpartition(distance, arm.rescore - 1)[: arm.rescore]]
    found, matrix = vectors.read(connection, number, ids.tolist())
    if not found:
        return Ranking("vector", ())
    cosines = matrix @ vector
    best = np.lexsort((np.asarray(found), -cosines))[: arm.pool]
    return Ranking("vector", tuple(Scored(found[at], float(cosines[at])) for at in best))


def _by_shard(ids: Sequence[int]) -> Iterable[tuple[int, slice]]:
    """Runs of ids, ascending, that lie in the same shard."""
    start = 0
    for at in range(1, len(ids) + 1):
        if at == len(ids) or ids[at] // SHARD != ids[start] // SHARD:
            yield ids[start] // SHARD, slice(start, at)
            start = at


def _read(connection: Connection, number: int, shard: int, words: int) -> tuple[Ids, Codes]:
    row = connection.execute(f"SELECT ids, codes FROM code_{number} WHERE shard = ?", (shard,)).fetchone()
    ids, codes = row or (b"", b"")
    return np.frombuffer(ids, np.int64), np.frombuffer(codes, np.uint64).reshape(-1, words)


def _write(connection: Connection, number: int, shard: int, ids: Ids, codes: Codes) -> None:
    if len(ids):
        connection.execute(
            f"INSERT INTO code_{number} (shard, ids, codes) VALUES (?, ?, ?)"
            " ON CONFLICT (shard) DO UPDATE SET ids = excluded.ids, codes = excluded.codes",
            (shard, ids.tobytes(), np.ascontiguousarray(codes).tobytes()),
        )
    else:
        connection.execute(f"DELETE FROM code_{number} WHERE shard = ?", (shard,))
