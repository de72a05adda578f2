"""Codes held in memory: are they those of the file, and is only what changed read anew?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vstash.store.sqlite import codes
from vstash.store.sqlite.connection import Connection, connect
from vstash.store.sqlite.scan import Scanner

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
    return dict(zip(ids.tolist(), found[:, 0].tolist(), strict=True))


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
