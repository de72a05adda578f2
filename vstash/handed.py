"""Documents that a program has read itself: are they what they should be, and what becomes of them?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from vstash import arguments
from vstash.config import Limits
from vstash.errors import InputError
from vstash.intake import Pending, from_source
from vstash.salvage import salvage
from vstash.types import AddResult, Heading, Place, Source


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
    arguments.texts(**given)
    tags = arguments.labels(source.collection, source.tags)
    for text in (*given.values(), *tags):
        _require_whole(text)
    metadata, written = _metadata(source.metadata)
    modified_at, dated_at = (_date(name, getattr(source, name)) for name in ("modified_at", "dated_at"))
    for name, kind in (("headings", Heading), ("places", Place), ("parts", Source)):
        for one in arguments.several(name, getattr(source, name)):
            arguments.instance(f"one of {name}", one, kind)
    for span in arguments.several("atoms", source.atoms):
        _require_span(span, len(source.text))
    known = "\0".join((source.title, source.kind, str(dated_at or ""), written, source.text))
    return replace(
        source,
        content_hash=source.content_hash or sha256(known.encode()).hexdigest(),
        modified_at=modified_at,
        dated_at=dated_at,
        tags=tags,
        metadata=metadata,
        parts=tuple(_checked(part) for part in source.parts),
    )


def _require_whole(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{text!r:.60} holds half of a character pair", hint="decode it with errors='replace'"
        ) from None


def _metadata(given: Any) -> tuple[dict[str, Any], str]:
    """As a dictionary, and as it is written; what JSON does not know becomes a text."""
    if not isinstance(given, Mapping):
        raise InputError(f"metadata is {given!r:.60}, not a dictionary", hint="pass metadata={…}")
    try:
        written = json.dumps(dict(given), ensure_ascii=False, allow_nan=False, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"metadata cannot be stored: {error}", hint="pass what JSON knows") from error
    _require_whole(written)
    return dict(given), written


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
