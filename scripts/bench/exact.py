"""Which vectors are truly nearest to each question? All are compared, once for each size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from material import Material, vector_slices
from numpy.typing import NDArray

DEPTH = 100


def truth(folder: Path, material: Material, size: int) -> NDArray[np.int64]:
    """The numbers of the nearest DEPTH texts of each question, best first, shape (questions, DEPTH); kept."""
    path = folder / f"truth-{size}.npy"
    if path.exists():
        kept: NDArray[np.int64] = np.load(path)
        return kept
    asked = material.asked
    best = np.empty((len(asked), 0), np.float32)
    ids = np.empty((len(asked), 0), np.int64)
    for first, vectors in vector_slices(material, size):
        scores = np.concatenate([best, asked @ vectors.T], axis=1)
        numbers = np.broadcast_to(np.arange(first, first + len(vectors)), (len(asked), len(vectors)))
        together = np.concatenate([ids, numbers], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
        best, ids = np.take_along_axis(scores, order, 1), np.take_along_axis(together, order, 1)
    np.save(path, ids)
    return ids
