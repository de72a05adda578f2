"""A file system that fails on request: what does SQLite see when the Nth write, sync, truncate or lock goes wrong?

`Faults` is a VFS over the real one. It counts every operation; at the chosen one it fails once, tears a
write, reports a full disk, delays, or cuts the power: from then on everything fails, and of what was not
yet synced a random part reaches the disk.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import apsw

Kind = Literal["error", "full", "torn", "power", "busy", "slow"]

SECTOR = 512  # bytes that a disk writes whole
DELAY = 0.002  # seconds

# Which operations each kind of fault can strike.
STRIKES: dict[Kind, tuple[str, ...]] = {
    "error": ("write", "sync", "truncate", "delete", "open", "lock"),
    "full": ("write", "truncate"),
    "torn": ("write",),
    "power": ("write", "sync", "truncate", "delete"),
    "busy": ("lock",),
    "slow": ("write", "sync", "truncate", "delete", "open", "lock"),
}


@dataclass
class _Disk:
    """A file as it would be found after a power cut: what was last synced, and the writes since."""

    synced: bytes
    since: list[tuple[int, bytes | None]] = field(default_factory=list)  # None truncates there

    def after(self, rng: random.Random) -> bytes:
        """What might be on the disk: each write since is there, or not, or only some of its sectors."""
        content = bytearray(self.synced)
        for offset, data in self.since:
            fate = rng.choice(("kept", "lost", "torn"))
            if data is None:
                if fate == "kept":
                    del content[offset:]
            elif fate != "lost":
                kept = data if fate == "kept" else data[: rng.randrange(0, len(data) + 1, SECTOR)]
                content.extend(bytes(max(0, offset + len(kept) - len(content))))
                content[offset : offset + len(kept)] = kept
        return bytes(content)


class Faults(apsw.VFS):
    """A VFS under its own name, over the system's. Nothing fails until `arm`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kind: Kind | None = None
        self.left = 0
        self.seen = 0
        self.struck = ""
        self.dead = False
        self.disks: dict[str, _Disk] = {}
        super().__init__(name, "")

    def arm(self, kind: Kind | None, nth: int) -> None:
        """Let the nth operation that this kind can strike go wrong; None only counts."""
        self.kind, self.left, self.seen, self.struck, self.dead = kind, nth, 0, "", False
        self.disks = {}

    def disarm(self) -> None:
        """Let everything work again."""
        self.kind, self.dead = None, False

    def power_returns(self, rng: random.Random) -> None:
        """Put on the disk what the cut left there. The shared memory is gone, as after a restart."""
        for name, disk in self.disks.items():
            path = Path(name)
            if path.exists():
                path.write_bytes(disk.after(rng))
            path.with_name(path.name + "-shm").unlink(missing_ok=True)
        self.disarm()

    def due(self, operation: str) -> bool:
        """Whether the fault strikes here; a delay and a dead disk are dealt with at once."""
        if self.dead:
            raise apsw.IOError("the disk is gone")
        if self.kind is None or operation not in STRIKES[self.kind]:
            return False
        self.seen += 1
        if self.seen != self.left:
            return False
        self.struck = operation
        if self.kind == "slow":
            time.sleep(DELAY)
            return False
        self.dead = self.kind in ("power", "torn")
        return True

    def raise_due(self, operation: str) -> None:
        """Fail if this is the one."""
        if self.due(operation):
            raise {"full": apsw.FullError, "busy": apsw.BusyError}.get(self.kind or "", apsw.IOError)("injected")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        self.raise_due("open")
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.raise_due("delete")
        self.disks.pop(filename, None)
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, vfs: Faults, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self.vfs = vfs
        self.name = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        self.main = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_DB)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self.vfs.due("write"):
            if self.vfs.kind == "torn":
                super().xWrite(data[: len(data) // 2], offset)
            raise (apsw.FullError if self.vfs.kind == "full" else apsw.IOError)("injected")
        self._disk().since.append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self.vfs.raise_due("truncate")
        self._disk().since.append((newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self.vfs.raise_due("sync")
        super().xSync(flags)
        self.vfs.disks[self.name] = _Disk(self._content())

    def xLock(self, level: int) -> None:  # noqa: N802
        self.vfs.raise_due("lock")
        super().xLock(level)

    def _disk(self) -> _Disk:
        """The file as the disk has it; what was there when we came is taken as synced."""
        if self.name not in self.vfs.disks:
            self.vfs.disks[self.name] = _Disk(self._content())
        return self.vfs.disks[self.name]

    def _content(self) -> bytes:
        path = Path(self.name) if self.name else None
        return path.read_bytes() if path and path.exists() else b""


@contextmanager
def faults(name: str) -> Iterator[Faults]:
    """The VFS, registered for as long as the block runs."""
    vfs = Faults(name)
    try:
        yield vfs
    finally:
        vfs.unregister()


def ignored(_: Any) -> None:
    """In place of sys.unraisablehook: what fails while a file is being closed has nobody to be raised to."""
