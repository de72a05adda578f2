"""What a store is: the seam between the ranking and the bytes.

A store executes what it is told and returns ids and values; it decides nothing about ranking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from vstash.types import Arm, Chunk, Document, Facts, Finding, Ranking, Report, Source, Space, Status

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vstash.filters import Filter

    Vectors = NDArray[np.float32]
    Pieces = NDArray[np.uint32]


def utc_now() -> datetime:
    """The time, in UTC: what dates a document unless another clock is given."""
    return datetime.now(UTC)


class Stored(NamedTuple):
    """What decides whether a source must be read again, and the time of its file."""

    content_hash: str
    recipe: str
    collection: str
    tags: tuple[str, ...]
    modified_at: datetime | None = None

    @classmethod
    def of(cls, entry: Entry) -> Stored:
        """What is stored with this entry."""
        source = entry.source
        return cls(source.content_hash, entry.recipe, source.collection, source.tags, source.modified_at)


class Entry(NamedTuple):
    """One document, ready to be stored.

    `terms` are the extra words of each chunk, `keys` the digests of what was encoded for each,
    `vectors` has shape (len(chunks), dim). `recipe` names how content became chunks. `pieces` are the distinct
    word-pieces of what was encoded, ascending, for encoders that can name them; empty for others. Without `anew` it is
    left as it is where somebody has stored the same in the meantime.
    """

    source: Source
    recipe: str
    chunks: tuple[Chunk, ...]
    terms: tuple[str, ...]
    keys: tuple[bytes, ...]
    vectors: Vectors
    pieces: tuple[Pieces, ...] = ()
    anew: bool = True


class Renamed(NamedTuple):
    """A document under a new uri, or under its own with another time. A `title` of None stays. `terms` are the extra
    words of each chunk where they become others, empty where they stay."""

    old: str
    uri: str
    title: str | None
    modified_at: datetime | None
    terms: tuple[str, ...] = ()


class Passage(NamedTuple):
    """A chunk with its document, as hydrated for a hit; what both are asked for most is named as in a `Hit`."""

    chunk_id: int
    document: Document
    chunk: Chunk

    @property
    def uri(self) -> str:
        """The document's."""
        return self.document.uri

    @property
    def title(self) -> str:
        """The document's."""
        return self.document.title

    @property
    def heading(self) -> str:
        """The path of headings above the passage."""
        return self.chunk.heading

    @property
    def seq(self) -> int:
        """Its number in the document, from 0."""
        return self.chunk.seq

    @property
    def start(self) -> int:
        """Where it starts in the document's text, in code points."""
        return self.chunk.start

    @property
    def end(self) -> int:
        """Where it ends there."""
        return self.chunk.end

    @property
    def text(self) -> str:
        """The passage itself."""
        return self.chunk.text

    @property
    def place(self) -> Mapping[str, Any]:
        """Where it stands in the original."""
        return self.chunk.place


class Store(Protocol):
    """Documents, their chunks, a keyword index over them and their vectors in one space.

    Every method raises StoreError where the bytes cannot be reached.
    """

    @property
    def path(self) -> Path:
        """The file it lives in; ":memory:" for none."""
        ...

    def space(self) -> Space | None:
        """The space of the vectors; None while nothing is stored."""
        ...

    def known(self, uris: Sequence[str]) -> dict[str, Stored]:
        """What is stored under these uris; those unknown are left out."""
        ...

    def within(self, paths: Sequence[str]) -> dict[str, Stored]:
        """What is stored under these uris and, as with the files of a folder, below them."""
        ...

    def vectors(self, keys: Iterable[bytes]) -> dict[bytes, Vectors]:
        """Vectors already there, by the digest of what was encoded."""
        ...

    def put(self, entries: Sequence[Entry], space: Space, now: datetime, lost: Sequence[str] = ()) -> list[Status]:
        """Store the documents in one transaction, each replacing what had its uri; one that is not to be stored
        anew is "unchanged" where the same is stored. What has the uris `lost` goes in the same transaction.

        Raises: SpaceMismatch when the store's vectors are of another space, BadVectors.
        """
        ...

    def rename(self, moves: Sequence[Renamed]) -> list[bool]:
        """Give documents other uris, in one transaction; False for one that is gone, or whose new uri is taken."""
        ...

    def forget(self, uri: str) -> bool:
        """Remove a document and all that hangs on it, in one transaction; False if there was none."""
        ...

    def forget_all(self, uris: Sequence[str]) -> int:
        """Remove several documents in one transaction; how many there were."""
        ...

    def document(self, uri: str) -> Document | None:
        """A document with its text."""
        ...

    def inside(self, uris: Sequence[str]) -> Iterator[Document]:
        """The documents whose uri is one of these, "#" and more, by uri, without their texts."""
        ...

    def documents(self, rule: Filter | None = None) -> Iterator[Document]:
        """The documents that pass, by uri, without their texts."""
        ...

    def chunk_ids(self, document_id: int) -> list[int]:
        """The ids of a document's chunks, in order."""
        ...

    def passages(self, chunk_ids: Sequence[int]) -> list[Passage]:
        """The chunks with these ids, in the order asked for; ids unknown are left out."""
        ...

    def neighbours(self, document_id: int, first: int, last: int) -> list[Chunk]:
        """The chunks of a document whose seq lies in first..last, in order."""
        ...

    def statistics(self) -> dict[str, Any]:
        """Counts and sizes: documents, chunks, collections, tags, bytes, schema."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """One snapshot for all reads inside."""
        ...

    def count(self, rule: Filter | None = None) -> int:
        """How many chunks there are, or pass the filter."""
        ...

    def terms(self, words: Sequence[str]) -> list[tuple[str, int]]:
        """Each word as the index reads it, and how many chunks hold it: for a word of several pieces the
        rarest one counts; ("", 0) for what holds no word at all."""
        ...

    def rank(self, arm: Arm, vector: Vectors | None, rule: Filter | None) -> Ranking:
        """Run one arm: its best `pool` chunks among those that pass the filter."""
        ...

    def facts(self, chunk_ids: Sequence[int]) -> dict[int, Facts]:
        """What the stages need to know of these chunks."""
        ...

    def pieces(self, chunk_ids: Sequence[int], among: Sequence[int]) -> dict[int, frozenset[int]]:
        """Which of the word-pieces `among` these chunks hold; chunks whose pieces are not kept are left out."""
        ...

    def piece_frequencies(self, wanted: Sequence[int]) -> list[int]:
        """How many chunks hold each word-piece."""
        ...

    def similar(self, chunk_id: int, others: Sequence[int]) -> list[float]:
        """The cosine of a chunk with each of the others, in the order asked for."""
        ...

    def cosines(self, chunk_ids: Sequence[int], vector: Vectors) -> list[float]:
        """The cosine of each chunk with the vector, in the order asked for."""
        ...

    def check(
        self, *, repair: bool = False, fast: bool = False, report: Callable[[str], object] = str
    ) -> list[Finding]:
        """Verify what is stored, derived against truth; repair only what can be rebuilt. `fast` compares
        counts and keys only, in seconds. `report` is told the name of each check before it starts."""
        ...

    def release(self) -> None:
        """Rebuild what is derived without the vectors and word-pieces that cannot be used: `lacking` names their
        chunks then."""
        ...

    def note_check(self, report: Report) -> None:
        """Remember when a full check was and how it ended, where that can be written at once."""
        ...

    def entry(self, uri: str) -> Entry | None:
        """A document as it was put, without its headings and atoms; no vectors at all where one is gone or damaged.
        Raises: StoreCorrupt when passages of it are gone."""
        ...

    def prepare_space(self, space: Space, now: datetime) -> None:
        """Make room for a second space beside the active one; what is left of other such moves goes."""
        ...

    def lacking(self, space: Space, after: int, limit: int, *, named: bool = False) -> list[int]:
        """The first chunks, by id, above `after` that have no vector in the space, or with `named` no word-pieces."""
        ...

    def fill(
        self, space: Space, ids: Sequence[int], keys: Sequence[bytes], matrix: Vectors, pieces: Sequence[Pieces] = ()
    ) -> None:
        """Store vectors of chunks, ids ascending, and their word-pieces, in a space that was prepared; chunks
        that are gone are passed over, and what they have already stays. Raises: BadVectors."""
        ...

    def switch(self, space: Space) -> bool:
        """Make a filled space the active one; False when chunks still lack a vector in it."""
        ...

    def backup(self, target: Path, *, force: bool = False) -> None:
        """Write a copy of this moment's state to a file, verified. Raises: InputError when it exists."""
        ...

    def compact(self) -> None:
        """Give the space of what was removed back to the file system."""
        ...

    def close(self) -> None:
        """Give everything back; the store cannot be used afterwards."""
        ...
