"""Which vectors were compared lately? They are kept, as each lies on a page of its own: after another process's write
SQLite reads every page anew, and a question asked again, or one like it, is compared with the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count, repeat

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Load = Callable[[Sequence[int], Vectors], Sequence[int]]

SIZE = 48 << 20  # bytes of vectors: 32,768 at 384 dimensions, fewer of a larger model's


class Recent:
    """Vectors of one space by chunk id, `most` of them or what SIZE has room for; emptied when full, which costs less
    than keeping count of their use."""

    def __init__(self, dim: int, most: int | None = None) -> None:
        self._place: dict[int, int] = {}
        rows = SIZE // (4 * dim) if most is None else most
        self._matrix: Vectors = np.empty((rows, dim), np.float32)  # takes memory as it is filled
        self._used = 0  # of its rows

    def read(self, ids: Sequence[int], load: Load) -> tuple[NDArray[np.intp], Vectors]:
        """A matrix, and in which of its rows the vector of each of these chunks lies; -1 for one that has none.

        `load` reads those that are not kept, ascending, into the first rows of a matrix and says which it found.
        """
        if len(ids) > len(self._matrix):
            return Recent(self._matrix.shape[1], len(ids)).read(ids, load)
        missing = sorted(id_ for id_ in ids if id_ not in self._place)
        if len(missing) > len(self._matrix) - self._used:
            self.clear()
            missing = sorted(ids)
        if missing:
            found = load(missing, self._matrix[self._used : self._used + len(missing)])
            self._place.update(zip(found, count(self._used)))
            self._used += len(found)
        return np.fromiter(map(self._place.get, ids, repeat(-1)), np.intp, len(ids)), self._matrix

    def forget(self, ids: Iterable[int]) -> None:
        """These chunks may have other vectors now, or none. Their places stay empty until all are emptied."""
        if self._place:  # a fresh process takes in the ids of the whole memory
            for id_ in ids:
                self._place.pop(id_, None)

    def clear(self) -> None:
        """Forget all."""
        self._place.clear()
        self._used = 0
