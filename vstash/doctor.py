"""Are this installation and this file healthy, and what is the next thing to do? Reads only."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vstash.config import Settings
from vstash.encode.registry import load, ways_out
from vstash.errors import DatabaseNotFound, VstashError
from vstash.store import describe, engine
from vstash.types import Space

# Where locks cannot be trusted: shares, and folders of a host seen from a virtual machine.
NETWORK = ("nfs", "cifs", "smb", "9p", "afpfs", "afs", "ceph", "glusterfs", "vboxsf", "webdav", "davfs", "virtiofs")
MOUNTED = ("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.davfs", "fuse.glusterfs", "fuse.vmhgfs-fuse")
SCARCE = 2  # times the file's size that should be free: a backup beside it, or a compaction
OLD_CHECK = 30  # days


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was looked at; `advice` is there when it is not well."""

    name: str
    ok: bool
    said: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was looked at."""

    facts: tuple[Fact, ...]

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return all(fact.ok for fact in self.facts)

    @property
    def advice(self) -> str:
        """The next thing to do."""
        return next((fact.advice for fact in self.facts if fact.advice), "nothing: all is well")

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"ok": self.ok, "facts": [asdict(fact) for fact in self.facts], "next": self.advice}


def examine(settings: Settings) -> Diagnosis:
    """Look at everything; what fails to answer is a fact of its own."""
    path = settings.db.expanduser()
    looks: tuple[tuple[str, Callable[[], Iterator[Fact]]], ...] = (
        ("program", _program),
        ("engine", _engine),
        ("encoder", lambda: _encoder(settings)),
        ("place", lambda: _place(path)),
        ("file", lambda: _file(path, settings)),
    )
    return Diagnosis(tuple(fact for name, look in looks for fact in _answer(name, look)))


def _answer(name: str, look: Callable[[], Iterator[Fact]]) -> Iterator[Fact]:
    try:
        yield from look()
    except VstashError as error:
        yield Fact(name, ok=False, said=str(error), advice=error.hint)


def _program() -> Iterator[Fact]:
    try:
        own = version("vstash")
    except PackageNotFoundError:
        own = "not installed, run from a folder"
    yield Fact("vstash", ok=True, said=f"{own}, Python {platform.python_version()}, {platform.platform()}")


def _engine() -> Iterator[Fact]:
    yield Fact("engine", ok=True, said=", ".join(f"{name} {number}" for name, number in engine().items()))


def _encoder(settings: Settings) -> Iterator[Fact]:
    encoder = load(settings.encoder)
    encoder.query("is anybody there")
    yield Fact("encoder", ok=True, said=f"{settings.encoder}: {encoder.space.model}, {encoder.space.dim} dimensions")


def _place(path: Path) -> Iterator[Fact]:
    folder = next(one for one in [path, *path.parents] if os.path.exists(one))  # noqa: PTH110  (False where we may not look)
    kind = file_system(folder)
    network = is_network(kind)
    advice = "move the database to a local disk: locks on a network share cannot be trusted" if network else ""
    yield Fact("file system", ok=not network, said=kind or "unknown", advice=advice)
    free = shutil.disk_usage(folder).free
    size = path.stat().st_size if folder == path else 0
    scarce = free < SCARCE * size
    advice = "free some space: a backup or a compaction would not fit" if scarce else ""
    yield Fact("free space", ok=not scarce, said=f"{free / 2**30:,.1f} GiB", advice=advice)


def _file(path: Path, settings: Settings) -> Iterator[Fact]:
    try:
        found = describe(path, busy_wait=settings.busy_wait)
    except DatabaseNotFound as error:
        lost = path.exists()  # an empty file, which may have held something
        yield Fact("database", ok=not lost, said=str(error), advice=error.hint)
        return
    yield Fact("database", ok=True, said=f"{path}: {found['documents']:,} documents, {found['chunks']:,} chunks")
    yield Fact("size", ok=True, said=_size(found), advice=_waste(found))
    yield _log(found)
    yield from _answer("vectors", lambda: iter([_same_encoder(found["space"], settings)]))
    yield _last_check(found["checked"], datetime.now(UTC))
    wrong = "; ".join(f"{finding.check}: {', '.join(finding.sample)}" for finding in found["findings"])
    yield Fact(
        "check", ok=not wrong, said=wrong or "the fast check is clean", advice="run: vstash check" if wrong else ""
    )


def _last_check(kept: dict[str, Any] | None, now: datetime) -> Fact:
    if kept is None:
        return Fact("last check", ok=True, said="never", advice="run: vstash check")
    days = (now - kept["at"]).days
    said = f"{kept['at']:%Y-%m-%d %H:%M} UTC, {', '.join(kept['wrong']) or 'clean'}, {kept['took']:.1f} s"
    advice = "run: vstash check --repair" if kept["wrong"] else "run: vstash check" if days > OLD_CHECK else ""
    return Fact("last check", ok=not kept["wrong"], said=said, advice=advice)


def _log(found: dict[str, Any]) -> Fact:
    if not found["writable"]:
        return Fact("log", ok=True, said="none: the file can only be read")
    wal = found["journal"] == "wal"
    advice = "" if wal else "export it, and import it into a new file: it has lost its log"
    return Fact("log", ok=wal, said=f"{found['journal']}, {found['log'] / 2**20:,.1f} MiB", advice=advice)


def _size(found: dict[str, Any]) -> str:
    return f"{found['bytes'] / 2**20:,.1f} MiB, {found['free'] / 2**20:,.1f} MiB of it free, schema {found['schema']}"


def _waste(found: dict[str, Any]) -> str:
    wasted = found["free"] > found["bytes"] / 2 and found["free"] > 2**24
    return "give the free half back: vstash compact" if wasted else ""


def _same_encoder(space: Space | None, settings: Settings) -> Fact:
    if space is None:
        return Fact("vectors", ok=True, said="none yet")
    asked = load(settings.encoder).space
    same = space.id == asked.id
    advice = "" if same else ways_out(space, asked)
    return Fact("vectors", ok=same, said=f"{space.model}, {space.dim} dimensions", advice=advice)


def is_network(kind: str) -> bool:
    """Whether locks on this kind of file system cannot be trusted; some have a version in their name, as nfs4."""
    return kind in (*NETWORK, *MOUNTED) or kind.rstrip("0123456789") in NETWORK


def file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The kind of file system that holds the path, "" where the system does not say."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    points = [(fields[1].replace("\\040", " "), fields[2]) for fields in map(str.split, lines) if len(fields) > 2]
    own = path.resolve()
    holding = [(point, kind) for point, kind in points if own.is_relative_to(point)]
    return max(holding, key=lambda one: len(one[0]), default=("", ""))[1]
