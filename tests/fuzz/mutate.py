"""How does a file go wrong? One mutation of its bytes and its ending, decided by a random generator."""

from __future__ import annotations

import io
import random
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

Mutation = Callable[[bytes, random.Random], bytes]

FLIPS = 200  # bytes changed at most
BLOCK = 4096  # bytes moved, emptied or repeated at most
REPEATS = 400  # times that a block is repeated at most
UNPACKED = 32 << 20  # bytes of a package that is packed anew


def flipped(data: bytes, chance: random.Random) -> bytes:
    """Some bits are others."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, FLIPS) if data else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truncated(data: bytes, chance: random.Random) -> bytes:
    """The end is missing, or the start."""
    cut = chance.randint(0, len(data))
    return data[:cut] if chance.random() < 0.8 else data[cut:]


def emptied(data: bytes, chance: random.Random) -> bytes:
    """A block is zeros."""
    start, size = _block(data, chance)
    return data[:start] + bytes(size) + data[start + size :]


def repeated(data: bytes, chance: random.Random) -> bytes:
    """A block stands there many times: nesting, tables and lists grow."""
    start, size = _block(data, chance)
    return data[:start] + data[start : start + size] * chance.randint(2, REPEATS) + data[start:]


def moved(data: bytes, chance: random.Random) -> bytes:
    """A block stands elsewhere."""
    start, size = _block(data, chance)
    rest = data[:start] + data[start + size :]
    at = chance.randint(0, len(rest))
    return rest[:at] + data[start : start + size] + rest[at:]


def sharpened(data: bytes, chance: random.Random) -> bytes:
    """What has a meaning to parsers and terminals stands in it."""
    sharp = (b"\0", b"\x1b[2J", b"\xed\xa0\x80", b"\xff\xfe", b"<" * 200, b"{[" * 2000, b"9" * 400, b"&a;", b"\n" * 999)
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice(sharp) + data[at:]


PLAIN: tuple[Mutation, ...] = (flipped, truncated, emptied, repeated, moved, sharpened)


def packed_anew(data: bytes, chance: random.Random) -> bytes:
    """A package whose table and checksums are right, one member of which was mutated; else bits are flipped."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            if sum(one.file_size for one in package.infolist()) > UNPACKED:
                return flipped(data, chance)
            members = [(one.filename, package.read(one)) for one in package.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, OSError, ValueError, EOFError):
        return flipped(data, chance)
    chosen = chance.randrange(len(members)) if members else -1
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for at, (name, content) in enumerate(members):
            undated = zipfile.ZipInfo(name)  # not of now: the same seed makes the same file
            wrong = chance.choice(PLAIN)(content, chance) if at == chosen else content
            package.writestr(undated, wrong, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def mutant(files: Sequence[Path], seed: int, number: int) -> tuple[str, bytes]:
    """The `number`th wrong file of a seed: a name and what it holds."""
    chance = random.Random(f"{seed}/{number}")
    path = chance.choice(files)
    data = path.read_bytes()
    mutation = packed_anew if data.startswith(b"PK") and chance.random() < 0.7 else chance.choice(PLAIN)
    suffix = chance.choice(files).suffix if chance.random() < 0.1 else path.suffix
    return f"{number}-{mutation.__name__}-{path.stem}{suffix}", mutation(data, chance)


def _block(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(chance.randint(1, BLOCK), len(data) - start)
