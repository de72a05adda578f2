"""What happens to the fused candidates before the hits are cut: a list of plain functions.

Each stage takes candidates, best first, and gives candidates, best first. What it needs to know of a
chunk comes in `Facts`; the time is an argument.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import NamedTuple

from vstash.rank.coverage import BEST
from vstash.rank.fuse import best_first
from vstash.types import Candidate, Contribution, Facts, Query, as_tuples

DEEP = 60  # candidates whose order is that of fusion …
DEEP_MEANING = 0.8  # … and the vectors' least weight past them: recall@100 +.002, below no single side
NEXT_TO_NOTHING = 1e-6  # of the whole weight
DIVERSIFY = 4  # candidates looked at for each hit wanted


class Setting(NamedTuple):
    """All that a stage sees besides the candidates. `similar` gives cosines between chunks, `covered` how much
    of the question's word-pieces chunks hold, `coverage` that measure's share of the final score; `meaning` is
    the weight that the vectors had in fusion."""

    query: Query
    facts: Mapping[int, Facts]
    now: datetime
    similar: Callable[[int, Sequence[int]], Sequence[float]]
    covered: Callable[[Sequence[int]], Sequence[float]] = lambda ids: [0.0] * len(ids)
    coverage: float = 0.0
    meaning: float = 1.0


Candidates = tuple[Candidate, ...]
Stage = Callable[[Candidates, Setting], Candidates]


def deepen(candidates: Candidates, setting: Setting) -> Candidates:
    """Past the first DEEP let the vectors count at least DEEP_MEANING: there words find more that is not meant.

    Written as one contribution, which also keeps all of these below the first ones. Vectors that count next to
    nothing were not asked for: their shares cannot be scaled up.
    """
    head, tail = candidates[:DEEP], candidates[DEEP:]
    more = DEEP_MEANING - setting.meaning
    if more <= 0 or not tail or setting.meaning < NEXT_TO_NOTHING:
        return candidates
    gains = {"vector": more / setting.meaning, "keyword": -more / (1 - setting.meaning)}
    shares = [math.fsum([gains[part.arm] * part.share for part in one.contributions]) for one in tail]
    above = max(0.0, max(one.score + share for one, share in zip(tail, shares, strict=True)) - head[-1].score)
    shares = [share - above for share in shares]
    moved = _with_shares(tail, "depth", shares)
    ceiling = head[-1].score
    cases = zip(tail, shares, moved, strict=True)
    return (*head, *best_first(_at_most(ceiling, *case) for case in cases))


def _at_most(ceiling: float, candidate: Candidate, share: float, moved: Candidate) -> Candidate:
    """The candidate with its share of the depth, less what rounding has lifted it above the ceiling."""
    while moved.score > ceiling:
        share = min(share - (moved.score - ceiling), math.nextafter(share, -math.inf))
        moved = _with_share(candidate, "depth", share)
    return moved


def cover(candidates: Candidates, setting: Setting) -> Candidates:
    """Let the coverage of the question's word-pieces take its share in ordering the best candidates.

    Final order by (1 − λ) z(score) + λ z(m); written as a contribution λ / (1 − λ) · σ · z(m) to the score.
    """
    best, rest = candidates[:BEST], candidates[BEST:]
    measures = setting.covered([one.chunk_id for one in best])
    mean = math.fsum(measures) / max(1, len(measures))
    deviation = math.sqrt(math.fsum((m - mean) ** 2 for m in measures) / max(1, len(measures)))
    if deviation < 1e-9:
        return candidates
    unit = setting.coverage / (1 - setting.coverage) * _spread(best) / deviation
    return best_first((*_with_shares(best, "coverage", [unit * (m - mean) for m in measures]), *rest))


def recency(candidates: Candidates, setting: Setting) -> Candidates:
    """Add up to one deviation of the scores to what is new, half as much for every half-life of age."""
    half_life = setting.query.recency
    if half_life is None or len(candidates) < 2:
        return candidates
    spread = _spread(candidates)
    shares = [spread * _freshness(one, setting, half_life) for one in candidates]
    return best_first(_with_shares(candidates, "recency", shares))


def collapse(candidates: Candidates, setting: Setting) -> Candidates:
    """Keep the best of passages that say the same, wherever they stand."""
    return _first_of_each(candidates, lambda one: setting.facts[one.chunk_id].digest)


def diversify(candidates: Candidates, setting: Setting) -> Candidates:
    """Push back passages that repeat what was already chosen from their own document.

    A passage loses diversity · σ · (its largest cosine with the chosen ones of its document), σ the deviation
    of the scores: nothing that stands more than diversity · σ below it can pass it, so that one good
    document's second passage never gives way to junk.
    """
    share = setting.query.diversity * _spread(candidates)
    waiting = list(candidates[: DIVERSIFY * setting.query.limit])
    rest = candidates[len(waiting) :]
    redundancy = {one.chunk_id: 0.0 for one in waiting}
    chosen: list[Candidate] = []
    while waiting:
        best = min(waiting, key=lambda one: (share * redundancy[one.chunk_id] - one.score, one.chunk_id))
        waiting.remove(best)
        chosen.append(_with_share(best, "diversity", -share * redundancy[best.chunk_id]))
        document = setting.facts[best.chunk_id].document_id
        same = [one.chunk_id for one in waiting if setting.facts[one.chunk_id].document_id == document]
        for id_, cosine in zip(same, setting.similar(best.chunk_id, same) if same else (), strict=True):
            redundancy[id_] = max(redundancy[id_], cosine)
    return (*chosen, *rest)


def group(candidates: Candidates, setting: Setting) -> Candidates:
    """Keep the best passage of each document."""
    return _first_of_each(candidates, lambda one: setting.facts[one.chunk_id].document_id)


def limit(candidates: Candidates, setting: Setting) -> Candidates:
    """Keep as many as were asked for."""
    return candidates[: setting.query.limit]


STAGES: Mapping[str, Stage] = {
    "depth": deepen,
    "coverage": cover,
    "recency": recency,
    "collapse": collapse,
    "diversify": diversify,
    "group": group,
    "limit": limit,
}
UNKNOWING = ("depth", "coverage")  # stages that ask nothing of a chunk's facts …
PICKING = ("collapse", "group", "limit")  # … and those for which a candidate's fate depends on better ones only


def _first_of_each(candidates: Candidates, kind: Callable[[Candidate], int]) -> Candidates:
    """The best candidate of each kind, in order."""
    best: dict[int, Candidate] = {}
    for candidate in candidates:
        best.setdefault(kind(candidate), candidate)
    return tuple(best.values())


def _spread(candidates: Candidates) -> float:
    """The standard deviation of the scores."""
    mean = math.fsum(one.score for one in candidates) / max(1, len(candidates))
    return math.sqrt(math.fsum((one.score - mean) ** 2 for one in candidates) / max(1, len(candidates)))


def _freshness(candidate: Candidate, setting: Setting, half_life: float) -> float:
    age = (setting.now - setting.facts[candidate.chunk_id].date).total_seconds() / 86_400
    return float(0.5 ** (max(age, 0.0) / half_life))


def _with_share(candidate: Candidate, name: str, share: float) -> Candidate:
    """The candidate with one more contribution; its score stays the exact sum."""
    (moved,) = _with_shares((candidate,), name, (share,))
    return moved


def _with_shares(candidates: Candidates, name: str, shares: Iterable[float]) -> Iterator[Candidate]:
    """Each candidate with one more contribution; scores stay the exact sums."""
    more = as_tuples(Contribution, zip(repeat(name), repeat(None), repeat(None), shares, strict=False))
    parts = [(*one.contributions, part) for one, part in zip(candidates, more, strict=True)]
    scores = [math.fsum([part.share for part in some]) for some in parts]
    return as_tuples(Candidate, zip([one.chunk_id for one in candidates], scores, parts, strict=True))
