"""Which vectors were compared lately? They are kept, as each lies on a page of its own: after another process's write
SQLite reads every page anew, and a question asked again, or one like it, is compared with the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Load = Callable[[Sequence[int]], tuple[list[int], Vectors]]

MOST = 16_384  # vectors: 25 MB at 384 dimensions


class Recent:
    """Vectors of one space by chunk id; emptied when full, which costs less than keeping count of their use."""

    def __init__(self, dim: int, most: int = MOST) -> None:
        self._place: dict[int, int] = {}
        self._matrix: Vectors = np.empty((most, dim), np.float32)  # takes memory as it is filled
        self._used = 0  # of its rows

    def read(self, ids: Sequence[int], load: Load) -> tuple[list[int], Vectors]:
        """The vectors of these chunks: the ids that have one, in no order, and shape (found, dim). `load` reads those
        that are not kept, in the same manner."""
        missing = [id_ for id_ in ids if id_ not in self._place]
        if missing:
            if len(missing) > len(self._matrix) - self._used:
                self.clear()
                missing = list(ids)
            loaded = load(missing)
            if len(missing) <= len(self._matrix):
                self._keep(*loaded)
            if len(missing) == len(ids):
                return loaded
        found = [id_ for id_ in ids if id_ in self._place]
        return found, self._matrix[[self._place[id_] for id_ in found]]

    def forget(self, ids: Iterable[int]) -> None:
        """These chunks may have other vectors now, or none. Their places stay empty until all are emptied."""
        if self._place:  # a fresh process takes in the ids of the whole memory
            for id_ in ids:
                self._place.pop(id_, None)

    def clear(self) -> None:
        """Forget all."""
        self._place.clear()
        self._used = 0

    def _keep(self, ids: Sequence[int], vectors: Vectors) -> None:
        first, self._used = self._used, self._used + len(ids)
        self._matrix[first : self._used] = vectors
        self._place.update(zip(ids, range(first, self._used), strict=True))
