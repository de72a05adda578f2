"""Whose is a half-written file? Beside it lies a claim, locked as long as its writer lives: what a killed run left is
told from what another is writing, and removed by the next run that writes to the same name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from vstash import publish

JOURNALS = ("-wal", "-shm", "-journal")
SWEEP = 1.0  # seconds; another run that sweeps holds a claim for moments


@contextmanager
def publishing(target: Path) -> Iterator[Path]:
    """A name beside `target` to write to. What is written there has the target's name after the block, and is gone
    after an error. Raises: StoreError."""
    _sweep(target)
    partial = publish.beside(target)
    with _claimed(partial):
        try:
            yield partial
            publish.rename(partial, target)
        except BaseException:
            _remove(partial)
            raise


@contextmanager
def _claimed(partial: Path) -> Iterator[None]:
    """Hold the claim. It says whose it is before it is locked, and is never made anew: one that is lost in between to
    a run that sweeps is locked empty, which nobody takes for a claim."""
    claim = _claim(partial)
    lock = FileLock(claim)
    try:
        with claim.open("xb") as stream:
            stream.write(_words(partial))
        lock.acquire(timeout=SWEEP)
    except (OSError, NotImplementedError):
        _unlink(claim)  # where nothing can be locked nothing is swept either; what is wrong the writing will say
    try:
        yield
    finally:
        lock.release()
        _unlink(claim)


def _sweep(target: Path) -> None:
    """Remove what dead runs left beside a target, as far as that is possible."""
    named = re.compile(re.escape(target.name) + publish.PARTIAL + publish.CLAIM)
    with suppress(OSError):
        for path in target.parent.iterdir():
            if named.fullmatch(path.name):
                _remove_dead(path.with_name(path.name.removesuffix(publish.CLAIM)))


def _remove_dead(partial: Path) -> None:
    claim = _claim(partial)
    with suppress(OSError, NotImplementedError):  # a Timeout is an OSError: it is being written
        if _is_ours(claim, partial):
            with FileLock(claim).acquire(timeout=0):
                if _is_ours(claim, partial):  # still: another run may have swept it
                    _remove(partial)
                claim.unlink(missing_ok=True)


def _is_ours(claim: Path, partial: Path) -> bool:
    """Whether a file with the name of a claim is one."""
    words = _words(partial)
    if claim.is_symlink() or not claim.is_file():
        return False
    with claim.open("rb") as stream:
        return stream.read(len(words) + 1) == words


def _claim(partial: Path) -> Path:
    return partial.with_name(partial.name + publish.CLAIM)


def _words(partial: Path) -> bytes:
    return b"vstash writes " + os.fsencode(partial.name) + b"\n"


def _remove(partial: Path) -> None:
    for suffix in (*JOURNALS, ""):
        partial.with_name(partial.name + suffix).unlink(missing_ok=True)


def _unlink(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
