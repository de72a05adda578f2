"""In how many chunks a word stands, without reading the vocabulary.

FTS5 counts a word by walking its postings: rare words cost microseconds, the commonest of a million chunks 25 ms.
So those of common words are kept in a table, counted anew when the memory has grown by half, shrunk as far or been
replaced as far, and scaled to its size in between; planning needs no more. BM25 itself always uses the exact ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from vstash.store.sqlite.connection import Connection, tokens, value, writing

COMMON = 1 / 200  # of the chunks: words in more of them are kept
LEAST = 20_000  # chunks from which keeping is worth it
GROWTH = 1.5  # times as many chunks as when they were last counted, or as few: past it they hold no longer
REMEMBERED = 10_000  # words held in memory by a long-lived store
STALE = 1.1  # times: how much the memory may have grown since a word was held, or as much of it been replaced
UNTIL = "counted_until"  # in the table meta: the last chunk there was when words were counted


class Frequencies:
    """Document frequencies for one connection, remembered while the memory keeps its size; that a word is nowhere
    only until something is written, as it is then left out of searches."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}
        self._chunks = self._last = 0
        self._current = False  # whether the kept ones hold
        self._state = (-1, -1)

    def of(self, connection: Connection, words: Sequence[str], chunks: int) -> list[tuple[str, int]]:
        """Each word as the index reads it, and how many of the `chunks` hold it; the rarest of several pieces."""
        self._refresh(connection, chunks)
        return [self._of(connection, word, chunks) for word in words]

    def _refresh(self, connection: Connection, chunks: int) -> None:
        state = connection.pragma("data_version"), connection.total_changes()
        if state == self._state and len(self._known) < REMEMBERED:
            return
        last = _last(connection)
        resized = not self._chunks / STALE <= chunks <= self._chunks * STALE
        if resized or last - self._last > (STALE - 1) * chunks or len(self._known) >= REMEMBERED:
            self._known = {}
            self._chunks, self._last = chunks, last
        else:
            self._known = {word: known for word, known in self._known.items() if known[1]}
        self._current = _current(connection, chunks)
        self._state = state

    def _of(self, connection: Connection, word: str, chunks: int) -> tuple[str, int]:
        found = self._known.get(word)
        if found is None:
            pieces = tokens(connection, word)
            rarest = min((self._look_up(connection, piece, chunks) for piece in pieces), default=0)
            found = self._known[word] = " ".join(pieces), rarest
        return found

    def _look_up(self, connection: Connection, token: str, chunks: int) -> int:
        if self._current:
            kept = connection.execute("SELECT chunks, counted FROM term WHERE text = ?", (token,)).fetchone()
            if kept is not None:
                return max(1, round(int(kept[0]) * chunks / int(kept[1])))
        return int(value(connection, "SELECT doc FROM chunk_vocabulary WHERE term = ?", (token,)) or 0)


def due(connection: Connection, chunks: int, least: int = LEAST) -> bool:
    """Whether the kept frequencies should be counted anew; from `least` chunks on they are kept at all."""
    return (chunks >= least or _counted(connection) > 0) and not _current(connection, chunks)


def count(connection: Connection, least: int = LEAST) -> None:
    """Count the common words anew, in a transaction of its own; below `least` chunks none is kept."""
    with writing(connection):
        chunks = value(connection, "SELECT value FROM meta WHERE key = 'chunks'")
        connection.execute("DELETE FROM term")
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (UNTIL, _last(connection)))
        if chunks >= least:
            connection.execute(
                "INSERT INTO term (text, chunks, counted) SELECT term, doc, ? FROM chunk_vocabulary WHERE doc >= ?",
                (chunks, max(1, int(chunks * COMMON))),
            )


def _current(connection: Connection, chunks: int) -> bool:
    """Whether what was counted still tells something of what is there now."""
    counted = _counted(connection)
    until = value(connection, "SELECT value FROM meta WHERE key = ?", (UNTIL,)) or 0
    replaced = _last(connection) - until > (GROWTH - 1) * counted
    return counted / GROWTH <= chunks < counted * GROWTH and not replaced


def _counted(connection: Connection) -> int:
    """Among how many chunks the kept words were counted."""
    return int(value(connection, "SELECT counted FROM term LIMIT 1") or 0)


def _last(connection: Connection) -> int:
    """The last id that a chunk was given; none is given twice."""
    return int(value(connection, "SELECT seq FROM sqlite_sequence WHERE name = 'chunk'") or 0)
