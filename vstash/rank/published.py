"""The published system (arXiv 2604.15484, version 0.39), so that it can be run beside ours: pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vstash.rank.fuse import View

LONG_QUERY = 50  # words; above it the published system trusts the vectors (arXiv 2604.15484)
LONG_WEIGHTS = (0.9, 0.1)  # (vector, keyword) for a long query, same source
CUTOFF = 1.3225  # times the best cosine distance: vector candidates farther away are dropped, same source
CUTOFF_LONG = 25.0  # the same for a long query


def idf(chunks: int, df: int) -> float:
    """The published inverse document frequency, ln(N / (df + 1)); ln N for an unknown word."""
    return math.log(chunks / (df + 1))


def weights(chunks: int, frequencies: Sequence[int], words: int) -> tuple[float, float]:
    """(vector, keyword) weights of arXiv 2604.15484 from the document frequencies of a query's distinct
    stems: keyword = 0.1 + 0.5 · sigmoid(2 (m − ln(N) / 2)) with m the mean IDF, vector = 1 − keyword.

    `words` is the number of words in the query. A query without words gets the middle of the curve.
    """
    if words > LONG_QUERY:
        return LONG_WEIGHTS
    middle = math.log(chunks) / 2 if chunks else 0.0
    mean = math.fsum(idf(chunks, df) for df in frequencies) / len(frequencies) if frequencies and chunks else middle
    keyword = 0.1 + 0.5 / (1.0 + math.exp(-2.0 * (mean - middle)))
    return 1.0 - keyword, keyword


def pool(limit: int, chunks: int) -> int:
    """How many candidates each side gives: min(10k, max(3k, N / 3))."""
    return min(10 * limit, max(3 * limit, chunks // 3))


def trim(vector: View, keyword: View, limit: int, words: int) -> tuple[View, View]:
    """Drop vector candidates beyond the cutoff, then keyword-only candidates after the first 2k ranks."""
    factor = CUTOFF_LONG if words > LONG_QUERY else CUTOFF
    nearest = max((vector.scores[id_] for id_ in vector.ranks), default=0.0)
    farthest = factor * (1.0 - nearest)
    near = {id_: rank for id_, rank in vector.ranks.items() if 1.0 - vector.scores[id_] <= farthest}
    gated = {id_: rank for id_, rank in keyword.ranks.items() if id_ in near or rank <= 2 * limit}
    return vector._replace(ranks=near), keyword._replace(ranks=gated)
