"""Which word-pieces of the encoder's vocabulary each chunk holds, and how many chunks hold each piece.

Kept for encoders that can name their pieces. Both tables are derived from the chunks; the counts are kept
with every put and remove, so that no search reads more than the rows it asks for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from vstash.store.sqlite.connection import Connection, rows, value

Pieces = NDArray[np.uint32]

MORE = 0x80  # the bit of a byte that says that its number goes on
TOGETHER = 1000  # rows unpacked at once
WIDEST = 5  # bytes of a number

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS piece_{0}"
    " (chunk_id INTEGER PRIMARY KEY REFERENCES chunk (id), ids BLOB NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS piece_count_{0} (piece INTEGER PRIMARY KEY, chunks INTEGER NOT NULL) STRICT"
)


def insert(connection: Connection, number: int, found: Mapping[int, Pieces]) -> None:
    """Keep the pieces of these chunks: chunk id → distinct piece ids, ascending."""
    connection.executemany(
        f"INSERT INTO piece_{number} (chunk_id, ids) VALUES (?, ?)",
        list(zip(found, _packed(list(found.values())), strict=True)),
    )
    _count(connection, number, found.values(), +1)


def put_back(connection: Connection, number: int, found: Mapping[int, Pieces]) -> None:
    """Keep the pieces of these chunks, which may have some already; counts that outlived every row go."""
    if lost(connection, number):
        connection.execute(f"DELETE FROM piece_count_{number}")
    delete(connection, number, found)
    insert(connection, number, found)


def delete(connection: Connection, number: int, chunk_ids: Iterable[int]) -> None:
    """Forget the pieces of these chunks."""
    ids = list(chunk_ids)
    _count(connection, number, read(connection, number, ids).values(), -1)
    connection.execute(
        f"DELETE FROM piece_{number} WHERE chunk_id IN (SELECT value FROM json_each(?))", (json.dumps(ids),)
    )


def read(connection: Connection, number: int, chunk_ids: Sequence[int]) -> dict[int, Pieces]:
    """The pieces of these chunks; chunks without any that can be read are left out."""
    ids, total, firsts = _parsed(_read(connection, number, chunk_ids))
    return dict(zip(ids, _split(total, firsts), strict=True))


def _read(connection: Connection, number: int, chunk_ids: Sequence[int]) -> list[tuple[int, bytes]]:
    return rows(
        connection,
        f"SELECT chunk_id, ids FROM json_each(?) AS asked CROSS JOIN piece_{number} ON chunk_id = asked.value",
        (json.dumps(list(chunk_ids)),),
    )


def held(
    connection: Connection, number: int, chunk_ids: Sequence[int], among: Sequence[int]
) -> dict[int, frozenset[int]]:
    """Which of the pieces `among` each of these chunks holds; chunks without any that can be read are left out."""
    ids, pieces, firsts = _parsed(_read(connection, number, chunk_ids))
    sets: list[list[int]] = [[] for _ in ids]
    if ids and among:
        asked = np.zeros(max(among) + 2, np.bool_)
        asked[list(among)] = True
        hits = asked[np.minimum(pieces, len(asked) - 1)]
        hits[firsts] = False
        at = np.flatnonzero(hits)
        for row, piece in zip((np.searchsorted(firsts, at) - 1).tolist(), pieces[at].tolist(), strict=True):
            sets[row].append(piece)
    return {id_: frozenset(some) for id_, some in zip(ids, sets, strict=True)}


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
    if not blob or blob[-1] >= MORE:
        return False
    numbers, _, widest = _numbers(blob)
    return widest <= WIDEST and int(numbers[0]) == len(numbers) - 1


def rebuild(connection: Connection, number: int) -> None:
    """Count anew; but not where every row is gone, which the counts alone tell of."""
    connection.execute(f"DELETE FROM piece_{number} WHERE chunk_id NOT IN (SELECT id FROM chunk)")
    if lost(connection, number):
        return
    connection.execute(f"DELETE FROM piece_count_{number}")
    connection.executemany(
        f"INSERT INTO piece_count_{number} (piece, chunks) VALUES (?, ?)",
        sorted(recount(connection, number).items()),
    )


def lost(connection: Connection, number: int) -> bool:
    """Whether chunks had pieces, and none has any now."""
    sql = (
        f"SELECT EXISTS (SELECT 1 FROM piece_count_{number}) AND EXISTS (SELECT 1 FROM vector_{number})"
        f" AND NOT EXISTS (SELECT 1 FROM piece_{number})"
    )
    return bool(value(connection, sql))


def unpacked(blobs: Sequence[bytes]) -> list[Pieces]:
    """Piece ids from sound rows, all at once: the step from each id to the next, seven bits a byte."""
    _, total, firsts = _parsed(list(enumerate(blobs)))
    return _split(total, firsts)


def _split(total: NDArray[np.int64], firsts: NDArray[np.int64]) -> list[Pieces]:
    return [part[1:].astype(np.uint32) for part in np.split(total, firsts[1:])] if len(firsts) else []


def _parsed(found: Sequence[tuple[int, bytes]]) -> tuple[list[int], NDArray[np.int64], NDArray[np.int64]]:
    """Chunks whose rows are sound, their ids one row after another, and where each row begins: with a 0, which
    is no id of it. Rows are sound but for damage, so they are looked at one by one only if all together are not."""
    blobs = [blob for _, blob in found]
    together = b"".join(blobs)
    if not found or not all(blobs) or together[-1] >= MORE:
        return _parsed_one_by_one(found)
    numbers, ends, widest = _numbers(together)
    edges = np.fromiter(map(len, blobs), np.int64, len(blobs)).cumsum() - 1  # the last byte of each row
    lasts = np.searchsorted(ends, edges)
    counts = np.diff(lasts, prepend=-1)
    firsts = lasts + 1 - counts  # the number in front of each row's steps: how many follow
    torn = widest > WIDEST or not np.array_equal(ends[lasts], edges)
    if torn or not np.array_equal(numbers[firsts], counts - 1):
        return _parsed_one_by_one(found)
    numbers[firsts] = 0
    total = numbers.cumsum()
    total -= np.repeat(total[firsts], counts)
    return [id_ for id_, _ in found], total, firsts


def _parsed_one_by_one(
    found: Sequence[tuple[int, bytes]],
) -> tuple[list[int], NDArray[np.int64], NDArray[np.int64]]:
    whole = [row for row in found if sound(row[1])]
    if whole:
        return _parsed(whole)
    return [], np.empty(0, np.int64), np.empty(0, np.int64)


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


def _numbers(blob: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The numbers in some bytes, the last of each without the bit that says that more follow, as far as they are no
    wider than WIDEST; where each ends, and the most bytes that one has."""
    given = np.frombuffer(blob, np.uint8)
    ends = np.flatnonzero(given < MORE)
    widths = np.diff(ends, prepend=-1)
    widest = int(widths.max())
    bits = given & 0x7F
    found = bits[ends].astype(np.int64)
    for before in range(1, min(widest, WIDEST)):  # few have more bytes than one
        wide = np.flatnonzero(widths > before)
        found[wide] = found[wide] << 7 | bits[ends[wide] - before]
    return found, ends, widest


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
        connection.execute(
            f"DELETE FROM piece_count_{number} WHERE chunks = 0 AND piece IN (SELECT value FROM json_each(?))",
            (json.dumps(distinct.tolist()),),
        )
