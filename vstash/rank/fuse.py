"""One ranking out of two: pure functions from what each side saw to candidates, best first.

Every fusion sums one share for each side, so that a score can be explained by what made it. Sums are
exact (math.fsum) and ties go to the smaller chunk id: the order of the input never shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from typing import NamedTuple

from vstash.types import Candidate, Contribution, Ranking, Side, as_tuples

RRF_K = 60  # Cormack, Clarke and Büttcher 2009
# ranks of each side over which scores are normalised: as good as 100 on the judged collections, half the work
CORE = 50


class View(NamedTuple):
    """How one side sees the candidates: its pool's ranks, and raw scores, also beyond the pool where
    they could be had. A candidate it has no score for gets `floor`."""

    side: Side
    weight: float
    ranks: Mapping[int, int]
    scores: Mapping[int, float]
    floor: float = 0.0

    @classmethod
    def of(cls, ranking: Ranking, weight: float, pool: int) -> View:
        """The view of a ranking whose first `pool` entries are candidates."""
        ranks = {item.chunk_id: rank for rank, item in enumerate(ranking.items[:pool], 1)}
        return cls(ranking.arm, weight, ranks, dict(ranking.items))


Ids = Sequence[int]
Fusion = Callable[[Ids, Ids, View], list[float]]


def rrf(ids: Ids, core: Ids, view: View) -> list[float]:
    """Reciprocal rank fusion: w / (60 + rank), nothing for a candidate outside the pool."""
    return [view.weight / (RRF_K + view.ranks[id_]) if id_ in view.ranks else 0.0 for id_ in ids]


def zscore(ids: Ids, core: Ids, view: View) -> list[float]:
    """w · (score − mean) / deviation; a side that tells no candidates apart gives nothing.

    Mean and deviation are taken over `core`, so that asking for more hits does not move the first ones.
    """
    values = raw(core, core, view)
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum([(value - mean) ** 2 for value in values]) / len(values))
    if deviation < 1e-9:
        return [0.0] * len(ids)
    return [view.weight * (value - mean) / deviation for value in raw(ids, core, view)]


def raw(ids: Ids, core: Ids, view: View) -> list[float]:
    """The side's own score: what a search on one side alone shows."""
    return list(map(view.scores.get, ids, repeat(view.floor)))


FUSE: Mapping[str, Fusion] = {"gated": zscore, "zscore": zscore, "rrf": rrf, "adaptive": rrf, "raw": raw}


def fuse(name: str, views: Iterable[View]) -> tuple[Candidate, ...]:
    """All candidates of the views' pools, best first, ties by chunk id; each score is the exact sum
    of its contributions' shares."""
    seen = tuple(views)
    ids = sorted({id_ for view in seen for id_ in view.ranks})
    if not ids:
        return ()
    best = {id_ for view in seen for id_, rank in view.ranks.items() if rank <= CORE}
    core = [id_ for id_ in ids if id_ in best]
    shares = [FUSE[name](ids, core, view) for view in seen]
    parts = [_contributions(ids, view, some) for view, some in zip(seen, shares, strict=True)]
    found = as_tuples(
        Candidate, zip(ids, map(math.fsum, zip(*shares, strict=True)), zip(*parts, strict=True), strict=True)
    )
    return best_first(found)


def _contributions(ids: Ids, view: View, shares: Sequence[float]) -> Iterator[Contribution]:
    """What a side gives each candidate."""
    rank, score = map(view.ranks.get, ids), map(view.scores.get, ids)
    return as_tuples(Contribution, zip(repeat(view.side), rank, score, shares, strict=False))


def best_first(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """The candidates by score, ties by chunk id."""
    ordered = sorted(candidates, key=attrgetter("chunk_id"))
    ordered.sort(key=attrgetter("score"), reverse=True)  # which leaves those of one score in their order
    return tuple(ordered)
