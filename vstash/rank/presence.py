"""What is a word worth that was too common to read its postings?

The passages that rarer words and the vectors brought up are looked at whether they hold it, by the encoder's
word-pieces: a word that stands there once in a passage of average length gets its IDF from BM25, so often
enough twice that GAIN of it is the better estimate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from vstash.types import Ranking, Term

GAIN = 1.2  # times the IDF, for a word that is held; 1 to 1.5 are as good on the judged collections


def wanted(words: Iterable[Term], others: Iterable[int] = ()) -> list[int]:
    """The word-pieces to ask for, and others that will be asked for."""
    return sorted({*others, *(piece for word in words for piece in word.pieces)})


def completed(ranking: Ranking, held: Mapping[int, frozenset[int]], words: Sequence[Term], chunks: int) -> Ranking:
    """The ranking with what each chunk gains by the words that it holds; ties by chunk id. A chunk that was not
    in it comes in if it holds one."""
    gains = [(frozenset(word.pieces), GAIN * word.weight * idf(chunks, word.df)) for word in words]
    scores = dict(ranking.items)
    for id_, pieces in held.items():
        gain = math.fsum([gain for needed, gain in gains if needed <= pieces])
        if gain:
            scores[id_] = scores.get(id_, 0.0) + gain
    ordered = sorted(scores.items())
    ordered.sort(key=itemgetter(1), reverse=True)  # which leaves those of one score in their order
    return Ranking.of(ranking.arm, ordered)


def idf(chunks: int, df: int) -> float:
    """As FTS5's BM25 has it: ln((N − df + ½) / (df + ½)), not below 0."""
    return max(0.0, math.log((chunks - df + 0.5) / (df + 0.5))) if 0 <= df <= chunks else 0.0
