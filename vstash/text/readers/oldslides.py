"""PowerPoint 97 to 2003 (.ppt) by Microsoft's own description [MS-PPT], in a container that olefile opens.

No maintained library reads it without Office or LibreOffice beside it; its text lies in atoms of two kinds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from vstash.text.decode import clean
from vstash.text.readers import slides
from vstash.text.readers.base import Extract, one_line
from vstash.text.readers.container import encrypted, parsing, refuse_encrypted
from vstash.text.readers.office import dated
from vstash.text.readers.ole import about, open_ole, stream
from vstash.text.readers.writer import Writer

WHAT = "presentation"
CONTAINER = 0xF  # version of records that hold records
CHARACTERS, BYTES, HEADER, SLIDE = 0x0FA0, 0x0FA8, 0x0F9F, 0x03F3
LIST, PERSIST, EDIT, TITLES = 0x0FF0, 0x1772, 0x0FF5, (0, 6)
ENCRYPTED = 0xF3D1C4DF  # headerToken of the current user's atom
DEEPEST = 64  # records inside of records


class Record(NamedTuple):
    """One record: its kind, instance, level and the span of its content."""

    kind: int
    instance: int
    start: int
    end: int


def read(data: bytes, name: str) -> Extract:
    """A heading and a place for each slide, then the notes."""
    if data.startswith(b"PK"):
        return slides.read(data, name)
    refuse_encrypted(data, name)
    with parsing(name, WHAT), open_ole(data, name, WHAT) as container:
        document = stream(container, "PowerPoint Document", name)
        user = stream(container, "Current User", name)
        _, token, edit = struct.unpack_from("<8x 3I", user)
        if token == ENCRYPTED:
            raise encrypted(name)
        writer = Writer()
        objects = _objects(document, edit)
        for number, (persist, texts) in enumerate(_listed(document, 0), 1):
            writer.place({"slide": number})
            _slide(writer, [*texts, *_drawn(document, objects.get(persist))])
        for persist, texts in _listed(document, 2):
            words = [text for _, text in (*texts, *_drawn(document, objects.get(persist))) if text.strip("*# \r\n")]
            if words:
                writer.block("Notes: " + "\n".join(words))
        properties = about(container)
    return writer.done("ppt", properties.get("title", ""), properties, dated(properties))


def _slide(writer: Writer, texts: list[tuple[int, str]]) -> None:
    titled = False
    for kind, text in texts:
        if kind in TITLES and not titled and text.strip():
            writer.heading(one_line(text), 1)
            titled = True
        else:
            writer.block(text)


def _records(data: bytes, start: int, end: int) -> Iterator[Record]:
    """All records in a span, depth first; those that hold others come before them."""
    ends = [min(end, len(data))]
    at = start
    while ends:
        if at + 8 > ends[-1]:
            at = ends.pop()
            continue
        head, kind, size = struct.unpack_from("<HHI", data, at)
        inside = at + 8
        last = min(inside + size, ends[-1])
        yield Record(kind, head >> 4, inside, last)
        if head & 0xF == CONTAINER and len(ends) < DEEPEST:
            ends.append(last)
            at = inside
        else:
            at = last


def _objects(document: bytes, edit: int) -> dict[int, int]:
    """Where each persistent object lies now: the newest edit decides."""
    found: dict[int, int] = {}
    for _ in range(1000):  # edits; each names the one before it
        if edit <= 0 or edit + 28 > len(document):
            break
        previous, directory = struct.unpack_from("<16x 2I", document, edit)
        for number, offset in _directory(document, directory):
            found.setdefault(number, offset)
        edit = previous
    return found


def _directory(document: bytes, at: int) -> Iterator[tuple[int, int]]:
    if at + 8 > len(document):
        return
    _, kind, size = struct.unpack_from("<HHI", document, at)
    end = min(at + 8 + size, len(document) - 3)
    at += 8
    while kind == PERSIST and at < end:
        (entry,) = struct.unpack_from("<I", document, at)
        first, count = entry & 0xFFFFF, entry >> 20
        at += 4
        for number in range(count):
            if at + 4 <= len(document):
                yield first + number, struct.unpack_from("<I", document, at)[0]
            at += 4


def _listed(document: bytes, instance: int) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """The slides (instance 0) or notes (2) in order: persistent id, and the texts kept with the list."""
    for record in _records(document, 0, len(document)):
        if record.kind == LIST and record.instance == instance:
            current: tuple[int, list[tuple[int, str]]] | None = None
            for inner, text in _texts(document, record.start, record.end):
                if inner.kind == SLIDE:
                    if current:
                        yield current
                    current = (struct.unpack_from("<I", document, inner.start)[0], [])
                elif current:
                    current[1].append((inner.instance, text))
            if current:
                yield current
            return


def _drawn(document: bytes, offset: int | None) -> list[tuple[int, str]]:
    """The texts in a slide's own drawing."""
    if offset is None or offset + 8 > len(document):
        return []
    size = struct.unpack_from("<4xI", document, offset)[0]
    found = _texts(document, offset + 8, offset + 8 + size)
    return [(inner.instance, text) for inner, text in found if inner.kind != SLIDE]


def _texts(document: bytes, start: int, end: int) -> Iterator[tuple[Record, str]]:
    """Text atoms, their instance replaced by the kind of text their header named, and slide atoms."""
    kind = 4  # other
    for record in _records(document, start, end):
        content = document[record.start : record.end]
        if record.kind == HEADER and len(content) >= 4:
            kind = struct.unpack_from("<I", content)[0]
        elif record.kind == SLIDE:
            yield record, ""
        elif record.kind in {CHARACTERS, BYTES}:
            text = content.decode("utf-16-le" if record.kind == CHARACTERS else "latin-1", "replace")
            yield record._replace(instance=kind), clean(text.replace("\v", "\n"))
