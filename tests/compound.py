"""Compound files, in which old Office documents and objects lie, made for a test."""

from __future__ import annotations

import struct

SECTOR = 512
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def container(stream: str, data: bytes, *more: tuple[str, bytes]) -> bytes:
    """A compound file [MS-CFB] with streams of at least 4096 bytes each."""
    streams = [(stream, data), *more]
    table, starts = [FAT, END], []
    for _, content in streams:
        assert len(content) >= 4096
        starts.append(len(table))
        count = -(-len(content) // SECTOR)
        table += [*range(len(table) + 1, len(table) + count), END]
    assert len(table) <= SECTOR // 4
    assert len(streams) <= 3
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(6) + struct.pack("<9I", 0, 1, 1, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", 0, *[FREE] * 108)
    folder = _entry("Root Entry", 5, (FREE, 1), END, 0)
    for number, (name, content) in enumerate(streams, 1):
        beside = number + 1 if number < len(streams) else FREE
        folder += _entry(name, 2, (beside, FREE), starts[number - 1], len(content))
    table += [FREE] * (SECTOR // 4 - len(table))
    body = b"".join(content.ljust(-(-len(content) // SECTOR) * SECTOR, b"\0") for _, content in streams)
    return header + struct.pack("<128I", *table) + folder.ljust(SECTOR, b"\0") + body


def _entry(name: str, kind: int, links: tuple[int, int], start: int, size: int) -> bytes:
    """One of the folder; its links are the one beside it and the one below it."""
    words = (name + "\0").encode("utf-16-le")
    return (
        words.ljust(64, b"\0") + struct.pack("<HBB3I", len(words), kind, 1, FREE, *links)
        + bytes(36) + struct.pack("<IQ", start, size)
    )  # fmt: skip
