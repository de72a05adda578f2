"""BM25 word by word, kept in memory by a long-lived store: a question's score is the sum over its words.

FTS5 spends a microsecond on every posting it scores, more after another process's write, which empties SQLite's
cache; a long-lived memory is asked for the same words, above all the common ones, again and again.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vstash.store.sqlite.best import best
from vstash.store.sqlite.connection import Connection, rows, value

MOST = 2_000_000  # postings kept, 32 MB
GROWTH = 1.001  # times as many chunks or tokens as when the first kept word was scored: past it all are dropped
AVERAGES = 1  # id of FTS5's record of how many rows there are and how many tokens in each column
REWRITTEN = "rewritten"  # in the table meta: how often anything was taken out of the index
LEAST_IDF = 1e-6  # FTS5's, for words in more than half the chunks


class Scores(NamedTuple):
    """The chunks that hold a word, ascending, and the BM25 of it in each, positive; as of what moment."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    moment: Moment


class Moment(NamedTuple):
    """What the index holds: it has grown by some chunks and tokens while `rewritten` stays the same."""

    rewritten: int
    chunks: int
    tokens: int
    last: int  # id of a chunk


class Postings:
    """The scored postings of words for one connection; the least recently used give way.

    When chunks were added, by this connection or another, a word's postings in them are added to those kept, whose
    scores are brought up to date but for the mean length of a chunk: by less than GROWTH it hardly changes.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[str, Scores] = OrderedDict()
        self._size = 0
        self._state: tuple[int, int] | None = None
        self._first = self._now = Moment(-1, 0, 0, 0)

    def best(self, connection: Connection, words: Mapping[str, float], count: int) -> list[tuple[int, float]]:
        """The `count` chunks with the largest sums over some words, each a query for FTS5, by their weights; ties by
        chunk id.

        Only when `ready`.
        """
        found = [self._of(connection, word) for word in words]
        ids = np.concatenate([one.ids for one in found])
        order = np.argsort(ids, kind="stable")  # which merges runs that ascend
        weighed = [weight * one.scores for one, weight in zip(found, words.values(), strict=True)]
        ids, scores = ids[order], np.concatenate(weighed)[order]
        firsts = np.flatnonzero(np.diff(ids, prepend=-1))
        ids, sums = best(ids[firsts], np.add.reduceat(scores, firsts), count)
        return list(zip(ids.tolist(), sums.tolist(), strict=True))

    def ready(self, connection: Connection) -> bool:
        """Whether this is not the first search, so that keeping scores may pay. What no longer holds is dropped."""
        state = connection.pragma("data_version"), connection.total_changes()
        if state == self._state:
            return True
        first, self._state = self._state is None, state
        self._now = _moment(connection)
        if not _continues(self._first, self._now):
            self._kept.clear()
            self._size, self._first = 0, self._now
        return not first

    def _of(self, connection: Connection, word: str) -> Scores:
        known = self._kept.get(word)
        if known is None:
            known = _scored(connection, word, self._now)
        else:
            self._kept.move_to_end(word)
            if known.moment == self._now:
                return known
            self._size -= len(known.ids)
            known = _grown(connection, word, known, self._now)
        self._kept[word] = known
        self._size += len(known.ids)
        while self._size > self._most and len(self._kept) > 1:
            self._size -= len(self._kept.popitem(last=False)[1].ids)
        return known


def note_rewriting(connection: Connection) -> None:
    """Say that something is taken out of the index, or that it is made anew: kept scores hold no longer."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET value = value + 1", (REWRITTEN,)
    )


def _moment(connection: Connection) -> Moment:
    found = dict(rows(connection, "SELECT key, value FROM meta WHERE key IN ('chunks', ?)", (REWRITTEN,)))
    averages = value(connection, "SELECT block FROM chunk_fts_data WHERE id = ?", (AVERAGES,)) or b""
    last = value(connection, "SELECT max(id) FROM chunk") or 0
    return Moment(found.get(REWRITTEN, 0), found.get("chunks", 0), sum(_varints(averages)[1:]), last)


def _continues(first: Moment, now: Moment) -> bool:
    """Whether the mean length of a chunk is still about the same, and nothing was taken out."""
    grown = max(now.chunks - GROWTH * first.chunks, now.tokens - GROWTH * first.tokens)
    return now.rewritten == first.rewritten and grown <= 0


def _varints(block: bytes) -> list[int]:
    """SQLite's: seven bits in each byte, the most significant first; the last byte of a number is below 128."""
    found, number = list[int](), 0
    for byte in block:
        number = number << 7 | byte & 127
        if byte < 128:
            found.append(number)
            number = 0
    return found


def _scored(connection: Connection, word: str, now: Moment) -> Scores:
    """A word's postings, scored by FTS5."""
    found = rows(connection, "SELECT rowid, -bm25(chunk_fts) FROM chunk_fts WHERE chunk_fts MATCH ?", (word,))
    return Scores(*_columns(found), now)


def _grown(connection: Connection, word: str, known: Scores, now: Moment) -> Scores:
    """A word's postings with those that were added since; all by its frequency of today."""
    added, saturations = _columns(
        rows(
            connection,
            "SELECT rowid, saturation(chunk_fts) FROM chunk_fts WHERE chunk_fts MATCH ? AND rowid > ?",
            (word, known.moment.last),
        )
    )
    ids = np.concatenate([known.ids, added])
    idf = _idf(len(ids), now.chunks)
    scale = idf / _idf(len(known.ids), known.moment.chunks)
    return Scores(ids, np.concatenate([scale * known.scores, idf * saturations]), now)


def _columns(found: list[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    ids, scores = zip(*found, strict=True) if found else ((), ())
    return np.array(ids, np.int64), np.array(scores, np.float64)


def _idf(holding: int, chunks: int) -> float:
    """FTS5's, of Robertson and Sparck Jones."""
    return max(LEAST_IDF, math.log(max(1e-9, (chunks - holding + 0.5) / (holding + 0.5))))
