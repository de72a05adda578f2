"""Vectors that are kept between comparisons: the ones that are stored, whatever is written, and read once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vstash import HashEncoder, Memory
from vstash.store.sqlite.recent import SIZE, Recent

ROWS = np.random.default_rng(7).standard_normal((3000, 64)).astype(np.float32)
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)


class Loading:
    """Rows by number, but for those from 50 on, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def __call__(self, ids: Sequence[int], into: NDArray[np.float32]) -> list[int]:
        assert into.shape == (len(ids), 64)
        self.asked.append(list(ids))
        found = [id_ for id_ in ids if id_ < 50]
        into[: len(found)] = ROWS[found]
        return found


@pytest.mark.parametrize("most", [1, 3, 10, 100])
def test_they_are_what_is_loaded(most: int) -> None:
    recent, loading = Recent(64, most), Loading()
    choose = np.random.default_rng(most)
    for turn in range(200):
        ids = choose.permutation(60)[: turn % 20].tolist()
        places, matrix = recent.read(ids, loading)
        there = places >= 0
        assert there.tolist() == [id_ < 50 for id_ in ids]
        assert np.array_equal(matrix[places[there]], ROWS[np.array(ids, int)[there]])
        recent.forget(choose.permutation(60)[: turn % 7].tolist())


def test_what_is_kept_is_not_loaded_again_until_it_is_forgotten() -> None:
    recent, loading = Recent(64, 5), Loading()
    for ids in ([2, 1], [2, 1, 3], [1, 2, 3]):
        recent.read(ids, loading)
    recent.forget([2])
    recent.read([1, 2, 3], loading)
    recent.read([5, 1, 4], loading)  # more than there is room for
    recent.read([1, 4, 5], loading)
    assert loading.asked == [[1, 2], [3], [2], [1, 4, 5]]


@pytest.mark.parametrize("dim", [64, 384, 4096])
def test_they_take_the_same_memory_whatever_their_length(dim: int) -> None:
    def load(ids: Sequence[int], into: NDArray[np.float32]) -> Sequence[int]:
        return ids

    _, matrix = Recent(dim).read([1], load)
    assert SIZE - 4 * dim < matrix.nbytes <= SIZE


def vectors_read(memory: Memory, act: Callable[[], object]) -> int:
    """How many rows of vectors the memory reads meanwhile: they are kept one behind the other."""

    def kept() -> int:
        held = memory._store._kept  # type: ignore[attr-defined]
        return sum(scanner.recent._used for scanner in held.scanners.values())

    before = kept()
    act()
    return kept() - before


def test_a_vector_that_is_gone_or_torn_is_left_out(tmp_path: Path) -> None:
    """Of those compared by their codes, and of those whose cosine is asked for."""
    for damage in (
        "DELETE FROM vector_1",
        "UPDATE vector_1 SET vector = x'00'",
        "UPDATE vector_1 SET vector = zeroblob(999)",
    ):
        path = tmp_path / f"{len(damage)}.db"
        with Memory.open(path, encoder=HashEncoder(64)) as memory:
            memory.add_texts([f"note {number}" for number in range(len(ROWS))], vectors=ROWS)
            memory._store.connection.execute(f"{damage} WHERE chunk_id = 7")  # type: ignore[attr-defined]
            hits = memory.search("note", mode="vector", vector=ROWS[6], limit=20)
            assert len(hits) == 20
            assert 7 not in {hit.chunk_id for hit in hits}
            assert memory._store.cosines([8, 7, 9], ROWS[7]) == pytest.approx([1.0, 0.0, ROWS[7] @ ROWS[8]], abs=1e-6)


def test_a_write_elsewhere_makes_only_what_lies_beside_it_be_read_again(tmp_path: Path) -> None:
    path, asked = tmp_path / "notes.db", ROWS[100] + 0.1 * ROWS[101]
    with Memory.open(path, encoder=HashEncoder(64)) as memory, Memory.open(path, encoder=HashEncoder(64)) as other:

        def found(asking: Memory = memory) -> list[int]:
            return [hit.chunk_id for hit in asking.search("note", mode="vector", vector=asked)]

        memory.add_texts([f"note {number}" for number in range(len(ROWS))], vectors=ROWS)
        first = vectors_read(memory, found)
        assert vectors_read(memory, found) == 0
        before = found()
        other.add_texts(["new"], ["new"], vectors=asked[None])
        assert 0 < vectors_read(memory, found) < first / 2
        assert found() == [3001, *before[:4]]
        other.forget("new")
        other.forget(memory.chunk(before[0]).document.uri)
        assert found()[:4] == before[1:]
        with Memory.open(path, encoder=HashEncoder(64)) as fresh:
            assert found() == found(fresh)
