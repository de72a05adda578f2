"""The FTS5 index: kept in step with the chunks, and asked for the best matches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vstash.store.sqlite.connection import Connection, rows
from vstash.store.sqlite.filters import Sql, chunk_ids
from vstash.store.sqlite.postings import Postings, note_rewriting
from vstash.types import Ranking, Term

if TYPE_CHECKING:
    from vstash.filters import Filter

_FIELDS = "text, title"


def insert(connection: Connection, first: int, last: int) -> None:
    """Index the chunks whose ids lie in first..last."""
    connection.execute(
        f"INSERT INTO chunk_fts (rowid, {_FIELDS})"
        f" SELECT id, {_FIELDS} FROM chunk_fields WHERE id BETWEEN ? AND ? ORDER BY id",
        (first, last),
    )


def delete(connection: Connection, ids: Sequence[int]) -> None:
    """Take these chunks out, in the order of their ids, or FTS5 would write a segment of the index for each; their
    rows must still be there, as they were indexed."""
    note_rewriting(connection)
    connection.execute(
        f"INSERT INTO chunk_fts (chunk_fts, rowid, {_FIELDS})"
        f" SELECT 'delete', id, {_FIELDS} FROM chunk_fields"
        " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(list(ids)),),
    )


def expression(terms: Sequence[Term]) -> str:
    """The terms as an FTS5 query: phrases must occur, words may; everything is quoted, so that no input can
    be a syntax error."""
    words = " OR ".join(_quoted(term) for term in terms if not term.phrase)
    phrases = " AND ".join(_quoted(term) for term in terms if term.phrase)
    if words and phrases:
        return f"({phrases}) AND ({phrases} OR {words})"
    return words or phrases


def _quoted(term: Term) -> str:
    text = term.text.encode("utf-8", "replace").decode().replace("\0", " ").replace('"', '""')
    return f'"{text}"*' if term.prefix else f'"{text}"'


def rank(connection: Connection, terms: Sequence[Term], pool: int, rule: Filter | None, kept: Postings) -> Ranking:
    """The best `pool` chunks by BM25, scores turned positive, ties by chunk id. Beside a phrase each word counts
    once."""
    if any(term.phrase for term in terms):
        terms = [term._replace(times=1) for term in terms]
    elif rule is None and kept.ready(connection):
        return Ranking.of("keyword", kept.best(connection, {_quoted(term): term.weight for term in terms}, pool))
    scored, bindings = _scored(terms, rule)
    return Ranking.of("keyword", rows(connection, f"{scored} ORDER BY score DESC, rowid LIMIT ?", (*bindings, pool)))


def _scored(terms: Sequence[Term], rule: Filter | None) -> Sql:
    """A query for chunks with their scores; words of one weight are asked for together, as FTS5 knows no weights.

    The unary plus keeps SQLite from asking FTS5 for one rowid after another when filtering.
    """
    passing, inner = ("", []) if rule is None else chunk_ids(rule)
    among = f" AND +rowid IN ({passing})" if passing else ""
    parts, bindings = list[str](), list[object]()
    for weight in sorted({term.weight for term in terms}):
        parts.append(f"SELECT rowid, ? * -bm25(chunk_fts) AS score FROM chunk_fts WHERE chunk_fts MATCH ?{among}")
        bindings += [weight, expression([term for term in terms if term.weight == weight]), *inner]
    if len(parts) == 1:
        return parts[0], bindings
    return f"SELECT rowid, sum(score) AS score FROM ({' UNION ALL '.join(parts)}) GROUP BY rowid", bindings
