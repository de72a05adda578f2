"""The fast level of the check: what can be said by counting and comparing keys, in seconds at a million chunks.

It finds rows that are gone or left over in any structure; changed content and broken pages are found by
the full check alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vstash.store.sqlite import codes, migrate, vectors
from vstash.store.sqlite.connection import Connection, Damaged, rows, steady, value
from vstash.types import Finding

SAMPLE = 5  # violations named in a finding

Check = Callable[[Connection], list[str]]  # the violations found, each named
Checks = tuple[tuple[str, Check, bool], ...]


def run(connection: Connection, report: Callable[[str], object] = str) -> list[Finding]:
    """Every fast check; `report` is told the name of each before it starts."""
    return all_of(connection, CHECKS, report)


def all_of(connection: Connection, chosen: Checks, report: Callable[[str], object]) -> list[Finding]:
    """The findings of these checks."""
    found = []
    for name, check, repairable in chosen:
        report(name)
        found.append(finding(connection, name, check, repairable))
    return found


def migrations(connection: Connection) -> list[str]:
    """The schema is the one that the recorded migrations made."""
    recorded = rows(connection, "SELECT number, sha256 FROM migration ORDER BY number")
    return [f"migration {step.number:04}" for step in migrate.shipped() if (step.number, step.sha256) not in recorded]


def chunk_count(connection: Connection) -> list[str]:
    """The kept number of chunks is the number of chunks."""
    kept = value(connection, "SELECT value FROM meta WHERE key = 'chunks'")
    found = value(connection, "SELECT count(*) FROM chunk")
    return [] if kept == found else [f"{kept} kept, {found} counted"]


def documents(connection: Connection) -> list[str]:
    """Each document has as many chunks as it was stored with."""
    found = rows(
        connection,
        "SELECT uri FROM document LEFT JOIN (SELECT document_id, count(*) AS found FROM chunk GROUP BY document_id)"
        " ON document_id = document.id WHERE coalesce(found, 0) <> chunks ORDER BY uri",
    )
    return [f"{uri} (forget it and add it again)" for (uri,) in found]


def orphans(connection: Connection) -> list[str]:
    """No chunk without its document."""
    sql = "SELECT DISTINCT document_id FROM chunk WHERE document_id NOT IN (SELECT id FROM document)"
    return [f"chunks of document {id_}" for (id_,) in rows(connection, sql)]


def keyword_index(connection: Connection) -> list[str]:
    """The keyword index has a row for each chunk, and no other."""
    return _compared(connection, "SELECT id FROM chunk_fts_docsize")


def vectors_present(connection: Connection) -> list[str]:
    """Every chunk has its vector in the active space, and no other is there."""
    found = vectors.active(connection)
    return _compared(connection, f"SELECT chunk_id FROM vector_{found[0]}" if found else "SELECT 0 WHERE 0")


def sign_codes(connection: Connection) -> list[str]:
    """There is a code for each vector, and no other."""
    wrong = []
    for number, space in vectors.spaces(connection):
        ids, held = rows(connection, f"SELECT total(length(ids)), total(length(codes)) FROM code_{number}")[0]
        count = value(connection, f"SELECT count(*) FROM vector_{number}")
        if ids != codes.ID_BYTES * count or held != count * -(-space.dim // 64) * 8:
            wrong.append(f"space {number}: {int(ids) // codes.ID_BYTES} codes, {count} vectors")
    return wrong


CHECKS: Checks = (  # name, check, whether repair mends it
    ("migrations", migrations, False),
    ("chunk_count", chunk_count, True),
    ("documents", documents, False),
    ("orphans", orphans, False),
    ("keyword_index", keyword_index, True),
    ("vectors_present", vectors_present, True),
    ("sign_codes", sign_codes, True),
)


def finding(connection: Connection, name: str, check: Check, repairable: bool) -> Finding:
    """Run one check on the state of one moment; what is too damaged to be read is a violation of it."""
    try:
        with steady(connection):
            wrong = check(connection)
    except Damaged as error:
        wrong = [str(error)]
    return Finding(name, not wrong, len(wrong), tuple(wrong[:SAMPLE]), repairable and bool(wrong))


def _compared(connection: Connection, sql: str) -> list[str]:
    """The chunks that are in one of the two only."""
    ours, theirs = (_ids(connection, one) for one in ("SELECT id FROM chunk", sql))
    missing, strange = np.setdiff1d(ours, theirs), np.setdiff1d(theirs, ours)
    return [f"chunk {id_} is missing" for id_ in missing] + [f"chunk {id_} does not exist" for id_ in strange]


def _ids(connection: Connection, sql: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.fromiter((id_ for (id_,) in connection.execute(sql)), np.int64)
