"""Under which uri is a file stored, and which file is a uri's? Its absolute path, as far as that is text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

# A byte that is no text becomes \xff; where a name holds such letters already, their backslash becomes \x5c, so that
# no two files have one name. Where the backslash parts folders, names are text.
_LIKE_ESCAPED = re.compile(rb"\\(?=x(?:5c|[89a-f][0-9a-f]))")
_ESCAPED = re.compile(rb"\\x(5c|[89a-f][0-9a-f])")


def printable(text: str) -> str:
    """Text that can be stored: bytes that are no text become backslash escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def uri_of(path: str | Path) -> str:
    """The uri of the file at an absolute path: another one for each."""
    if os.sep == "\\":
        return printable(str(path))
    return _LIKE_ESCAPED.sub(rb"\\x5c", os.fsencode(path)).decode("utf-8", "backslashreplace")


def path_of(uri: str) -> Path:
    """The file that has this uri."""
    if os.sep == "\\":
        return Path(uri)
    return Path(os.fsdecode(_ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), os.fsencode(uri))))


def before_marks(name: str) -> Iterator[str]:
    """What stands before each "#", the shortest first: the uri of the document that this one came in may be among
    them, and no other."""
    return (name[: found.start()] for found in re.finditer("#", name))
