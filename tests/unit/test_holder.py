"""Who writes to a database is told by the locks of the system."""

from __future__ import annotations

import os
from pathlib import Path

from vstash.store.sqlite.holder import writer

NOBODY = 1 << 30  # beyond the numbers that processes have


def test_the_writer_is_the_process_that_locks_the_byte_of_writers(tmp_path: Path) -> None:
    database, locks = tmp_path / "notes.db", tmp_path / "locks"
    lines = ["1: POSIX  ADVISORY  WRITE 11 fe:00:1 120 120"]
    assert writer(database, locks) == ""  # there is no log
    index = tmp_path / "notes.db-shm"
    index.touch()
    assert writer(database, locks) == ""  # nothing tells of locks
    inode = index.stat().st_ino
    lines += [
        f"2: POSIX  ADVISORY  READ 12 fe:00:{inode} 120 120",
        f"3: POSIX  ADVISORY  WRITE 13 fe:00:{inode} 121 127",
        f"4: POSIX  ADVISORY  WRITE 14 fe:00:{inode} 100 119",
        f"5: FLOCK  ADVISORY  WRITE 15 fe:00:{inode} 0 EOF",
        f"5: -> POSIX  ADVISORY  WRITE 16 fe:00:{inode} 120 120",  # it waits for it
    ]
    locks.write_text("\n".join(lines))
    assert writer(database, locks) == ""
    for process, name in ((os.getpid(), f" ({Path('/proc/self/comm').read_text().strip()})"), (NOBODY, "")):
        locks.write_text("\n".join([*lines, f"6: POSIX  ADVISORY  WRITE {process} fe:00:{inode} 120 120"]))
        assert writer(database, locks) == f"process {process}{name}"
