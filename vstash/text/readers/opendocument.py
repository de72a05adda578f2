"""OpenDocument texts and presentations (.odt .odp and their flat kin) through lxml and the format's own XML.

odfpy has had no release since 2020; the XML is small, and lxml reads it without resolving anything.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from vstash.text.decode import clean
from vstash.text.readers.base import Extract
from vstash.text.readers.container import encrypted, open_zip, parse_xml, parsing
from vstash.text.readers.office import dated, untitled
from vstash.text.readers.position import TURN, Position
from vstash.text.readers.turns import TURNED, Turns
from vstash.text.readers.writer import Writer

WHAT = "OpenDocument file"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_PRESENTATION = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
_SPACES = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n", TURNED: TURN}
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_MATH = "{http://www.w3.org/1998/Math/MathML}"
_LINK = "{http://www.w3.org/1999/xlink}"
_SKIPPED = frozenset({
    f"{_TEXT}tracked-changes", f"{_TEXT}sequence-decls", f"{_OFFICE}forms", f"{_TEXT}ruby-text",
    f"{_PRESENTATION}settings", f"{_TEXT}note-citation",
})  # fmt: skip
_APART = frozenset(
    {f"{_TEXT}note", f"{_OFFICE}annotation"}
)  # in a paragraph, but no part of what it says; and drawings
_WRITTEN = frozenset({
    f"{_TEXT}h", f"{_TEXT}p", f"{_TABLE}table-row", f"{_DRAW}page", f"{_DRAW}object", f"{_SVG}desc",
    TURNED,
})  # fmt: skip
_EDGES = re.compile(r"\{[^}]*\}(?:header|footer)")
_ABOUT = {
    "title": "title", "initial-creator": "author", "creator": "last_author", "subject": "subject",
    "description": "description", "keyword": "keywords", "creation-date": "created", "date": "modified",
    "language": "language",
}  # fmt: skip


def read(data: bytes, name: str) -> Extract:
    """Paragraphs, headings by outline level, tables as rows, slides as places with their notes; text boxes, notes
    and comments after the paragraph that they stand in; headers and footers at last."""
    if data.startswith(b"PK"):
        with open_zip(data, name, WHAT) as package, parsing(name, WHAT):
            parts = {member: package.read(member) for member in package.namelist() if member.endswith(".xml")}
            if b"encryption-data" in parts["META-INF/manifest.xml"]:
                raise encrypted(name)
            content, meta, styles = (_part(parts, member) for member in ("content.xml", "meta.xml", "styles.xml"))
    else:
        parts = {}
        with parsing(name, WHAT):
            content = meta = styles = parse_xml(data)
    with parsing(name, WHAT):
        writer = Writer()
        body = _Body(writer, parts.__getitem__, Turns(content, styles, meta))
        body.write(next(content.iter(f"{_OFFICE}body")))
        body.edges(styles)
        about = _about(meta)
    return writer.done("opendocument", about.get("title", ""), about, dated(about))


def _part(parts: dict[str, bytes], member: str) -> Any:
    return parse_xml(parts[member]) if member in parts else None


class _Body:
    """Writes block after block; `part` gives the bytes of a part of the package, for what is embedded."""

    def __init__(self, writer: Writer, part: Callable[[str], bytes], turns: Turns) -> None:
        self._writer = writer
        self._part = part
        self._slides = 0
        self._turns = turns
        self._position = Position(writer, paged=turns.known)
        self._inside = 0  # what is written belongs to a paragraph, a slide or an object
        self._rows: tuple[Any, int] = (None, 0)  # the table that is being written, and its rows so far

    def write(self, around: Any) -> None:
        for element in _blocks(around):
            self._block(element)
            if element.tag in {f"{_TEXT}h", f"{_TEXT}p", f"{_TABLE}table-row"}:
                for apart in _apart(element):
                    if not self._inside:
                        self._position.aside()
                    self._within(apart)

    def _within(self, around: Any) -> None:
        self._inside += 1
        self.write(around)
        self._inside -= 1

    def edges(self, styles: Any) -> None:
        """Headers and footers, each said once."""
        pages = styles.iter(f"{_STYLE}master-page") if styles is not None else ()
        edges = [edge for page in pages for edge in page if isinstance(edge.tag, str) and _EDGES.match(edge.tag)]
        self._writer.place({"part": "header or footer"})
        for words in dict.fromkeys(_words(one) for edge in edges for one in _blocks(edge) if not _counts_pages(one)):
            self._writer.block(words)

    def _block(self, element: Any) -> None:
        if element.tag == f"{_DRAW}page":
            self._slides += 1
            self._writer.place({"slide": self._slides})
            self._within(element)
        elif element.tag == TURNED:
            self._position.turn()
        elif element.tag == f"{_DRAW}object":
            self._object(element)
        elif element.tag == f"{_SVG}desc":
            self._writer.block(" ".join(["Picture:", *(element.text or "").split()]) if element.text else "")
        elif element.tag == f"{_TABLE}table-row":
            self._row(element)
        else:
            self._paragraph(element, _words(element))

    def _row(self, element: Any) -> None:
        if not self._inside:
            self._place_row(element)
        cells = [_cell(cell) for cell in element.iterchildren(f"{_TABLE}table-cell")]
        self._writer.line(" | ".join(cells) if any(cells) else "")

    def _place_row(self, element: Any) -> None:
        table = next(element.iterancestors(f"{_TABLE}table"), None)
        last, rows = self._rows
        if table is not last:
            self._position.turn(self._turns.before(table))
            self._position.table()
            rows = 0
        repeated = element.get(f"{_TABLE}number-rows-repeated", "1")
        self._position.row(rows + 1, "".join(map(_words, element.iter(f"{_TEXT}p"))) if self._position.paged else "")
        self._rows = (table, rows + (int(repeated) if repeated.isdecimal() else 1))

    def _paragraph(self, element: Any, words: str) -> None:
        if self._inside:
            pieces = [words.replace(TURN, "")]
        else:
            self._position.turn(self._turns.before(element))
            pieces = self._position.paragraph(words)
        if not pieces:
            return
        level = _level(element)
        if level:
            self._writer.heading(pieces[0], level)
        elif pieces[0].strip() and any(True for _ in element.iterancestors(f"{_TEXT}list-item")):
            self._writer.line(f"- {pieces[0].strip()}")
        else:
            self._writer.block(pieces[0])
        self._position.rest(pieces[1:])

    def _object(self, element: Any) -> None:
        """A sheet, chart or formula inside of the document; one that is missing or damaged costs only itself."""
        inner = list(element)
        if not inner:
            folder = posixpath.normpath(element.get(f"{_LINK}href", ""))
            try:
                inner = [parse_xml(self._part(f"{folder}/content.xml"))]
            except (KeyError, etree.LxmlError):
                return
        for root in inner:
            if root.tag == f"{_MATH}math":
                notation = next(root.iter(f"{_MATH}annotation"), root)
                self._writer.block(" ".join("".join(notation.itertext()).split()))
            else:
                self._within(next(root.iter(f"{_OFFICE}body"), root))


def _level(element: Any) -> int:
    """The level of a heading, 1 for the title of a slide, 0 for a paragraph."""
    if element.tag == f"{_TEXT}h":
        level = element.get(f"{_TEXT}outline-level", "1")
        return int(level) if level.isdecimal() else 1
    frame = next(element.iterancestors(f"{_DRAW}frame"), None)
    return int(frame is not None and frame.get(f"{_PRESENTATION}class") == "title")


def _blocks(around: Any) -> list[Any]:
    """What is inside of an element, in order: headings, paragraphs, rows, slides, objects; not what is in those."""
    found = []
    waiting = list(reversed(around))
    while waiting:
        element = waiting.pop()
        if not isinstance(element.tag, str) or element.tag in _SKIPPED:
            continue
        if element.tag in _WRITTEN:
            found.append(element)
        else:
            waiting += reversed(element)
    return found


def _apart(paragraph: Any) -> Iterator[Any]:
    """The notes, comments and drawings that stand in a paragraph or a row, outer ones."""
    waiting = list(reversed(paragraph))
    while waiting:
        element = waiting.pop()
        if not isinstance(element.tag, str) or element.tag in _SKIPPED:
            continue
        if _is_apart(element):
            yield element
        else:
            waiting += reversed(element)


def _is_apart(element: Any) -> bool:
    return element.tag in _APART or element.tag.startswith(_DRAW)


def _counts_pages(edge: Any) -> bool:
    """Whether a header or footer is there for the number of the page only, such as "Page 3 of 7"."""
    return next(edge.iter(f"{_TEXT}page-number"), None) is not None and len(_words(edge).split()) <= 4


def _cell(cell: Any) -> str:
    paragraphs = (one for one in cell.iter(f"{_TEXT}p", f"{_TEXT}h") if not _hidden(one, cell))
    return " ".join(" ".join(map(_words, paragraphs)).split())


def _words(element: Any) -> str:
    """The text of a paragraph, runs of spaces as the format counts them."""
    out: list[str] = []
    for event, inner in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            if inner.tag == f"{_TEXT}s":
                count = inner.get(f"{_TEXT}c", "1")
                out.append(" " * min(int(count), 100) if count.isdecimal() else " ")
            out.append(_SPACES.get(inner.tag, ""))
            if inner.text and isinstance(inner.tag, str) and not _hidden(inner, element):
                out.append(inner.text)
        elif inner is not element and inner.tail and not _hidden(inner.getparent(), element):
            out.append(inner.tail)
    return clean("".join(out))


def _hidden(inner: Any, top: Any) -> bool:
    """Whether an element lies in one that is not shown, inside of the paragraph."""
    while inner is not None and inner is not top:
        if isinstance(inner.tag, str) and (inner.tag in _SKIPPED or _is_apart(inner)):
            return True
        inner = inner.getparent()
    return False


def _about(meta: Any) -> dict[str, str]:
    about: dict[str, str] = {}
    found = next(meta.iter(f"{_OFFICE}meta"), None) if meta is not None else None
    for element in found if found is not None else ():
        key = _ABOUT.get(element.tag.rpartition("}")[2]) if isinstance(element.tag, str) else None
        words = clean(element.text or "").strip()
        if key and words and not (key == "title" and untitled(words)):
            about[key] = words
    return about
