"""The store that lives in one SQLite file: what belongs together happens in one transaction."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vstash.errors import SpaceMismatch, StoreBusy, StoreFull
from vstash.extras import later
from vstash.store.base import Entry, Passage, Renamed, Stored, utc_now
from vstash.store.sqlite import codes, documents, frequencies, keyword, migrate, pieces, spaces, vectors
from vstash.store.sqlite.connection import (
    PUT_BACK,
    absent,
    connect,
    discard,
    missing,
    require_same,
    require_there,
    translated,
    writing,
)
from vstash.store.sqlite.kept import Kept
from vstash.store.sqlite.scan import Scanner
from vstash.store.sqlite.snapshot import Snapshot
from vstash.store.sqlite.spaces import Filling
from vstash.types import Arm, Chunk, Document, Facts, Finding, Ranking, Report, Space, Status

if TYPE_CHECKING:
    from vstash.filters import Filter
    from vstash.store.sqlite import backup, checked, checks, quick, removal
else:  # what a search does without
    late = ("backup", "checked", "checks", "quick", "removal")
    backup, checked, checks, quick, removal = (later(f"vstash.store.sqlite.{name}") for name in late)

Vectors = NDArray[np.float32]
Pieces = NDArray[np.uint32]


class SqliteStore:
    """A Store in the file at `path`. One lock keeps threads apart; processes are kept apart by SQLite.

    Without `create` a file that is not there is DatabaseNotFound. Opening a current database writes
    nothing. Raises: StoreError.
    """

    def __init__(
        self,
        path: Path,
        *,
        create: bool = True,
        busy_wait: float = 30.0,
        vfs: str | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._kept = Kept(-1)
        if not create and absent(path):
            raise missing(path)
        self.connection = connect(path, create=create, busy_wait=busy_wait, vfs=vfs)
        self._snapshot = Snapshot(self.connection)
        try:
            with translated(path, PUT_BACK):
                if not create and not migrate.version(self.connection):
                    raise missing(path)  # all of it was in a log that is not there
                migrate.migrate(self.connection, migrate.shipped(), clock())
        except BaseException:
            discard(self.connection)
            raise

    @contextmanager
    def _use(self) -> Iterator[None]:
        require_same(self._process, self.path)
        with self._lock, translated(self.path):
            require_there(self.connection)
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One snapshot for all reads inside; what is raised there is the caller's, and goes on as it is."""
        require_same(self._process, self.path)  # in a fork the lock may be one that nobody gives back
        with self._lock:
            outermost = not self._snapshot.held
            try:
                with self._use():
                    self._snapshot.begin()
                yield
            finally:
                if outermost:
                    with translated(self.path):
                        self._snapshot.end()

    @contextmanager
    def _seeing(self) -> Iterator[None]:
        """One snapshot for reads of the store's own."""
        with self.reading(), self._use():
            yield

    def _active(self) -> tuple[int, Space] | None:
        """The space that searches use, with its number."""
        found: tuple[int, Space] | None = self._snapshot.once("active", lambda: vectors.active(self.connection))
        return found

    def _chunks(self) -> int:
        """How many chunks there are."""
        return int(self._snapshot.once("chunks", lambda: documents.count(self.connection, None)))

    def _held(self) -> Kept:
        """What is kept in memory of the file as it is now."""
        era = self._snapshot.once("era", lambda: self.connection.pragma("schema_version"))
        if era != self._kept.era:
            self._kept = Kept(era)
        return self._kept

    def space(self) -> Space | None:
        """The space of the vectors; None while nothing is stored."""
        with self._use():
            found = self._active()
        return found and found[1]

    def known(self, uris: Sequence[str]) -> dict[str, Stored]:
        """What is stored under these uris."""
        with self._use():
            return documents.known(self.connection, uris)

    def within(self, paths: Sequence[str]) -> dict[str, Stored]:
        """What is stored under these uris and below them."""
        with self._use():
            return documents.within(self.connection, paths)

    def vectors(self, keys: Iterable[bytes]) -> dict[bytes, Vectors]:
        """Vectors already there, by the digest of what was encoded."""
        with self._seeing():
            found = self._active()
            return vectors.by_key(self.connection, found[0], keys) if found else {}

    def put(self, entries: Sequence[Entry], space: Space, now: datetime, lost: Sequence[str] = ()) -> list[Status]:
        """Store the documents in one transaction, each replacing what had its uri, and forget what is lost."""
        for entry in entries:
            vectors.require_unit(entry.vectors, len(entry.chunks), space.dim)
        with self._use(), writing(self.connection):
            number = self._adopt(space, now)
            self.forget_all(lost)
            statuses = [status for run in _distinct(entries) for status in self._put(run, number, now)]
        with suppress(StoreBusy, StoreFull), self._use():  # what was put is stored; counting is due again next time
            if frequencies.due(self.connection, documents.count(self.connection, None)):
                frequencies.count(self.connection)
        return statuses

    def _adopt(self, space: Space, now: datetime) -> int:
        found = self._active()
        if found is None:
            return vectors.create(self.connection, space, now)
        number, stored = found
        if stored.id != space.id or stored.dim != space.dim:
            raise SpaceMismatch(
                f"{self.path} holds vectors of {stored.id}, not of {space.id}",
                hint="use the encoder it was made with, or another file",
            )
        return number

    def _put(self, entries: Sequence[Entry], number: int, now: datetime) -> list[Status]:
        """Write documents of different uris, but for those that somebody else has stored meanwhile."""
        known = documents.known(self.connection, [entry.source.uri for entry in entries if not entry.anew])
        due = [entry for entry in entries if entry.anew or known.get(entry.source.uri) != Stored.of(entry)]
        written = self._written(due, number, now) if due else {}
        return [written.get(entry.source.uri, "unchanged") for entry in entries]

    def _written(self, entries: Sequence[Entry], number: int, now: datetime) -> dict[str, Status]:
        """Write documents of different uris: the rows of all together, table after table."""
        old = documents.ids(self.connection, [entry.source.uri for entry in entries])
        removal.remove(self.connection, list(old.values()))
        given = [ids for _, ids in documents.insert(self.connection, entries, old, now)]
        ids = range(given[0].start, given[-1].stop)
        if ids:
            keyword.insert(self.connection, ids.start, ids.stop - 1)
            matrix = np.concatenate([entry.vectors for entry in entries])
            vectors.insert(self.connection, number, ids, [key for entry in entries for key in entry.keys], matrix)
            codes.insert(self.connection, number, ids, matrix)
        named = zip(given, (entry.pieces for entry in entries), strict=True)
        pieces.insert(
            self.connection, number, {id_: one for own, all_ in named for id_, one in zip(own, all_, strict=False)}
        )
        return {one.source.uri: "replaced" if one.source.uri in old else "added" for one in entries}

    def rename(self, moves: Sequence[Renamed]) -> list[bool]:
        """Give documents other uris, in one transaction; False for one that is gone, or whose new uri is taken."""
        with self._use(), writing(self.connection):
            return [self._rename(one) for one in moves]

    def _rename(self, one: Renamed) -> bool:
        found = documents.find(self.connection, one.old)
        if found is None or (one.uri != one.old and documents.find(self.connection, one.uri)):
            return False
        ids = documents.chunk_ids(self.connection, found) if one.terms else []
        if ids:
            keyword.delete(self.connection, ids)
        documents.rename(self.connection, found, one)
        if ids:  # of one document they follow one another
            keyword.insert(self.connection, ids[0], ids[-1])
        return True

    def forget(self, uri: str) -> bool:
        """Remove a document and all that hangs on it."""
        return self.forget_all([uri]) == 1

    def forget_all(self, uris: Sequence[str]) -> int:
        """Remove several documents in one transaction; how many there were."""
        with self._use(), writing(self.connection):
            found = documents.ids(self.connection, uris)
            removal.remove(self.connection, list(found.values()))
            return len(found)

    def document(self, uri: str) -> Document | None:
        """A document with its text."""
        with self._seeing():
            return documents.get(self.connection, uri)

    def documents(self, rule: Filter | None = None) -> Iterator[Document]:
        """The documents that pass, by uri, without their texts."""
        with self._seeing():  # all at once: a transaction left open would swallow what the caller writes meanwhile
            return iter(list(documents.select(self.connection, rule)))

    def inside(self, uris: Sequence[str]) -> Iterator[Document]:
        """The documents whose uri is one of these, "#" and more."""
        with self._seeing():
            return iter(list(documents.inside(self.connection, uris)))

    def chunk_ids(self, document_id: int) -> list[int]:
        """The ids of a document's chunks, in order."""
        with self._use():
            return documents.chunk_ids(self.connection, document_id)

    def passages(self, chunk_ids: Sequence[int]) -> list[Passage]:
        """The chunks with these ids, in the order asked for."""
        with self._use():
            return documents.passages(self.connection, chunk_ids)

    def neighbours(self, document_id: int, first: int, last: int) -> list[Chunk]:
        """The chunks of a document whose seq lies in first..last, in order."""
        with self._use():
            return documents.neighbours(self.connection, document_id, first, last)

    def statistics(self) -> dict[str, Any]:
        """Counts and sizes."""
        with self._seeing():
            found = documents.statistics(self.connection)
            pages = self.connection.pragma("page_count") * self.connection.pragma("page_size")
            return {**found, "bytes": pages, "schema": migrate.version(self.connection)}

    def count(self, rule: Filter | None = None) -> int:
        """How many chunks there are, or pass the filter."""
        with self._use():
            return self._chunks() if rule is None else documents.count(self.connection, rule)

    def terms(self, words: Sequence[str]) -> list[tuple[str, int]]:
        """Each word as the index reads it, and how many chunks hold it."""
        with self._use():
            return self._held().frequencies.of(self.connection, words, self._chunks())

    def facts(self, chunk_ids: Sequence[int]) -> dict[int, Facts]:
        """What the stages need to know of these chunks."""
        with self._use():
            return documents.facts(self.connection, chunk_ids)

    def pieces(self, chunk_ids: Sequence[int], among: Sequence[int]) -> dict[int, frozenset[int]]:
        """Which of the word-pieces these chunks hold; chunks whose pieces are not kept are left out."""
        with self._use():
            found = self._active()
            return pieces.held(self.connection, found[0], chunk_ids, among) if found else {}

    def piece_frequencies(self, wanted: Sequence[int]) -> list[int]:
        """How many chunks hold each word-piece."""
        with self._use():
            found = self._active()
            return pieces.frequencies(self.connection, found[0], wanted) if found else [0] * len(wanted)

    def similar(self, chunk_id: int, others: Sequence[int]) -> list[float]:
        """The cosine of a chunk with each of the others, in the order asked for."""
        with self._use():
            found = self._active()
            own = vectors.read(self.connection, found[0], [chunk_id], found[1].dim)[1] if found else None
            return [0.0] * len(others) if own is None or not len(own) else self.cosines(others, own[0])

    def rank(self, arm: Arm, vector: Vectors | None, rule: Filter | None) -> Ranking:
        """Run one arm."""
        with self._use():
            if arm.kind == "keyword":
                return keyword.rank(self.connection, arm.terms, arm.depth, rule, self._held().postings)
            found = self._active()
            if found is None or vector is None:
                return Ranking("vector", ())
            number, space = found
            if arm.path == "codes":
                scanner = self._held().scanners.setdefault((number, space.id), Scanner(number, len(vector)))
                return vectors.nearest_by_codes(self.connection, number, scanner, vector, arm, rule)
            return vectors.nearest(self.connection, number, vector, arm.pool, rule)

    def cosines(self, chunk_ids: Sequence[int], vector: Vectors) -> list[float]:
        """The cosine of each chunk with the vector, in the order asked for."""
        with self._use():
            found = self._active()
            if found is None:
                return [0.0] * len(chunk_ids)
            recent = self._held().recent(found[0], found[1].id)
            return vectors.cosines(self.connection, found[0], recent, chunk_ids, vector)

    def check(
        self, *, repair: bool = False, fast: bool = False, report: Callable[[str], object] = str
    ) -> list[Finding]:
        """Verify what is stored; repair what can be rebuilt, then verify again."""
        with self._use():
            if fast and not repair:
                with self._seeing():
                    return quick.run(self.connection, report)
            return (checks.mended if repair else checks.run)(self.connection, report)

    def release(self) -> None:
        """Rebuild what is derived without the vectors and word-pieces that cannot be used."""
        with self._use():
            checks.repair(self.connection, release=True)

    def note_check(self, report: Report) -> None:
        """Remember how a full check ended, where that can be written."""
        with self._use():
            checked.note(self.connection, report)

    def entry(self, uri: str) -> Entry | None:
        """A document as it was put."""
        with self._seeing():
            found = self._active()
            return documents.entry(self.connection, uri, *found) if found else None

    def prepare_space(self, space: Space, now: datetime) -> None:
        """Make room for a second space beside the active one."""
        with self._use(), writing(self.connection):
            spaces.prepare(self.connection, space, now)

    def lacking(self, space: Space, after: int, limit: int, *, named: bool = False) -> list[int]:
        """The first chunks above `after` that have no vector in the space, or with `named` no word-pieces."""
        with self._seeing():
            number = spaces.numbered(self.connection, space)
            return [] if number is None else spaces.lacking(self.connection, number, after, limit, named=named)

    def fill(
        self, space: Space, ids: Sequence[int], keys: Sequence[bytes], matrix: Vectors, pieces: Sequence[Pieces] = ()
    ) -> None:
        """Store vectors of chunks in a space that is being filled."""
        vectors.require_unit(matrix, len(ids), space.dim)
        with self._use(), writing(self.connection):
            number = spaces.numbered(self.connection, space)
            if number is not None:
                spaces.fill(self.connection, number, ids, Filling(keys, matrix, pieces))

    def switch(self, space: Space) -> bool:
        """Make a filled space the active one; False when chunks that came meanwhile lack a vector."""
        with self._use(), writing(self.connection):
            number = spaces.numbered(self.connection, space)
            return number is not None and spaces.switch(self.connection, number)

    def backup(self, target: Path, *, force: bool = False) -> None:
        """Write a verified copy of this moment's state."""
        with self._use():
            backup.backup(self.connection, target, force=force)

    def compact(self) -> None:
        """Give the space of what was removed back to the file system."""
        with self._use():
            backup.compact(self.connection)

    def close(self) -> None:
        """Close the connection; the last one to close folds the log into the file. In a fork it is not ours to."""
        if os.getpid() == self._process:
            with self._lock, translated(self.path):
                self.connection.close()


def _distinct(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Runs in which each uri occurs once: the second version replaces the first."""
    run: dict[str, Entry] = {}
    for entry in entries:
        if entry.source.uri in run:
            yield list(run.values())
            run = {}
        run[entry.source.uri] = entry
    if run:
        yield list(run.values())
