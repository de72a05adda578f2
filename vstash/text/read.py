"""What does a file say? Bytes and a name in; text, title, headings and metadata out. No disk, no network."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import PurePath
from typing import cast

from vstash.config import Limits
from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text.formats import READERS, reader_for
from vstash.text.readers.base import Extract, NestingReader, Reader
from vstash.text.sandbox import HEAVY, SANDBOXED, Sandbox
from vstash.text.unpacking import PACKAGES, refuse_bomb

__all__ = ["Extract", "apart", "call", "extract"]

NESTING = frozenset({"archive", "mail", "mailbox", "outlook"})  # readers of files that hold others
DEFAULT = Limits()


def apart(name: str) -> bool:
    """Whether a file of this name may be one for the sandbox, or hold such files."""
    return READERS.get(PurePath(name).suffix.lower()) in SANDBOXED | HEAVY | NESTING


def extract(data: bytes, name: str, limits: Limits = DEFAULT, sandbox: Sandbox | None = None) -> Extract:
    """The text of a file and what its format says about it. `name` is a file name or path.

    Only the reader that is needed gets imported; without a `sandbox` the file gets its own. Raises
    UnsupportedSource for what is empty, binary, encrypted, damaged, or in a format that vstash does not read;
    SourceTooLarge.
    """
    if sandbox is None:
        with Sandbox() as own:
            return extract(data, name, limits, own)
    if not data.strip():
        raise _empty(name)
    reader = reader_for(data, name)
    if reader in PACKAGES:
        refuse_bomb(data, name, limits)
    try:
        if sandbox.reads(reader):
            found = sandbox.read(reader, data, name, limits)
        else:
            found = call(reader, data, name, limits, sandbox)
    except MemoryError as error:
        raise SourceTooLarge(f"{name} takes too much memory to be read", hint="split it and add the parts") from error
    if not found.text.strip():
        raise UnsupportedSource(f"{name} holds no text", hint="if it holds pictures, run text recognition over it")
    return found


def call(reader: str, data: bytes, name: str, limits: Limits, sandbox: Sandbox) -> Extract:
    """What a reader module makes of a file, in this process; for files within it there is the sandbox."""
    module = import_module(f"vstash.text.readers.{reader}")
    if reader in NESTING:
        return cast(NestingReader, module).read(data, name, partial(extract, limits=limits, sandbox=sandbox))
    return cast(Reader, module).read(data, name)


def _empty(name: str) -> UnsupportedSource:
    return UnsupportedSource(f"{name} is empty", hint="there is nothing in it to search for")
