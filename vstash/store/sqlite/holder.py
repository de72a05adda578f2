"""Which process is writing to a database? Linux tells; elsewhere nobody does."""

from __future__ import annotations

from pathlib import Path

WRITE_LOCK = 120  # byte of the -shm file that a writer locks: SQLite, walformat.html, section 2.3.1


def writer(database: Path, locks: Path = Path("/proc/locks")) -> str:
    """The process that holds the write lock, as "process 42 (name)"; "" when it cannot be known."""
    try:
        inode = str(database.with_name(database.name + "-shm").stat().st_ino)
        lines = locks.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return ""
    return next((_named(fields[4]) for fields in map(str.split, lines) if _holds(fields, inode)), "")


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
