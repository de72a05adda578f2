"""Are the properties of old Office files read within bounds?"""

from __future__ import annotations

import struct

from tests.compound import container
from vstash.text.readers.ole import about, open_ole

VECTOR, TEXT = 0x1000, 30
WITHOUT_SIZE = 0  # a type of which olefile knows no length: it stays where it is


def test_a_list_without_end_is_passed_over():
    title = struct.pack("<II", TEXT, 6) + b"Ships\0\0\0"
    endless = struct.pack("<II", VECTOR | WITHOUT_SIZE, 0x7FFFFFFF)
    table = struct.pack("<II4I", 24 + len(title) + len(endless), 2, 2, 24, 19, 24 + len(title))
    header = struct.pack("<HHI16sI16sI", 0xFFFE, 0, 0, bytes(16), 1, bytes(16), 48)
    data = (header + table + title + endless).ljust(4096, b"\0")
    with open_ole(container("\x05SummaryInformation", data), "x.doc", "Word document") as opened:
        assert about(opened) == {"title": "Ships"}
