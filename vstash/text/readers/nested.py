"""What does a file inside another one say? For attachments and members of archives, which must not nest for ever."""

from __future__ import annotations

from pathlib import PurePath

from vstash.config import Limits
from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text.formats import reader_for
from vstash.text.read import extract
from vstash.text.readers.base import Extract

LARGEST = 32 << 20  # bytes of one inner file
MAILS = frozenset({"mail", "outlook"})
ARCHIVES = frozenset({"archive"})


def inner(data: bytes, name: str, closed: frozenset[str], limits: Limits) -> tuple[Extract | None, str]:
    """The extract of an inner file, or None and why there is none. Readers in `closed` are not entered."""
    try:
        if len(data) > LARGEST:
            return None, "too large"
        if data.strip() and reader_for(data, PurePath(name).name) in closed:
            return None, "not unpacked"
        return extract(data, PurePath(name).name, limits), ""
    except (UnsupportedSource, SourceTooLarge) as error:
        return None, str(error)
