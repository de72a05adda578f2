"""Codes held in memory: are they those of the file, and is only what changed read anew?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest

from vstash import HashEncoder, Memory
from vstash.store.sqlite import codes
from vstash.store.sqlite.connection import Connection, connect
from vstash.store.sqlite.scan import Scanner
from vstash.types import Arm

DIM = 64
IDS = list(range(3 * codes.SHARD))


@pytest.fixture
def connection() -> Iterator[Connection]:
    """Three full shards of random codes, as space 1."""
    opened = connect(Path(":memory:"), create=True)
    opened.execute(codes.SCHEMA.format(1))
    codes.insert(opened, 1, IDS, random(len(IDS)))
    yield opened
    opened.close()


def random(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(count).standard_normal((count, DIM)).astype(np.float32)


def held(scanner: Scanner) -> dict[int, int]:
    """Every id with its code."""
    ids, found = scanner.nearest(random(1)[0], len(IDS))
    assert len(ids) == len(set(ids.tolist())) == len(scanner)
    return dict(zip(ids.tolist(), found[0].tolist(), strict=True))


def refreshed(scanner: Scanner, connection: Connection) -> Scanner:
    scanner.refresh(connection)
    return scanner


def test_what_is_held_is_what_is_stored_whatever_was_written(connection: Connection) -> None:
    scanner = refreshed(Scanner(1, DIM), connection)
    for gone in (IDS[:700], IDS[5000:5001], IDS[1000:1900], IDS[3000:3002]):
        codes.delete(connection, 1, gone, DIM)
        assert held(refreshed(scanner, connection)) == held(refreshed(Scanner(1, DIM), connection))
    for first in (len(IDS), len(IDS) + 300, len(IDS) + 2900):
        codes.insert(connection, 1, list(range(first, first + 300)), random(300))
        assert held(refreshed(scanner, connection)) == held(refreshed(Scanner(1, DIM), connection))


def test_after_half_is_forgotten_everything_is_read_once(connection: Connection) -> None:
    scanner = refreshed(Scanner(1, DIM), connection)
    codes.delete(connection, 1, IDS[::2], DIM)
    scanner.refresh(connection)
    since: list[int] = []

    def note(cursor: object, sql: str, bindings: Any) -> bool:
        if "version > ?" in sql:
            since.append(bindings[0])
        return True

    connection.exec_trace = note
    for id_ in IDS[1:20:2]:
        codes.delete(connection, 1, [id_], DIM)
        scanner.refresh(connection)
    assert len(since) == 10
    assert since[0] == 0
    assert 0 not in since[1:]


def test_the_nearest_are_the_same_however_they_lie(connection: Connection) -> None:
    """Up to a distance, and all that are as far: a process that saw the codes grow finds what a fresh one does."""
    grown = refreshed(Scanner(1, DIM), connection)
    codes.delete(connection, 1, IDS[::3], DIM)
    grown.refresh(connection)
    codes.insert(connection, 1, list(range(len(IDS), len(IDS) + 900)), random(900))
    grown.refresh(connection)
    fresh = refreshed(Scanner(1, DIM), connection)
    everything = held(fresh)
    for asked in random(20):
        [query] = codes.encode(asked[None])[0].tolist()
        distance = {id_: (code ^ query).bit_count() for id_, code in everything.items()}
        for count in (1, 40, 700):
            reach = sorted(distance.values())[count - 1]
            expected = {id_ for id_, far in distance.items() if far <= reach}
            assert {*fresh.nearest(asked, count)[0].tolist()} == expected
            assert {*grown.nearest(asked, count)[0].tolist()} == expected


def test_of_codes_that_agree_alike_the_older_chunks_are_compared(memory: Memory, encoder: HashEncoder) -> None:
    """But for the first component none is negative: there are two codes."""
    points = np.abs(np.random.default_rng(2).standard_normal((300, encoder.space.dim)).astype(np.float32))
    points[:, 0] *= np.random.default_rng(3).choice([-1, 1], 300)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    memory.add_texts([f"text {number}" for number in range(300)], vectors=points)
    like = np.flatnonzero(points[:, 0] > 0)
    asked = points[like[100]]
    found = memory._store.rank(Arm("vector", 1.0, 10, 10, path="codes", rescore=40), asked, None)
    expected = like[np.argsort(-(points[like[:40]] @ asked))[:10]] + 1
    assert [item.chunk_id for item in found.items] == expected.tolist()


def test_changed_shards_are_found_by_their_version(connection: Connection) -> None:
    """Walking over the others to have them in order took six milliseconds at a million chunks."""
    asked: list[str] = []
    since = codes.version(connection, 1)
    connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: asked.append(event["sql"]))
    codes.insert(connection, 1, [len(IDS)], random(1))
    assert len(list(codes.load(connection, 1, DIM, since))) == 1
    connection.trace_v2(0, None)
    steps = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked[-1]}", (since,))]
    assert any("code_1_version" in step for step in steps)
