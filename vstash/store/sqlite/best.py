"""Which of many scored chunks are the best?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def best(ids: NDArray[np.int64], scores: NDArray[Any], count: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """The `count` chunks with the largest scores, in order, ties by id; only about as many are sorted."""
    if 0 < count < len(ids):
        least = np.partition(scores, len(ids) - count)[len(ids) - count]
        at = np.flatnonzero(scores >= least)
        ids, scores = ids[at], scores[at]
    order = np.lexsort((ids, -scores))[:count]
    return ids[order], scores[order]
