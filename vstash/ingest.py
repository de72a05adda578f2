"""From paths and texts to stored documents: read, hash, split, encode, put, in batches across documents.

What is committed stays: a batch is one transaction, and an add that is run again goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vstash.config import Limits
from vstash.encode.base import Encoder, Tokenizing
from vstash.encode.calibrate import calibrate
from vstash.encode.registry import checked, pieces_of
from vstash.errors import SourceTooLarge, SpaceMismatch, UnsupportedSource, VstashError
from vstash.filters import In
from vstash.store.base import Entry, Store, Stored
from vstash.text.passage import digest, estimate_starts, own_title, passage
from vstash.text.read import Extract, extract
from vstash.text.split import split
from vstash.text.terms import extra_terms
from vstash.types import AddResult, Chunk, Source, Space

Vectors = NDArray[np.float32]

RECIPE = "4"  # how content becomes chunks; raise it when readers, splitter or terms change what is stored
BATCH_CHUNKS = 256  # chunks encoded and committed together: a few seconds' work, and all that a crash can lose
GIVEN_CHUNKS = 1024  # the same where vectors come with the texts: under a second
BATCH_FILES = 64  # files looked up together
PART_OF = "part_of"  # metadata: the uri of the document that this one came in
HOLDING_PARTS = (".eml", ".msg", ".mbox")  # what may have had parts before, whatever it is now
SPECIAL_TOKENS = 2  # that an encoder adds to each text: one before, one after
DEFAULT_WINDOW = 256  # tokens, for an encoder that does not say


@dataclass(frozen=True, slots=True)
class Labels:
    """What the caller says of everything it adds: where it belongs, and how much one source may be."""

    collection: str = "default"
    tags: tuple[str, ...] = ()
    limits: Limits = field(default=Limits(), repr=False)


@dataclass(frozen=True, slots=True)
class Pending:
    """A source on its way: `load` reads and parses it when its turn comes, unless `stored` shows that
    nothing has changed."""

    uri: str
    content_hash: str
    labels: Labels
    load: Callable[[], Source]
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that could not be read, and why."""

    uri: str
    error: str


@dataclass(slots=True)
class _Batch:
    """Documents split but not yet encoded, with the time each has taken so far."""

    sources: list[Source] = field(default_factory=list)
    chunks: list[tuple[Chunk, ...]] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    vectors: list[Vectors | None] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)  # that the passages are encoded with
    parts: dict[str, str] = field(default_factory=dict)  # of documents that came in another: whose they are
    size: int = 0


class Ingest:
    """Adds sources to a store with one encoder. `now` gives the time, in UTC."""

    def __init__(self, store: Store, encoder: Encoder, now: Callable[[], datetime]) -> None:
        self._store = store
        self._encoder = encoder
        self._now = now
        self._window = (encoder.space.max_tokens or DEFAULT_WINDOW) - SPECIAL_TOKENS
        self._starts = encoder.token_starts if isinstance(encoder, Tokenizing) else estimate_starts
        self._recipe = f"{RECIPE}/{self._window}"

    @property
    def recipe(self) -> str:
        """How content becomes chunks here, as it is kept with each document."""
        return self._recipe

    def add(self, pending: Iterable[Pending | Failure]) -> Iterator[AddResult]:
        """Store what is new or changed. Results come as soon as they are certain: an `added` is committed.

        Raises: StoreError, EncoderError; a source that cannot be read is a result.
        """
        batch = _Batch()
        for group in _groups(pending, BATCH_FILES):
            if {source.uri for source in batch.sources}.intersection(one.uri for one in group):
                yield from self._commit(batch)  # what is looked up next must know of it
                batch = _Batch()
            known = self._store.known([one.uri for one in group if isinstance(one, Pending)])
            for one in group:
                done = self._take(one, known, batch)
                if done is not None:
                    yield done
                if batch.size >= BATCH_CHUNKS:
                    yield from self._commit(batch)
                    batch = _Batch()
        yield from self._commit(batch)

    def add_vectors(self, sources: Sequence[Source], vectors: ArrayLike) -> list[AddResult]:
        """Store each text as one chunk with the vector given for it. Raises: BadVectors, StoreError."""
        rows = checked(vectors, len(sources), self._encoder.space.dim)
        done: list[AddResult] = []
        for first in range(0, len(sources), GIVEN_CHUNKS):
            batch = _Batch()
            for at in range(first, min(first + GIVEN_CHUNKS, len(sources))):
                whole = Chunk(0, sources[at].text, 0, len(sources[at].text))
                self._hold(batch, sources[at], (whole,), rows[at : at + 1], 0.0)
            done += self._commit(batch)
        return done

    def _take(self, one: Pending | Failure, known: dict[str, Stored], batch: _Batch) -> AddResult | None:
        """A result that is certain at once; None when the source went into the batch."""
        if isinstance(one, Failure):
            return AddResult(one.uri, "failed", error=one.error)
        started = time.perf_counter()
        if known.get(one.uri) == Stored(one.content_hash, self._recipe, one.labels.collection, one.labels.tags):
            return AddResult(one.uri, "unchanged", took=time.perf_counter() - started)
        try:
            source = one.load()
            title = own_title(source.title, source.uri)
            chunks = tuple(split(replace(source, title=title), self._window, self._starts))
            if not chunks:
                raise UnsupportedSource("the text is blank", hint="there is nothing in it to search for")
            if len(chunks) > one.labels.limits.max_chunks:
                raise _too_large(f"{len(chunks):,} passages", f"{one.labels.limits.max_chunks:,}", "max_chunks")
            parts = [
                (part, tuple(split(replace(part, title=own_title(part.title, part.uri)), self._window, self._starts)))
                for part in source.parts
            ]
        except VstashError as error:
            return AddResult(one.uri, "failed", took=time.perf_counter() - started, error=reason(error))
        self._hold(batch, source, chunks, None, time.perf_counter() - started)
        for part, pieces in parts:
            if pieces:
                self._hold(batch, part, pieces, None, 0.0)
                batch.parts[part.uri] = source.uri
        return None

    def _hold(
        self, batch: _Batch, source: Source, chunks: tuple[Chunk, ...], vectors: Vectors | None, took: float
    ) -> None:
        batch.sources.append(source)
        batch.chunks.append(chunks)
        batch.vectors.append(vectors)
        batch.took.append(took)
        batch.titles.append(own_title(source.title, source.uri))
        batch.size += len(chunks)

    def _commit(self, batch: _Batch) -> Iterator[AddResult]:
        """Encode what has no vector yet, then write the whole batch in one transaction."""
        if not batch.sources:
            return
        started = time.perf_counter()
        space = self._space()
        texts = [
            [passage(title, chunk.heading, chunk.text, self._window) for chunk in chunks]
            for title, chunks in zip(batch.titles, batch.chunks, strict=True)
        ]
        keys = [[digest(text) for text in some] for some in texts]
        vectors = self._vectors(texts, keys, batch.vectors)
        entries = [
            Entry(
                source=source,
                recipe=self._recipe,
                chunks=chunks,
                terms=tuple(extra_terms(f"{source.title}\n{chunk.heading}\n{chunk.text}") for chunk in chunks),
                keys=tuple(some),
                vectors=matrix,
                pieces=pieces_of(self._encoder, read),
            )
            for source, chunks, some, matrix, read in zip(
                batch.sources, batch.chunks, keys, vectors, texts, strict=True
            )
        ]
        statuses = self._store.put(entries, space, self._now())
        self._forget_lost_parts(batch)
        share = (time.perf_counter() - started) / batch.size
        sizes = Counter({entry.source.uri: len(entry.chunks) for entry in entries})
        for part, whole in batch.parts.items():
            sizes[whole] += sizes[part]
        for entry, status, took in zip(entries, statuses, batch.took, strict=True):
            uri = entry.source.uri
            if uri not in batch.parts:
                yield AddResult(uri, status, sizes[uri], took + share * sizes[uri])

    def _forget_lost_parts(self, batch: _Batch) -> None:
        """What came in an earlier version of a document, and no longer does."""
        held = {source.uri for source in batch.sources}
        wholes = {uri for uri in held if uri.lower().endswith(HOLDING_PARTS)} | set(batch.parts.values())
        lost = [uri for uri in parts_of(self._store, sorted(wholes)) if uri not in held]
        if lost:
            self._store.forget_all(lost)

    def _vectors(self, texts: list[list[str]], keys: list[list[bytes]], given: list[Vectors | None]) -> list[Vectors]:
        """One matrix for each document; a text that was ever encoded is not encoded again."""
        wanted = {
            key: text
            for some, ids, own in zip(texts, keys, given, strict=True)
            if own is None
            for text, key in zip(some, ids, strict=True)
        }
        known = self._store.vectors(wanted)
        fresh = [key for key in wanted if key not in known]
        if fresh:
            encoded = self._encoder.documents([wanted[key] for key in fresh])
            known.update(zip(fresh, checked(encoded, len(fresh), self._encoder.space.dim), strict=True))
        return [
            own if own is not None else np.stack([known[key] for key in ids])
            for ids, own in zip(keys, given, strict=True)
        ]

    def _space(self) -> Space:
        """The store's space, or the encoder's with its noise when the store is new.

        Raises: SpaceMismatch when another process changed the store over since it was opened.
        """
        stored, own = self._store.space(), self._encoder.space
        if stored is not None and (stored.id, stored.dim) != (own.id, own.dim):
            raise SpaceMismatch(
                f"the memory holds vectors of {stored.model}, not of {own.model}",
                hint="open it again with the encoder it has now",
            )
        return stored or replace(own, noise=calibrate(self._encoder))


def from_file(path: Path, labels: Labels, dated: Callable[[Path], datetime | None]) -> Pending | Failure:
    """A file to add; its uri is its absolute path. Here it is only hashed, so that many can wait in line.

    `dated` gives the date of a file that names none itself.
    """
    uri = printable(str(path))
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
            _require_size(status.st_size, labels.limits)
            content_hash = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return Failure(uri, _unreadable(error))
    except SourceTooLarge as error:
        return Failure(uri, reason(error))

    def load() -> Source:
        try:
            data = path.read_bytes()
            modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError as error:
            raise UnsupportedSource(_unreadable(error)) from error
        source = from_bytes(data, uri, labels).load()
        return replace(source, modified_at=modified, dated_at=source.dated_at or dated(path))

    return Pending(uri, content_hash, labels, load, modified_at)


def from_bytes(data: bytes, uri: str, labels: Labels) -> Pending:
    """Bytes to add under a uri; its last part names the format and stands in for a missing title."""
    content_hash = hashlib.sha256(data).hexdigest()
    name = uri.rsplit("/", 1)[-1]

    def load() -> Source:
        _require_size(len(data), labels.limits)
        found = extract(data, name, labels.limits)
        parts = (
            replace(_source(part, f"{uri}#{inner}", content_hash, labels), metadata={**part.metadata, PART_OF: uri})
            for inner, part in found.parts.items()
        )
        return replace(_source(found, uri, content_hash, labels), parts=tuple(parts))

    return Pending(uri, content_hash, labels, load)


def _source(found: Extract, uri: str, content_hash: str, labels: Labels) -> Source:
    return Source(
        uri=uri,
        text=found.text,
        title=found.title or re.split("[/#]", uri)[-1],
        kind=found.kind,
        content_hash=content_hash,
        dated_at=found.dated_at,
        tags=labels.tags,
        collection=labels.collection,
        metadata=found.metadata,
        headings=found.headings,
        atoms=found.atoms,
        places=found.places,
    )


def parts_of(store: Store, uris: Sequence[str]) -> list[str]:
    """The uris of the documents that came in these, such as attachments of mails."""
    if not uris:
        return []
    found = store.documents(In(f"metadata.{PART_OF}", tuple(uris)))
    return [one.uri for one in found if one.uri.startswith(f"{one.metadata[PART_OF]}#")]


def from_text(text: str, uri: str | None, title: str, labels: Labels) -> Pending:
    """A text to add as it is; without a uri it gets one from its content, so that the same text is one memory.

    Raises: UnsupportedSource for a blank text.
    """
    clean = text.encode("utf-8", "replace").decode().replace("\0", " ")
    if not clean.strip():
        raise UnsupportedSource("the text is blank", hint="say what to remember")
    content_hash = hashlib.sha256(f"{title}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
    uri = uri or f"memory:{content_hash[:16]}"
    source = Source(uri, clean, title, content_hash=content_hash, tags=labels.tags, collection=labels.collection)
    return Pending(uri, content_hash, labels, lambda: source)


def _require_size(size: int, limits: Limits) -> None:
    if size > limits.max_file << 20:
        raise _too_large(f"{size / 2**20:,.1f} MiB", f"{limits.max_file:,} MiB", "max_file")


def _too_large(has: str, limit: str, setting: str) -> SourceTooLarge:
    return SourceTooLarge(f"it has {has}, the limit is {limit}", hint=f"split it, or raise {setting}")


def _unreadable(error: OSError) -> str:
    return f"{error.strerror or error}: check the path and its permissions"


def from_source(source: Source) -> Pending:
    """A document that was read elsewhere."""
    return Pending(source.uri, source.content_hash, Labels(source.collection, source.tags), lambda: source)


def reason(error: VstashError) -> str:
    """An error and its hint in one line."""
    return f"{error}: {error.hint}" if error.hint else str(error)


def printable(text: str) -> str:
    """Text that can be stored: bytes of a file name that are no text become backslash escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _groups(pending: Iterable[Pending | Failure], size: int) -> Iterator[list[Pending | Failure]]:
    """Runs of at most `size`; each holds a uri once, so that a second version replaces the first."""
    group: list[Pending | Failure] = []
    seen: set[str] = set()
    for one in pending:
        if len(group) >= size or one.uri in seen:
            yield group
            group, seen = [], set()
        group.append(one)
        seen.add(one.uri)
    if group:
        yield group
