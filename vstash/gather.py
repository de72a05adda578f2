"""What lies under a path or address that is to be added?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from vstash.history import History
from vstash.intake import Failure, Labels, Pending, from_file
from vstash.pages import Pages, known
from vstash.store.base import Store
from vstash.store.companions import is_own
from vstash.types import Document
from vstash.walk import files, is_folder

Paths = Sequence[str | os.PathLike[str]]

FEW = 8  # paths that are asked for one by one: what they have in common may be all of a large checkout


def is_address(path: str | os.PathLike[str]) -> bool:
    """Whether it is one of the web."""
    return "://" in os.fspath(path)


def names(path: str | os.PathLike[str], database: Path) -> Iterator[Path | str]:
    """The files under a path, in the order they are added; an address is itself."""
    if is_address(path):
        yield os.fspath(path)
    else:
        yield from _files(Path(path), database)


def page(store: Store, uri: str) -> Document | None:
    """The web page that was asked for by this address, whatever it is stored under."""
    return known(store, uri) if is_address(uri) else None


def pending(paths: Paths, labels: Labels, store: Store, *, allow_private: bool) -> Iterator[Pending | Failure]:
    """What there is to add under each path, in order. Raises: InputError for a path that is not there."""
    web = Pages(store, labels, allow_private=allow_private) if any(map(is_address, paths)) else None
    shared = _shared([os.path.abspath(path) for path in paths if not is_address(path)])  # noqa: PTH100
    for path in paths:
        if web is not None and is_address(path):
            yield web.pending(os.fspath(path))
        else:
            dated = (shared or History(Path(path))).date
            for file in _files(Path(path), store.path):
                yield from_file(file, labels, dated)


def _shared(paths: Sequence[str]) -> History | None:
    """One history for many paths, such as the command line makes of a folder: asking for each starts two programs."""
    with suppress(ValueError):  # two drives have nothing in common
        return History(Path(os.path.commonpath(paths))) if len(paths) > FEW else None
    return None


def _files(path: Path, database: Path) -> Iterator[Path]:
    """The files under a path; a folder may hold the database itself, which is no document."""
    named = not is_folder(path)
    return (file for file in files(path) if named or not is_own(file, database))
