"""When was a file last changed, by the history of the git checkout it lies in? Asked once for a folder, not per file.

No git, no checkout, a file that is not tracked: no date. Nothing is fetched, and nothing that a checkout's own
settings name is run.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from shutil import which
from threading import Timer
from typing import IO

from vstash.text.dates import stamped
from vstash.walk import is_checkout

SECONDS = 10.0  # for the history of one checkout; files that were last changed before what was read have no date
_SAFE = (
    "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "log.showSignature=false",
    "-c", "log.mailmap=false", "--literal-pathspecs",
)  # fmt: skip
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
}
_COMMIT = b"\x01"  # before a commit's time, where no file name begins so


class History:
    """The dates of the files below `top`, or of `top` itself; git runs when the first one is asked for."""

    def __init__(self, top: Path) -> None:
        self._top = Path(os.path.abspath(top))  # noqa: PTH100  (as in walk: no link is followed)
        self._git = which("git")
        self._known: dict[Path, dict[Path, datetime]] = {}  # by the checkout's folder
        self._checkouts: dict[Path, Path | None] = {}  # by the file's folder

    def date(self, path: Path) -> datetime | None:
        """The time of the last commit that changed the file, in UTC."""
        checkout = self._checkout(path.parent) if self._git else None
        if checkout is None:
            return None
        if checkout not in self._known:
            self._known[checkout] = dict(self._dates(self._top if self._top.is_relative_to(checkout) else checkout))
        return self._known[checkout].get(path)

    def _checkout(self, folder: Path) -> Path | None:
        """The checkout that a folder lies in."""
        if folder not in self._checkouts:
            above = None if folder == folder.parent else folder.parent
            own = folder if is_checkout(folder) else None
            self._checkouts[folder] = own or (self._checkout(above) if above else None)
        return self._checkouts[folder]

    def _dates(self, scope: Path) -> Iterator[tuple[Path, datetime]]:
        """Each tracked file below a folder, or the file itself, newest first."""
        folder, wanted = (scope, ".") if scope.is_dir() else (scope.parent, scope.name)
        missing = set(filter(None, self._run(folder, "ls-files", "-z", "--", wanted)))
        moment = None
        if not missing:
            return
        for entry in self._run(
            folder, "log", "-z", "--format=%x01%ct", "--name-only", "--no-renames", "--relative", "--", wanted
        ):
            word = entry.lstrip(b"\n")
            if word.startswith(_COMMIT):
                moment = stamped(int(word[1:]))
            elif word in missing:
                missing.discard(word)
                if moment is not None:
                    yield folder / os.fsdecode(word), moment
                if not missing:
                    return

    def _run(self, folder: Path, *command: str) -> Iterator[bytes]:
        """What git prints, by NULs; it is ended when nobody reads on, or when its time is over."""
        assert self._git
        with subprocess.Popen(  # noqa: S603  (no shell)
            [self._git, "-C", str(folder), *_SAFE, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ENVIRONMENT},
        ) as process:
            timer = Timer(SECONDS, process.kill)
            timer.start()
            try:
                assert process.stdout
                yield from _by_nul(process.stdout)
            finally:
                timer.cancel()
                process.kill()


def _by_nul(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while part := os.read(stream.fileno(), 1 << 16):
        *whole, rest = (rest + part).split(b"\0")
        yield from whole
    if rest:
        yield rest
