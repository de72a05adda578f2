"""What stands on the sheets of a workbook (.xlsx) but in no cell? Comments, text boxes, charts, diagrams, macros.

calamine gives cells only, and openpyxl loses text boxes; the parts are found as the format links them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any
from zipfile import ZipFile

from lxml import etree

from vstash.text.decode import clean
from vstash.text.readers.container import parse_xml
from vstash.text.readers.drawings import described, drawn, paragraphs
from vstash.text.readers.office import changed

Note = tuple[str, str]  # the cell it is about, "" for none, and its words

BOOK = "xl/workbook.xml"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_THREADS = "{http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
_MACROS = "xl/macrosheets/"  # sheets of formulas that are a program, in the manner of Excel 4
_TELLTALE = "[Threaded comment]"  # what Excel writes for programs that know no threads; the thread has it too


def notes(package: ZipFile) -> dict[str, list[Note]]:
    """By the sheet's name, in order of the sheets. Raises what zipfile and lxml raise over a damaged part."""
    parts = _Parts(package)
    if not parts.has(BOOK):
        return {}
    found = {
        clean(sheet.get("name", "")): [note for note in _sheet(parts, part) if note[1]]
        for sheet, part in _sheets(parts, parts.root(BOOK))
    }
    return {name: said for name, said in found.items() if said}


def without_macros(package: ZipFile, data: bytes) -> bytes:
    """The file without sheets of macros: calamine reads none with them. Raises as `notes` does."""
    if not (BOOK in package.namelist() and any(name.startswith(_MACROS) for name in package.namelist())):
        return data
    root = parse_xml(package.read(BOOK))
    for sheet, part in list(_sheets(_Parts(package), root)):
        if part.startswith(_MACROS):
            sheet.getparent().remove(sheet)
    return changed(package, {BOOK: etree.tostring(root)})


class _Parts:
    """The parts of a package, and how they are linked."""

    def __init__(self, package: ZipFile) -> None:
        self._package = package
        self._names = frozenset(package.namelist())

    def has(self, part: str) -> bool:
        return part in self._names

    def read(self, part: str) -> bytes:
        return self._package.read(part)

    def root(self, part: str) -> Any:
        return parse_xml(self.read(part))

    def related(self, part: str) -> list[tuple[str, str, str]]:
        """(id, kind, name) of the parts that this one is linked to."""
        folder, name = posixpath.split(part)
        links = f"{folder}/_rels/{name}.rels"
        if not self.has(links):
            return []
        found = ((one.get("Id", ""), one.get("Type", ""), one.get("Target", "")) for one in self.root(links))
        named = ((name, kind, posixpath.normpath(posixpath.join("/", folder, to))[1:]) for name, kind, to in found)
        return [(name, kind.rpartition("/")[2], to) for name, kind, to in named if self.has(to)]


def _sheets(parts: _Parts, root: Any) -> Iterator[tuple[Any, str]]:
    """The sheets as the book lists them, each with its part."""
    files = {name: part for name, _, part in parts.related(BOOK)}
    for sheet in root.iter(f"{_MAIN}sheet"):
        part = files.get(sheet.get(f"{_R}id", ""))
        if part:
            yield sheet, part


def _sheet(parts: _Parts, sheet: str) -> Iterator[Note]:
    if sheet.startswith(_MACROS):
        for cell in parts.root(sheet).iter(f"{_MAIN}c"):
            formula = cell.findtext(f"{_MAIN}f")
            yield cell.get("r", ""), formula and f"={_flat(formula)}"
    for _, kind, part in parts.related(sheet):
        if kind == "comments":
            yield from _comments(parts.root(part))
        elif kind == "threadedComment":
            for one in parts.root(part).iter(f"{_THREADS}threadedComment"):
                yield one.get("ref", ""), _flat(one.itertext())
        elif kind == "drawing":
            yield from _drawing(parts.root(part), {name: inner for name, _, inner in parts.related(part)}, parts)


def _comments(root: Any) -> Iterator[Note]:
    for one in root.iter(f"{_MAIN}comment"):
        words = _flat(run.text or "" for run in one.iter(f"{_MAIN}t"))
        if not words.startswith(_TELLTALE):
            yield one.get("ref", ""), words


def _drawing(root: Any, related: Mapping[str, str], parts: _Parts) -> Iterator[Note]:
    for shape in root.iter(f"{_DRAWING}sp"):
        yield "", "\n".join(filter(str.strip, paragraphs(shape)))
    for block in drawn(root, lambda name: parts.read(related[name])):
        yield "", block
    for words in dict.fromkeys(map(described, root.iter(f"{_DRAWING}cNvPr"))):
        yield "", words and f"Picture: {words}"


def _flat(words: Any) -> str:
    return " ".join("".join(words).split())
