"""Moving to another encoder: a second space is filled beside the active one, then takes its place.

Every step is a short transaction, and what is done is told from what is stored, so that the work can be
interrupted anywhere and goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from vstash.store.sqlite import codes, pieces, vectors
from vstash.store.sqlite.connection import Connection, rows, value
from vstash.types import Space


def prepare(connection: Connection, space: Space, now: datetime) -> int:
    """Make room for the space unless it is there, drop what was left of other moves; its number."""
    known = {one.id: number for number, one in vectors.spaces(connection)}
    active = vectors.active(connection)
    for name, number in known.items():
        if name != space.id and (active is None or number != active[0]):
            drop(connection, number)
    return known[space.id] if space.id in known else vectors.create(connection, space, now)


def lacking(connection: Connection, number: int, after: int, limit: int, *, named: bool = False) -> list[int]:
    """The first chunks, by id, above `after` that have no vector in the space, or with `named` no word-pieces."""
    tables = [f"vector_{number}", *([f"piece_{number}"] if named else [])]
    without = " OR ".join(f"NOT EXISTS (SELECT 1 FROM {table} WHERE chunk_id = chunk.id)" for table in tables)
    found = rows(connection, f"SELECT id FROM chunk WHERE id > ? AND ({without}) ORDER BY id LIMIT ?", (after, limit))
    return [id_ for (id_,) in found]


class Filling(NamedTuple):
    """What chunks get in a space: digests of what was encoded, vectors, and word-pieces where they are named."""

    keys: Sequence[bytes]
    matrix: vectors.Vectors
    pieces: Sequence[pieces.Pieces] = ()


def fill(connection: Connection, number: int, ids: Sequence[int], filling: Filling) -> None:
    """Store what is meant for those chunks that are still there and lack it still; ids ascending."""
    kept = _without(connection, f"vector_{number}", ids)
    if filling.pieces:
        # those whose vector is put back too: other words may have been encoded now
        unnamed = sorted({*kept, *_without(connection, f"piece_{number}", ids)})
        pieces.put_back(connection, number, {ids[at]: filling.pieces[at] for at in unnamed})
    if not kept:
        return
    chosen = [ids[at] for at in kept]
    matrix = np.ascontiguousarray(filling.matrix[kept])
    in_order = (value(connection, f"SELECT max(chunk_id) FROM vector_{number}") or 0) < chosen[0]
    vectors.insert(connection, number, chosen, [filling.keys[at] for at in kept], matrix)
    if in_order:
        codes.insert(connection, number, chosen, matrix)
        return
    for shard in sorted({id_ // codes.SHARD for id_ in chosen}):
        _recode(connection, number, shard, matrix.shape[1])


def _without(connection: Connection, table: str, ids: Sequence[int]) -> list[int]:
    """Which of these chunks, by their places, are there and have no row in the table."""
    found = rows(
        connection,
        "SELECT id FROM chunk WHERE id IN (SELECT value FROM json_each(?)) AND NOT EXISTS"
        f" (SELECT 1 FROM {table} WHERE chunk_id = chunk.id)",
        (json.dumps(list(ids)),),
    )
    wanted = {id_ for (id_,) in found}
    return [at for at, id_ in enumerate(ids) if id_ in wanted]


def _recode(connection: Connection, number: int, shard: int, dim: int) -> None:
    """Make the codes of a shard anew: a vector was put back between those of its neighbours."""
    span = range(shard * codes.SHARD, (shard + 1) * codes.SHARD)
    ids, matrix = vectors.read(connection, number, span, dim)
    codes.delete(connection, number, ids, dim)
    codes.insert(connection, number, ids, matrix)


def switch(connection: Connection, number: int) -> bool:
    """Make the space the active one, unless chunks that came meanwhile still lack a vector."""
    if lacking(connection, number, 0, 1):
        return False
    connection.execute("UPDATE space SET active = 0 WHERE active = 1")
    connection.execute("UPDATE space SET active = 1 WHERE id = ?", (number,))
    return True


def drop(connection: Connection, number: int) -> None:
    """Remove a space and its tables."""
    connection.execute(
        f"DROP TABLE vector_{number}; DROP TABLE code_{number};"
        f"DROP TABLE piece_{number}; DROP TABLE piece_count_{number}"
    )
    connection.execute("DELETE FROM space WHERE id = ?", (number,))


def numbered(connection: Connection, space: Space) -> int | None:
    """The number of a space."""
    found: int | None = value(connection, "SELECT id FROM space WHERE name = ?", (space.id,))
    return found
