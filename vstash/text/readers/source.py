"""Source code of any language: text as it is, with Python's classes and functions as headings."""

from __future__ import annotations

import re
from pathlib import PurePath

from vstash.text.decode import decode
from vstash.text.readers.base import Extract, one_line
from vstash.types import Heading

# A regular expression and not `ast`: half-written and older files have definitions too.
_DEFINITION = re.compile(r"^((?:[ \t]*@[^\n]*\n)*)( {4}|\t|)(class|(?:async )?def)[ \t]+(\w+)", re.MULTILINE)


def read(data: bytes, name: str) -> Extract:
    """The text as it is. Raises UnsupportedSource when it is binary."""
    text = decode(data, name)
    python = PurePath(name).suffix.lower() in {".py", ".pyi", ".pyx", ".pyw"}
    return Extract(text, "code", headings=_definitions(text) if python else ())


def _definitions(text: str) -> tuple[Heading, ...]:
    """Top-level definitions at level 1, those of a class at level 2; decorators belong to them."""
    headings = []
    in_class = False
    for match in _DEFINITION.finditer(text):
        nested = bool(match[2])
        if not nested:
            in_class = match[3] == "class"
        if in_class or not nested:
            words = one_line(f"{match[3].removeprefix('async ')} {match[4]}")
            headings.append(Heading(match.start(), 1 + nested, words))
    return tuple(headings)
