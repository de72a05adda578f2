"""Drawings (.svg) through lxml: what they are called, what is said of them, and the words drawn in them, in order."""

from __future__ import annotations

from typing import Any

from vstash.errors import UnsupportedSource
from vstash.text.decode import clean, decode
from vstash.text.readers.base import Extract
from vstash.text.readers.container import parse_xml, parsing
from vstash.text.readers.writer import Writer

WHAT = "drawing"
WORDS = frozenset({"title", "desc", "text", "foreignObject"})
_UNSHOWN = frozenset({"style", "script"})


def read(data: bytes, name: str) -> Extract:
    """A block for each of them; the drawing's own title names it.

    Raises: UnsupportedSource when it is damaged or has no words.
    """
    with parsing(name, WHAT):
        # as UTF-8, whatever it declares: libxml2 knows fewer encodings
        root = parse_xml(_undeclared(decode(data, name)).encode())
    writer = Writer()
    title = next((_text(one) for one in root if _kind(one) == "title"), "")
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if _kind(element) in WORDS:
            writer.block(_text(element))
        else:
            waiting += reversed(element)
    found = writer.done("svg", title)
    if not found.text:
        raise UnsupportedSource(f"{name} is a drawing without words", hint="there is nothing in it to search for")
    return found


def _kind(element: Any) -> str:
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""


def _text(element: Any) -> str:
    """All words of an element on one line, without its style sheets."""
    unshown = {f"not(ancestor::*[local-name()='{tag}'])" for tag in _UNSHOWN}
    pieces = element.xpath(f".//text()[{' and '.join(sorted(unshown))}]")
    return " ".join(clean(" ".join(pieces) if _kind(element) == "foreignObject" else "".join(pieces)).split())


def _undeclared(text: str) -> str:
    """Without the XML declaration, which names the encoding that the file had."""
    start = text.lstrip()
    return start[start.find("?>") + 2 :].lstrip() if start.startswith("<?xml") else start
