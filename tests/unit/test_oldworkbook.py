"""What do the cells of a sheet of Excel 97 say, as a person sees them?"""

from __future__ import annotations

import struct

from tests.compound import container
from vstash.text.read import extract

DAY_AND_TIME = 22  # number formats that need no definition [MS-XLS 2.4.126]


def record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def workbook(*values: float) -> bytes:
    """A sheet with these numbers in its first row, shown as dates."""
    begin, end = (struct.pack("<HHHHII", 0x600, kind, 0, 0, 0, 0) for kind in (0x5, 0x10)), record(0xA, b"")
    first, second = (record(0x809, one) for one in begin)
    style = record(0xE0, struct.pack("<3H14x", 0, DAY_AND_TIME, 0))
    sheet = (
        struct.pack("<IBB", len(first + style) + 4 + 6 + 2 + 5 + len(end), 0, 0) + struct.pack("<BB", 5, 0) + b"Ships"
    )
    cells = (record(0x203, struct.pack("<3Hd", 0, at, 0, value)) for at, value in enumerate(values))
    return first + style + record(0x85, sheet) + end + second + b"".join(cells) + end


def test_a_time_of_day_is_no_day():
    data = workbook(0.5, 0.0, 42004.25, 42004.0)
    found = extract(container("Workbook", data.ljust(4096, b"\0")), "x.xls")
    assert found.text == "12:00:00; 00:00:00; 2014-12-31 06:00:00; 2014-12-31"
