"""Would a package unpack to more than it may? Told from its table of contents, before any reader opens it."""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO

from vstash.config import Limits
from vstash.errors import SourceTooLarge

PACKAGES = frozenset({"worddoc", "slides", "workbook", "opendocument", "ebook", "archive"})  # readers of zip files
FREE = 64 << 20  # bytes below which any ratio will do: sheets of equal cells shrink a thousandfold
UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError)


def refuse_bomb(data: bytes, name: str, limits: Limits) -> None:
    """Raises SourceTooLarge for a zip file over the limits; what is none, or damaged, is left to its reader.

    `zipfile` reads no more of a member than the table says, so what is measured here holds.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as opened:
            members = opened.infolist()
    except UNREADABLE:
        return
    size = sum(member.file_size for member in members)
    over = {
        "max_parts": len(members) > limits.max_parts,
        "max_unpacked": size > limits.max_unpacked << 20,
        "max_ratio": size > FREE and size > limits.max_ratio * len(data),
    }
    broken = [limit for limit, true in over.items() if true]
    if broken:
        raise SourceTooLarge(
            f"{name} would unpack to {size / 2**20:,.0f} MiB in {len(members):,} parts",
            hint=f"unpack it yourself, or raise {' and '.join(broken)}",
        )
