"""How much the vectors count for one query: the nearer its best passage, the more."""

from __future__ import annotations

CENTRE = 7.7  # deviations above noise at which both sides count the same
SLOPE = 0.055  # weight gained for each further deviation
LEAST, MOST = 0.15, 0.85  # of the vectors' weight

# Judged on 18 collections with all-MiniLM-L6-v2, whose cosines between unrelated texts have mean .013 and
# deviation .073: clip(.5 + .75 · (cosine − .6), .15, .85). In deviations it carries over to other encoders.


def weights(cosine: float, noise: tuple[float, float]) -> tuple[float, float]:
    """(vector, keyword) weights from the best cosine and the (mean, deviation) of unrelated ones."""
    mean, deviation = noise
    height = (cosine - mean) / deviation if deviation > 0 else CENTRE
    vector = min(MOST, max(LEAST, 0.5 + SLOPE * (height - CENTRE)))
    return vector, 1.0 - vector
