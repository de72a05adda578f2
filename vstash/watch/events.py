"""What happens to files, as the system reports it: batches of paths, a moment after the last of a burst.

Folders that are not there are waited for, and looked at whole when they come, as they are at the start.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from vstash.errors import InputError
from vstash.extras import require
from vstash.watch.follow import Batch

TICK_MS = 500  # between two looks at whether the folders themselves are still what they were
STEP_MS = 50  # without another event, after which a burst is over
DEBOUNCE_MS = 1600  # after which what has come is handed on all the same
POLL_MS = 1000  # between two looks at every file, where the system reports nothing

Identity = tuple[int, int]  # device and inode


def batches(folders: Sequence[Path], talk: Callable[[str], None]) -> Iterator[Batch]:
    """Batches for ever, an empty one at every tick; `talk` is told when watching is slower than it could be.

    Raises: MissingExtra, InputError when there is no way to watch the folders.
    """
    watchfiles = require("watchfiles", extra="watch")
    polling: bool | None = None  # watchfiles knows where there is no other way
    while True:
        there = _identities(folders)
        if not there:
            time.sleep(TICK_MS / 1000)
            yield Batch()
            continue
        fresh = frozenset(there)
        try:
            for changes in watchfiles.watch(
                *there,
                watch_filter=None,
                step=STEP_MS,
                debounce=DEBOUNCE_MS,
                rust_timeout=TICK_MS,
                yield_on_timeout=True,
                force_polling=polling,
                poll_delay_ms=POLL_MS,
                ignore_permission_denied=True,
            ):
                yield Batch(frozenset(path for _, path in changes), fresh)
                fresh = frozenset()
                if _identities(folders) != there:
                    break
        except FileNotFoundError:  # gone since it was seen
            continue
        except RuntimeError:  # of watchfiles, for a name that is no text, which is then not said: look at everything
            time.sleep(TICK_MS / 1000)
        except OSError as error:
            if polling:
                raise InputError(
                    f"{', '.join(map(str, there))} cannot be watched: {error.strerror or error}",
                    hint="keep it current with vstash sync instead",
                ) from error
            polling = True
            talk(f"the system cannot watch this many folders ({error.strerror or error}); looking every second instead")


def _identities(folders: Sequence[Path]) -> Mapping[Path, Identity]:
    """The folders that are there, and which ones they are: one that was made again has its name only."""
    found = {}
    for folder in folders:
        try:
            status = os.stat(folder)  # noqa: PTH116  (of what a link leads to)
        except OSError:
            continue
        if folder.is_dir():
            found[folder] = (status.st_dev, status.st_ino)
    return found
