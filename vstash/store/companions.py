"""Which files beside a database are its own? It may lie in the very folder that it remembers."""

from __future__ import annotations

import re
from pathlib import Path

from vstash.publish import CLAIM, NUMBERED, PARTIAL

# copies before an upgrade, copies being written and the claims to them, what a restore set aside; the journals of each
_ENDINGS = re.compile(rf"(\.schema-\d+)?({PARTIAL}({CLAIM})?|\.damaged{NUMBERED})?(-wal|-shm|-journal)?")


def is_own(path: Path, database: Path) -> bool:
    """Whether a file is the database or one that it makes beside itself."""
    return (
        path.name.startswith(database.name)
        and _ENDINGS.fullmatch(path.name, len(database.name)) is not None
        and path.parent.resolve() == database.absolute().parent.resolve()
    )
