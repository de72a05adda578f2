"""Which folders look as if a disk were not mounted there? Wholly empty ones that many files are gone from at once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

MANY = 10  # files gone from a folder that is left empty; a person who deletes so many mostly deletes the folder as well


def emptied(top: Path, gone: Iterable[Path]) -> dict[Path, int]:
    """The empty folders below `top` in which many of these files were, with how many."""
    found = Counter[Path]()
    for folder, count in Counter(path.parent for path in gone).items():
        if empty := _empty(folder, top):
            found[empty] += count
    return {folder: count for folder, count in found.items() if count >= MANY}


def _empty(folder: Path, top: Path) -> Path | None:
    """The folder itself, or the nearest above it that is there, if it is empty and below `top`."""
    while folder != top and folder.is_relative_to(top):
        try:
            with os.scandir(folder) as entries:
                return None if any(entries) else folder
        except FileNotFoundError:
            folder = folder.parent
        except (OSError, ValueError):  # a file, which its folder is not empty of; a zero in its name
            return None
    return None
