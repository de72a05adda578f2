"""Who else may write to a database? A process that is at it, which Linux tells and elsewhere nobody does; or who has
it by another name."""

from __future__ import annotations

import shlex
from pathlib import Path

from vstash.errors import StoreReadOnly

WRITE_LOCK = 120  # byte of the -shm file that a writer locks: SQLite, walformat.html, section 2.3.1


def writer(database: Path, locks: Path = Path("/proc/locks")) -> str:
    """The process that holds the write lock, as "process 42 (name)"; "" when it cannot be known."""
    try:
        inode = str(database.with_name(database.name + "-shm").stat().st_ino)
        lines = locks.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return ""
    return next((_named(fields[4]) for fields in map(str.split, lines) if _holds(fields, inode)), "")


def require_sole(database: Path) -> None:
    """Each name of a file has a log of its own: written through two, they spoil each other (SQLite, howtocorrupt.html,
    section 2.5), and through one, what a snapshot made of links keeps is changed. Raises: StoreReadOnly."""
    try:
        names = database.stat().st_nlink if database.name else 1  # "" is in no file
    except OSError:
        return
    if names > 1:
        old, own = shlex.quote(str(database)), shlex.quote(f"{database}.own")
        raise StoreReadOnly(
            f"{database} is one file under {names} names (hard links), and writing to one would change all",
            hint=f"make it a file of its own: cp {old} {own} && mv {own} {old}",
        )


def _holds(fields: list[str], inode: str) -> bool:
    """A line is: number, POSIX, ADVISORY, READ or WRITE, process, device:inode, first byte, last byte."""
    if len(fields) != 8 or fields[3] != "WRITE" or fields[5].rpartition(":")[2] != inode or fields[7] == "EOF":
        return False
    return int(fields[6]) <= WRITE_LOCK <= int(fields[7])


def _named(process: str) -> str:
    try:
        name = Path("/proc", process, "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return f"process {process}"
    return f"process {process} ({name})"
