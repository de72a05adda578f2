"""Documents that a program has read itself: are they what they should be, and what becomes of them?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

import numpy as np

from vstash import arguments
from vstash.config import Limits
from vstash.errors import InputError
from vstash.intake import PART_OF, Pending, from_source
from vstash.rules import shown
from vstash.salvage import salvage
from vstash.text.places import RUNNING
from vstash.types import AddResult, Heading, Place, Source

Mark = TypeVar("Mark", Heading, Place)


def added(
    sources: Iterable[Source], limits: Limits, add: Callable[[Iterable[Pending]], Iterator[AddResult]]
) -> Iterator[AddResult]:
    """What `add` makes of the sources; where handing them over fails, those before are stored first.

    Raises: InputError.
    """
    return salvage((_pending(one, limits) for one in arguments.iterated("sources", sources)), add)


def _pending(source: Any, limits: Limits) -> Pending:
    from_source(source, limits)  # it is one, with a uri
    return from_source(_checked(source), limits)


def _checked(source: Source) -> Source:
    """The source as it can be stored: with a hash, of its own if none was given. Raises: InputError."""
    try:
        return _complete(source)
    except InputError as error:
        raise InputError(f"{source.uri!r:.60}: {error}", hint=error.hint) from error


def _complete(source: Source) -> Source:
    given = {name: getattr(source, name) for name in ("uri", "text", "title", "kind", "content_hash", "collection")}
    arguments.names(**given)
    tags = arguments.labels(source.collection, source.tags)
    metadata, written = _metadata(source.metadata)
    modified_at, dated_at = (_date(name, getattr(source, name)) for name in ("modified_at", "dated_at"))
    for span in arguments.several("atoms", source.atoms):
        _require_span(span, len(source.text))
    parts = tuple(_part(source.uri, part) for part in arguments.several("parts", source.parts))
    inner = (f"{part.uri}\0{part.content_hash}" for part in parts)
    known = "\0".join((source.title, source.kind, str(dated_at or ""), written, source.text, *inner))
    return replace(
        source,
        content_hash=source.content_hash or sha256(known.encode()).hexdigest(),
        modified_at=modified_at,
        dated_at=dated_at,
        tags=tags,
        metadata=metadata,
        headings=_in_order(_heading, "headings", source.headings, len(source.text)),
        places=_in_order(_place, "places", source.places, len(source.text)),
        parts=parts,
    )


def _part(whole: str, part: Any) -> Source:
    """A part that goes with its whole, and is found by its uri. Raises: InputError."""
    arguments.instance("one of parts", part, Source)
    if not (isinstance(part.uri, str) and part.uri.startswith(f"{whole}#") and part.uri != f"{whole}#"):
        raise InputError(f"one of parts has the uri {shown(part.uri)}", hint=f"begin it with {shown(f'{whole}#')}")
    if part.parts:
        raise InputError(f"the part {shown(part.uri)} has parts of its own", hint="make them parts of the whole")
    checked = _checked(part)
    return replace(checked, metadata={**checked.metadata, PART_OF: whole})


def _in_order(check: Callable[[Any, int], Mark], name: str, given: Any, length: int) -> tuple[Mark, ...]:
    """What stands at places of the text, by where it starts; equal ones as they came. Raises: InputError."""
    return tuple(sorted((check(one, length) for one in arguments.several(name, given)), key=lambda one: one.start))


def _heading(one: Any, length: int) -> Heading:
    arguments.instance("one of headings", one, Heading)
    _require_start("headings", one.start, length)
    arguments.whole("the level of a heading", one.level)
    arguments.names(**{"the title of a heading": one.title})
    return Heading(one.start, one.level, one.title)


def _place(one: Any, length: int) -> Place:
    """With labels that an export can write and an import read."""
    arguments.instance("one of places", one, Place)
    _require_start("places", one.start, length)
    if not isinstance(one.labels, Mapping):
        raise InputError(f"the labels of a place are {shown(one.labels)}, not a dictionary", hint='pass {"page": 3}')
    for label, value in one.labels.items():
        arguments.texts(**{"a label of a place": label})
        if label in RUNNING or not isinstance(value, str):
            arguments.whole(f"the {shown(label)} of a place", value)
        arguments.require_whole(f"{label}{value}")
    return Place(one.start, dict(one.labels))


def _require_start(name: str, start: Any, length: int) -> None:
    if not 0 <= arguments.whole(f"the start of one of {name}", start) <= length:
        raise InputError(f"one of {name} starts at {start}, outside of the text", hint="count in characters, from 0")


def _metadata(given: Any) -> tuple[dict[str, Any], str]:
    """As it is read again, and as it is written; what JSON does not know becomes a text, but for NumPy's numbers."""
    if not isinstance(given, Mapping):
        raise InputError(f"metadata is {given!r:.60}, not a dictionary", hint="pass metadata={…}")
    try:
        written = json.dumps(dict(given), ensure_ascii=False, allow_nan=False, default=_plain)
        kept = json.loads(written)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"metadata cannot be stored: {error}", hint="pass what JSON knows") from error
    arguments.require_whole(written)
    return kept, written


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)


def _date(name: str, when: Any) -> datetime | None:
    """In UTC, as which a time without a zone is read."""
    if when is None:
        return None
    if not isinstance(when, datetime):
        raise InputError(f"{name} is {when!r:.60}, not a time", hint="pass datetime(…, tzinfo=UTC)")
    try:
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except OverflowError:
        raise InputError(f"{name}: {when} lies outside the calendar", hint="use a year from 1 to 9999") from None


def _require_span(span: Any, length: int) -> None:
    match span:
        case (int(start), int(end)) if 0 <= start <= end <= length:
            return
    raise InputError(f"one of atoms is {span!r:.60}, no span of the text", hint="pass (start, end)")
