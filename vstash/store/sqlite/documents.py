"""Documents, tags and chunks as rows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from itertools import count as count_from
from typing import TYPE_CHECKING, Any

import numpy as np

from vstash.errors import StoreCorrupt
from vstash.signs import plain
from vstash.store.base import Entry, Passage, Renamed, Stored
from vstash.store.sqlite.connection import Connection, rows, value
from vstash.store.sqlite.filters import condition, moment, stamp
from vstash.store.sqlite.pieces import unpacked
from vstash.store.sqlite.vectors import of_unit
from vstash.types import Chunk, Document, Facts, Source, Space

if TYPE_CHECKING:
    from vstash.filters import Filter

_SHA256 = "[0-9a-f]{64}"
_WORD = re.compile(r"\w+")
_written = json.JSONEncoder(ensure_ascii=False).encode  # which json.dumps would make anew for each
_FOLDED = bytes(ord(chr(code).lower()) if _WORD.match(chr(code)) else 32 for code in range(128)) + bytes(128)
_TAGS = "(SELECT json_group_array(name) FROM (SELECT name FROM tag WHERE document_id = document.id ORDER BY name))"
_STORED = f"uri, content_hash, recipe, collection, {_TAGS}, modified_at"
_COLUMNS = (
    f"document.id, document.uri, document.title, document.kind, document.collection, {_TAGS},"
    " document.content_hash, document.added_at, document.modified_at, document.dated_at, document.chunks,"
    " document.metadata"
)
_CHUNK = 'chunk.seq, chunk.text, chunk.start, chunk."end", chunk.heading, chunk.place'


def text_hash(texts: Iterable[str]) -> bytes:
    """The digest of the texts one after another, 8 bytes: damage that it misses is one in 2^64."""
    digest = hashlib.blake2b(digest_size=8)
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.digest()


def _folded(content_hash: str) -> str | bytes:
    """A content hash as it is stored: a SHA-256 in hexadecimal as its 32 bytes, others as they are."""
    return bytes.fromhex(content_hash) if re.fullmatch(_SHA256, content_hash) else content_hash


def _unfolded(stored: str | bytes) -> str:
    return stored.hex() if isinstance(stored, bytes) else stored


def known(connection: Connection, uris: Sequence[str]) -> dict[str, Stored]:
    """What is stored under these uris."""
    found = rows(
        connection,
        f"SELECT {_STORED} FROM document WHERE retired_at IS NULL AND uri IN (SELECT value FROM json_each(?))",
        (json.dumps(list(uris)),),
    )
    return _stored(found)


def within(connection: Connection, paths: Sequence[str]) -> dict[str, Stored]:
    """What is stored under these uris and below them, on either side of the slash: each a range of the index."""
    found = rows(
        connection,
        f"SELECT {_STORED} FROM json_each(?) AS top"
        " CROSS JOIN document ON uri >= top.value AND uri < top.value || char(0x10FFFF)"
        " WHERE retired_at IS NULL"
        " AND (uri = top.value OR substr(uri, length(top.value) + 1, 1) IN ('/', '\\'))",
        (json.dumps(sorted({path.rstrip("/\\") for path in paths})),),
    )
    return _stored(found)


def _stored(found: Iterable[Sequence[Any]]) -> dict[str, Stored]:
    return {
        uri: Stored(_unfolded(content_hash), recipe, collection, tuple(json.loads(tags)), _moment(modified))
        for uri, content_hash, recipe, collection, tags, modified in found
    }


def ids(connection: Connection, uris: Sequence[str]) -> dict[str, int]:
    """The ids of the documents with these uris."""
    found = rows(
        connection,
        "SELECT uri, id FROM document WHERE retired_at IS NULL AND uri IN (SELECT value FROM json_each(?))",
        (json.dumps(list(uris)),),
    )
    return dict(found)


def find(connection: Connection, uri: str) -> int | None:
    """The id of the document with this uri."""
    found: int | None = value(connection, "SELECT id FROM document WHERE uri = ? AND retired_at IS NULL", (uri,))
    return found


def insert(
    connection: Connection, entries: Sequence[Entry], old: Mapping[str, int], now: datetime
) -> list[tuple[int, range]]:
    """Write documents of different uris, their tags and chunks; the id of each and those of its chunks, in order.

    `old` gives the ids to keep, by uri, of versions that are replaced. Ids are given out here, so that the rows
    of all documents go in together.
    """
    fresh, first = _next_id(connection, "document"), _next_id(connection, "chunk")
    ends = accumulate((len(entry.chunks) for entry in entries), initial=first)
    numbers = count_from(fresh)
    given = [
        (old[entry.source.uri] if entry.source.uri in old else next(numbers), range(*span))
        for entry, span in zip(entries, pairwise(ends), strict=True)
    ]
    placed = list(zip(entries, given, strict=True))
    connection.executemany(
        "INSERT INTO document (id, uri, title, kind, collection, content_hash, recipe, text_hash, chunks,"
        " metadata, added_at, modified_at, dated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_document_row(entry, document_id, stamp(now)) for entry, (document_id, _) in placed],
    )
    connection.executemany(
        "INSERT INTO tag (name, document_id) VALUES (?, ?)",
        [(name, document_id) for entry, (document_id, _) in placed for name in entry.source.tags],
    )
    connection.executemany(
        'INSERT INTO chunk (id, document_id, seq, start, "end", heading, place, text, terms, digest)'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [row for entry, (document_id, ids) in placed for row in _chunk_rows(entry, document_id, ids)],
    )
    return given


def _next_id(connection: Connection, table: str) -> int:
    return 1 + (value(connection, "SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)) or 0)


def _document_row(entry: Entry, document_id: int, now: int) -> tuple[Any, ...]:
    source = entry.source
    return (
        document_id,
        source.uri,
        source.title,
        source.kind,
        source.collection,
        _folded(source.content_hash),
        entry.recipe,
        text_hash(chunk.text for chunk in entry.chunks),
        len(entry.chunks),
        json.dumps(source.metadata, ensure_ascii=False, default=str) if source.metadata else "{}",
        now,
        source.modified_at and stamp(source.modified_at),
        source.dated_at and stamp(source.dated_at),
    )


def _chunk_rows(entry: Entry, document_id: int, ids: range) -> Iterator[tuple[Any, ...]]:
    for id_, chunk, terms in zip(ids, entry.chunks, entry.terms, strict=True):
        yield (
            id_,
            document_id,
            chunk.seq,
            chunk.start,
            chunk.end,
            chunk.heading,
            _written(dict(chunk.place)) if chunk.place else "{}",
            chunk.text,
            terms,
            text_digest(chunk.text),
        )


def entry(connection: Connection, uri: str, number: int, space: Space) -> Entry | None:
    """A document as it was put, without its headings and atoms; vectors and pieces from this space. No vectors at all
    where one is gone or damaged. Raises: StoreCorrupt when a passage of it is gone."""
    found = get(connection, uri)
    if found is None:
        return None
    parts = rows(
        connection,
        f"SELECT {_CHUNK}, chunk.terms, own.key, own.vector, named.ids FROM chunk"
        f" LEFT JOIN vector_{number} AS own ON own.chunk_id = chunk.id"
        f" LEFT JOIN piece_{number} AS named ON named.chunk_id = chunk.id WHERE document_id = ? ORDER BY seq",
        (found.id,),
    )
    return Entry(
        source=Source(
            uri=uri,
            text=found.text or "",
            title=found.title,
            kind=found.kind,
            content_hash=found.content_hash,
            modified_at=found.modified_at,
            dated_at=found.dated_at,
            tags=found.tags,
            collection=found.collection,
            metadata=found.metadata,
        ),
        recipe=value(connection, "SELECT recipe FROM document WHERE id = ?", (found.id,)),
        chunks=tuple(_chunk(row[:6]) for row in parts),
        terms=tuple(row[6] for row in parts),
        keys=tuple(row[7] for row in parts),
        vectors=_matrix([row[8] for row in parts], space.dim),
        pieces=tuple(unpacked([row[9] for row in parts if row[9] is not None])),
    )


def _matrix(blobs: Sequence[bytes | None], dim: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    whole = [blob for blob in blobs if blob is not None and len(blob) == 4 * dim]
    matrix = np.frombuffer(b"".join(whole), np.float32).reshape(len(whole), dim)
    return matrix if len(whole) == len(blobs) and of_unit(matrix).all() else matrix[:0]


def rename(connection: Connection, document_id: int, to: Renamed) -> None:
    """Give a document another uri and title; chunks whose words change with it must be out of the index."""
    connection.execute(
        "UPDATE document SET uri = ?, title = coalesce(?, title), modified_at = ? WHERE id = ?",
        (to.uri, to.title, to.modified_at and stamp(to.modified_at), document_id),
    )
    connection.executemany(
        "UPDATE chunk SET terms = ? WHERE document_id = ? AND seq = ?",
        [(terms, document_id, seq) for seq, terms in enumerate(to.terms)],
    )


def delete(connection: Connection, document_ids: Sequence[int]) -> None:
    """Remove the rows of documents; what is derived from them must be gone already."""
    bindings = (json.dumps(list(document_ids)),)
    connection.execute("DELETE FROM chunk WHERE document_id IN (SELECT value FROM json_each(?))", bindings)
    connection.execute("DELETE FROM tag WHERE document_id IN (SELECT value FROM json_each(?))", bindings)
    connection.execute("DELETE FROM document WHERE id IN (SELECT value FROM json_each(?))", bindings)


def chunks_of(connection: Connection, document_ids: Sequence[int]) -> list[int]:
    """The ids of the chunks of these documents, ascending."""
    found = rows(
        connection,
        "SELECT id FROM chunk WHERE document_id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(list(document_ids)),),
    )
    return [chunk_id for (chunk_id,) in found]


def chunk_ids(connection: Connection, document_id: int) -> list[int]:
    """The ids of a document's chunks, in order of seq."""
    found = rows(connection, "SELECT id FROM chunk WHERE document_id = ? ORDER BY seq", (document_id,))
    return [chunk_id for (chunk_id,) in found]


def get(connection: Connection, uri: str) -> Document | None:
    """A document with its text. Raises: StoreCorrupt when a passage of it is gone."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM document WHERE uri = ? AND retired_at IS NULL", (uri,)).fetchone()
    if row is None:
        return None
    texts = rows(connection, "SELECT text FROM chunk WHERE document_id = ? ORDER BY seq", (row[0],))
    found = _document(row, "".join(text for (text,) in texts))
    if len(texts) != found.chunks:
        hint = "run: vstash check --repair; what that does not mend: forget it and add it again"
        raise StoreCorrupt(f"{uri} has {len(texts)} of its {found.chunks} passages", hint=hint)
    return found


def read(connection: Connection, document_id: int) -> list[Chunk]:
    """The chunks of a document, in order, once every value of it was read, too."""
    for row in rows(connection, f"SELECT {_COLUMNS}, recipe FROM document WHERE id = ?", (document_id,)):
        _document(row[:-1])
    found = rows(connection, f"SELECT {_CHUNK}, terms FROM chunk WHERE document_id = ? ORDER BY seq", (document_id,))
    return [_chunk(row[:-1]) for row in found]


def select(connection: Connection, rule: Filter | None) -> Iterator[Document]:
    """The documents that pass, by uri."""
    sql, bindings = condition(rule)
    statement = f"SELECT {_COLUMNS} FROM document WHERE retired_at IS NULL AND {sql} ORDER BY uri"
    for row in connection.execute(statement, bindings):
        yield _document(row)


def inside(connection: Connection, uris: Sequence[str]) -> Iterator[Document]:
    """The documents whose uri is one of these, "#" and more, by uri: each a range of the index, up to "$"."""
    statement = (
        f"SELECT {_COLUMNS} FROM document WHERE id IN (SELECT inner.id FROM json_each(?) AS whole"
        " CROSS JOIN document AS inner ON inner.uri > whole.value || '#' AND inner.uri < whole.value || '$'"
        " WHERE inner.retired_at IS NULL) ORDER BY uri"
    )
    asked = json.dumps(list(uris), ensure_ascii=False)  # half of a character pair is refused, as elsewhere
    for row in connection.execute(statement, (asked,)):
        yield _document(row)


def passages(connection: Connection, ids: Sequence[int]) -> list[Passage]:
    """The chunks with these ids and their documents, in the order asked for: one statement."""
    found = {
        row[0]: Passage(row[0], _document(row[7:]), _chunk(row[1:7]))
        for row in connection.execute(
            f"SELECT chunk.id, {_CHUNK}, {_COLUMNS} FROM chunk JOIN document ON document.id = chunk.document_id"
            " WHERE chunk.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
    }
    return [found[chunk_id] for chunk_id in ids if chunk_id in found]


def facts(connection: Connection, ids: Sequence[int]) -> dict[int, Facts]:
    """What the stages need to know of these chunks; no text is read."""
    found = rows(
        connection,
        "SELECT chunk.id, document.id, coalesce(document.dated_at, document.added_at), chunk.digest"
        " FROM json_each(?) AS asked CROSS JOIN chunk ON chunk.id = asked.value"
        " CROSS JOIN document ON document.id = chunk.document_id",
        (json.dumps(list(ids)),),
    )
    return {id_: Facts(document_id, moment(date), digest) for id_, document_id, date, digest in found}


def text_digest(text: str) -> int:
    """64 bits, equal for texts that differ in space, case and punctuation only, as a signed integer."""
    folded = _words(text) or text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(folded, digest_size=8).digest(), "big", signed=True)


def _words(text: str) -> bytes:
    """The words alone, case folded, one space between them. Plain ASCII, most text, goes by a table instead of the
    expression: ten times as fast, the same words."""
    text = plain(text)
    if text.isascii():
        return b" ".join(text.encode().translate(_FOLDED).split())
    return " ".join(_WORD.findall(text.casefold())).encode("utf-8", "surrogatepass")


def neighbours(connection: Connection, document_id: int, first: int, last: int) -> list[Chunk]:
    """The chunks of a document whose seq lies in first..last, in order."""
    found = rows(
        connection,
        f"SELECT {_CHUNK} FROM chunk WHERE document_id = ? AND seq BETWEEN ? AND ? ORDER BY seq",
        (document_id, first, last),
    )
    return [_chunk(row) for row in found]


def count(connection: Connection, rule: Filter | None) -> int:
    """How many chunks there are, or pass the filter; the number of all is kept by a trigger."""
    if rule is None:
        kept = value(connection, "SELECT value FROM meta WHERE key = 'chunks'")
        return kept if isinstance(kept, int) else int(value(connection, "SELECT count(*) FROM chunk"))  # it is lost
    sql, bindings = condition(rule)
    total = value(connection, f"SELECT total(chunks) FROM document WHERE retired_at IS NULL AND {sql}", bindings)
    return int(total)


def statistics(connection: Connection) -> dict[str, Any]:
    """Counts by what a person would ask for."""
    counts = rows(
        connection,
        "SELECT collection, count(*), sum(chunks) FROM document WHERE retired_at IS NULL"
        " GROUP BY collection ORDER BY collection",
    )
    tags = rows(connection, "SELECT name, count(*) FROM tag GROUP BY name ORDER BY name")
    return {
        "documents": sum(documents for _, documents, _ in counts),
        "chunks": sum(chunks for _, _, chunks in counts),
        "collections": {name: documents for name, documents, _ in counts},
        "tags": dict(tags),
    }


def _chunk(row: Sequence[Any]) -> Chunk:
    seq, text, start, end, heading, place = row
    return Chunk(seq, text, start, end, heading, json.loads(place))


def _moment(stamped: int | None) -> datetime | None:
    return None if stamped is None else moment(stamped)


def _document(row: Sequence[Any], text: str | None = None) -> Document:
    (id_, uri, title, kind, collection, tags, content_hash, added, modified, dated, chunks, metadata) = row
    return Document(
        id=id_,
        uri=uri,
        title=title,
        kind=kind,
        collection=collection,
        tags=tuple(json.loads(tags)),
        content_hash=_unfolded(content_hash),
        added_at=moment(added),
        modified_at=_moment(modified),
        dated_at=_moment(dated),
        chunks=chunks,
        metadata=json.loads(metadata),
        text=text,
    )
