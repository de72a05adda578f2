"""What becomes of the items that came before one that cannot be had? They are seen to, then the error goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def salvage(items: Iterable[Item], work: Callable[[Iterator[Item]], Iterator[Result]]) -> Iterator[Result]:
    """What `work` makes of the items; where they end in an error, it is raised when the work on those before is done.

    Ctrl-C, and an error of the work itself, are raised at once.
    """
    kept = _UpToError(items)
    yield from work(kept)
    if kept.error is not None:
        raise kept.error


class _UpToError(Iterator[Item], AbstractContextManager["_UpToError[Item]"]):
    """The items up to an error, which is kept: for the work they end there."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = iter(items)
        self.error: BaseException | None = None

    def __next__(self) -> Item:
        with self:
            return next(self._items)
        raise StopIteration

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if not isinstance(error, Exception) or isinstance(error, StopIteration):
            return False
        self.error = error
        return True
