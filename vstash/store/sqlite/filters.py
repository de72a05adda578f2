"""A filter as SQL over the document table; `vstash.filters.matches` is what it must agree with."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from vstash.filters import METADATA, After, And, Before, Eq, Filter, In, Not, Or, Tag

Sql = tuple[str, list[object]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATES = {
    "date": "coalesce(document.dated_at, document.added_at)",
    "added_at": "document.added_at",
    "modified_at": "document.modified_at",
}


def condition(rule: Filter | None) -> Sql:
    """A condition on a row of `document`, never NULL, and its bindings."""
    match rule:
        case None:
            return "1", []
        case And(parts):
            return _join(" AND ", parts, "1")
        case Or(parts):
            return _join(" OR ", parts, "0")
        case Not(part):
            sql, bindings = condition(part)
            return f"NOT {sql}", bindings
        case Tag(name):
            return "document.id IN (SELECT document_id FROM tag WHERE name = ?)", [name]
        case Eq(field, value):
            sql, bindings = _column(field)
            return f"coalesce({sql} = ?, 0)", [*bindings, value]
        case In(field, values):
            sql, bindings = _column(field)
            return f"coalesce({sql} IN (SELECT value FROM json_each(?)), 0)", [*bindings, json.dumps(values)]
        case Before(when, field):
            return f"coalesce({_DATES[field]} < ?, 0)", [stamp(when)]
        case After(when, field):
            return f"coalesce({_DATES[field]} >= ?, 0)", [stamp(when)]


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


def _join(word: str, parts: tuple[Filter, ...], empty: str) -> Sql:
    pieces = [condition(part) for part in parts]
    sql = word.join(sql for sql, _ in pieces) or empty
    return f"({sql})", [binding for _, bindings in pieces for binding in bindings]


def _column(field: str) -> Sql:
    if field.startswith(METADATA):
        sql = "(SELECT value FROM json_each(document.metadata) WHERE key = ? AND type = 'text')"
        return sql, [field.removeprefix(METADATA)]
    return f"document.{field}", []
