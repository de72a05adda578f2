"""HTML: the text that a browser would show in the page's main part, in blocks.

Parsed as a stream, so depth costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from vstash.errors import UnsupportedSource
from vstash.text.dates import parse_date
from vstash.text.decode import clean, decode
from vstash.text.readers.base import Extract, disjoint, first_title, one_line
from vstash.text.readers.mainpart import LEAST_SHARE, Layout, layout
from vstash.text.readers.sourcelines import HTML, Trace
from vstash.types import Heading

_SKIPPED = frozenset({"script", "style", "noscript", "template", "iframe", "object", "canvas", "annotation",
                      "annotation-xml"})  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = """p ul ol dl table blockquote pre figure form fieldset section article main header footer nav aside
hr details address"""
_PARAGRAPHS = frozenset({*_BLOCKS.split(), *_HEADINGS})
_LINES = frozenset({"div", "br", "li", "tr", "dt", "dd", "caption", "figcaption", "option", "summary", "legend"})
_DRAWN = frozenset({"text", "title", "desc", "foreignobject"})  # what of an SVG drawing has words
CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_DATES = (
    "article:published_time",
    "datepublished",
    "date",
    "dc.date",
    "dcterms.date",
    "dcterms.created",
    "last-modified",
)
_PUBLISHED = re.compile(r'"datePublished"\s*:\s*"([^"]{4,40})"')
_KEPT = ("description", "author", "keywords", *_DATES)


def read(data: bytes, name: str) -> Extract:
    """Text in blocks, list items after "- ", table rows as "a | b"; rows and `pre` are atoms. Placed by lines."""
    return _read(data, name, lined=True)


def inner(data: bytes, name: str, declared: str = "") -> Extract:
    """The same of a page inside of something else, whose lines nobody sees; an encoding `declared` there comes before
    the page's own word."""
    return _read(data, name, lined=False, declared=declared)


def _read(data: bytes, name: str, *, lined: bool, declared: str = "") -> Extract:
    own = CHARSET.search(data[:2048])
    page = decode(data, name, declared or (own[1].decode("ascii") if own else ""))
    built = _parse(page, name)
    return Extract(
        "".join(built.out),
        "html",
        title=one_line(built.title) or first_title(built.headings),
        headings=tuple(built.headings),
        atoms=disjoint(built.atoms),
        places=built.trace.places(page, HTML) if lined else (),
        metadata=built.metadata,
        dated_at=next((date for named in _dates(built, page) if (date := parse_date(named))), None),
    )


def _dates(built: _Page, page: str) -> Iterator[str | None]:
    """What may say when the page was published, the surest first; schema.org's lies in a script."""
    yield from (built.metadata.get(key) for key in _DATES[:2])
    published = _PUBLISHED.search(page)
    yield published and published[1]
    yield from (built.metadata.get(key) for key in _DATES[2:])


def _parse(page: str, name: str) -> _Page:
    """The page's main part; the whole page if that is hardly anything of it."""
    built = _run(page, name, layout(page))
    if built.kept < LEAST_SHARE * (built.kept + built.dropped):
        return _run(page, name, None)
    return built


def _run(page: str, name: str, parts: Layout | None) -> _Page:
    parser = etree.HTMLParser(target=_Page(parts), encoding="utf-8", huge_tree=True)
    try:
        built: _Page = etree.fromstring(page.encode("utf-8"), parser)
    except etree.LxmlError as error:
        raise UnsupportedSource(f"{name} is no readable HTML: {error}", hint="open and save it anew") from error
    return built


class _Page:
    """A parser target that writes the page down; what parts two pieces of text is held in `_gap` until
    the second one comes, so that the strongest of several breaks wins. With a layout only the main part is
    written, and `dropped` counts the characters that are not."""

    def __init__(self, parts: Layout | None) -> None:
        self._parts = parts
        self._depth = 0
        self._main_depth = 0  # of the outermost element that holds the page's own text; 0 outside of it
        self._around = False  # whether what is skipped is text all the same
        self.dropped = 0
        self.out: list[str] = []
        self.headings: list[Heading] = []
        self.atoms: list[tuple[int, int]] = []
        self.metadata: dict[str, str] = {}
        self.title = ""
        self._base = ""  # which addresses in the page start from, where it names one
        self.trace = Trace()
        self._script = False
        self._length = 0
        self._gap = ""
        self._fresh = False  # in a cell or list item without text so far: breaks do not count
        self._skipped = 0  # open elements inside of one that is not shown
        self._pre = 0
        self._drawings = 0  # open SVG drawings
        self._drawn = 0  # open elements with words in them
        self._in_title = False
        self._formula = ""  # the last one as its author wrote it; a picture for old browsers says it again
        self._heading: list[str] | None = None
        self._spans: list[int | None] = []  # where the open rows and `pre`s start, once they have text
        self._cells: list[int] = []

    @property
    def kept(self) -> int:
        """How many characters were written, but for white space around them."""
        return len("".join(self.out).strip())

    def start(self, tag: str, attributes: Any) -> None:
        self._script = tag in {"script", "style"}
        if self._skipped or self._skips(tag, attributes):
            self._skipped += 1
            return
        self._depth += 1
        if self._parts and not self._main_depth and self._parts.begins(tag, attributes):
            self._main_depth = self._depth
            self._gap = "\n\n" if self._length else ""
        self._break(tag)
        if self._drawings or tag == "svg":
            self._draw(tag, 1)
            return
        if tag == "meta":
            self._meta(attributes)
        elif tag in {"link", "base"}:
            self._link(tag, attributes)
        elif tag == "title":
            self._in_title = not self.title
        elif tag in {"pre", "tr"}:
            self._open_span(tag)
        elif tag in {"td", "th"}:
            self._cell()
        elif tag == "li":
            self._gap = (self._gap.rstrip(" -|") or "\n") + "- "
            self._fresh = True
        elif tag in _HEADINGS:
            self._close_heading(_HEADINGS[tag])  # one that was never ended
            self._heading = []
        elif tag == "img":
            words = attributes.get("alt") or ""
            if not (words and words == self._formula):
                self._say(words, own=False)

    def end(self, tag: str) -> None:
        self._script = False
        if self._skipped:
            self._skipped -= 1
            return
        if self._depth == self._main_depth:
            self._main_depth = 0
        self._depth -= 1
        if self._drawings:
            self._draw(tag, -1)
        elif tag == "title":
            self._in_title = False
        elif tag in {"pre", "tr"}:
            self._close_span(tag)
        elif tag in {"td", "th"}:
            self._gap = self._gap if self._fresh else ""
        elif tag in _HEADINGS:
            self._close_heading(_HEADINGS[tag])
        self._break(tag)

    def data(self, text: str) -> None:
        if not self._script:
            self.trace.handed(text)
        self._say(text)

    def _say(self, text: str, *, own: bool = True) -> None:
        """What is not the page's `own` text is an attribute's."""
        if self._skipped:
            self.dropped += len(text.strip()) if self._around else 0
        elif self._drawings and not self._drawn:
            return
        elif self._in_title:
            self.title += text
        elif self._parts and self._parts.main and not self._main_depth:
            self.dropped += len(text.strip())
        elif self._pre:
            self._write(clean(text), own=own)
        else:
            self._flow(clean(text), own=own)

    def close(self) -> _Page:
        return self

    def _draw(self, tag: str, step: int) -> None:
        """An element of a drawing begins or ends; each of those with words is a line."""
        if tag == "svg":
            self._drawings += step
        elif tag in _DRAWN:
            self._drawn += step
        if tag in _DRAWN or tag == "svg":
            self._break("div")

    def _skips(self, tag: str, attributes: Any) -> bool:
        """Whether an element is passed over, with all that is in it."""
        if tag in _SKIPPED or (tag == "svg" and attributes.get("aria-hidden") == "true"):
            self._around = False
            return True
        if tag == "math" and attributes.get("alttext"):
            self._formula = attributes["alttext"]
            self._say(self._formula, own=False)
            self._around = False
            return True
        self._around = self._parts is not None and self._parts.around(tag, attributes, inside=self._main_depth > 0)
        return self._around

    def _flow(self, text: str, *, own: bool) -> None:
        words = " ".join(text.split())
        if text[:1].isspace():
            self._gap = self._gap or " "
        if words:
            self._write(words, own=own)
            self._gap = " " if text[-1:].isspace() else ""

    def _write(self, text: str, *, own: bool) -> None:
        if not text:
            return
        gap = self._gap if self._length else self._gap.lstrip()
        self._gap, self._fresh = "", False
        begin = self._length + len(gap)
        self.trace.wrote(begin, text, own=own)
        self._spans = [begin if start is None else start for start in self._spans]
        if self._heading is not None and (self._heading or text.strip()):
            if not self._heading:
                self.headings.append(Heading(begin + len(text) - len(text.lstrip()), 0, ""))
            self._heading += [gap if self._heading else "", text]
        self.out += [gap, text]
        self._length = begin + len(text)

    def _break(self, tag: str) -> None:
        strength = 2 if tag in _PARAGRAPHS else 1 if tag in _LINES else 0
        if strength and not self._fresh and self._gap.count("\n") < strength:
            self._gap = "\n" * strength

    def _cell(self) -> None:
        """Cells are parted by bars, empty ones too, so that columns stay aligned."""
        if self._cells and self._cells[-1]:
            self._gap = f"{self._gap.removesuffix(' ')} | " if self._fresh else " | "
        if self._cells:
            self._cells[-1] += 1
        self._fresh = True

    def _open_span(self, tag: str) -> None:
        self._spans.append(None)
        if tag == "tr":
            self._cells.append(0)
        else:
            self._pre += 1

    def _close_span(self, tag: str) -> None:
        start = self._spans.pop() if self._spans else None
        if start is not None and not (self.atoms and self.atoms[-1][0] >= start):
            self.atoms.append((start, self._length))
        if tag == "pre":
            self._pre = max(0, self._pre - 1)
        elif self._cells:
            self._cells.pop()
            self._gap, self._fresh = ("\n" if self._length else ""), False

    def _close_heading(self, level: int) -> None:
        if self._heading:
            start = self.headings.pop().start
            self.headings.append(Heading(start, level, one_line("".join(self._heading))))
        self._heading = None

    def _link(self, tag: str, attributes: Any) -> None:
        address = clean(attributes.get("href") or "").strip()
        if tag == "base":
            self._base = self._base or address
        elif (attributes.get("rel") or "").lower() == "canonical":
            with suppress(ValueError):  # one of them is no address
                address = urljoin(self._base, address) if address else ""
            self.metadata.setdefault("canonical", address)

    def _meta(self, attributes: Any) -> None:
        key = (attributes.get("name") or attributes.get("property") or attributes.get("itemprop") or "").lower()
        value = clean(attributes.get("content") or "").strip()
        if key in _KEPT and value:
            self.metadata.setdefault(key, value)
