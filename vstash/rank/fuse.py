"""One ranking out of two: pure functions from what each side saw to candidates, best first.

Every fusion sums one share for each side, so that a score can be explained by what made it. Sums are
exact (math.fsum) and ties go to the smaller chunk id: the order of the input never shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from vstash.types import Candidate, Contribution, Ranking, Side

RRF_K = 60  # Cormack, Clarke and Büttcher 2009
CORE = (
    50  # ranks of each side over which scores are normalised: as good as 100 on the judged collections, half the work
)


@dataclass(frozen=True, slots=True)
class View:
    """How one side sees the candidates: its pool's ranks, and raw scores, also beyond the pool where
    they could be had. A candidate it has no score for gets `floor`."""

    side: Side
    weight: float
    ranks: Mapping[int, int]
    scores: Mapping[int, float]
    floor: float = 0.0

    @classmethod
    def of(cls, ranking: Ranking, weight: float, pool: int, known: Mapping[int, float] | None = None) -> View:
        """The view of a ranking whose first `pool` entries are candidates; `known` are further scores."""
        scores = dict(ranking.items)
        return cls(
            ranking.arm,
            weight,
            {item.chunk_id: rank for rank, item in enumerate(ranking.items[:pool], 1)},
            {**scores, **known} if known else scores,
        )


Ids = tuple[int, ...]
Fusion = Callable[[Ids, Ids, View], Mapping[int, float]]


def rrf(ids: Ids, core: Ids, view: View) -> Mapping[int, float]:
    """Reciprocal rank fusion: w / (60 + rank), nothing for a candidate outside the pool."""
    return {id_: view.weight / (RRF_K + view.ranks[id_]) if id_ in view.ranks else 0.0 for id_ in ids}


def zscore(ids: Ids, core: Ids, view: View) -> Mapping[int, float]:
    """w · (score − mean) / deviation; a side that tells no candidates apart gives nothing.

    Mean and deviation are taken over `core`, so that asking for more hits does not move the first ones.
    """
    values = [view.scores.get(id_, view.floor) for id_ in core]
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    if deviation < 1e-9:
        return dict.fromkeys(ids, 0.0)
    return {id_: view.weight * (view.scores.get(id_, view.floor) - mean) / deviation for id_ in ids}


def raw(ids: Ids, core: Ids, view: View) -> Mapping[int, float]:
    """The side's own score: what a search on one side alone shows."""
    return {id_: view.scores.get(id_, view.floor) for id_ in ids}


FUSE: Mapping[str, Fusion] = {"gated": zscore, "zscore": zscore, "rrf": rrf, "adaptive": rrf, "raw": raw}


def fuse(name: str, views: Iterable[View]) -> tuple[Candidate, ...]:
    """All candidates of the views' pools, best first, ties by chunk id; each score is the exact sum
    of its contributions' shares."""
    seen = tuple(views)
    ids = tuple(sorted({id_ for view in seen for id_ in view.ranks}))
    if not ids:
        return ()
    core = tuple(id_ for id_ in ids if any(view.ranks.get(id_, CORE + 1) <= CORE for view in seen))
    shares = [(view, FUSE[name](ids, core, view)) for view in seen]
    found = [_candidate(id_, shares) for id_ in ids]
    return tuple(sorted(found, key=lambda candidate: (-candidate.score, candidate.chunk_id)))


def _candidate(id_: int, shares: list[tuple[View, Mapping[int, float]]]) -> Candidate:
    parts = tuple(
        [Contribution(view.side, view.ranks.get(id_), view.scores.get(id_), share[id_]) for view, share in shares]
    )
    return Candidate(id_, math.fsum([part.share for part in parts]), parts)
