"""BM25 word by word, kept in memory while nothing is written: a question's score is the sum over its words.

FTS5 spends a microsecond on every posting it scores; a long-lived memory is asked for the same words, above all
the common ones, again and again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vstash.store.sqlite.connection import Connection, rows

MOST = 2_000_000  # postings kept, 32 MB


class Scores(NamedTuple):
    """The chunks that hold a word, ascending, and the BM25 of it in each, positive."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float64]


class Postings:
    """The scored postings of words for one connection; the least recently used give way."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[str, Scores] = OrderedDict()
        self._size = 0
        self._state: tuple[int, int] = (-1, -1)

    def best(self, connection: Connection, words: Sequence[str], count: int) -> list[tuple[int, float]]:
        """The `count` chunks with the largest sums over some words, each a query for FTS5; ties by chunk id.

        Only while `settled`.
        """
        found = [self._of(connection, word) for word in words]
        ids, places = np.unique(np.concatenate([one.ids for one in found]), return_inverse=True)
        sums = np.bincount(places, np.concatenate([one.scores for one in found]), len(ids))
        if count < len(ids):
            least = np.partition(sums, len(sums) - count)[len(sums) - count]
            at = np.flatnonzero(sums >= least)
            ids, sums = ids[at], sums[at]
        order = np.lexsort((ids, -sums))[:count]
        return list(zip(ids[order].tolist(), sums[order].tolist(), strict=True))

    def settled(self, connection: Connection) -> bool:
        """Whether nothing was written since the last search, so that keeping scores may pay; else all are dropped:
        any write, by this connection or another, moves every word's score a little."""
        state = connection.pragma("data_version"), connection.total_changes()
        if state == self._state:
            return True
        self._kept.clear()
        self._size, self._state = 0, state
        return False

    def _of(self, connection: Connection, word: str) -> Scores:
        known = self._kept.get(word)
        if known is not None:
            self._kept.move_to_end(word)
            return known
        found = rows(connection, "SELECT rowid, -bm25(chunk_fts) FROM chunk_fts WHERE chunk_fts MATCH ?", (word,))
        ids, values = zip(*found, strict=True) if found else ((), ())
        scores = Scores(np.array(ids, np.int64), np.array(values, np.float64))
        self._kept[word] = scores
        self._size += len(found)
        while self._size > self._most and len(self._kept) > 1:
            self._size -= len(self._kept.popitem(last=False)[1].ids)
        return scores
