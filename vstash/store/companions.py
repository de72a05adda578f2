"""Which files beside a database are its own? It may lie in the very folder that it remembers."""

from __future__ import annotations

import os
import re
from pathlib import Path

from vstash import publish
from vstash.errors import InputError
from vstash.publish import CLAIM, NUMBERED, PARTIAL

# copies before an upgrade, copies being written and the claims to them, what a restore set aside; the journals of each
_ENDINGS = re.compile(rf"(\.schema-\d+)?({PARTIAL}({CLAIM})?|\.damaged{NUMBERED})?(-wal|-shm|-journal)?")


def is_own(path: Path, database: Path) -> bool:
    """Whether a file is the database or one that it makes beside itself."""
    return (
        path.name.startswith(database.name)
        and _ENDINGS.fullmatch(path.name, len(database.name)) is not None
        and path.parent.resolve() == database.parent.resolve()
    )


def destination(target: Path, *, force: bool, database: Path) -> Path:
    """As `publish.destination`, for a file that is made of a database: not even `force` puts it in its place.

    Raises: InputError, also for the database, by whatever name, and for what it makes beside itself; StoreError.
    """
    real, own = publish.destination(target, force=True), Path(os.path.realpath(database))
    if real.exists() and own.exists() and real.samefile(own):
        raise InputError(f"{target} is the database itself", hint="name another file")
    if is_own(real, own):
        raise InputError(f"{target} belongs to the database {database}", hint="name another file")
    return publish.destination(target, force=force)
