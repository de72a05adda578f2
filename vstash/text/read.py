"""What does a file say? Bytes and a name in; text, title, headings and metadata out. No disk, no network."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from vstash.config import Limits
from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text.formats import EMBEDDING, NESTING, reader_for
from vstash.text.readers.base import Extract, NestingReader, Opener, Reader
from vstash.text.sandbox import SANDBOXED, Sandbox
from vstash.text.unpacking import PACKAGES, refuse_bomb

__all__ = ["Extract", "Inner", "call", "extract"]

DEPTH = 3  # files around a file: a sheet in a document in a mail in an archive
BLANK = b" \t\r\n\v\f\0"  # with what a power cut leaves of a file
DEFAULT = Limits()

_NOTHING = "there is nothing in it to search for"
_PICTURES = "if it shows pictures of words, save it as PDF and add that"
_WITHOUT_TEXT = {  # what to do about a file that was read and says nothing, by its reader
    **dict.fromkeys(("worddoc", "slides", "opendocument", "oldword", "oldslides", "richtext", "ebook"), _PICTURES),
    "workbook": "its cells are empty, there is nothing in it to search for",
    "webpage": "if it is made of frames or filled by a script, save what a browser shows of it and add that",
}


@dataclass(slots=True)
class _Opened:
    """What has been opened within one file so far, at whatever depth."""

    files: int = 0
    size: int = 0  # bytes


class Inner:
    """Opens what lies `depth` files deep in a file. All of that together is bound as what an archive unpacks to is."""

    def __init__(self, limits: Limits, sandbox: Sandbox, depth: int = 1, opened: _Opened | None = None) -> None:
        self.limits = limits
        self.sandbox = sandbox
        self.depth = depth
        self._opened = opened or _Opened()

    def __call__(self, data: bytes, name: str) -> Extract:
        """The extract of such a file. Raises: UnsupportedSource, SourceTooLarge."""
        if self.depth > DEPTH:
            raise UnsupportedSource(f"{name} lies in more than {DEPTH} files", hint="save it as a file and add that")
        self._opened.files += 1
        self._opened.size += len(data)
        over = "max_parts" if self._opened.files > self.limits.max_parts else ""
        over = "max_unpacked" if self._opened.size > self.limits.max_unpacked << 20 else over
        if over:
            raise SourceTooLarge(f"{name} lies beyond what is read of one file ({over})", hint=f"raise {over}")
        return _extract(data, name, Inner(self.limits, self.sandbox, self.depth + 1, self._opened))


def extract(data: bytes, name: str, limits: Limits = DEFAULT, sandbox: Sandbox | None = None) -> Extract:
    """The text of a file and what its format says about it. `name` is a file name or path.

    Only the reader that is needed gets imported; without a `sandbox` the file gets its own. Raises
    UnsupportedSource for what is empty, binary, encrypted, damaged, or in a format that vstash does not read;
    SourceTooLarge.
    """
    if sandbox is None:
        with Sandbox() as own:
            return _extract(data, name, Inner(limits, own))
    return _extract(data, name, Inner(limits, sandbox))


def _extract(data: bytes, name: str, within: Inner) -> Extract:
    """`within` opens what lies in the file."""
    limits, sandbox = within.limits, within.sandbox
    if not data.strip(BLANK):
        raise _empty(name)
    reader = reader_for(data, name)
    if reader in PACKAGES:
        refuse_bomb(data, name, limits)
    try:
        if reader in SANDBOXED:
            found = sandbox.read(reader, data, name, limits, within.depth)
        else:
            found = call(reader, data, name, within)
    except MemoryError as error:
        raise SourceTooLarge(f"{name} takes too much memory to be read", hint="split it and add the parts") from error
    if not found.text.strip():
        raise UnsupportedSource(f"{name} holds no text", hint=_WITHOUT_TEXT.get(reader, _NOTHING))
    return found


def call(reader: str, data: bytes, name: str, opener: Opener) -> Extract:
    """What a reader module makes of a file, in this process; the opener is for files within it."""
    module = import_module(f"vstash.text.readers.{reader}")
    if reader in NESTING:
        return cast(NestingReader, module).read(data, name, opener)
    found = cast(Reader, module).read(data, name)
    if reader in EMBEDDING and data.startswith(b"PK"):
        # imported with the readers that need it
        found = cast(Extract, import_module("vstash.text.readers.embedded").with_embedded(found, data, name, opener))
    return found


def _empty(name: str) -> UnsupportedSource:
    return UnsupportedSource(f"{name} is empty", hint=_NOTHING)
