"""A filter as SQL over the document table; `vstash.filters.matches` is what it must agree with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from vstash.extras import later

if TYPE_CHECKING:
    from vstash import filters, metadata
    from vstash.filters import Filter
else:  # what a search without any does without
    filters, metadata = later("vstash.filters"), later("vstash.metadata")

Sql = tuple[str, list[object]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATES = {
    "date": "coalesce(document.dated_at, document.added_at)",
    "added_at": "document.added_at",
    "modified_at": "document.modified_at",
}
_NULLABLE = ("modified_at",)


def condition(rule: Filter | None) -> Sql:
    """A condition on a row of `document`, never NULL, and its bindings."""
    match rule:
        case None:
            return "1", []
        case filters.And(parts):
            return _join(" AND ", parts, "1")
        case filters.Or(parts):
            return _join(" OR ", parts, "0")
        case filters.Not(part):
            sql, bindings = condition(part)
            return f"NOT {sql}", bindings
        case filters.Tag(name):
            return "document.id IN (SELECT document_id FROM tag WHERE name = ?)", [name]
        case filters.Eq(field, value):
            return _in(field, (value,))
        case filters.In(field, values):
            return _in(field, values)
        case filters.Before(when, field):
            return _compared(field, "<", when)
        case filters.After(when, field):
            return _compared(field, ">=", when)
        case _:
            raise filters.foreign(rule)


def chunk_ids(rule: Filter) -> Sql:
    """A query for the ids of the chunks whose document passes; reads indexes, no chunk."""
    sql, bindings = condition(rule)
    return (
        (
            "SELECT chunk.id FROM document JOIN chunk ON chunk.document_id = document.id"
            f" WHERE document.retired_at IS NULL AND {sql}"
        ),
        bindings,
    )


def stamp(when: datetime) -> int:
    """A time as it is stored: microseconds since 1970 in UTC, so that the order of numbers is that of times."""
    return (when.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def moment(stamped: int) -> datetime:
    """The time, in UTC, that was stored."""
    return _EPOCH + timedelta(microseconds=stamped)


def _compared(field: str, sign: str, when: datetime) -> Sql:
    """Dates that are always there are compared as they are, so that an index over them can be used."""
    sql = f"{_DATES[field]} {sign} ?"
    return f"coalesce({sql}, 0)" if field in _NULLABLE else sql, [stamp(when)]


def _join(word: str, parts: tuple[Filter, ...], empty: str) -> Sql:
    pieces = [condition(part) for part in parts]
    sql = _balanced(word, [sql for sql, _ in pieces]) or empty
    return f"({sql})", [binding for _, bindings in pieces for binding in bindings]


def _balanced(word: str, pieces: list[str]) -> str:
    """In pairs, and pairs of pairs: in a row they would be an expression as deep as it has parts."""
    while len(pieces) > 2:
        pieces = [f"({word.join(pieces[at : at + 2])})" for at in range(0, len(pieces), 2)]
    return word.join(pieces)


def _in(field: str, values: Sequence[str]) -> Sql:
    if not field.startswith(filters.METADATA):
        if len(values) == 1:
            return f"document.{field} = ?", [*values]
        return f"document.{field} IN (SELECT value FROM json_each(?))", [json.dumps(values)]
    wanted = json.dumps([*values, *metadata.numbers(values)])
    sql = (
        f"EXISTS (SELECT 1 FROM json_each(document.metadata) AS held WHERE held.key = ? AND ({_one_of('held')}"
        f" OR held.type = 'array' AND EXISTS (SELECT 1 FROM json_each(held.value) AS one WHERE {_one_of('one')})))"
    )
    return sql, [field.removeprefix(filters.METADATA), wanted, wanted]


def _one_of(row: str) -> str:
    """Whether a row of json_each is one of what is bound: texts are equal to texts only, and numbers to numbers."""
    value = f"CASE WHEN {row}.type IN ('true', 'false') THEN {row}.type WHEN {row}.type <> 'null' THEN {row}.atom END"
    return f"{value} IN (SELECT value FROM json_each(?))"
