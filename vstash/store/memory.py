"""A small store without a file, for tests and for memories that end with the process.

Everything is computed anew from the documents: slow and plain, so that it can be an oracle.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vstash.errors import BadVectors, SpaceMismatch, StoreError
from vstash.filters import Filter, matches
from vstash.store.base import Entry, Passage, Renamed, Stored
from vstash.store.tokens import Tokenizer, Tokens
from vstash.store.turns import Taking, by_turns
from vstash.types import (
    Arm,
    Chunk,
    Document,
    Facts,
    Finding,
    Ranking,
    Report,
    Scored,
    Source,
    Space,
    Status,
    Term,
    indexed,
)

Vectors = NDArray[np.float32]
Pieces = NDArray[np.uint32]

K1, B = 1.2, 0.75  # of BM25, as FTS5 has them
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Row:
    """One chunk with all that hangs on it."""

    id: int
    document: Document
    chunk: Chunk
    key: bytes
    vector: Vectors
    words: Tokens
    pieces: frozenset[int] | None
    terms: str


class _Filled(NamedTuple):
    """What a chunk has in a space that is being filled."""

    key: bytes
    vector: Vectors
    pieces: frozenset[int] | None


@by_turns
class MemoryStore(Taking):
    """A Store in the process, one thread at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._space: Space | None = None
        self._documents: dict[str, tuple[Document, str]] = {}
        self._rows: dict[int, _Row] = {}
        self._next_chunk = 1
        self._next_document = 1
        self._tokenizer = Tokenizer()
        self._beside: dict[str, dict[int, _Filled]] = {}  # vectors of a space being filled

    @property
    def path(self) -> Path:
        """There is no file."""
        return Path(":memory:")

    def space(self) -> Space | None:
        """The space of the vectors."""
        return self._space

    def known(self, uris: Sequence[str]) -> dict[str, Stored]:
        """What is stored under these uris."""
        found = {uri: self._documents[uri] for uri in uris if uri in self._documents}
        return {
            uri: Stored(document.content_hash, recipe, document.collection, document.tags, document.modified_at)
            for uri, (document, recipe) in found.items()
        }

    def within(self, paths: Sequence[str]) -> dict[str, Stored]:
        """What is stored under these uris and below them."""
        tops = {path.rstrip("/\\") for path in paths}
        return self.known(
            [
                uri
                for uri in self._documents
                if any(uri == top or uri.startswith((f"{top}/", f"{top}\\")) for top in tops)
            ]
        )

    def vectors(self, keys: Iterable[bytes]) -> dict[bytes, Vectors]:
        """Vectors already there, by the digest of what was encoded."""
        wanted = set(keys)
        return {row.key: row.vector for row in self._rows.values() if row.key in wanted}

    def put(self, entries: Sequence[Entry], space: Space, now: datetime, lost: Sequence[str] = ()) -> list[Status]:
        """Store the documents, each replacing what had its uri, and forget what is lost."""
        if self._space is not None and (self._space.id, self._space.dim) != (space.id, space.dim):
            raise SpaceMismatch(f"the memory holds vectors of {self._space.id}, not of {space.id}", hint="start anew")
        for entry in entries:
            lengths = np.linalg.norm(entry.vectors, axis=-1)
            if entry.vectors.shape != (len(entry.chunks), space.dim) or not np.all(np.abs(lengths - 1) < 1e-3):
                raise BadVectors("vectors are of the wrong shape or length", hint="one unit vector a chunk")
        self._space = self._space or space
        self.forget_all(lost)
        return [self._put(entry, now) for entry in entries]

    def _put(self, entry: Entry, now: datetime) -> Status:
        source = entry.source
        if not entry.anew and self.known([source.uri]).get(source.uri) == Stored.of(entry):
            return "unchanged"
        old = self._documents.get(source.uri)
        self.forget(source.uri)
        document = Document(
            id=old[0].id if old else self._next_document,
            uri=source.uri,
            title=source.title,
            kind=source.kind,
            collection=source.collection,
            tags=source.tags,
            content_hash=source.content_hash,
            added_at=now,
            modified_at=source.modified_at,
            dated_at=source.dated_at,
            chunks=len(entry.chunks),
            metadata=dict(source.metadata),
        )
        self._next_document += old is None
        self._documents[source.uri] = (document, entry.recipe)
        named: list[frozenset[int] | None] = [frozenset(ids.tolist()) for ids in entry.pieces]
        named = named or [None] * len(entry.chunks)
        rows = zip(entry.chunks, entry.terms, entry.keys, entry.vectors, named, strict=True)
        for chunk, terms, key, vector, pieces in rows:
            words = self._tokenizer.tokens(indexed(chunk.text, terms), f"{source.title} {chunk.heading}")
            self._rows[self._next_chunk] = _Row(self._next_chunk, document, chunk, key, vector, words, pieces, terms)
            self._next_chunk += 1
        return "replaced" if old else "added"

    def rename(self, moves: Sequence[Renamed]) -> list[bool]:
        """Give documents other uris."""
        return [self._rename(one) for one in moves]

    def _rename(self, one: Renamed) -> bool:
        if one.old not in self._documents or (one.uri != one.old and one.uri in self._documents):
            return False
        document, recipe = self._documents.pop(one.old)
        title = document.title if one.title is None else one.title
        changed = replace(document, uri=one.uri, title=title, modified_at=one.modified_at)
        self._documents[one.uri] = (changed, recipe)
        for at, row in enumerate(self._of(document.id)):
            terms = one.terms[at] if one.terms else row.terms
            words = self._tokenizer.tokens(indexed(row.chunk.text, terms), f"{title} {row.chunk.heading}")
            self._rows[row.id] = replace(row, document=changed, terms=terms, words=words)
        return True

    def forget(self, uri: str) -> bool:
        """Remove a document and all that hangs on it."""
        self._rows = {id_: row for id_, row in self._rows.items() if row.document.uri != uri}
        return self._documents.pop(uri, None) is not None

    def forget_all(self, uris: Sequence[str]) -> int:
        """Remove several documents."""
        return sum(self.forget(uri) for uri in uris)

    def document(self, uri: str) -> Document | None:
        """A document with its text."""
        if uri not in self._documents:
            return None
        document = self._documents[uri][0]
        return replace(document, text="".join(row.chunk.text for row in self._of(document.id)))

    def documents(self, rule: Filter | None = None) -> Iterator[Document]:
        """The documents that pass, by uri."""
        return iter([document for _, (document, _) in sorted(self._documents.items()) if matches(rule, document)])

    def inside(self, uris: Sequence[str]) -> Iterator[Document]:
        """The documents whose uri is one of these, "#" and more."""
        wanted = tuple(f"{uri}#" for uri in uris)
        return iter([one for one in self.documents() if one.uri.startswith(wanted) and one.uri not in wanted])

    def chunk_ids(self, document_id: int) -> list[int]:
        """The ids of a document's chunks, in order."""
        return [row.id for row in self._of(document_id)]

    def passages(self, chunk_ids: Sequence[int]) -> list[Passage]:
        """The chunks with these ids, in the order asked for."""
        rows = [self._rows[id_] for id_ in chunk_ids if id_ in self._rows]
        return [Passage(row.id, row.document, row.chunk) for row in rows]

    def neighbours(self, document_id: int, first: int, last: int) -> list[Chunk]:
        """The chunks of a document whose seq lies in first..last, in order."""
        return [row.chunk for row in self._of(document_id) if first <= row.chunk.seq <= last]

    def statistics(self) -> dict[str, Any]:
        """Counts and sizes."""
        documents = [document for document, _ in self._documents.values()]
        return {
            "documents": len(documents),
            "chunks": len(self._rows),
            "collections": dict(sorted(Counter(document.collection for document in documents).items())),
            "tags": dict(sorted(Counter(tag for document in documents for tag in document.tags).items())),
            "bytes": 0,
            "schema": 0,
        }

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Other threads wait, so that all reads inside see one state."""
        with self._turn:
            self.require_open()
            yield

    def count(self, rule: Filter | None = None) -> int:
        """How many chunks there are, or pass the filter."""
        return len(self._passing(rule))

    def terms(self, words: Sequence[str]) -> list[tuple[str, int]]:
        """Each word as the index of a file reads it, and how many chunks hold it."""
        found = []
        for word in words:
            pieces = self._tokenizer.split(word)
            df = min((sum(piece in row.words.counts for row in self._rows.values()) for piece in pieces), default=0)
            found.append((" ".join(pieces), df))
        return found

    def rank(self, arm: Arm, vector: Vectors | None, rule: Filter | None) -> Ranking:
        """Run one arm."""
        rows = self._passing(rule)
        if arm.kind == "keyword":
            scored = self._by_words(rows, arm.terms)
        else:
            scored = [Scored(row.id, float(row.vector @ vector)) for row in rows] if vector is not None else []
        best = sorted(scored, key=lambda one: (-one.score, one.chunk_id))
        return Ranking(arm.kind, tuple(best[: arm.depth if arm.kind == "keyword" else arm.pool]))

    def facts(self, chunk_ids: Sequence[int]) -> dict[int, Facts]:
        """What the stages need to know of these chunks."""
        rows = [self._rows[id_] for id_ in chunk_ids if id_ in self._rows]
        return {
            row.id: Facts(row.document.id, row.document.dated_at or row.document.added_at, _digest(row.chunk.text))
            for row in rows
        }

    def pieces(self, chunk_ids: Sequence[int], among: Sequence[int]) -> dict[int, frozenset[int]]:
        """Which of the word-pieces these chunks hold."""
        rows = [self._rows[id_] for id_ in chunk_ids if id_ in self._rows]
        return {row.id: row.pieces.intersection(among) for row in rows if row.pieces is not None}

    def piece_frequencies(self, wanted: Sequence[int]) -> list[int]:
        """How many chunks hold each word-piece."""
        return [sum(piece in (row.pieces or ()) for row in self._rows.values()) for piece in wanted]

    def similar(self, chunk_id: int, others: Sequence[int]) -> list[float]:
        """The cosine of a chunk with each of the others."""
        row = self._rows.get(chunk_id)
        return [0.0] * len(others) if row is None else self.cosines(others, row.vector)

    def cosines(self, chunk_ids: Sequence[int], vector: Vectors) -> list[float]:
        """The cosine of each chunk with the vector."""
        return [float(self._rows[id_].vector @ vector) if id_ in self._rows else 0.0 for id_ in chunk_ids]

    def check(
        self, *, repair: bool = False, fast: bool = False, report: Callable[[str], object] = str
    ) -> list[Finding]:
        """Nothing is derived, so nothing can disagree."""
        report("chunk_count")
        return [Finding("chunk_count", ok=True)]

    def release(self) -> None:
        """There is nothing behind its back."""

    def note_check(self, report: Report) -> None:
        """It ends with the process, and so would the note."""

    def entry(self, uri: str) -> Entry | None:
        """A document as it was put."""
        if uri not in self._documents:
            return None
        document, recipe = self._documents[uri]
        rows = self._of(document.id)
        fields = ("uri", "title", "kind", "content_hash", "modified_at", "dated_at", "tags", "collection", "metadata")
        text = "".join(row.chunk.text for row in rows)
        return Entry(
            source=Source(text=text, **{name: getattr(document, name) for name in fields}),
            recipe=recipe,
            chunks=tuple(row.chunk for row in rows),
            terms=tuple(row.terms for row in rows),
            keys=tuple(row.key for row in rows),
            vectors=np.stack([row.vector for row in rows]),
            pieces=tuple(np.array(sorted(row.pieces), np.uint32) for row in rows if row.pieces is not None),
        )

    def prepare_space(self, space: Space, now: datetime) -> None:
        """Make room for a second space."""
        self._beside = {space.id: self._beside.get(space.id, {})}

    def lacking(self, space: Space, after: int, limit: int, *, named: bool = False) -> list[int]:
        """The first chunks above `after` that have no vector in the space; word-pieces are not lost here."""
        has: Any = self._rows if self._space == space else self._beside.get(space.id, {})
        return [id_ for id_ in sorted(self._rows) if id_ > after and id_ not in has][:limit]

    def fill(
        self, space: Space, ids: Sequence[int], keys: Sequence[bytes], matrix: Vectors, pieces: Sequence[Pieces] = ()
    ) -> None:
        """Store vectors of chunks in a space that is being filled."""
        filled = self._beside[space.id]
        named: list[frozenset[int] | None] = [frozenset(one.tolist()) for one in pieces]
        rows = zip(ids, keys, matrix, named or [None] * len(ids), strict=True)
        filled.update((id_, _Filled(*row)) for id_, *row in rows if id_ not in filled)

    def switch(self, space: Space) -> bool:
        """Make a filled space the active one."""
        if self.lacking(space, 0, 1):
            return False
        for id_, filled in self._beside.pop(space.id, {}).items():
            if id_ in self._rows:
                self._rows[id_] = replace(self._rows[id_], key=filled.key, vector=filled.vector, pieces=filled.pieces)
        self._space = space
        return True

    def backup(self, target: Path, *, force: bool = False) -> None:
        """There is no file to copy."""
        raise StoreError(f"a memory without a file cannot be backed up to {target}", hint="export it instead")

    def compact(self) -> None:
        """Nothing is left behind by what is removed."""

    def _of(self, document_id: int) -> list[_Row]:
        return sorted(
            (row for row in self._rows.values() if row.document.id == document_id), key=lambda row: row.chunk.seq
        )

    def _passing(self, rule: Filter | None) -> list[_Row]:
        return [row for row in self._rows.values() if matches(rule, row.document)]

    def _by_words(self, rows: Sequence[_Row], terms: Sequence[Term]) -> list[Scored]:
        """Those of the rows that hold a term, with their BM25 (Robertson and Zaragoza 2009), with FTS5's floor under
        the IDF; none where a phrase is missing."""
        size = len(self._rows)
        asked = [(self._tokenizer.split(term.text), term.prefix) for term in terms]
        counts = {id_: [row.words.count(*one) for one in asked] for id_, row in self._rows.items()}
        average = sum(row.words.size for row in self._rows.values()) / max(1, size)
        alike = any(term.phrase for term in terms)
        weights = []
        for at, term in enumerate(terms):
            df = sum(bool(count[at]) for count in counts.values())
            idf = max(math.log((size - df + 0.5) / (df + 0.5)), 1e-6)
            weights.append((1.0 if alike else term.weight) * idf)
        found = []
        for row in rows:
            counted = counts[row.id]
            if any(counted) and all(count for count, term in zip(counted, terms, strict=True) if term.phrase):
                damping = K1 * (1 - B + B * row.words.size / average)
                shares = [weight * tf * (K1 + 1) / (tf + damping) for weight, tf in zip(weights, counted, strict=True)]
                found.append(Scored(row.id, sum(shares)))
        return found


def _digest(text: str) -> int:
    folded = (" ".join(_WORD.findall(text.casefold())) or text).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(folded, digest_size=8).digest(), "big", signed=True)
