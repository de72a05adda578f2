"""OpenDocument texts and presentations (.odt .odp and their flat kin) through lxml and the format's own XML.

odfpy has had no release since 2020; the XML is small, and lxml reads it without resolving anything.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from vstash.text.decode import clean
from vstash.text.readers.base import Extract
from vstash.text.readers.container import encrypted, open_zip, parse_xml, parsing
from vstash.text.readers.office import dated
from vstash.text.readers.writer import Writer

WHAT = "OpenDocument file"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_PRESENTATION = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
_SPACES = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}
_SKIPPED = frozenset({
    f"{_TEXT}tracked-changes", f"{_TEXT}sequence-decls", f"{_OFFICE}forms", f"{_OFFICE}annotation", f"{_TEXT}ruby-text",
    f"{_PRESENTATION}settings", f"{_TEXT}note-citation",
})  # fmt: skip
_ABOUT = {
    "title": "title", "initial-creator": "author", "creator": "last_author", "subject": "subject",
    "description": "description", "keyword": "keywords", "creation-date": "created", "date": "modified",
    "language": "language",
}  # fmt: skip


def read(data: bytes, name: str) -> Extract:
    """Paragraphs, headings by outline level, tables as rows, slides as places with their notes."""
    if data.startswith(b"PK"):
        with open_zip(data, name, WHAT) as package, parsing(name, WHAT):
            if b"encryption-data" in package.read("META-INF/manifest.xml"):
                raise encrypted(name)
            content = parse_xml(package.read("content.xml"))
            meta = parse_xml(package.read("meta.xml")) if "meta.xml" in package.namelist() else None
    else:
        with parsing(name, WHAT):
            content = meta = parse_xml(data)
    with parsing(name, WHAT):
        writer = Writer()
        body = next(content.iter(f"{_OFFICE}body"))
        slides = 0
        for element in _blocks(body):
            if element.tag == f"{_DRAW}page":
                slides += 1
                writer.place({"slide": slides})
            else:
                _write(writer, element)
        about = _about(meta)
    return writer.done("opendocument", about.get("title", ""), about, dated(about))


def _blocks(body: Any) -> list[Any]:
    """Pages, headings, paragraphs and rows in order; what lies in a row is part of it."""
    found = []
    waiting = [body]
    while waiting:
        element = waiting.pop()
        if not isinstance(element.tag, str) or element.tag in _SKIPPED:
            continue
        if element.tag in {f"{_TEXT}h", f"{_TEXT}p", f"{_TABLE}table-row"}:
            found.append(element)
            continue
        if element.tag == f"{_DRAW}page":
            found.append(element)
        waiting += reversed(element)
    return found


def _write(writer: Writer, element: Any) -> None:
    if element.tag == f"{_TEXT}h":
        level = element.get(f"{_TEXT}outline-level", "1")
        writer.heading(_words(element), int(level) if level.isdecimal() else 1)
    elif element.tag == f"{_TABLE}table-row":
        cells = [" ".join(" ".join(map(_words, cell.iter(f"{_TEXT}p", f"{_TEXT}h"))).split())
                 for cell in element.iterchildren(f"{_TABLE}table-cell")]  # fmt: skip
        if any(cells):
            writer.line(" | ".join(cells))
    elif any(one.tag == f"{_TEXT}list-item" for one in element.iterancestors(f"{_TEXT}list-item")):
        words = _words(element).strip()
        if words:
            writer.line(f"- {words}")
    else:
        writer.block(_words(element))


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
        if inner.tag in _SKIPPED:
            return True
        inner = inner.getparent()
    return False


def _about(meta: Any) -> dict[str, str]:
    about: dict[str, str] = {}
    found = next(meta.iter(f"{_OFFICE}meta"), None) if meta is not None else None
    for element in found if found is not None else ():
        key = _ABOUT.get(element.tag.rpartition("}")[2]) if isinstance(element.tag, str) else None
        words = clean(element.text or "").strip()
        if key and words:
            about[key] = words
    return about
