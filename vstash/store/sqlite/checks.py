"""What must hold in the file, verified by content; and rebuilding what is derived.

Each check is a function from a connection to a Finding. Truth is never changed: a document whose chunks
are damaged is named, so that it can be added again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from vstash.store.sqlite import codes, documents, migrate, quick, vectors
from vstash.store.sqlite.connection import Connection, Damaged, Locked, at_once, rows, value, writing
from vstash.types import Finding

SAMPLE = 5  # violations named in a finding
BATCH = 2048  # vectors held in memory at a time


def run(connection: Connection) -> list[Finding]:
    """Every check, in an order in which the first failure explains the later ones."""
    return [check(connection) for check in CHECKS]


def repair(connection: Connection) -> None:
    """Rebuild everything derived, in one transaction."""
    with writing(connection):
        connection.execute("INSERT INTO chunk_fts (chunk_fts) VALUES ('rebuild')")
        connection.execute("UPDATE meta SET value = (SELECT count(*) FROM chunk) WHERE key = 'chunks'")
        connection.executemany(
            "UPDATE chunk SET digest = ? WHERE id = ?",
            [(documents.text_digest(text), id_) for id_, text in rows(connection, "SELECT id, text FROM chunk")],
        )
        for number, dim in _spaces(connection):
            connection.execute(f"DELETE FROM vector_{number} WHERE chunk_id NOT IN (SELECT id FROM chunk)")
            connection.execute(f"DELETE FROM code_{number}")
            for ids, matrix in _batches(connection, number, dim):
                codes.insert(connection, number, ids, matrix)


def sqlite_integrity(connection: Connection) -> Finding:
    """SQLite's own check of every page, index and constraint."""
    try:
        found = [row[0] for row in rows(connection, f"PRAGMA integrity_check({SAMPLE + 1})")]
    except Damaged as error:
        found = [str(error)]
    # SQLite also asks FTS5 here; a broken keyword index is reported by its own check, and can be rebuilt
    return _finding("sqlite", [line for line in found if line != "ok" and "chunk_fts" not in line])


def foreign_keys(connection: Connection) -> Finding:
    """No row points at one that is not there."""
    found = [f"{row[0]} row {row[1]}" for row in rows(connection, "PRAGMA foreign_key_check")]
    return _finding("foreign_keys", [line for line in found if not line.startswith("vector_")])


def migrations(connection: Connection) -> Finding:
    """The schema is the one that the recorded migrations made."""
    steps = migrate.shipped()
    recorded = rows(connection, "SELECT number, sha256 FROM migration ORDER BY number")
    wrong = [f"migration {step.number:04}" for step in steps if (step.number, step.sha256) not in recorded]
    return _finding("migrations", wrong)


def document_text(connection: Connection) -> Finding:
    """Each document has the chunks it was stored with: numbered from 0, span after span, same text."""
    wrong = []
    for id_, uri, count, expected in rows(connection, "SELECT id, uri, chunks, text_hash FROM document"):
        found = rows(connection, 'SELECT seq, start, "end", text FROM chunk WHERE document_id = ? ORDER BY seq', (id_,))
        spans = [(seq, start, end) for seq, start, end, _ in found]
        texts = [text for *_, text in found]
        if spans != _expected_spans(texts) or len(found) != count or documents.text_hash(texts) != expected:
            wrong.append(f"{uri} (add it again)")
    return _finding("documents", wrong)


def digests(connection: Connection) -> Finding:
    """Each chunk's digest is that of its text."""
    found = connection.execute("SELECT id, text, digest FROM chunk")
    wrong = [f"chunk {id_}" for id_, text, digest in found if digest != documents.text_digest(text)]
    return _finding("digests", wrong, repairable=True)


def orphans(connection: Connection) -> Finding:
    """No chunk or tag without its document."""
    sql = (
        "SELECT 'chunk ' || id FROM chunk WHERE document_id NOT IN (SELECT id FROM document)"
        " UNION ALL SELECT 'tag ' || name FROM tag WHERE document_id NOT IN (SELECT id FROM document)"
    )
    return _finding("orphans", [row[0] for row in rows(connection, sql)])


def chunk_count(connection: Connection) -> Finding:
    """The kept number of chunks is the number of chunks."""
    kept = value(connection, "SELECT value FROM meta WHERE key = 'chunks'")
    found = value(connection, "SELECT count(*) FROM chunk")
    wrong = [] if kept == found else [f"{kept} kept, {found} counted"]
    return _finding("chunk_count", wrong, repairable=True)


def keyword_index(connection: Connection) -> Finding:
    """The keyword index holds exactly the words of the chunks.

    FTS5 takes the command as an insert, though it changes nothing; while somebody else writes the rows are
    compared instead, so that a check never waits.
    """
    try:
        with at_once(connection), writing(connection):
            connection.execute("INSERT INTO chunk_fts (chunk_fts, rank) VALUES ('integrity-check', 1)")
    except Locked:
        return _finding("keyword_index", quick.keyword_index(connection), repairable=True)
    except Damaged as error:
        return _finding("keyword_index", [str(error)], repairable=True)
    return _finding("keyword_index", [])


def vectors_present(connection: Connection) -> Finding:
    """Every chunk has its vector in the active space."""
    space = vectors.active(connection)
    source = f"vector_{space[0]}" if space else "(SELECT 0 AS chunk_id WHERE 0)"
    sql = (
        "SELECT document.uri, count(*) FROM chunk JOIN document ON document.id = chunk.document_id"
        f" WHERE chunk.id NOT IN (SELECT chunk_id FROM {source}) GROUP BY document.uri ORDER BY document.uri"
    )
    return _finding(
        "vectors_present",
        [f"{uri}: {count} missing (forget it and add it again)" for uri, count in rows(connection, sql)],
    )


def vectors_owned(connection: Connection) -> Finding:
    """No vector without its chunk."""
    wrong = [
        f"chunk {id_}"
        for number, _ in _spaces(connection)
        for (id_,) in rows(
            connection, f"SELECT chunk_id FROM vector_{number} WHERE chunk_id NOT IN (SELECT id FROM chunk)"
        )
    ]
    return _finding("vectors_owned", wrong, repairable=True)


def vectors_unit(connection: Connection) -> Finding:
    """Every vector has its space's dimension, is finite and of unit length."""
    wrong: list[str] = []
    for number, dim in _spaces(connection):
        odd = rows(connection, f"SELECT chunk_id FROM vector_{number} WHERE length(vector) <> ?", (4 * dim,))
        wrong += [f"chunk {id_}" for (id_,) in odd]
        for ids, matrix in _batches(connection, number, dim):
            lengths = np.linalg.norm(matrix, axis=1)
            wrong += [f"chunk {ids[at]}" for at in np.flatnonzero(~(np.abs(lengths - 1.0) < 1e-3))]
    return _finding("vectors_unit", wrong)


def sign_codes(connection: Connection) -> Finding:
    """The codes are the signs of the vectors, one for each."""
    wrong: list[str] = []
    for number, dim in _spaces(connection):
        try:
            ids, kept = codes.load(connection, number, dim)
        except ValueError:  # blobs of a length that no codes have
            wrong.append(f"space {number}: the codes are damaged")
            continue
        seen = 0
        for some, matrix in _batches(connection, number, dim):
            part = slice(seen, seen + len(some))
            seen += len(some)
            if not np.array_equal(ids[part], some) or not np.array_equal(kept[part], codes.encode(matrix)):
                wrong.append(f"space {number}, chunks {some[0]} to {some[-1]}")
        if seen != len(ids):
            wrong.append(f"space {number}: {len(ids)} codes, {seen} vectors")
    return _finding("sign_codes", wrong, repairable=True)


CHECKS: tuple[Callable[[Connection], Finding], ...] = (
    sqlite_integrity,
    migrations,
    foreign_keys,
    orphans,
    document_text,
    digests,
    chunk_count,
    keyword_index,
    vectors_present,
    vectors_owned,
    vectors_unit,
    sign_codes,
)


def _finding(check: str, wrong: list[str], *, repairable: bool = False) -> Finding:
    return Finding(check, not wrong, len(wrong), tuple(wrong[:SAMPLE]), repairable and bool(wrong))


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
