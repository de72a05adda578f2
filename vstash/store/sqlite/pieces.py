"""Which word-pieces of the encoder's vocabulary each chunk holds, and how many chunks hold each piece.

Kept for encoders that can name their pieces. Both tables are derived from the chunks; the counts are kept
with every put and remove, so that no search reads more than the rows it asks for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from vstash.store.sqlite.connection import Connection, rows

Pieces = NDArray[np.uint32]

MORE = 0x80  # the bit of a byte that says that its number goes on
TOGETHER = 1000  # rows unpacked at once
_MORE = bytes(range(MORE, 256))
_ENDLESS = b"[\\x80-\\xff]{5}"

SCHEMA = (
    "CREATE TABLE piece_{0} (chunk_id INTEGER PRIMARY KEY REFERENCES chunk (id), ids BLOB NOT NULL) STRICT;"
    "CREATE TABLE piece_count_{0} (piece INTEGER PRIMARY KEY, chunks INTEGER NOT NULL) STRICT"
)


def insert(connection: Connection, number: int, found: Mapping[int, Pieces]) -> None:
    """Keep the pieces of these chunks: chunk id → distinct piece ids, ascending."""
    connection.executemany(
        f"INSERT INTO piece_{number} (chunk_id, ids) VALUES (?, ?)",
        list(zip(found, _packed(list(found.values())), strict=True)),
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
    whole = found if _all_sound([blob for _, blob in found]) else [row for row in found if sound(row[1])]
    return dict(zip([id_ for id_, _ in whole], unpacked([blob for _, blob in whole]), strict=True))


def held(
    connection: Connection, number: int, chunk_ids: Sequence[int], among: Sequence[int]
) -> dict[int, frozenset[int]]:
    """Which of the pieces `among` each of these chunks holds; chunks without any that can be read are left out."""
    found = read(connection, number, chunk_ids)
    if not found:
        return {}
    together, firsts = np.concatenate(list(found.values())), np.cumsum([0, *map(len, found.values())])[:-1]
    sets: dict[int, list[int]] = {id_: [] for id_ in found}
    ids = list(found)
    for piece in among:
        for row in np.searchsorted(firsts, np.flatnonzero(together == piece), side="right") - 1:
            sets[ids[row]].append(piece)
    return {id_: frozenset(some) for id_, some in sets.items()}


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
    blobs = (blob for (blob,) in connection.execute(f"SELECT ids FROM piece_{number}") if sound(blob))
    while some := list(islice(blobs, TOGETHER)):
        total.update(np.concatenate(unpacked(some)).tolist())
    return dict(total)


def sound(blob: bytes) -> bool:
    """Whether a row can be unpacked: as many numbers as its first one says, none of more than five bytes."""
    ends = len(blob.translate(None, _MORE))
    return ends > 0 and blob[-1] < MORE and not re.search(_ENDLESS, blob) and int(_numbers(blob)[0]) == ends - 1


def _all_sound(blobs: Sequence[bytes]) -> bool:
    """Whether every row can be unpacked, told for all at once."""
    if not blobs:
        return True
    together = b"".join(blobs)
    if not all(blobs) or any(blob[-1] >= MORE for blob in blobs) or re.search(_ENDLESS, together):
        return False
    ends = np.cumsum(np.frombuffer(together, np.uint8) < MORE)
    counts = np.diff(ends[np.cumsum(list(map(len, blobs))) - 1], prepend=0)
    return bool(np.array_equal(_numbers(together)[np.cumsum(counts) - counts], counts - 1))


def rebuild(connection: Connection, number: int) -> None:
    """Count anew."""
    connection.execute(f"DELETE FROM piece_{number} WHERE chunk_id NOT IN (SELECT id FROM chunk)")
    connection.execute(f"DELETE FROM piece_count_{number}")
    connection.executemany(
        f"INSERT INTO piece_count_{number} (piece, chunks) VALUES (?, ?)",
        sorted(recount(connection, number).items()),
    )


def unpacked(blobs: Sequence[bytes]) -> list[Pieces]:
    """Piece ids from sound rows, all at once: the step from each id to the next, seven bits a byte."""
    if not blobs:
        return []
    numbers = _numbers(b"".join(blobs))
    counts = np.fromiter((len(blob.translate(None, _MORE)) for blob in blobs), np.int64, len(blobs))
    firsts = np.cumsum(counts) - counts  # the number in front of each row's steps: how many follow
    numbers[firsts] = 0
    total = np.cumsum(numbers)
    total -= np.repeat(total[firsts], counts)
    return [total[first + 1 : first + count].astype(np.uint32) for first, count in zip(firsts, counts, strict=True)]


def _packed(found: Sequence[Pieces]) -> list[bytes]:
    """The rows for sets of ids, each ascending: common pieces have neighbouring ids, so most steps take a byte."""
    counts = np.fromiter(map(len, found), np.int64, len(found))
    firsts = np.cumsum(counts + 1) - counts - 1
    numbers = np.zeros(int(counts.sum()) + len(found), np.int64)
    inner = np.ones(numbers.size, np.bool_)
    inner[firsts] = False
    numbers[inner] = np.concatenate(found) if found else ()
    steps = np.diff(numbers, prepend=0)
    begins = firsts[counts > 0] + 1
    steps[begins] = numbers[begins]  # from 0 again
    steps[firsts] = counts
    widths = 1 + np.searchsorted([1 << bits for bits in range(7, 35, 7)], steps, side="right")
    places = np.cumsum(widths) - widths
    out = np.zeros(int(widths.sum()), np.uint8)
    for at in range(5):
        has = widths > at
        out[places[has] + at] = (steps[has] >> 7 * at & 0x7F) | np.where(widths[has] > at + 1, MORE, 0)
    edges = [*places[firsts].tolist(), out.size]
    whole = out.tobytes()
    return [whole[begin:end] for begin, end in pairwise(edges)]


def _numbers(blob: bytes) -> NDArray[np.int64]:
    """The numbers in some bytes, the last of each without the bit that says that more follow."""
    given = np.frombuffer(blob, np.uint8)
    begins = np.flatnonzero(np.append(True, given[:-1] < MORE))
    widths = np.diff(begins, append=given.size)
    shifts = 7 * (np.arange(given.size) - np.repeat(begins, widths))
    found: NDArray[np.int64] = np.add.reduceat((given & 0x7F).astype(np.int64) << shifts, begins)
    return found


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
