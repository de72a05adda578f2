"""Which moment of the file do several reads see? One that is held, and what is asked again and again is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vstash.store.sqlite.connection import Connection


class Snapshot:
    """The one that a connection holds, if it holds any; one thread at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, Any] | None = None  # what was read in it, by name

    @property
    def held(self) -> bool:
        """Whether there is one."""
        return self._known is not None

    def begin(self) -> None:
        """Hold one, unless that is so already, or the connection is in a transaction of its own."""
        if self._known is None and not self._connection.in_transaction:
            self._known = {}
            self._connection.execute("BEGIN DEFERRED")

    def end(self) -> None:
        """Let go, whatever happened in it."""
        known, self._known = self._known, None
        if known is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")  # nothing was written

    def once(self, name: str, ask: Callable[[], Any]) -> Any:
        """What is asked for under this name, read once while a snapshot is held."""
        if self._known is None:
            return ask()
        if name not in self._known:
            self._known[name] = ask()
        return self._known[name]
