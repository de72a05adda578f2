"""What can be done before its turn comes? Files are read and cut by a process beside an add, some way ahead.

Who adds takes what is ready; while nothing is, it does a later file itself, at last one that the process was given, so
that neither waits for the other while there is work. Without the process, which Windows cannot be handed a socket for,
each file is done in its turn.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import takewhile
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from vstash.encode.onnx import available_cores
from vstash.intake import Pending
from vstash.passages import Loaded
from vstash.text.sandbox import python

JOBS = 64  # at most this many under way or done, and not yet taken
SIZE = 32 << 20  # and, but for one, of so many bytes together
GIVEN = 24  # to the process at once: what it can do while a batch is stored
PATIENCE = 5  # seconds for it to end


class Ahead:
    """Files that are expected, in order, and the one way to have any source done; a context manager.

    `make` does a source here and now. `encoder` names one that the process can load, "" if there is none, and
    `window` is what it reads.
    """

    def __init__(self, make: Callable[[Pending], Loaded], encoder: str, window: int) -> None:
        self._make = make
        self._told = encoder, window
        self._owner = os.getpid()
        self._line: dict[Pending, bool] = {}  # what is expected and not yet taken, and whether it is begun
        self._given: deque[Pending] = deque()
        self._answered = 0
        self._begun = False
        self._done: dict[Pending, Loaded] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None
        self._possible = bool(encoder) and sys.platform != "win32" and available_cores() > 1

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def start(self) -> None:
        """Start the process, if there can be one: much is to be done."""
        if not self._possible:
            return
        self._possible = False
        with suppress(OSError):  # no more files or processes: all is done here
            ours, theirs = Pipe()
            with theirs:
                try:
                    self._process = python("vstash.beside", theirs.fileno())
                except OSError:
                    ours.close()
                    raise
            self._connection = ours
            self._send(self._told)

    def expect(self, one: Pending) -> None:
        """This file will be taken, after all that were expected before."""
        if self._connection is not None:
            self._line[one] = False

    def take(self, one: Pending) -> Loaded:
        """What becomes of a source. What was expected before it will not be taken any more.

        Raises: whatever but a VstashError its reader raises.
        """
        if os.getpid() != self._owner:
            self._lose()
        for passed in list(takewhile(lambda other: other is not one, self._line)) if one in self._line else ():
            del self._line[passed]
            self._done.pop(passed, None)
        while self._line.get(one) and one not in self._done:
            self._give()
            if not self._receive(wait=False) and not self._do_another():
                self._receive(wait=True)
        self._line.pop(one, None)
        self._give()
        return self._done.pop(one, None) or self._make(one)

    def _room(self) -> Iterator[Pending]:
        """What may be begun, in order."""
        size = 0
        for place, (one, begun) in enumerate(self._line.items()):
            size += one.size
            if place >= JOBS or (place and size > SIZE):
                return
            if not begun:
                yield one

    def _give(self) -> None:
        """Keep the process busy, once it has begun: what Python says it was started by may be another program."""
        if not self._begun and self._connection is not None:
            self._receive(wait=False)
        while self._begun and self._connection is not None and len(self._given) < GIVEN:
            one = next(self._room(), None)
            if one is None:
                return
            self._line[one] = True
            self._given.append(one)
            self._send(one.file)  # which may find that there is no process any more

    def _do_another(self) -> bool:
        other = next(self._room(), None) or self._back()
        if other is not None:
            self._line[other] = True
            self._done[other] = self._make(other)
        return other is not None

    def _back(self) -> Pending | None:
        """The last of what the process has been given, taken back; not the first, which it is at."""
        for number, one in reversed(list(enumerate(self._given, self._answered))[1:]):
            if one in self._line and one not in self._done:
                self._send(number)
                return one
        return None

    def _send(self, message: object) -> None:
        if self._connection is not None:
            try:
                self._connection.send(message)
            except OSError:
                self._lose()

    def _receive(self, *, wait: bool) -> bool:
        """Take an answer in. Whether there was one, or will be none."""
        if self._connection is None:
            return True
        try:
            if not wait and not self._connection.poll():
                return False
            made = self._connection.recv()
        except (OSError, EOFError):
            self._lose()
            return True
        if not self._begun:
            self._begun = True
            return True
        one = self._given.popleft()
        self._answered += 1
        if made is not None and one in self._line:
            self._done[one] = made
        return True

    def _lose(self) -> None:
        """The process died, perhaps of a file, or is not ours: what it was given is done here."""
        for one in self._given:
            if one in self._line:
                self._line[one] = False
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        connection, self._connection = self._connection, None
        self._possible = False
        self._given.clear()
        if process is None or connection is None:
            return
        if os.getpid() != self._owner:  # forked meanwhile: both are the parent's, and so are the answers
            connection.close()
            return
        process.terminate()
        with suppress(OSError, EOFError), connection:
            while connection.poll(PATIENCE):  # its end is the socket's, which is told at once
                connection.recv_bytes()
        process.kill()
        process.wait()
