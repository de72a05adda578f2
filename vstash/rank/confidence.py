"""Whether anything found is about the question: high, medium or low, the same for every encoder."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vstash.types import CONFIDENCES, Confidence, Term

# Deviations above the encoder's own noise. Judged by asking each of seven collections its own and as many
# foreign questions: one threshold tells them apart with F1 .96 (scripts/quality prints it).
MEDIUM, HIGH = 6.0, 8.0
EVIDENCE = 0.4  # of the best keyword score that the question's words could give: they stand together somewhere
# The same where there are words alone. Judged as above on six collections, XQuAD-R in English, Spanish and Chinese with
# questions about its other half among them: F1 .82 to .99, mean .89.
ALONE = 0.18
DERIVED = (
    0.5  # of a word's say, for what is derived of words: of the pairs of Chinese characters half straddle two words
)
K1 = 1.2  # of FTS5's BM25: a word's score is below idf · (K1 + 1)


def level(cosine: float | None, noise: tuple[float, float] | None, evidence: float) -> Confidence:
    """From the cosine of the question with its best passage, or from its words where they say more.

    Without a cosine, or without `noise`, for vectors whose encoder could not be asked, only the words count.
    """
    if cosine is None or noise is None or noise[1] <= 0:
        return "high" if evidence >= EVIDENCE else "medium" if evidence >= ALONE else "low"
    height = (cosine - noise[0]) / noise[1]
    if height >= HIGH or (height >= MEDIUM and evidence >= EVIDENCE):
        return "high"
    return "medium" if height >= MEDIUM or evidence >= EVIDENCE else "low"


def reaches(found: Confidence, least: Confidence) -> bool:
    """Whether one is at least the other."""
    return CONFIDENCES.index(found) >= CONFIDENCES.index(least)


def keyword_evidence(best: float, words: Sequence[Term], chunks: int) -> float:
    """The best BM25 score as a share of what a passage could get that holds all the words, 0 to 1.

    `words` are those of the question that say something; a word that occurs nowhere counts the most.
    """
    telling = [word for word in words if 2 * word.df < chunks]
    bound = math.fsum(
        (word.weight if word.times or word.stem_of else DERIVED) * math.log((chunks - word.df + 0.5) / (word.df + 0.5))
        for word in telling
    )
    return min(1.0, best / (bound * (K1 + 1))) if bound > 0 else 0.0
