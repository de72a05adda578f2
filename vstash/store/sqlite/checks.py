"""What must hold in the file, verified by content; and rebuilding what is derived.

Each check is a function from a connection to what is wrong, a line each. Truth is never changed: a document
whose chunks are damaged is named, so that it can be added again. Vectors take their encoder to be made again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from vstash.errors import StoreCorrupt
from vstash.store.sqlite import codes, documents, frequencies, pieces, postings, quick, vectors
from vstash.store.sqlite.connection import (
    Conflict,
    Connection,
    Damaged,
    Locked,
    Unwritable,
    at_once,
    copied,
    rows,
    value,
    writing,
)
from vstash.types import Finding

BATCH = 2048  # vectors held in memory at a time
ALL_COUNTED = int(frequencies.LEAST * frequencies.GROWTH)  # chunks from which words must have been counted once
_OF_INDEX = re.compile(r" (?:in|from|of) index \S+$")  # what SQLite says of an index beside a whole table
VERIFY_KEYWORDS = "INSERT INTO chunk_fts (chunk_fts, rank) VALUES ('integrity-check', 1)"


def run(connection: Connection, report: Callable[[str], object] = str) -> list[Finding]:
    """Every check, in an order in which the first failure explains the later ones; `report` is told each name."""
    return [
        replace(one, repairable=_only_indexes(one.sample)) if one.check == "sqlite" else one
        for one in quick.all_of(connection, CHECKS, report)
    ]


def mended(connection: Connection, report: Callable[[str], object]) -> list[Finding]:
    """What is wrong still when all that can be rebuilt is."""
    findings = run(connection, report)
    if not any(finding.repairable for finding in findings):
        return findings
    report("repair")
    _mend_indexes(connection)
    repair(connection)
    return run(connection, report)


def _mend_indexes(connection: Connection) -> None:
    """Build the indexes anew where only they are wrong: what is looked up by them seems lost, and is not."""
    with suppress(*Damaged, Conflict), writing(connection):
        if _only_indexes(sqlite_integrity(connection)):
            connection.execute("REINDEX")


def _only_indexes(wrong: Iterable[str]) -> bool:
    lines = list(wrong)
    return bool(lines) and all(map(_OF_INDEX.search, lines))


def repair(connection: Connection, *, release: bool = False) -> None:
    """Rebuild everything derived, in one transaction; none of it where truth is too damaged to build on.

    With `release` vectors and word-pieces that cannot be used are dropped first: what lacks them can be encoded
    again.
    """
    with suppress(*Damaged), writing(connection):
        postings.note_rewriting(connection)
        connection.execute("INSERT INTO chunk_fts (chunk_fts) VALUES ('rebuild')")
        connection.execute("DELETE FROM term")
        connection.execute("INSERT OR REPLACE INTO meta (key, value) SELECT 'chunks', count(*) FROM chunk")
        chunks = connection.execute("SELECT id, text, digest FROM chunk")
        wrong = [(right, id_) for id_, text, kept in chunks if (right := documents.text_digest(text)) != kept]
        connection.executemany("UPDATE chunk SET digest = ? WHERE id = ?", wrong)
        for number, dim in _spaces(connection):
            vectors.make_tables(connection, number)
            if release:
                _drop(connection, f"vector_{number}", _not_unit(connection, number, dim))
                _drop(connection, f"piece_{number}", _without_pieces(connection, number))
            connection.execute(f"DELETE FROM vector_{number} WHERE chunk_id NOT IN (SELECT id FROM chunk)")
            # emptied, not deleted: versions go on rising, so that no process keeps what it holds in memory
            connection.execute(f"UPDATE code_{number} SET ids = x'', codes = x''")
            for ids, matrix in _batches(connection, number, dim):
                codes.insert(connection, number, ids, matrix)
            pieces.rebuild(connection, number)
        if value(connection, "SELECT count(*) FROM chunk") >= frequencies.LEAST:
            frequencies.count(connection)


def _drop(connection: Connection, table: str, chunk_ids: Iterable[int]) -> None:
    connection.executemany(f"DELETE FROM {table} WHERE chunk_id = ?", [(id_,) for id_ in chunk_ids])


def sqlite_integrity(connection: Connection) -> list[str]:
    """SQLite's own check of every page, index and constraint."""
    found = [row[0] for row in rows(connection, f"PRAGMA integrity_check({quick.SAMPLE + 1})")]
    # SQLite also asks FTS5 here; a broken keyword index is reported by its own check, and can be rebuilt
    return [line for line in found if line != "ok" and "chunk_fts" not in line]


def foreign_keys(connection: Connection) -> list[str]:
    """No row points at one that is not there."""
    found = [f"{row[0]} row {row[1]}" for row in rows(connection, "PRAGMA foreign_key_check")]
    return [line for line in found if not line.startswith(("vector_", "piece_"))]


def document_text(connection: Connection) -> list[str]:
    """Each document has the chunks it was stored with: numbered from 0, span after span, same text."""
    found = rows(connection, "SELECT id, CAST(uri AS BLOB), chunks, text_hash FROM document")
    return [
        f"{uri.decode(errors='replace')} (forget it and add it again)"
        for id_, uri, count, expected in found
        if not _whole(connection, id_, count, expected)
    ]


def _whole(connection: Connection, id_: int, count: int, expected: bytes) -> bool:
    try:
        found = documents.read(connection, id_)
    except Damaged:
        return False
    spans = [(one.seq, one.start, one.end) for one in found]
    texts = [one.text for one in found]
    return spans == _expected_spans(texts) and len(found) == count and documents.text_hash(texts) == expected


def digests(connection: Connection) -> list[str]:
    """Each chunk's digest is that of its text."""
    found = connection.execute("SELECT id, text, digest FROM chunk")
    return [f"chunk {id_}" for id_, text, digest in found if digest != documents.text_digest(text)]


def orphans(connection: Connection) -> list[str]:
    """No chunk or tag without its document."""
    sql = (
        "SELECT 'chunk ' || id FROM chunk WHERE document_id NOT IN (SELECT id FROM document)"
        " UNION ALL SELECT 'tag ' || name FROM tag WHERE document_id NOT IN (SELECT id FROM document)"
    )
    return [row[0] for row in rows(connection, sql)]


def keyword_index(connection: Connection) -> list[str]:
    """The keyword index holds exactly the words of the chunks.

    FTS5 takes the command as an insert, though it changes nothing; where nothing can be written it is given to a
    copy, and while somebody else writes the rows are compared instead, so that a check never waits.
    """
    try:
        with at_once(connection):
            connection.execute(VERIFY_KEYWORDS)
    except Locked:
        return quick.keyword_index(connection)
    except Unwritable:
        with copied(connection) as copy:
            copy.execute(VERIFY_KEYWORDS)
    return []


def vectors_present(connection: Connection) -> list[str]:
    """Every chunk has its vector in the active space."""
    space = vectors.active(connection)
    source = f"vector_{space[0]}" if space else "(SELECT 0 AS chunk_id WHERE 0)"
    sql = (
        "SELECT document.uri, count(*) FROM chunk JOIN document ON document.id = chunk.document_id"
        f" WHERE chunk.id NOT IN (SELECT chunk_id FROM {source}) GROUP BY document.uri ORDER BY document.uri"
    )
    return [f"{uri}: {count} missing (put back by: vstash check --repair)" for uri, count in rows(connection, sql)]


def vectors_owned(connection: Connection) -> list[str]:
    """No vector without its chunk."""
    return [
        f"chunk {id_}"
        for number, _ in _spaces(connection)
        for (id_,) in rows(
            connection, f"SELECT chunk_id FROM vector_{number} WHERE chunk_id NOT IN (SELECT id FROM chunk)"
        )
    ]


def vectors_unit(connection: Connection) -> list[str]:
    """Every vector has its space's dimension, is finite and of unit length."""
    return _owned(
        connection, [id_ for number, dim in _spaces(connection) for id_ in _not_unit(connection, number, dim)]
    )


def _not_unit(connection: Connection, number: int, dim: int) -> list[int]:
    odd = rows(connection, f"SELECT chunk_id FROM vector_{number} WHERE length(vector) <> ?", (4 * dim,))
    wrong = [id_ for (id_,) in odd]
    for ids, matrix in _batches(connection, number, dim):
        wrong += [ids[at] for at in np.flatnonzero(~vectors.of_unit(matrix))]
    return wrong


def sign_codes(connection: Connection) -> list[str]:
    """The codes are the signs of the vectors, one for each."""
    wrong: list[str] = []
    for number, dim in _spaces(connection):
        try:
            shards = list(codes.load(connection, number, dim))
        except StoreCorrupt as error:
            wrong.append(f"space {number}: {error}")
            continue
        ids = np.concatenate([ids for _, ids, _ in shards] or [np.empty(0, np.int64)])
        kept = np.concatenate([found for *_, found in shards] or [np.empty((0, 1), np.uint64)])
        seen = 0
        for some, matrix in _batches(connection, number, dim):
            part = slice(seen, seen + len(some))
            seen += len(some)
            if not np.array_equal(ids[part], some) or not np.array_equal(kept[part], codes.encode(matrix)):
                wrong.append(f"space {number}, chunks {some[0]} to {some[-1]}")
        if seen != len(ids):
            wrong.append(f"space {number}: {len(ids)} codes, {seen} vectors")
    return wrong


def word_pieces(connection: Connection) -> list[str]:
    """Where an encoder names its word-pieces every chunk has its own, and they can be read."""
    return _owned(connection, [id_ for number, _ in _spaces(connection) for id_ in _without_pieces(connection, number)])


def _without_pieces(connection: Connection, number: int) -> list[int]:
    found = {id_: pieces.sound(blob) for id_, blob in connection.execute(f"SELECT chunk_id, ids FROM piece_{number}")}
    named = bool(found) or pieces.lost(connection, number)
    owners = rows(connection, f"SELECT chunk_id FROM vector_{number}") if named else []
    return [id_ for (id_,) in owners if not found.get(id_)]


def piece_counts(connection: Connection) -> list[str]:
    """The kept number of chunks for each word-piece is the number of chunks that hold it; none without its chunk."""
    wrong: list[str] = []
    for number, _ in _spaces(connection):
        sql = f"SELECT chunk_id FROM piece_{number} WHERE chunk_id NOT IN (SELECT id FROM chunk)"
        wrong += [f"chunk {id_}" for (id_,) in rows(connection, sql)]
        kept, found = pieces.kept(connection, number), pieces.recount(connection, number)
        wrong += [f"piece {piece}" for piece in sorted(kept | found) if kept.get(piece) != found.get(piece)]
    return wrong


def term_counts(connection: Connection) -> list[str]:
    """No common word is said to stand in more chunks than there were, and a large memory has counted some; the
    counts are estimates by intent."""
    wrong = [f"word {text}" for (text,) in rows(connection, "SELECT text FROM term WHERE chunks > counted")]
    chunks = value(connection, "SELECT count(*) FROM chunk")
    gone = chunks >= ALL_COUNTED and not value(connection, "SELECT EXISTS (SELECT 1 FROM term)")
    return [*wrong, f"no word of {chunks} chunks"] if gone else wrong


CHECKS: quick.Checks = (  # name, check, whether repair mends it
    ("sqlite", sqlite_integrity, False),
    ("migrations", quick.migrations, False),
    ("foreign_keys", foreign_keys, False),
    ("orphans", orphans, False),
    ("documents", document_text, False),
    ("digests", digests, True),
    ("chunk_count", quick.chunk_count, True),
    ("keyword_index", keyword_index, True),
    ("vectors_present", vectors_present, True),
    ("vectors_owned", vectors_owned, True),
    ("vectors_unit", vectors_unit, True),
    ("sign_codes", sign_codes, True),
    ("word_pieces", word_pieces, True),
    ("piece_counts", piece_counts, True),
    ("term_counts", term_counts, True),
)


def _owned(connection: Connection, ids: list[int]) -> list[str]:
    """The chunks with the documents they are of, and what mends them."""
    found = rows(
        connection,
        "SELECT wanted.value, uri FROM json_each(?) AS wanted LEFT JOIN chunk ON chunk.id = wanted.value"
        " LEFT JOIN document ON document.id = chunk.document_id ORDER BY wanted.key",
        (json.dumps([int(id_) for id_ in ids]),),
    )
    return [f"{uri or 'no document'}: chunk {id_} (made again by: vstash check --repair)" for id_, uri in found]


def _expected_spans(texts: list[str]) -> list[tuple[int, int, int]]:
    spans, start = [], 0
    for seq, text in enumerate(texts):
        spans.append((seq, start, start + len(text)))
        start += len(text)
    return spans


def _spaces(connection: Connection) -> list[tuple[int, int]]:
    return [(number, space.dim) for number, space in vectors.spaces(connection)]


def _batches(connection: Connection, number: int, dim: int) -> Iterable[tuple[list[int], vectors.Vectors]]:
    """Ids and vectors of the right length, BATCH at a time, by id."""
    last = -1
    while found := rows(
        connection,
        f"SELECT chunk_id, vector FROM vector_{number} WHERE chunk_id > ? AND length(vector) = ?"
        f" ORDER BY chunk_id LIMIT {BATCH}",
        (last, 4 * dim),
    ):
        last = found[-1][0]
        matrix = np.frombuffer(b"".join(blob for _, blob in found), np.float32)
        yield [id_ for id_, _ in found], matrix.reshape(len(found), dim)
