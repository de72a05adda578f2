"""What does a file inside another one say? For attachments and members of archives, which must not nest for ever."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import chain, count
from pathlib import PurePath
from typing import Any

from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text.formats import reader_for
from vstash.text.readers.base import Extract, Opener
from vstash.types import Place

LARGEST = 32 << 20  # bytes of one inner file
MAILS = frozenset({"mail", "outlook", "mailbox"})
ARCHIVES = frozenset({"archive"})


def inner(data: bytes, name: str, closed: frozenset[str], opener: Opener) -> tuple[Extract | None, str]:
    """The extract of an inner file, or None and why there is none. Readers in `closed` are not entered."""
    try:
        if len(data) > LARGEST:
            return None, "too large"
        if data.strip() and reader_for(data, PurePath(name).name) in closed:
            return None, "not unpacked"
        return opener(data, PurePath(name).name), ""
    except (UnsupportedSource, SourceTooLarge) as error:
        return None, str(error)


def inside(found: Extract, labels: Mapping[str, Any], date: datetime | None) -> Extract:
    """An inner file as a document of its own: its places say where it lies, without a date it has that of the outer."""
    within = found.places if found.places and found.places[0].start == 0 else (Place(0, {}), *found.places)
    places = tuple(Place(place.start, {**labels, **place.labels}) for place in within)
    return replace(found, places=places, dated_at=found.dated_at or date)


def distinct(name: str, taken: Container[str]) -> str:
    """The name, numbered when it is taken."""
    stem, suffix = PurePath(name).stem, PurePath(name).suffix
    return next(one for one in chain([name], (f"{stem}-{number}{suffix}" for number in count(2))) if one not in taken)
