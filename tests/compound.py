"""Compound files, in which old Office documents and objects lie, made for a test."""

from __future__ import annotations

import struct

SECTOR = 512
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def container(stream: str, data: bytes) -> bytes:
    """A compound file [MS-CFB] with one stream of at least 4096 bytes."""
    assert len(data) >= 4096
    count = -(-len(data) // SECTOR)
    table = [FAT, END, *range(3, count + 2), END]
    assert len(table) <= SECTOR // 4
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(6) + struct.pack("<9I", 0, 1, 1, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", 0, *[FREE] * 108)

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        words = (name + "\0").encode("utf-16-le")
        return (
            words.ljust(64, b"\0") + struct.pack("<HBB3I", len(words), kind, 1, FREE, FREE, child)
            + bytes(36) + struct.pack("<IQ", start, size)
        )  # fmt: skip

    folder = entry("Root Entry", 5, 1, END, 0) + entry(stream, 2, FREE, 2, len(data)) + 2 * bytes(128)
    table += [FREE] * (SECTOR // 4 - len(table))
    return header + struct.pack("<128I", *table) + folder + data.ljust(count * SECTOR, b"\0")
