"""Word documents (.docx) through python-docx: paragraphs, headings by style, tables as rows, notes, properties.

It is the maintained reader of the format and gives its XML with style names resolved; what it has no words
for (text boxes, notes, fields, drawings) is read from that XML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import docx
from docx.opc.exceptions import OpcError

from vstash.text.readers.base import Extract
from vstash.text.readers.container import open_zip, parse_xml, parsing
from vstash.text.readers.drawings import described, drawn
from vstash.text.readers.office import dated, pages, properties, regular
from vstash.text.readers.position import TURN, Position
from vstash.text.readers.writer import Writer

WHAT = "Word document"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_HEADING = re.compile(r"(?:heading|überschrift|titre|título|titolo|заголовок|标题)\s*(\d)", re.IGNORECASE)
_OTHER = re.compile(  # of templates and documents with macros
    rb"application/vnd\.(?:openxmlformats-officedocument\.wordprocessingml\.template\.main"
    rb"|ms-word\.(?:document|template)\.macroEnabled(?:Template)?\.main)\+xml"
)
_MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_TURNED = f"{_W}lastRenderedPageBreak"
_ASIDE = (f"{_W}txbxContent", f"{_W}del", f"{_W}moveFrom", _FALLBACK)
_NOTES = ("word/footnotes.xml", "word/endnotes.xml", "word/comments.xml")


def read(data: bytes, name: str) -> Extract:
    """The body in order, then headers, footers, notes and comments."""
    with open_zip(data, name, WHAT) as package, parsing(name, WHAT, OpcError, KeyError):
        document = docx.Document(BytesIO(regular(package, data, _OTHER, _MAIN)))
        styles = {style.get(f"{_W}styleId", ""): _name(style) for style in document.styles.element.iter(f"{_W}style")}
        writer = Writer()
        related = document.part.related_parts
        position = Position(writer, paged=_paged(document.element.body, pages(package)))
        _Body(writer, position, styles, lambda name: related[name].blob).write(document.element.body)
        for part in sorted(set(package.namelist())):
            if part in _NOTES or re.fullmatch(r"word/(?:header|footer)\d*\.xml", part):
                writer.place({"part": part.removeprefix("word/").removesuffix(".xml").rstrip("0123456789")})
                _notes(writer, parse_xml(package.read(part)))
        about = properties(package)
    return writer.done("docx", about.get("title", ""), about, dated(about))


class _Body:
    """Writes block after block; a table inside a cell becomes words of that cell."""

    def __init__(
        self, writer: Writer, position: Position, styles: dict[str, str], part: Callable[[str], bytes]
    ) -> None:
        self._writer = writer
        self._position = position
        self._styles = styles
        self._part = part

    def write(self, body: Any) -> None:
        for element in _blocks(body):
            if element.tag == f"{_W}p":
                self._paragraph(element)
            else:
                self._table(element)
            self._position.aside()
            self._drawings(element)

    def _paragraph(self, element: Any) -> None:
        pieces = self._position.paragraph(_words(element))
        if not pieces:
            return
        level = self._level(element)
        if level:
            self._writer.heading(pieces[0], level)
        elif self._listed(element):
            self._writer.line(f"- {pieces[0].strip()}")
        else:
            self._writer.block(pieces[0])
        self._position.rest(pieces[1:])

    def _drawings(self, element: Any) -> None:
        for block in drawn(element, self._part):
            self._writer.block(block)
        for words in dict.fromkeys(map(described, element.iter(f"{_DRAWING}docPr"))):
            self._writer.block(words and f"Picture: {words}")

    def _listed(self, element: Any) -> bool:
        return element.find(f"{_W}pPr/{_W}numPr") is not None or self._style(element).lower().startswith("list ")

    def _style(self, element: Any) -> str:
        style = element.find(f"{_W}pPr/{_W}pStyle")
        identity = "" if style is None else style.get(f"{_W}val", "")
        return self._styles.get(identity, identity)

    def _level(self, element: Any) -> int:
        outline = element.find(f"{_W}pPr/{_W}outlineLvl")
        if outline is not None and outline.get(f"{_W}val", "9") < "9":
            return int(outline.get(f"{_W}val")) + 1
        named = self._style(element)
        match = _HEADING.match(named)
        return int(match[1]) or 1 if match else int(named.lower() == "title")

    def _table(self, element: Any) -> None:
        self._position.table()
        first = True
        rows = (row for row in element.iter(f"{_W}tr") if not _nested(row, element))
        for number, row in enumerate(rows, 1):
            self._position.row(number, "".join(map(_words, row.iter(f"{_W}p"))) if self._position.paged else "")
            cells = "\t".join(_cells(row)).strip()
            text = " | ".join(cell.strip() for cell in cells.split("\t"))
            if first:
                self._writer.block(text, atom=True)
            else:
                self._writer.line(text)
            first = first and not cells


def _paged(body: Any, count: int) -> bool:
    """Whether Word noted every turn of a page when it last showed the document: often it leaves some out, and what
    other programs write has none."""
    turns = list(body.iter(_TURNED))
    aside = any(next(turn.iterancestors(*_ASIDE), None) is not None for turn in turns)
    return bool(turns) and not aside and len(turns) + 1 == count


def _name(style: Any) -> str:
    name = style.find(f"{_W}name")
    return "" if name is None else name.get(f"{_W}val", "")


def _blocks(body: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, also those in content controls and revisions."""
    waiting = list(reversed(body))
    while waiting:
        element = waiting.pop()
        if element.tag in {f"{_W}p", f"{_W}tbl"}:
            yield element
        elif element.tag not in {f"{_W}sectPr", f"{_W}del", _FALLBACK}:
            waiting += reversed(element)


def _nested(row: Any, table: Any) -> bool:
    above = next(row.iterancestors(f"{_W}tbl"), None)
    return above is not table


def _cells(row: Any) -> Iterator[str]:
    for cell in row.iterchildren(f"{_W}tc", f"{_W}sdt"):
        yield " ".join(" ".join(map(_words, cell.iter(f"{_W}p"))).split())


def _words(paragraph: Any) -> str:
    """The text of a paragraph as it shows: deleted words and the fall-backs of drawings are left out."""
    out: list[str] = []
    skipped: list[Any] = []
    for element in paragraph.iter():
        if skipped and skipped[-1] in element.iterancestors():
            continue
        tag = element.tag
        if tag in {_FALLBACK, f"{_W}del", f"{_W}moveFrom"}:
            skipped = [element]
        elif tag in {f"{_W}t", f"{_M}t"}:
            out.append(element.text or "")
        elif tag == _TURNED:
            out.append(TURN)
        elif tag in {f"{_W}tab", f"{_W}ptab"} and element.getparent().tag == f"{_W}r":
            out.append("\t")
        elif tag in {f"{_W}br", f"{_W}cr"} or (tag == f"{_W}p" and out):
            out.append("\n")
        elif tag == f"{_W}noBreakHyphen":
            out.append("-")
    return "".join(out)


def _notes(writer: Writer, root: Any) -> None:
    for paragraph in root.iter(f"{_W}p"):
        writer.block(_words(paragraph).replace(TURN, ""))
