"""XML of any vocabulary through lxml: the words of its elements, a line for each that stands alone.

Parsed as a stream, so depth costs nothing; entities are not resolved, so neither do bombs.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from vstash.errors import UnsupportedSource
from vstash.text.decode import clean, decode
from vstash.text.readers import webpage
from vstash.text.readers.base import LINES, Extract, one_line
from vstash.text.readers.sourcelines import XML, Trace
from vstash.types import Place

_FEEDS = frozenset({"rss", "feed", "rdf"})  # what they say is often a page's source, as text
_PAGE = re.compile(r"</?(?:p|a|b|i|em|strong|br|img|div|span|ul|ol|li|h[1-6]|table|pre|code|blockquote)\b[^<>]*>", re.I)
_TITLES = frozenset({"title", "refentrytitle", "invention-title", "article-title"})  # refentry: manual pages


def read(data: bytes, name: str) -> Extract:
    """The words, placed by lines; the file as it is when there are none between its tags."""
    target = _Words()
    parser = etree.XMLParser(target=target, resolve_entities=False, no_network=True, huge_tree=True, recover=True)
    try:
        text = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as error:
        raise UnsupportedSource(f"{name} is no readable XML: {error}", hint="check it with an XML program") from error
    if not text.strip():
        return Extract(decode(data, name), "xml", places=LINES)
    return Extract(text, "xml", title=one_line(target.title), places=_places(target.trace, data, name))


def _places(trace: Trace, data: bytes, name: str) -> tuple[Place, ...]:
    declared = webpage.CHARSET.search(data[:200])
    try:
        source = decode(data, name, declared[1].decode("ascii") if declared else "")
    except UnsupportedSource:  # the parser knows more encodings
        return ()
    return trace.places(source, XML)


class _Words:
    """A parser target. An element inside of running text is part of it, others begin a line."""

    def __init__(self) -> None:
        self.title = ""
        self.trace = Trace()
        self._length = 0
        self._out: list[str] = []
        self._gap = ""
        self._open: list[tuple[str, bool]] = []  # name, and whether words of its own came already
        self._text: list[str] = []  # since the last tag; entities come piece by piece

    def start(self, tag: str, attributes: Any) -> None:
        self._flow()
        self._open.append((tag.rpartition("}")[2].lower(), False))
        if len(self._open) < 2 or not self._open[-2][1]:
            self._gap = "\n"

    def end(self, tag: str) -> None:
        self._flow()
        if self._open:
            self._open.pop()
        if not (self._open and self._open[-1][1]):
            self._gap = "\n"

    def data(self, text: str) -> None:
        self._text.append(text)

    def _flow(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        words = " ".join(clean(text).split())
        self.trace.handed(text)
        if self._open and self._open[0][0] in _FEEDS and _PAGE.search(text):
            words = _page(text) or words
        if not words:
            self._gap = self._gap or (" " if text else "")
            return
        gap = self._gap or (" " if text[:1].isspace() else "")
        if self._open:
            name, running = self._open[-1]
            self._open[-1] = (name, True)
            if name in _TITLES and not self.title:
                self.title = words
            gap = " " if running and gap == "\n" else gap
        gap = gap if self._out else ""
        self.trace.wrote(self._length + len(gap), words)
        self._out += [gap, words]
        self._length += len(gap) + len(words)
        self._gap = " " if text[-1:].isspace() else ""

    def close(self) -> str:
        self._flow()
        return "".join(self._out)


def _page(source: str) -> str:
    """The words of a page's source."""
    try:
        return webpage.inner(source.encode("utf-8", "replace"), "an entry").text
    except UnsupportedSource:
        return ""
