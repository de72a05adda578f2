"""Word 6 to 2003 (.doc) by Microsoft's own description [MS-DOC], in a container that olefile opens.

No maintained library reads it without Office or LibreOffice beside it; the piece table, which is all that
the words need, is a page of that description.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from vstash.text.decode import clean
from vstash.text.legacy import encoding_of
from vstash.text.readers import richtext, webpage, worddoc
from vstash.text.readers.base import Extract
from vstash.text.readers.container import damaged, encrypted, parsing, refuse_encrypted
from vstash.text.readers.office import dated
from vstash.text.readers.oldparagraphs import Paragraph, paragraphs
from vstash.text.readers.ole import about, open_ole, stream
from vstash.text.readers.position import Position
from vstash.text.readers.writer import Writer

WHAT = "Word document"
MAGIC = (0xA5EC, 0xA5DC)  # of Word 97 and later, of Word 6 and 95
WORD97 = 0xC1  # nFib; before it the text lay in one piece
PARTS = ("body", "footnotes", "", "", "comments", "endnotes", "", "")  # in the order of their texts
_FIELD = re.compile("\x13[^\x13\x14\x15]*(?:\x14([^\x13\x14\x15]*))?\x15")
_OBJECTS = re.compile("[\x01\x02\x08\x05\x1f\xad]")
_END = re.compile("([^\r\x07\f]*)([\r\x07\f]?)")
_MARK = "\ufdd0"  # no character: before one that says what of a document ends there
_NOTHING = 0x4000  # that one, for the end of a paragraph of no kind; far from characters with a meaning
_CELL, _TABLE, _ROW, _PART = 0x10, 0x20, 0x40, 0x80  # bits of what is added; below them are the levels of headings


class Piece(NamedTuple):
    """Text, and where in the main stream it lies, in so many bytes a character."""

    start: int
    width: int
    text: str


def read(data: bytes, name: str) -> Extract:
    """The words in paragraphs, rows of tables in lines; other formats under this name as what they are."""
    start = data[:64].lstrip()
    if start.startswith(b"{\\rtf"):
        return richtext.read(data, name)
    if start.startswith(b"PK"):
        return worddoc.read(data, name)
    if start[:9].lower().startswith((b"<html", b"<!doctype")):
        return webpage.read(data, name)
    refuse_encrypted(data, name)
    with parsing(name, WHAT), open_ole(data, name, WHAT) as container:
        main = stream(container, "WordDocument", name)
        magic, version, flags = struct.unpack_from("<H H 6x H", main)
        if magic not in MAGIC:
            raise damaged(name, WHAT)
        if flags & 0x100:
            raise encrypted(name)
        if version < WORD97:
            first, last = struct.unpack_from("<2I", main, 0x18)
            text = main[first:last].decode(encoding_of(main[first:last]), "replace")
        else:
            table = stream(container, "1Table" if flags & 0x200 else "0Table", name)
            pieces = list(_pieces(main, table))
            known = paragraphs(main, table)
            text = "".join(_marked(pieces, known, _parts(main)) if known else (piece.text for piece in pieces))
        properties = about(container)
    written = _placed(text) if _MARK in text else _written(text)
    return written.done("doc", properties.get("title", ""), properties, dated(properties))


def _pieces(main: bytes, table: bytes) -> Iterator[Piece]:
    """The text's pieces in order: each lies in the main stream, in one byte or two a character."""
    offset, size = struct.unpack_from("<2I", main, 0x1A2)
    clx = table[offset : offset + size]
    at = 0
    while clx[at] == 1:  # formatting, which has no words
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    (length,) = struct.unpack_from("<I", clx, at + 1)
    count = (length - 4) // 12
    bounds = struct.unpack_from(f"<{count + 1}I", clx, at + 5)
    for number in range(count):
        (where,) = struct.unpack_from("<I", clx, at + 5 + 4 * (count + 1) + 8 * number + 2)
        characters = bounds[number + 1] - bounds[number]
        if not 0 <= characters <= len(main):
            raise ValueError("a piece is longer than the file")
        if where & 0x40000000:
            first = (where & 0x3FFFFFFF) // 2
            yield Piece(first, 1, main[first : first + characters].decode("cp1252", "replace"))
        else:
            yield Piece(where, 2, main[where : where + 2 * characters].decode("utf-16-le", "replace"))


def _parts(main: bytes) -> dict[int, int]:
    """The number of the part that begins after so many characters."""
    ends = accumulate(struct.unpack_from(f"<{len(PARTS)}I", main, 0x4C))
    return {end: number for number, end in enumerate(ends, 1) if number < len(PARTS)}


def _marked(pieces: Iterable[Piece], known: Mapping[int, Paragraph], parts: Mapping[int, int]) -> Iterator[str]:
    """The text with a mark in place of each paragraph's end: fields may run over some, and take them along."""
    done = 0  # characters, as UTF-16 counts them
    for piece in pieces:
        before = done
        for words, end in _END.findall(piece.text):
            done += len((words + end).encode("utf-16-le", "replace")) // 2
            yield words.replace(_MARK, "")
            found = known.get(piece.start + piece.width * (done - before))
            if found is None and end == "\f":
                yield "\n"  # a page's end inside of a paragraph
            elif end:
                yield _MARK + chr(_NOTHING + _code(found or Paragraph(), end))
                if done in parts:
                    yield _MARK + chr(_NOTHING + _PART + parts[done])


def _code(found: Paragraph, end: str) -> int:
    return found.level + (end == "\x07") * _CELL + found.table * _TABLE + found.row * _ROW


def _written(text: str) -> Writer:
    """Paragraphs end in a return, cells in a bell; two bells end a row."""
    text = _plain_fields(text)
    writer = Writer()
    for paragraph in re.split("[\r\f]|\x07\x07", _OBJECTS.sub("", text)):
        cells = [" ".join(cell.split()) for cell in paragraph.split("\x07")]
        if len(cells) > 1:
            writer.line(" | ".join(filter(None, cells)))
        else:
            writer.block(clean(paragraph.replace("\x0b", "\n").replace("\x1e", "-")))
    return writer


def _placed(text: str) -> Writer:
    """The same where it is known what each end is of: headings, whole rows, and all that is counted."""
    pieces = re.split(f"{_MARK}(.)", _OBJECTS.sub("", _plain_fields(text)), flags=re.DOTALL)
    body = _Body()
    for words, said in zip(pieces[::2], [*map(ord, pieces[1::2]), _NOTHING], strict=True):
        mark = said - _NOTHING
        if mark & _PART:
            body.part(PARTS[mark - _PART])
        elif mark & _TABLE:
            body.cell(words, whole=bool(mark & _CELL), row=bool(mark & _ROW))
        else:
            body.paragraph(clean(words.replace("\x0b", "\n").replace("\x1e", "-")), mark & 0xF)
    return body.done()


class _Body:
    """Writes what ends, and where it stands: in a paragraph or a row of the body, else in which part."""

    def __init__(self) -> None:
        self.writer = Writer()
        self._position: Position | None = Position(self.writer, paged=False)
        self._cells: list[str] = [""]
        self._rows = 0  # of the table that was begun last; 0 outside of one
        self._first = True  # whether none of them had words

    def done(self) -> Writer:
        self._leave()
        return self.writer

    def part(self, name: str) -> None:
        self._leave()
        self._position = None
        self.writer.place({"part": name} if name else {})

    def paragraph(self, words: str, level: int) -> None:
        self._leave()
        if self._position and not self._position.paragraph(words):
            return
        if level:
            self.writer.heading(words, level)
        else:
            self.writer.block(words)

    def cell(self, words: str, *, whole: bool, row: bool) -> None:
        """Text of a cell, which may be of several paragraphs; the end of a row has none."""
        self._cells[-1] += f" {words}"
        if row:
            self._row()
        elif whole:
            self._cells.append("")

    def _leave(self) -> None:
        """The table is over, also where the end of its last row is lost."""
        if any(map(str.strip, self._cells)):
            self._row()
        self._rows, self._first, self._cells = 0, True, [""]

    def _row(self) -> None:
        self._rows += 1
        if self._position:
            if self._rows == 1:
                self._position.table()
            self._position.row(self._rows, "")
        line = " | ".join(filter(None, (" ".join(cell.split()) for cell in self._cells)))
        self._cells = [""]
        if self._first:
            self.writer.block(line, atom=True)
        else:
            self.writer.line(line)
        self._first = self._first and not line


def _plain_fields(text: str) -> str:
    """Fields as what they show; inner ones first."""
    for _ in range(8):
        text, found = _FIELD.subn(lambda match: match[1] or "", text)
        if not found:
            break
    return re.sub("[\x13\x14\x15]", "", text)
