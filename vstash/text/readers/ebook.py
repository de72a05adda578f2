"""E-books (.epub) through zipfile and lxml: chapter after chapter in reading order, each read as a web page.

EbookLib is under the AGPL, which a program that links to it would have to follow; what it does beyond the
standard library is a walk along the package's spine.
"""

from __future__ import annotations

import posixpath
import zipfile
from typing import Any
from urllib.parse import unquote

from vstash.errors import UnsupportedSource
from vstash.text.dates import parse_date
from vstash.text.decode import clean
from vstash.text.readers import webpage
from vstash.text.readers.base import Extract, one_line
from vstash.text.readers.container import encrypted, open_zip, parse_xml, parsing
from vstash.text.readers.writer import Writer

WHAT = "e-book"
_DC = "{http://purl.org/dc/elements/1.1/}"
_OPF = "{http://www.idpf.org/2007/opf}"
_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_ABOUT = {"creator": "author", "publisher": "publisher", "language": "language", "date": "date", "subject": "subject"}


def read(data: bytes, name: str) -> Extract:
    """A place and a heading for each chapter that has words."""
    with open_zip(data, name, WHAT) as package, parsing(name, WHAT):
        root = parse_xml(package.read("META-INF/container.xml"))
        path = next(root.iter(f"{_CONTAINER}rootfile")).get("full-path")
        book = parse_xml(package.read(path))
        writer = Writer()
        for number, member in enumerate(_spine(book, posixpath.dirname(path), set(package.namelist())), 1):
            _chapter(writer, package, member, number)
        title, about = _about(book)
        if "META-INF/encryption.xml" in package.namelist() and not writer.done("").text:
            raise encrypted(name)
    return writer.done("epub", title, about, parse_date(about.get("date")))


def _spine(book: Any, folder: str, members: set[str]) -> list[str]:
    """The chapters' files in reading order."""
    files = {item.get("id"): item.get("href") or "" for item in book.iter(f"{_OPF}item")}
    order = [files.get(item.get("idref"), "") for item in book.iter(f"{_OPF}itemref")]
    paths = [posixpath.normpath(posixpath.join(folder, unquote(href.split("#")[0]))) for href in order if href]
    return [path for path in dict.fromkeys(paths) if path in members]


def _chapter(writer: Writer, package: zipfile.ZipFile, member: str, number: int) -> None:
    data = package.read(member)
    if not data.strip():
        return
    try:
        found = webpage.inner(data, member)
    except UnsupportedSource:  # one bad chapter costs only itself
        return
    if not found.text.strip():
        return
    title = _title(found)
    writer.include(found, labels={"chapter": number, **({"chapter_title": title} if title else {})})


def _title(chapter: Extract) -> str:
    """What all of a chapter's file stands under: its only heading of the highest level, if no words come before it.

    Converters cut books by size: a file may begin in the middle of one chapter and hold others.
    """
    if not chapter.headings:
        return chapter.title
    first, *others = chapter.headings
    alone = not chapter.text[: first.start].strip() and all(one.level > first.level for one in others)
    return first.title if alone else ""


def _about(book: Any) -> tuple[str, dict[str, str]]:
    about: dict[str, str] = {}
    for element in book.iter(f"{_DC}*"):
        key = element.tag.removeprefix(_DC)
        words = one_line(clean("".join(element.itertext())))
        if words and (key == "title" or key in _ABOUT):
            about.setdefault(_ABOUT.get(key, key), words)
    return about.pop("title", ""), about
