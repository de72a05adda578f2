"""Word 6 to 2003 (.doc) by Microsoft's own description [MS-DOC], in a container that olefile opens.

No maintained library reads it without Office or LibreOffice beside it; the piece table, which is all that
the words need, is a page of that description.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from vstash.text.decode import clean
from vstash.text.legacy import encoding_of
from vstash.text.readers import richtext, webpage, worddoc
from vstash.text.readers.base import Extract
from vstash.text.readers.container import damaged, encrypted, parsing, refuse_encrypted
from vstash.text.readers.office import dated
from vstash.text.readers.ole import about, open_ole, stream
from vstash.text.readers.writer import Writer

WHAT = "Word document"
MAGIC = (0xA5EC, 0xA5DC)  # of Word 97 and later, of Word 6 and 95
WORD97 = 0xC1  # nFib; before it the text lay in one piece
_FIELD = re.compile("\x13[^\x13\x14\x15]*(?:\x14([^\x13\x14\x15]*))?\x15")
_OBJECTS = re.compile("[\x01\x02\x08\x05\x1f\xad]")


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
            text = "".join(_pieces(main, table))
        properties = about(container)
    return _written(text).done("doc", properties.get("title", ""), properties, dated(properties))


def _pieces(main: bytes, table: bytes) -> Iterator[str]:
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
            yield main[first : first + characters].decode("cp1252", "replace")
        else:
            yield main[where : where + 2 * characters].decode("utf-16-le", "replace")


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


def _plain_fields(text: str) -> str:
    """Fields as what they show; inner ones first."""
    for _ in range(8):
        text, found = _FIELD.subn(lambda match: match[1] or "", text)
        if not found:
            break
    return re.sub("[\x13\x14\x15]", "", text)
