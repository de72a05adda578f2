"""What does a file say? Bytes and a name in; text, title, headings and metadata out. No disk, no network."""

from __future__ import annotations

from vstash.config import Limits
from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text import sandbox
from vstash.text.formats import reader_for
from vstash.text.readers.base import Extract
from vstash.text.sandbox import SANDBOXED
from vstash.text.unpacking import PACKAGES, refuse_bomb

__all__ = ["Extract", "extract"]

DEFAULT = Limits()


def extract(data: bytes, name: str, limits: Limits = DEFAULT) -> Extract:
    """The text of a file and what its format says about it. `name` is a file name or path.

    Only the reader that is needed gets imported. Raises UnsupportedSource for what is empty,
    binary, encrypted, damaged, or in a format that vstash does not read; SourceTooLarge.
    """
    if not data.strip():
        raise _empty(name)
    reader = reader_for(data, name)
    if reader in PACKAGES:
        refuse_bomb(data, name, limits)
    try:
        found = (sandbox.read if reader in SANDBOXED else sandbox.call)(reader, data, name, limits)
    except MemoryError as error:
        raise SourceTooLarge(f"{name} takes too much memory to be read", hint="split it and add the parts") from error
    if not found.text.strip():
        raise UnsupportedSource(f"{name} holds no text", hint="if it holds pictures, run text recognition over it")
    return found


def _empty(name: str) -> UnsupportedSource:
    return UnsupportedSource(f"{name} is empty", hint="there is nothing in it to search for")
