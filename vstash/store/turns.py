"""How do threads take turns with a store that knows no transactions? Each call holds one lock, from end to end, while
the store is open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from inspect import isfunction
from typing import Any, TypeVar

from vstash.errors import StoreError

Kept = TypeVar("Kept", bound="Taking")


class Taking:
    """What has a lock for its calls. One thread may take it again, so calls may call each other."""

    def __init__(self) -> None:
        self._turn = threading.RLock()
        self._closed = False

    def close(self) -> None:
        """No call is answered any more. May be called again."""
        with self._turn:
            self._closed = True

    def require_open(self) -> None:
        """Raises: StoreError once closed."""
        if self._closed:
            raise StoreError("the memory in the process was closed", hint="open it again; what lasts lies in a file")


def by_turns(kind: type[Kept]) -> type[Kept]:
    """The class, its public methods one call at a time. What they return is not guarded: no generators."""
    for name, method in list(vars(kind).items()):
        if isfunction(method) and not name.startswith("_"):
            setattr(kind, name, _alone(method))
    return kind


def _alone(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def taken(self: Taking, *args: Any, **named: Any) -> Any:
        with self._turn:
            self.require_open()
            return method(self, *args, **named)

    return taken
