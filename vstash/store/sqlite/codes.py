"""Sign codes: one bit for each dimension of a vector, packed in shards that are scanned with NumPy.

Shard s holds the chunks whose id lies in [s·SHARD, (s+1)·SHARD), so that a chunk's shard follows from its id, a
put rewrites only the last shard, and a removed chunk leaves nothing behind. Each shard carries the version of
the write that last touched it: what is held in memory is brought up to date by reading just those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vstash.errors import StoreCorrupt
from vstash.store.sqlite.connection import Connection, value

SHARD = 2048  # ids: 96 KiB of codes at 384 dimensions; larger ones make a single put slower
SURE = 3  # deviations: recall stays what it is with all codes' vectors compared, for about half of them
LEVELS = 6  # bits to which a vector's components are rounded: a fortieth of what its signs leave unsaid
ID_BYTES = 2  # an id is kept as its offset into its shard

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS code_{0} (shard INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
    " ids BLOB NOT NULL, codes BLOB NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS code_{0}_version ON code_{0} (version)"
)

Ids = NDArray[np.int64]
Codes = NDArray[np.uint64]


def encode(vectors: NDArray[np.float32 | np.uint8]) -> Codes:
    """The signs of each vector as 64-bit words, shape (n, ceil(dim / 64)); missing bits are 0."""
    count, dim = vectors.shape
    padded = np.zeros((count, -(-dim // 64) * 64), dtype=bool)
    padded[:, :dim] = vectors > 0
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)


def agreement(codes: Codes, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """How well each code, shape (words, n), agrees with a vector: the sum of the vector's components where the
    bit is set. It orders as the cosine with the signs does, which tells near codes apart better than counting.

    The components are rounded to 2^LEVELS levels, so that their bits are counted as the codes' are, one plane of
    them after another: Gao and Long 2024, "RaBitQ", section 3.3.2.
    """
    low = vector.min()
    step = (vector.max() - low) / np.float32(2**LEVELS - 1)
    levels = np.rint((vector - low) / (step or 1)).astype(np.uint8)
    planes = encode(levels >> np.arange(LEVELS, dtype=np.uint8)[:, None] & 1)
    found: NDArray[np.float32] = low * _ones(codes)
    for bit, plane in enumerate(planes):
        found += step * np.float32(1 << bit) * _ones(codes & plane[:, None])
    return found


def _ones(codes: Codes) -> NDArray[np.uint16]:
    """How many bits of each code, shape (words, n), are set."""
    ones: NDArray[np.uint16] = np.bitwise_count(codes).sum(axis=0, dtype=np.uint16)
    return ones


def promising(agreement: NDArray[np.float32], cosine: NDArray[np.float32], pool: int) -> int:
    """How many of the codes, in descending order of agreement, may be those of the `pool` nearest vectors, judged
    by the cosines of the first ones: a straight line through these, and SURE deviations from it."""
    sound = ~np.isnan(cosine)
    x, y = agreement[: len(cosine)][sound].astype(np.float64), cosine[sound].astype(np.float64)
    if len(y) < pool or (spread := float(((x - x.mean()) ** 2).sum())) == 0.0:
        return len(agreement)
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    error = float(np.std(y - y.mean() - slope * (x - x.mean())))
    least = float(np.partition(y, len(y) - pool)[len(y) - pool])
    hoped = y.mean() + slope * (agreement - x.mean()) + SURE * error
    return int(np.searchsorted(-hoped, -least, side="right")) if slope > 0 else len(agreement)


def version(connection: Connection, number: int) -> int:
    """The version of the last write to the codes of a space; 0 before the first."""
    return int(value(connection, f"SELECT max(version) FROM code_{number}") or 0)


def insert(connection: Connection, number: int, ids: Sequence[int], vectors: NDArray[np.float32]) -> None:
    """Add the codes of new chunks, ids ascending and above those of their shard."""
    codes = encode(vectors)
    stamp = version(connection, number) + 1
    for shard, span in _by_shard(ids):
        old_ids, old = _read(connection, number, shard, codes.shape[1])
        fresh = np.asarray(ids[span], dtype=np.int64)
        merged = np.concatenate([old_ids, fresh]), np.concatenate([old, codes[span]])
        _write(connection, number, shard, stamp, *merged)


def delete(connection: Connection, number: int, ids: Iterable[int], dim: int) -> None:
    """Remove the codes of these chunks. A shard left empty stays as a row, which tells other processes."""
    by_shard: dict[int, list[int]] = defaultdict(list)
    for id_ in ids:
        by_shard[id_ // SHARD].append(id_)
    stamp = version(connection, number) + 1
    for shard, gone in by_shard.items():
        old_ids, codes = _read(connection, number, shard, -(-dim // 64))
        kept = ~np.isin(old_ids, gone)
        _write(connection, number, shard, stamp, old_ids[kept], codes[kept])


def count(connection: Connection, number: int) -> int:
    """How many codes a space has; the codes themselves are not read."""
    return int(value(connection, f"SELECT sum(length(ids)) FROM code_{number}") or 0) // ID_BYTES


def load(connection: Connection, number: int, dim: int, since: int = 0) -> Iterator[tuple[int, Ids, Codes]]:
    """The shards written after version `since`, ascending: number, ids of shape (n,), codes of shape (n, words).

    One after another: the memory of each is used for the next, while all at once would be as much as what is made
    of them. Raises: StoreCorrupt.
    """
    # The plus sends SQLite to the few by their version; to have them in order it would walk over all the others.
    few = "WHERE version > ? ORDER BY +shard" if since else "WHERE version > ? ORDER BY shard"
    for shard, ids, codes in connection.execute(f"SELECT shard, ids, codes FROM code_{number} {few}", (since,)):
        yield shard, *_unpacked(shard, ids, codes, -(-dim // 64))


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
    return _unpacked(shard, ids, codes, words)


def _unpacked(shard: int, ids: bytes, codes: bytes, words: int) -> tuple[Ids, Codes]:
    """A row's blobs: ids as 16-bit offsets into the shard, codes word after word."""
    if len(ids) % ID_BYTES or len(codes) != len(ids) // ID_BYTES * words * 8:
        raise StoreCorrupt(f"shard {shard} of the sign codes is torn", hint="run: vstash check --repair")
    offsets = np.frombuffer(ids, np.uint16).astype(np.int64)
    return shard * SHARD + offsets, np.frombuffer(codes, np.uint64).reshape(words, -1).T


def _write(connection: Connection, number: int, shard: int, stamp: int, ids: Ids, codes: Codes) -> None:
    connection.execute(
        f"INSERT INTO code_{number} (shard, version, ids, codes) VALUES (?, ?, ?, ?) ON CONFLICT (shard)"
        " DO UPDATE SET version = excluded.version, ids = excluded.ids, codes = excluded.codes",
        (shard, stamp, (ids - shard * SHARD).astype(np.uint16).tobytes(), np.ascontiguousarray(codes.T).tobytes()),
    )
