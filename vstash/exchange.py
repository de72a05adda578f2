"""A memory as JSON Lines: a first line that says what follows, then one line for each document.

The format is meant to outlive schemas. Offsets are left out, they follow from the chunks' texts; vectors
are float32, little-endian, in base64, and there only when asked for.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import groupby, pairwise
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    ValidationError,
)

from vstash import arguments
from vstash.config import Limits
from vstash.encode.base import Encoder
from vstash.encode.calibrate import calibrate
from vstash.encode.registry import checked, pieces_of
from vstash.errors import BadVectors, InputError, SourceTooLarge, StoreCorrupt
from vstash.passages import window
from vstash.salvage import salvage
from vstash.store.base import Entry, Store, Stored
from vstash.text.passage import digest, own_title, passage
from vstash.types import AddResult, Chunk, Source, Space

Vectors = NDArray[np.float32]

FORMAT = 1  # raised when an older reader would misread what is written
BATCH = 64  # documents committed together
_OF_ONE_LINE = re.compile(r" at line 1 column (\d+)$")  # as the parser counts, which is given a line at a time

Filled = Annotated[str, StringConstraints(min_length=1)]
Named = Annotated[str, StringConstraints(pattern=r"\S")]


def _in_calendar(when: datetime) -> datetime:
    try:
        return when.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the calendar") from None


def _storable(metadata: dict[str, Any]) -> dict[str, Any]:
    json.dumps(metadata, allow_nan=False)  # JSON has no infinite numbers
    return metadata


def _ascending(ids: tuple[int, ...]) -> tuple[int, ...]:
    if any(first >= second for first, second in pairwise(ids)):
        raise ValueError("not in ascending order, each once")
    return ids


Moment = Annotated[AwareDatetime, AfterValidator(_in_calendar)]
Piece = Annotated[int, Field(ge=0, lt=1 << 32)]  # as they are stored


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=_Strict)


class _Space(_Strict):
    id: Filled
    model: str
    dim: Annotated[int, Field(ge=1, lt=1 << 31)]
    max_tokens: Annotated[int, Field(ge=0, lt=1 << 31)] | None = None
    fingerprint: str | None = None
    noise: tuple[FiniteFloat, FiniteFloat] | None = None


class _Header(_Strict):
    vstash: Literal["export"]
    format: int
    space: _Space | None
    documents: Annotated[int, Field(ge=0)] | None = None  # how many lines follow


class _Chunk(_Strict):
    text: Filled
    heading: str = ""
    terms: str = ""
    key: str | None = None
    vector: str | None = None
    pieces: Annotated[tuple[Piece, ...], AfterValidator(_ascending)] | None = None
    place: dict[str, int | str] = Field(default_factory=dict)


class _Document(_Strict):
    uri: Named
    title: str
    kind: str
    collection: Filled
    tags: tuple[Filled, ...]
    content_hash: str
    recipe: str
    added_at: Moment
    modified_at: Moment | None = None
    dated_at: Moment | None = None
    metadata: Annotated[dict[str, Any], AfterValidator(_storable)]
    chunks: Annotated[tuple[_Chunk, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class _Line:
    """A document and the line it came from."""

    number: int
    document: _Document


def export(store: Store, write: Callable[[str], object], *, vectors: bool) -> int:
    """Write every document, oldest first, from one snapshot; how many there were.

    Raises: StoreCorrupt rather than leave a passage out, StoreError, InputError.
    """
    if not callable(write):
        raise InputError(
            f"{write!r:.60} cannot be called", hint="pass a function that takes a line, such as file.write"
        )
    documents = -1  # which the first line is none of
    with closing(_lines(store, vectors=vectors)) as lines:  # what `write` raises is not the store's to explain
        for line in lines:
            write(line)
            documents += 1
    return documents


def _lines(store: Store, *, vectors: bool) -> Generator[str, None, None]:
    with store.reading():
        found = sorted(store.documents(), key=lambda one: (one.added_at, one.id))
        space = store.space()
        named = asdict(space) if space else None
        yield json.dumps({"vstash": "export", "format": FORMAT, "space": named, "documents": len(found)}) + "\n"
        for one in found:
            entry = store.entry(one.uri)
            if entry is None or (vectors and len(entry.vectors) != len(entry.chunks)):
                raise StoreCorrupt(f"vectors of {one.uri} are gone or damaged", hint="run: vstash check --repair")
            line = {**_document(entry, vectors=vectors), "added_at": one.added_at.isoformat()}
            yield json.dumps(line, ensure_ascii=False) + "\n"


def _document(entry: Entry, *, vectors: bool) -> dict[str, Any]:
    source = entry.source
    return {
        "uri": source.uri,
        "title": source.title,
        "kind": source.kind,
        "collection": source.collection,
        "tags": list(source.tags),
        "content_hash": source.content_hash,
        "recipe": entry.recipe,
        "modified_at": source.modified_at and source.modified_at.isoformat(),
        "dated_at": source.dated_at and source.dated_at.isoformat(),
        "metadata": source.metadata,
        "chunks": [
            {
                "text": chunk.text,
                "heading": chunk.heading,
                "terms": terms,
                "place": dict(chunk.place),
                **(_encoded(entry, at) if vectors else {}),
            }
            for at, (chunk, terms) in enumerate(zip(entry.chunks, entry.terms, strict=True))
        ],
    }


def _encoded(entry: Entry, at: int) -> dict[str, Any]:
    vector = base64.b64encode(entry.vectors[at].astype("<f4").tobytes()).decode()
    named = {"pieces": entry.pieces[at].tolist()} if entry.pieces else {}
    return {"key": entry.keys[at].hex(), "vector": vector, **named}


class Import:
    """Puts the documents of an export into a store. Vectors that the lines bring are used when they are of the
    store's space, or where it has none yet of the encoder's, or of any if there is no encoder; else, and where the
    lines bring none, `encoder` makes them. No document is over the limits."""

    def __init__(self, store: Store, encoder: Encoder | None, limits: Limits) -> None:
        self._store = store
        self._encoder = encoder
        self._limits = limits

    def run(self, lines: Iterable[str]) -> Iterator[AddResult]:
        """One result for each document; those stored already, with the same content, are unchanged, those with
        too many passages failed.

        Raises: InputError naming the line that cannot be read or is too long, or when lines are missing at the end;
        what came before is stored.
        """
        given_lines = arguments.iterated("lines", lines)
        bounded = ((number, self._bounded(number, line)) for number, line in enumerate(given_lines, 1))
        numbered = (one for one in bounded if one[1].strip())
        header = _header(next(numbered, (1, "")))
        given = Space(**header.space.model_dump()) if header.space else None
        parsed = (_Line(number, _parsed(_Document, number, line)) for number, line in numbered)
        yield from salvage(_all_of(parsed, header.documents or 0), lambda lines: self._stored(lines, given))

    def _stored(self, lines: Iterator[_Line], given: Space | None) -> Iterator[AddResult]:
        for added_at, same in groupby(lines, key=lambda one: one.document.added_at):
            for batch in _batches(same, BATCH):
                fresh, done = self._new(batch)
                yield from done
                if fresh:
                    brought, space = self._vectors(fresh, given)
                    entries = (self._entry(one, brought, space) for one in fresh)
                    yield from salvage(entries, partial(self._put, space=space, added_at=added_at))

    def _put(self, entries: Iterator[Entry], space: Space, added_at: datetime) -> Iterator[AddResult]:
        together = list(entries)
        statuses = self._store.put(together, space, added_at) if together else []
        for entry, status in zip(together, statuses, strict=True):
            yield AddResult(entry.source.uri, status, len(entry.chunks))

    def _new(self, batch: list[_Line]) -> tuple[list[_Line], list[AddResult]]:
        """What must be stored, and the results for what is there already and for what is over the limit."""
        known = self._store.known([one.document.uri for one in batch])
        fresh: list[_Line] = []
        done: list[AddResult] = []
        for one in batch:
            count, limit = len(one.document.chunks), self._limits.max_chunks
            if known.get(one.document.uri) == _stored(one.document):
                done.append(AddResult(one.document.uri, "unchanged"))
            elif count > limit:
                error = f"it has {count:,} passages, the limit is {limit:,}: raise max_chunks"
                done.append(AddResult(one.document.uri, "failed", error=error))
            else:
                fresh.append(one)
        return fresh, done

    def _bounded(self, number: int, line: str) -> str:
        """The line, if it is no longer than a document may unpack to. Raises: SourceTooLarge, InputError."""
        if not isinstance(line, str):
            raise InputError(f"line {number} of the export is {line!r:.60}, not a text", hint="open the file as text")
        if len(line) > self._limits.max_unpacked << 20:
            raise SourceTooLarge(
                f"line {number} of the export has {len(line) / 2**20:,.0f} MiB, the limit is"
                f" {self._limits.max_unpacked:,}",
                hint="raise max_unpacked",
            )
        return line

    def _vectors(self, batch: Sequence[_Line], given: Space | None) -> tuple[bool, Space]:
        """Whether the batch brings vectors that fit, and the space that it is stored in."""
        stored = self._store.space()
        bring = all(chunk.vector is not None for one in batch for chunk in one.document.chunks)
        if given is not None and bring and self._fits(stored, given):
            return True, stored or given
        return False, stored or _new_space(self._needed(), given)

    def _fits(self, stored: Space | None, given: Space) -> bool:
        """Whether searches, which compare with what the encoder makes of a question, can use such vectors."""
        if stored or self._encoder is None:
            return stored in (None, given)
        own = self._encoder.space
        return (own.id, own.dim) == (given.id, given.dim)

    def _entry(self, one: _Line, brought: bool, space: Space) -> Entry:
        if brought:
            return _entry(one, _own_vectors(one, space.dim), _own_keys(one))
        encoder = self._needed()
        title = own_title(one.document.title, one.document.uri)
        texts = [passage(title, chunk.heading, chunk.text, window(encoder.space)) for chunk in one.document.chunks]
        vectors = checked(encoder.documents(texts), len(texts), encoder.space.dim)
        entry = _entry(one, vectors, [digest(text) for text in texts])
        return entry._replace(pieces=pieces_of(encoder, texts))

    def _needed(self) -> Encoder:
        if self._encoder is None:
            raise InputError(
                "the export brings no vectors that fit this memory", hint="name an encoder: --encoder default"
            )
        return self._encoder


def _all_of(lines: Iterable[_Line], announced: int) -> Iterator[_Line]:
    """The lines. Raises: InputError when there are fewer than were announced."""
    count = 0
    for line in lines:
        count += 1
        yield line
    if count < announced:
        raise InputError(
            f"the export is cut short: {count:,} of {announced:,} documents", hint="copy it again, or export it again"
        )


def _new_space(encoder: Encoder, given: Space | None) -> Space:
    """The encoder's space with its noise; the export's own where it is the same."""
    return given if given == encoder.space and given else replace(encoder.space, noise=calibrate(encoder))


def _header(numbered: tuple[int, str]) -> _Header:
    number, line = numbered
    try:
        version = json.loads(line)["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        version = None
    if not isinstance(version, int):
        raise InputError(f"line {number} is not the first line of an export", hint="make one with: vstash export FILE")
    if version > FORMAT:
        raise InputError(f"the export has format {version}, this vstash knows {FORMAT}", hint="upgrade vstash")
    return _parsed(_Header, number, line)


def _parsed(model: type[Model], number: int, line: str) -> Model:
    try:
        return model.model_validate_json(line)
    except (ValidationError, UnicodeEncodeError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": "is no UTF-8"}
        where = ".".join(str(part) for part in first["loc"])
        said = _OF_ONE_LINE.sub(r" at column \1", str(first["msg"]))
        raise InputError(
            f"line {number} of the export: {f'{where}: ' if where else ''}{said}", hint="export it again"
        ) from None


def _stored(document: _Document) -> Stored:
    tags = tuple(sorted(document.tags))
    return Stored(document.content_hash, document.recipe, document.collection, tags, document.modified_at)


def _entry(one: _Line, vectors: Vectors, keys: Sequence[bytes]) -> Entry:
    document = one.document
    texts = [chunk.text for chunk in document.chunks]
    ends = np.cumsum([len(text) for text in texts]).tolist()
    chunks = tuple(
        Chunk(seq, chunk.text, end - len(chunk.text), end, chunk.heading, chunk.place)
        for seq, (chunk, end) in enumerate(zip(document.chunks, ends, strict=True))
    )
    source = Source(
        uri=document.uri,
        text="".join(texts),
        title=document.title,
        kind=document.kind,
        content_hash=document.content_hash,
        modified_at=document.modified_at,
        dated_at=document.dated_at,
        tags=tuple(sorted(set(document.tags))),
        collection=document.collection,
        metadata=document.metadata,
    )
    terms = tuple(one.terms for one in document.chunks)
    named = [one.pieces for one in document.chunks if one.pieces is not None]
    pieces = tuple(np.array(one, np.uint32) for one in named) if len(named) == len(chunks) else ()
    return Entry(source, document.recipe, chunks, terms, tuple(keys), vectors, pieces, anew=False)


def _own_vectors(one: _Line, dim: int) -> Vectors:
    try:
        blobs = [base64.b64decode(chunk.vector or "", validate=True) for chunk in one.document.chunks]
        matrix = np.frombuffer(b"".join(blobs), "<f4").reshape(len(blobs), dim)
    except ValueError as error:
        raise InputError(f"line {one.number} of the export: its vectors are damaged", hint="export it again") from error
    try:
        checked(matrix, len(matrix), dim)
    except BadVectors as error:
        raise InputError(f"line {one.number} of the export: {error}", hint="export it again") from error
    return np.ascontiguousarray(matrix, dtype=np.float32)  # as they were, not normalised anew


def _own_keys(one: _Line) -> list[bytes]:
    try:
        return [bytes.fromhex(chunk.key or "") for chunk in one.document.chunks]
    except ValueError as error:
        raise InputError(f"line {one.number} of the export: a key is damaged", hint="export it again") from error


def _batches(lines: Iterable[_Line], size: int) -> Iterator[list[_Line]]:
    """Runs of at most `size`, each with a uri once."""
    batch: list[_Line] = []
    for one in lines:
        if len(batch) >= size or any(one.document.uri == other.document.uri for other in batch):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch
