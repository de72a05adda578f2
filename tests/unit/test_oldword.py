"""What do the paragraphs of a Word 97 document say, and where do they stand?"""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compound import container
from vstash.text.places import Places
from vstash.text.read import Extract, extract
from vstash.text.readers import oldword

TEXT, PAGE = 0x600, 0x400  # where the text and the properties of paragraphs begin
CELL, ROW = struct.pack("<HB", 0x2416, 1), struct.pack("<HBHB", 0x2416, 1, 0x2417, 1)
SHAPE = struct.pack("<HH", 0xD608, 4) + b"\1\1\1"  # of a table, of a length of its own
INDENT = struct.pack("<HhHB", 0x840F, 720, 0x2407, 1)
Paragraphs = list[tuple[str, int, bytes]]  # text with its end, style, changes

BODY: Paragraphs = [
    ("Ships\r", 1, b""),
    ("\r", 0, b""),
    ("Wood and iron.\fOn a new page.\r", 0, INDENT),
    ("Name\x07", 0, CELL),
    ("Year\x07", 0, CELL),
    ("\x07", 0, SHAPE + ROW),
    ("Vasa,\r", 0, CELL),
    ("of oak\x07", 0, CELL),
    ("\x07", 0, CELL),
    ("\x07", 0, ROW),
    ("\x13 TOC \\h \r \x14", 0, b""),
    ("Ropes\x15\r", 2, b""),
    ("Hemp.\r", 0, b""),
]


def document(body: Paragraphs, notes: Paragraphs, *, known: bool = True) -> bytes:
    """A document with these paragraphs in its body and in its footnotes."""
    texts = [text.encode("cp1252") for text, _, _ in (*body, *notes)]
    ends = [TEXT + sum(map(len, texts[: number + 1])) for number in range(len(texts))]
    page, offsets, free = bytearray(512), [], 510
    for _, style, changes in (*body, *notes):
        said = struct.pack("<H", style) + changes
        said = bytes([0, len(said) // 2]) + said if len(said) % 2 == 0 else bytes([len(said) // 2 + 1]) + said
        free = (free - len(said)) // 2 * 2
        page[free : free + len(said)] = said
        offsets.append(free // 2)
    struct.pack_into(f"<{len(ends) + 1}I", page, 0, TEXT, *ends)
    for number, offset in enumerate(offsets):
        page[4 * (len(ends) + 1) + 13 * number] = offset
    page[511] = len(ends)
    main = bytearray(PAGE) + page + b"".join(texts)
    struct.pack_into("<HH", main, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", main, 10, 0x200)
    counts = [sum(len(text) for text, _, _ in part) for part in (body, notes)]
    struct.pack_into("<2I", main, 0x4C, *counts)
    clx = (
        b"\2"
        + struct.pack("<I", 16)
        + struct.pack("<2I", 0, sum(counts))
        + struct.pack("<HIH", 0, 0x40000000 | 2 * TEXT, 0)
    )
    table = struct.pack("<3I", TEXT, ends[-1], PAGE // 512) + clx
    struct.pack_into("<2I", main, 0x1A2, 12, len(clx))
    struct.pack_into("<2I", main, 0x102, 0 if known else 0x7FFFFFFF, 12)
    return container("WordDocument", bytes(main).ljust(4096, b"\0"), ("1Table", table.ljust(4096, b"\0")))


@pytest.fixture
def found() -> Extract:
    return extract(document(BODY, [("Sunk in 1628.\r", 0, b"")]), "ships.doc")


def place(found: Extract, words: str) -> dict[str, object]:
    start = found.text.index(words)
    return Places(found.text, found.places).span(start, start + len(words))


def test_headings_and_whole_rows(found: Extract):
    assert found.text == (
        "Ships\n\nWood and iron.\nOn a new page.\n\nName | Year\nVasa, of oak\n\nRopes\n\nHemp.\n\nSunk in 1628."
    )
    assert [(one.level, one.title) for one in found.headings] == [(1, "Ships"), (2, "Ropes")]
    assert [found.text[start:end] for start, end in found.atoms] == ["Name | Year", "Vasa, of oak"]
    assert found.title == "Ships"


def test_paragraphs_and_rows_are_counted_as_in_new_documents(found: Extract):
    assert place(found, "new page") == {"paragraph": 2}
    assert place(found, "Year") == {"table": 1, "row": 1}
    assert place(found, "oak") == {"table": 1, "row": 2}
    assert place(found, "Hemp") == {"paragraph": 4}
    assert place(found, "Sunk") == {"part": "footnotes"}


def test_without_their_properties_nothing_is_counted():
    found = extract(document(BODY, [], known=False), "ships.doc")
    assert found.text.split()[:4] == ["Ships", "Wood", "and", "iron."]
    assert (found.places, found.headings) == ((), ())


@given(st.lists(st.tuples(st.integers(0, 0xFF), st.booleans()), max_size=20))
def test_no_mark_costs_a_word(marks: list[tuple[int, bool]]):
    codes = [(code & 0x70 if code & 0x20 else code % 10) if not part else 0x80 + code % 8 for code, part in marks]
    words = [f"word{number}" if code < 0x80 else "" for number, code in enumerate(codes)]
    text = "".join(f"{said}\ufdd0{chr(0x4000 + code)}" for said, code in zip(words, codes, strict=True))
    written = oldword._placed(text).done("doc").text
    assert written.replace("|", " ").split() == list(filter(None, words))


def test_pieces_of_an_old_word_file():
    main = bytearray(0x200) + b"caf\xe9" + "Größe\r".encode("utf-16-le")
    table = b"\2" + struct.pack("<I", 4 + 2 * 12) + struct.pack("<3I", 0, 4, 10)
    table += struct.pack("<HIH", 0, 0x40000000 | 2 * 0x200, 0) + struct.pack("<HIH", 0, 0x204, 0)
    struct.pack_into("<2I", main, 0x1A2, 0, len(table))
    assert "".join(piece.text for piece in oldword._pieces(bytes(main), table)) == "caféGröße\r"
    written = oldword._written("A \x13HYPERLINK x\x14link\x15\rVasa\x071628\x07\x07end\r").done("doc")
    assert written.text == "A link\nVasa | 1628\n\nend"
