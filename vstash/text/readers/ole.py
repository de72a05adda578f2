"""What do the containers of old Office files hold? Streams and properties, through olefile."""

from __future__ import annotations

import codecs
from io import BytesIO
from typing import Any

import olefile

from vstash.errors import UnsupportedSource
from vstash.text.decode import clean
from vstash.text.readers.container import damaged
from vstash.text.readers.office import untitled

VECTOR = 0x1000  # the mark of a list in the type of a property [MS-OLEPS 2.15]
_PROPERTIES = ("title", "author", "subject", "keywords", "last_saved_by")
_DATES = (("created", "create_time"), ("modified", "last_saved_time"))


class _Container(olefile.OleFileIO):  # type: ignore[misc]  # it has no types
    """olefile's, but for lists among the properties: none is asked for, and a damaged length runs on for minutes."""

    def _parse_property(self, data: bytes, offset: int, name: int, kind: int, *how: Any) -> Any:
        return None if kind & VECTOR else super()._parse_property(data, offset, name, kind, *how)


def open_ole(data: bytes, name: str, what: str) -> olefile.OleFileIO:
    """The container. Raises: UnsupportedSource when it is none; olefile's errors are OSError."""
    if not data.startswith(olefile.MAGIC):
        raise damaged(name, what)
    return _Container(BytesIO(data))


def stream(container: olefile.OleFileIO, path: str, name: str) -> bytes:
    """A stream's bytes. Raises: UnsupportedSource when the container is of another program."""
    if not container.exists(path):
        raise UnsupportedSource(f"{name} holds no {path}, it is of another program", hint="save it as PDF and add that")
    found: bytes = container.openstream(path).read()
    return found


def about(container: olefile.OleFileIO) -> dict[str, Any]:
    """Title, author and dates that are filled in."""
    meta = container.get_metadata()
    page = _codec(getattr(meta, "codepage", None))
    found = {}
    for key in _PROPERTIES:
        value = getattr(meta, key, None)
        words = clean(value.decode(page, "replace") if isinstance(value, bytes) else str(value or "")).strip()
        if words and not (key == "title" and untitled(words)):
            found["last_author" if key == "last_saved_by" else key] = words
    for key, field in _DATES:
        moment = getattr(meta, field, None)
        if moment is not None and moment.year > 1980:  # 1601 stands for never
            found[key] = moment.isoformat()
    return found


def _codec(page: object) -> str:
    """The codec of a code page's number, which the properties hold as 16 bits with a sign."""
    number = page % 65536 if isinstance(page, int) else 1252
    try:
        return codecs.lookup({65001: "utf-8", 1200: "utf-16-le"}.get(number, f"cp{number}")).name
    except LookupError:
        return "cp1252"
