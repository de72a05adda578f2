"""How does a file come to its name: whole, or not at all? It is written beside it, under a name that nobody has, and
renamed."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from vstash.errors import InputError, StoreError

# how the names below end
PARTIAL = r"\.[0-9a-f]{8}\.partial"
NUMBERED = r"(?:-\d+)?"
CLAIM = "-lock"  # after a partial's name: the file that its writer keeps locked


def destination(path: Path, *, force: bool) -> Path:
    """The file that may be written for a path, which a link leads elsewhere.

    Raises: InputError where something is there that is no file, or, without `force`, one that is not empty, and where
    there is no folder for it; StoreError.
    """
    real = Path(os.path.realpath(path))
    try:
        found = real.stat()
    except FileNotFoundError:
        if not real.parent.is_dir():
            raise InputError(f"there is no folder {real.parent}", hint="make it, or name another") from None
        return real
    except OSError as error:
        raise StoreError(f"{path} cannot be reached: {error.strerror}", hint="check the path") from error
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path} is a folder", hint="name a file in it")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path} is no regular file", hint="name a file")
    if found.st_size and not force:
        raise InputError(f"{path} is there already", hint="choose another name, or pass --force to replace it")
    return real


def beside(path: Path) -> Path:
    """A name in the same folder that nobody has."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")


def spare(path: Path) -> Path:
    """The path, or, where something has that name, the first with a number behind it."""
    number, found = 1, path
    while os.path.lexists(found):
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


def rename(path: Path, target: Path) -> None:
    """Rename so that it survives a power cut, and what the file holds does. Raises: StoreError."""
    try:
        _sync(path)
        path.replace(target)
        with suppress(PermissionError):  # in a folder that may be written, and not listed
            _sync(target.parent)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}", hint="check the folder") from error


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    if os.name == "posix":
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
