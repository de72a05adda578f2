"""What does a file inside another one say? For attachments and members of archives, which must not nest for ever."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, count
from pathlib import PurePath
from typing import Any

from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text.formats import reader_for
from vstash.text.readers.base import Extract, Opener
from vstash.types import Place

LISTED = 100  # names of what was left out, of one file
MAILS = frozenset({"mail", "outlook", "mailbox"})
ARCHIVES = frozenset({"archive"})
PICTURES = frozenset({"picture"})


def inner(data: bytes, name: str, closed: frozenset[str], opener: Opener) -> tuple[Extract | None, str]:
    """The extract of an inner file, or None and why there is none. Readers in `closed` are not entered."""
    try:
        if len(data) > opener.limits.max_file << 20:
            return None, beyond(len(data), opener)
        if data.strip() and reader_for(data, PurePath(name).name) in closed:
            return None, "not opened within a file"
        return opener(data, PurePath(name).name), ""
    except (UnsupportedSource, SourceTooLarge) as error:
        return None, str(error)


def beyond(size: int, opener: Opener) -> str:
    """Why a file of more bytes than one may have is left out."""
    return f"{size / 2**20:,.0f} MiB, the limit is {opener.limits.max_file:,}: raise max_file"


def without(name: str, why: str) -> str:
    """What was left out, and why, in a line."""
    own = PurePath(name).name
    return f"{name}{why.removeprefix(own)}" if own and why.startswith(f"{own} ") else f"{name}: {why}"


def left_out(lines: Sequence[str]) -> dict[str, list[str]]:
    """The metadata that says so, if there is anything to say."""
    more = [f"and {len(lines) - LISTED:,} more"] if len(lines) > LISTED else []
    return {"left_out": [*lines[:LISTED], *more]} if lines else {}


def apart(name: str, found: Extract, label: str, date: datetime | None) -> Iterator[tuple[str, Extract]]:
    """An inner file and what came in it, as documents of their own by name; `label` says how it lies in the outer."""
    yield name, inside(replace(found, parts={}), {label: name}, date)
    for deeper, part in found.parts.items():
        yield f"{name}/{deeper}", inside(part, {label: name}, found.dated_at or date)


def inside(found: Extract, labels: Mapping[str, Any], date: datetime | None) -> Extract:
    """An inner file as a document of its own: its places say where it lies, without a date it has that of the outer."""
    within = found.places if found.places and found.places[0].start == 0 else (Place(0, {}), *found.places)
    places = tuple(Place(place.start, _deeper(labels, place.labels)) for place in within)
    return replace(found, places=places, dated_at=found.dated_at or date)


def _deeper(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Both; what lies in one of its own kind has the names of both."""
    both = {key: f"{outer[key]}/{inner[key]}" for key in outer if key in inner}
    return {**outer, **inner, **both}


def distinct(name: str, taken: Container[str]) -> str:
    """The name, numbered when it is taken."""
    stem, suffix = PurePath(name).stem, PurePath(name).suffix
    return next(one for one in chain([name], (f"{stem}-{number}{suffix}" for number in count(2))) if one not in taken)
