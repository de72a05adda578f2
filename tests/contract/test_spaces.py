"""Does every store change over to another space as vstash/store/base.py promises?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.contract.test_stores import LATER, NOW, SPACE, entry, ids, put
from vstash import HashEncoder
from vstash.errors import SpaceMismatch
from vstash.store.base import Store
from vstash.types import Space

OTHER, THIRD = HashEncoder(32).space, HashEncoder(16).space


def fill(store: Store, chunks: Sequence[int], axis: int, space: Space = OTHER) -> None:
    """Give chunks the unit vector along an axis, and its number for a key and a word-piece."""
    matrix = np.tile(np.eye(space.dim, dtype=np.float32)[axis], (len(chunks), 1))
    pieces = [np.array([axis], np.uint32)] * len(chunks)
    store.fill(space, chunks, [bytes([axis]) * 16] * len(chunks), matrix, pieces)


def test_a_space_is_changed_over_once_every_chunk_has_a_vector(store: Store) -> None:
    put(store, entry("a", "heron ", "stork"), entry("b", "gull"))
    first, second, gone = *ids(store, "a"), *ids(store, "b")
    store.prepare_space(OTHER, LATER)
    assert store.lacking(OTHER, 0, 9) == [first, second, gone]
    assert store.lacking(OTHER, first, 1) == [second]
    fill(store, [first], 1)
    assert (store.switch(OTHER), store.space()) == (False, SPACE)
    store.forget("b")
    fill(store, [first, second, gone], 2)  # what has one keeps it, and what is gone is passed over
    assert store.lacking(OTHER, 0, 9) == []
    assert (store.switch(OTHER), store.space()) == (True, OTHER)
    assert store.lacking(OTHER, 0, 9) == []
    axes = np.eye(OTHER.dim, dtype=np.float32)
    assert [store.cosines([first, second], axes[axis]) for axis in (1, 2)] == [[1.0, 0.0], [0.0, 1.0]]
    assert store.pieces([first, second], [1, 2]) == {first: frozenset({1}), second: frozenset({2})}
    assert store.vectors([b"\1" * 16, b"\2" * 16, b"\3" * 16]).keys() == {b"\1" * 16, b"\2" * 16}
    assert all(finding.ok for finding in store.check())
    with pytest.raises(SpaceMismatch):
        put(store, entry("c", "crane"))


def test_what_goes_while_a_space_is_filled_is_not_missed(store: Store) -> None:
    put(store, entry("a", "heron"), entry("b", "gull"))
    store.prepare_space(OTHER, LATER)
    fill(store, [*ids(store, "a"), *ids(store, "b")], 1)
    store.forget("b")
    assert store.switch(OTHER)
    assert all(finding.ok for finding in store.check())


def test_a_move_goes_on_where_it_was_and_what_is_left_of_others_goes(store: Store) -> None:
    put(store, entry("a", "heron", title="a"))
    chunks = ids(store, "a")
    store.prepare_space(OTHER, NOW)
    fill(store, chunks, 1)
    store.prepare_space(OTHER, LATER)
    assert store.lacking(OTHER, 0, 9) == []
    store.prepare_space(THIRD, LATER)
    store.prepare_space(OTHER, LATER)
    assert store.lacking(OTHER, 0, 9) == chunks
