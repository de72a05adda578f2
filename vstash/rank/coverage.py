"""How much of the question stands in a passage, in the encoder's own word-pieces.

BM25 sees stems, the vectors see meaning; this sees the exact forms, parts of rare words and function words.
m(chunk) = Σ idf of the question's pieces that the chunk holds, idf = ln(1 + (N − df + ½) / (df + ½)).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

BEST = 50  # candidates it is measured on
SHARE = 0.2  # of the final score, for a question of up to FULL pieces
FULL, NONE = 32, 64  # pieces: from here the share falls, and there it is gone; long questions lose by it


def share(pieces: int) -> float:
    """The weight of the coverage in the final score for a question of so many word-pieces."""
    return SHARE * min(1.0, max(0.0, (NONE - pieces) / (NONE - FULL)))


def idf(chunks: int, df: int) -> float:
    """The weight of a piece that `df` of all chunks hold."""
    return math.log(1 + max(0.0, chunks - df + 0.5) / (df + 0.5))


def measured(held: Sequence[Collection[int]], weights: Mapping[int, float]) -> list[float]:
    """m of each chunk, from the pieces it holds."""
    return [math.fsum(weight for piece, weight in weights.items() if piece in pieces) for pieces in held]
