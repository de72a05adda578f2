"""In how many chunks a word stands, without reading the vocabulary.

FTS5 counts a word by walking its postings: rare words cost microseconds, the commonest of a million chunks 25 ms.
So those of common words are kept in a table, counted anew when the memory has grown by half or shrunk as far, and
scaled to its size in between; planning needs no more than that. BM25 itself always uses the exact ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from vstash.store.sqlite.connection import Connection, tokens, value, writing

COMMON = 1 / 200  # of the chunks: words in more of them are kept
LEAST = 20_000  # chunks from which keeping is worth it
GROWTH = 1.5  # times as many chunks as when they were last counted, or as few: past it they hold no longer
REMEMBERED = 10_000  # words held in memory by a long-lived store
STALE = 1.1  # times: how much the memory may have grown since a word was held


class Frequencies:
    """Document frequencies for one connection, remembered while the memory keeps its size; that a word is nowhere
    only until something is written, as it is then left out of searches."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}
        self._chunks = 0
        self._state = (-1, -1)

    def of(self, connection: Connection, words: Sequence[str], chunks: int) -> list[tuple[str, int]]:
        """Each word as the index reads it, and how many of the `chunks` hold it; the rarest of several pieces."""
        self._refresh(connection, chunks)
        return [self._of(connection, word, chunks) for word in words]

    def _refresh(self, connection: Connection, chunks: int) -> None:
        state = connection.pragma("data_version"), connection.total_changes()
        if not self._chunks / STALE <= chunks <= self._chunks * STALE or len(self._known) >= REMEMBERED:
            self._known = {}
            self._chunks = chunks
        elif state != self._state:
            self._known = {word: known for word, known in self._known.items() if known[1]}
        self._state = state

    def _of(self, connection: Connection, word: str, chunks: int) -> tuple[str, int]:
        found = self._known.get(word)
        if found is None:
            pieces = tokens(connection, word)
            rarest = min((_look_up(connection, piece, chunks) for piece in pieces), default=0)
            found = self._known[word] = " ".join(pieces), rarest
        return found


def due(connection: Connection, chunks: int, least: int = LEAST) -> bool:
    """Whether the kept frequencies should be counted anew; from `least` chunks on they are kept at all."""
    counted = value(connection, "SELECT max(counted) FROM term") or 0
    return (chunks >= least or counted > 0) and not _holds(counted, chunks)


def count(connection: Connection, least: int = LEAST) -> None:
    """Count the common words anew, in a transaction of its own; below `least` chunks none is kept."""
    with writing(connection):
        chunks = value(connection, "SELECT value FROM meta WHERE key = 'chunks'")
        connection.execute("DELETE FROM term")
        if chunks >= least:
            connection.execute(
                "INSERT INTO term (text, chunks, counted) SELECT term, doc, ? FROM chunk_vocabulary WHERE doc >= ?",
                (chunks, max(1, int(chunks * COMMON))),
            )


def _holds(counted: int, chunks: int) -> bool:
    """Whether what was counted among so many chunks still tells something of what is there now."""
    return counted / GROWTH <= chunks < counted * GROWTH


def _look_up(connection: Connection, token: str, chunks: int) -> int:
    kept = connection.execute("SELECT chunks, counted FROM term WHERE text = ?", (token,)).fetchone()
    if kept is not None and _holds(int(kept[1]), chunks):
        return max(1, round(int(kept[0]) * chunks / int(kept[1])))
    return int(value(connection, "SELECT doc FROM chunk_vocabulary WHERE term = ?", (token,)) or 0)
