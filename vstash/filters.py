"""Which documents a search may return: a small tree, parsed from options or from a dictionary.

`matches` in Python is the definition; the store's SQL must agree with it, and a test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from vstash import metadata
from vstash.errors import InvalidFilter
from vstash.rules import shown
from vstash.types import Document

FIELDS = ("collection", "kind", "title", "uri")
DATES = ("date", "added_at", "modified_at")
METADATA = "metadata."
MAX_DEPTH = 32  # filters inside one another; SQLite takes expressions 1,000 deep
MAX_PARTS = 1000  # filters in one, each of them a condition of the statement
_PLAIN = re.compile(r"[\w@%+=:,./-]+")  # what a shell takes as one word, as it is


@dataclass(frozen=True, slots=True)
class Eq:
    """The field has this value. Fields: collection, kind, title, uri, metadata.<key>.

    Metadata may be numbers, True and False too, or lists, of which one value will do; "2020" asks for 2020 as well.
    """

    field: str
    value: str

    def __post_init__(self) -> None:
        _known_field(self.field)
        object.__setattr__(self, "value", _asked(self.field, self.value))


@dataclass(frozen=True, slots=True)
class In:
    """The field has one of these values, as in `Eq`; no value matches nothing."""

    field: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        _known_field(self.field)
        values = _several("values", self.values)
        object.__setattr__(self, "values", tuple([_asked(self.field, value) for value in values]))


@dataclass(frozen=True, slots=True)
class Before:
    """The date lies before `when`. "date" is the document's own date, or else when it was added."""

    when: datetime
    field: str = "date"

    def __post_init__(self) -> None:
        _known_date(self.field, self.when)


@dataclass(frozen=True, slots=True)
class After:
    """The date is `when` or later. "date" is the document's own date, or else when it was added."""

    when: datetime
    field: str = "date"

    def __post_init__(self) -> None:
        _known_date(self.field, self.when)


@dataclass(frozen=True, slots=True)
class Tag:
    """The document carries this tag."""

    name: str

    def __post_init__(self) -> None:
        _text("tag", self.name)


@dataclass(frozen=True, slots=True)
class And:
    """Every part matches; no part matches everything."""

    parts: tuple[Filter, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", _several("parts", self.parts))
        _bounded(self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Some part matches; no part matches nothing."""

    parts: tuple[Filter, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", _several("parts", self.parts))
        _bounded(self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not match."""

    part: Filter

    def __post_init__(self) -> None:
        _bounded((self.part,))


Filter: TypeAlias = And | Or | Not | Eq | In | Before | After | Tag


def matches(rule: Filter | None, document: Document) -> bool:
    """Whether the document passes. A missing date or metadata key passes no comparison."""
    match rule:
        case None:
            return True
        case And(parts):
            return all(matches(part, document) for part in parts)
        case Or(parts):
            return any(matches(part, document) for part in parts)
        case Not(part):
            return not matches(part, document)
        case Tag(name):
            return name in document.tags
        case Eq(field, value):
            return _has(document, field, (value,))
        case In(field, values):
            return _has(document, field, values)
        case Before(when, field):
            date = _date(document, field)
            return date is not None and date < when
        case After(when, field):
            date = _date(document, field)
            return date is not None and date >= when
        case _:
            raise foreign(rule)


def foreign(found: object) -> InvalidFilter:
    """The error for what stands where a filter should."""
    return InvalidFilter(
        f"{shown(found)} is no filter", hint="pass vstash.Tag(…) and the like, or vstash.filters.parse({…})"
    )


def said(rule: Filter) -> str:
    """The filter as a person would ask for it: by an option where the command line has one."""
    match rule:
        case And(parts):
            return _joined(" and ", parts) or "everything"
        case Or(parts):
            return _joined(" or ", parts) or "nothing"
        case Not(part):
            return f"not {_joined('', (part,))}"
        case Tag(name):
            return f"--tag {_quoted(name)}"
        case Eq(field, value):
            if field.startswith(METADATA):
                return f"--where {_quoted(f'{field.removeprefix(METADATA)}={value}')}"
            return f"{ {'collection': '--collection', 'uri': '--in'}.get(field, f'{field} =') } {_quoted(value)}"
        case In(field, values):
            return f"{field} in ({', '.join(map(_quoted, values))})"
        case Before(when, field):
            return f"{'--before' if field == 'date' else f'{field} before'} {_written(when)}"
        case After(when, field):
            return f"{'--after' if field == 'date' else f'{field} not before'} {_written(when)}"


def _joined(word: str, parts: Sequence[Filter]) -> str:
    return word.join(f"({said(part)})" if isinstance(part, And | Or) else said(part) for part in parts)


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else repr(value)


def _written(when: datetime) -> str:
    """As `parse_date` reads it: in UTC, a whole day by its date alone."""
    return when.astimezone(UTC).replace(tzinfo=None).isoformat().removesuffix("T00:00:00")


def from_options(
    *,
    collection: str | None = None,
    tags: Sequence[str] | Set[str] = (),
    after: str | datetime | None = None,
    before: str | datetime | None = None,
    where: Sequence[str] = (),
) -> Filter | None:
    """The filter that the usual options ask for, all of which must hold; None when none is given. `where` are what
    metadata must say, each "key=value".

    Raises: InvalidFilter for a date that is none, and for a name that no document can have.
    """
    if isinstance(tags, str) or not isinstance(tags, Sequence | Set):
        raise InvalidFilter(f"tags is {tags!r:.60}, not a list", hint="pass tags=[…]")
    for name in (*tags, *([] if collection is None else [collection])):
        if not isinstance(name, str) or not name.strip():
            raise InvalidFilter(f"{name!r:.60} is no name of a collection or tag", hint="leave it out, or name one")
    parts: list[Filter] = []
    if collection is not None:
        parts.append(Eq("collection", collection))
    parts.extend(Tag(tag) for tag in tags)
    parts.extend(map(_where, where))
    if after is not None:
        parts.append(After(parse_date("after", after)))
    if before is not None:
        parts.append(Before(parse_date("before", before)))
    if len(parts) > 1:
        return And(tuple(parts))
    return parts[0] if parts else None


def _where(pair: str) -> Filter:
    key, equals, value = pair.partition("=")
    if not equals or not key.strip():
        raise InvalidFilter(f"{shown(pair)} is no key and value", hint="write it as author=Ada")
    return Eq(METADATA + key.strip(), value.strip())


def both(rule: object, **options: Any) -> Filter | None:
    """The filter a program passed and what the usual options ask for. Raises: InvalidFilter, also for what is none."""
    if not (rule is None or isinstance(rule, Filter)):
        raise foreign(rule)
    asked = from_options(**options)
    return And((rule, asked)) if rule is not None and asked is not None else rule or asked


def parse(data: Any) -> Filter:
    """A filter from plain data: {"and": […]}, {"or": […]}, {"not": …}, {"tag": "x"}, {"after": "2024-05-01"},
    {"before": {"modified_at": "2024-05-01"}}, {"collection": "work"} or {"kind": ["pdf", "markdown"]}.

    Several keys in one object must all hold. Raises: InvalidFilter.
    """
    try:
        return _parse(data)
    except RecursionError:
        raise _too_deep() from None


def parse_date(name: str, value: str | datetime) -> datetime:
    """An ISO date or time, read as UTC where it names no zone. Raises: InvalidFilter."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise InvalidFilter(
                f"{name}: {value!r:.60} is no date", hint="write it as 2024-05-01 or 2024-05-01T09:30"
            ) from None
    if not isinstance(value, datetime):
        raise InvalidFilter(f"{name}: {value!r:.60} is no date", hint="pass a string or a datetime")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else _in_utc(name, value)


_SHAPES = 'write {"collection": "work"}, {"tag": "x"}, {"after": "2024-05-01"}, {"and": […]}, {"or": […]}, {"not": …}'


def _parse(data: Any) -> Filter:
    if not isinstance(data, Mapping) or not data:
        raise InvalidFilter(f"a filter must be an object with a key, not {data!r:.60}", hint=_SHAPES)
    parts = tuple(_parse_one(key, value) for key, value in data.items())
    return parts[0] if len(parts) == 1 else And(parts)


def _parse_one(key: Any, value: Any) -> Filter:
    compose: dict[Any, Callable[[Any], Filter]] = {
        "and": lambda parts: And(_parse_all(parts)),
        "or": lambda parts: Or(_parse_all(parts)),
        "not": lambda part: Not(_parse(part)),
        "tag": lambda name: Tag(name),
        "after": lambda when: After(*_when("after", when)),
        "before": lambda when: Before(*_when("before", when)),
    }
    if key in compose:
        return compose[key](value)
    if isinstance(value, str | int | float):
        return Eq(str(key), _asked(str(key), value))
    if isinstance(value, Sequence):
        return In(str(key), tuple(value))
    raise InvalidFilter(f"{key}: {value!r:.60} is neither a text nor a list of texts", hint=_SHAPES)


def _parse_all(parts: Any) -> tuple[Filter, ...]:
    if isinstance(parts, str) or not isinstance(parts, Sequence):
        raise InvalidFilter(f'"and" and "or" take a list, not {parts!r:.60}', hint=_SHAPES)
    return tuple(_parse(part) for part in parts)


def _when(name: str, value: Any) -> tuple[datetime, str]:
    if isinstance(value, Mapping):
        if len(value) != 1:
            raise InvalidFilter(f"{name} compares one date, not {len(value)}", hint=_SHAPES)
        [(field, when)] = value.items()
        return parse_date(name, when), str(field)
    return parse_date(name, value), "date"


def _several(name: str, values: Any) -> tuple[Any, ...]:
    """As a tuple: what can be gone through only once is asked again and again."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InvalidFilter(f"{name} are {shown(values)}, not a list", hint=f"pass {name}=(…,)")
    return tuple(values)


def _bounded(parts: Sequence[Filter]) -> None:
    """Raises: InvalidFilter for what is no filter, and for more than the engine can be asked."""
    for part in parts:
        if not isinstance(part, Filter):
            raise foreign(part)
    if 1 + max(map(_depth, parts), default=0) > MAX_DEPTH:
        raise _too_deep()
    count = sum(map(_count, parts))
    if count > MAX_PARTS:
        raise InvalidFilter(
            f"the filter has {count:,} parts, the limit is {MAX_PARTS:,}",
            hint="ask for many values of one field with vstash.In, or ask several times",
        )


def _too_deep() -> InvalidFilter:
    return InvalidFilter(f"the filter nests more than {MAX_DEPTH} deep", hint="write it flatter")


def _within(rule: Filter) -> tuple[Filter, ...]:
    match rule:
        case And(parts) | Or(parts):
            return parts
        case Not(part):
            return (part,)
        case _:
            return ()


def _depth(rule: Filter) -> int:
    return 1 + max(map(_depth, _within(rule)), default=0)


def _count(rule: Filter) -> int:
    return max(1, sum(map(_count, _within(rule))))


def _known_field(field: object) -> None:
    known = isinstance(field, str) and (field in FIELDS or (field.startswith(METADATA) and len(field) > len(METADATA)))
    if not known:
        raise InvalidFilter(
            f"unknown field {shown(field)}", hint=f"use one of {', '.join(FIELDS)}, metadata.<key>, or tag"
        )


def _known_date(field: object, when: object) -> None:
    if field not in DATES:
        raise InvalidFilter(f"unknown date {shown(field)}", hint=f"use one of {', '.join(DATES)}")
    if not isinstance(when, datetime) or when.tzinfo is None:
        raise InvalidFilter(f"{field}: {when!r:.60} is no time with a zone", hint="use filters.parse_date")
    _in_utc(field, when)


def _in_utc(name: str, when: datetime) -> datetime:
    try:
        return when.astimezone(UTC)
    except OverflowError:
        raise InvalidFilter(f"{name}: {when} lies outside the calendar", hint="use a year from 1 to 9999") from None


def _text(field: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidFilter(f"{field}: {value!r:.60} is no text", hint="compare with a string")


def _asked(field: str, value: object) -> str:
    """The value as text, which it must be but for metadata."""
    if field.startswith(METADATA) and isinstance(value, int | float):
        return metadata.written(value)
    _text(field, value)
    return str(value)


def _has(document: Document, field: str, values: Sequence[str]) -> bool:
    if field.startswith(METADATA):
        return metadata.says(document.metadata.get(field.removeprefix(METADATA)), values)
    return getattr(document, field) in values


def _date(document: Document, field: str) -> datetime | None:
    if field == "date":
        return document.dated_at or document.added_at
    value: datetime | None = getattr(document, field)
    return value
