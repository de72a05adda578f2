"""Which paragraphs of an old Word document are headings, lie in a table, or end a row of it?

By [MS-DOC 2.8.6 and 2.9.175]: their properties lie in pages of the main stream, by where each paragraph ends there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

PAGE = 512  # bytes
IN_TABLE, ROW_END, TABLE_SHAPE, TABS = 0x2416, 0x2417, 0xD608, 0xC615
SIZES = (1, 1, 2, 4, 2, 2, 0, 3)  # bytes of an operand by the top bits of what it changes; 0 where it says so itself
HEADINGS = range(1, 10)  # numbers of styles that are headings in every document


class Paragraph(NamedTuple):
    """A heading's level or 0, whether it lies in a table, and whether it is the end of a row there."""

    level: int = 0
    table: bool = False
    row: bool = False


def paragraphs(main: bytes, table: bytes) -> dict[int, Paragraph]:
    """By the offset in the main stream at which each ends; none when that cannot be read."""
    offset, size = struct.unpack_from("<2I", main, 0x102)
    count = (size - 4) // 8
    try:
        pages = struct.unpack_from(f"<{count}I", table, offset + 4 * (count + 1))
        return dict(found for page in pages for found in _page(main, (page & 0x3FFFFF) * PAGE))
    except (struct.error, IndexError):
        return {}


def _page(main: bytes, at: int) -> Iterator[tuple[int, Paragraph]]:
    count = main[at + PAGE - 1]
    ends = struct.unpack_from(f"<{count + 1}I", main, at)[1:]
    for number, end in enumerate(ends):
        where = 2 * main[at + 4 * (count + 1) + 13 * number]
        yield end, _paragraph(main, at + where) if where else Paragraph()


def _paragraph(main: bytes, at: int) -> Paragraph:
    words = main[at]  # of two bytes, less one byte; 0 where the next byte counts them
    start, size = (at + 1, 2 * words - 1) if words else (at + 2, 2 * main[at + 1])
    (style,) = struct.unpack_from("<H", main, start)
    said = dict(_changes(main[start + 2 : start + size]))
    return Paragraph(style if style in HEADINGS else 0, said.get(IN_TABLE) == 1, said.get(ROW_END) == 1)


def _changes(listed: bytes) -> Iterator[tuple[int, int]]:
    """What is changed, and the first byte of to what."""
    at = 0
    while at + 2 < len(listed):
        (kind,) = struct.unpack_from("<H", listed, at)
        at += 2
        yield kind, listed[at]
        size = SIZES[kind >> 13] or 1 + listed[at]
        if kind == TABLE_SHAPE:
            size = 1 + int.from_bytes(listed[at : at + 2], "little")
        if kind == TABS and listed[at] == 0xFF:  # of a length that only its own entries tell
            return
        at += size
