"""Reading files in a process of its own, within limits of time and memory, for parsers that can run away.

One child reads file after file (see confined) and answers in JSON: nothing that a hostile file makes of it can
be more than a text.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from errno import ENOENT
from threading import Lock, Timer
from typing import IO, Any

from vstash.config import Limits, numbers
from vstash.errors import InputError, SourceTooLarge, SourceUnavailable, UnsupportedSource
from vstash.text.readers.base import Extract
from vstash.types import Heading, Place

# Readers over native code, or over formats whose damaged files are known to run on or to unfold without end.
SANDBOXED = frozenset({"pdf", "workbook", "oldword", "oldslides", "outlook", "picture"})
BEGUN = b""  # an answer still to come: a scanned page is begun, which has time of its own
SLOWER = 4  # times as long as a file a page may take
LENGTH = 8  # bytes before each message that say how many follow


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the child made of a file, and whether it should read no other."""

    found: Extract | InputError
    spent: bool


class _Allowed:
    """What the child may take for one file: time anew for each scanned page, as far as the limits let pages be read."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.memory = limits.max_memory << 20
        self._what = ""
        self._pages = limits.max_scans
        self._begin(limits.max_seconds)

    def _begin(self, seconds: int) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def begin_page(self) -> None:
        if self._pages > 0:
            self._pages -= 1
            self._what = "a page of "
            self._begin(SLOWER * self.limits.max_seconds)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    @contextmanager
    def ending(self, child: subprocess.Popen[bytes]) -> Iterator[None]:
        """Within, the child is ended when its time is over."""
        timer = Timer(self._until - time.monotonic(), child.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # from here on it ends no child

    def exceeded(self, name: str) -> SourceTooLarge:
        return SourceTooLarge(
            f"{self._what}{name} could not be read in {self._seconds} s", hint="save it anew, or raise max_seconds"
        )


class Sandbox:
    """The child, started when the first file needs it and ended by `close`; best as a context manager.

    Threads may share it: one file is read at a time. A child that took too long, died, or holds on to much memory
    is ended, and the next file starts another. `begun` is called when the child begins a page with time of its own.
    """

    def __init__(self, begun: Callable[[Limits], None] = lambda _: None) -> None:
        self.begun = begun
        self._lock = Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, in the middle of a file too: who waits for that gets an error."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()
        with self._lock:
            self._end()

    def read(self, reader: str, data: bytes, name: str, limits: Limits, depth: int = 1) -> Extract:
        """What the reader module makes of the file; what is in it lies `depth` files deep.

        Raises: UnsupportedSource, SourceTooLarge; RuntimeError if closed.
        """
        asked = {"reader": reader, "name": name, "limits": numbers(limits), "depth": depth}
        request = json.dumps(asked).encode()
        allowed = _Allowed(limits)
        with self._lock:
            answer = self._asked(request, data, allowed)
            if allowed.is_over or answer is None or answer.spent:
                self._end()
        if answer is None:
            raise allowed.exceeded(name) if allowed.is_over else _failed(name)
        if isinstance(answer.found, InputError):
            raise answer.found
        return answer.found

    def _asked(self, request: bytes, data: bytes, allowed: _Allowed) -> _Answer | None:
        """The child's answer; None when there is none, or nonsense."""
        child = self._running()
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            with allowed.ending(child):
                send(child.stdin, request, data)
                said = receive(child.stdout, allowed.memory)
            while said == BEGUN:
                allowed.begin_page()
                self.begun(allowed.limits)
                with allowed.ending(child):
                    said = receive(child.stdout, allowed.memory)
            return _parsed(said)
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None  # a pipe that broke, an answer that is none
        except BaseException:  # half a message may be under way
            self._end()
            raise

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self._end()
        child = self._child = self._child or _started()
        if self._closed:  # asked after the child is there, so that `close` or this line ends it
            self._end()
            raise RuntimeError("the sandbox is closed")
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            with suppress(OSError), child:  # which closes the pipes and waits
                child.kill()


def _started() -> subprocess.Popen[bytes]:
    try:
        return python("vstash.text.confined", piped=True)
    except OSError as error:
        raise SourceUnavailable(
            f"no process could be started to read it: {error.strerror}", hint="end other programs and add it again"
        ) from error


def python(module: str, *descriptors: int, piped: bool = False) -> subprocess.Popen[bytes]:
    """A process that runs a module of this package with these open descriptors, in a process group of its own: Ctrl-C
    is for its parent, which ends it. Raises: OSError, also where Python is part of another program."""
    if not sys.executable or getattr(sys, "frozen", False):
        raise FileNotFoundError(ENOENT, "this program is no Python to start another of")
    stream = subprocess.PIPE if piped else subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603  (this Python, and a module of this package)
        [sys.executable, "-P", "-m", module, *map(str, descriptors)],
        stdin=stream,
        stdout=stream,
        stderr=subprocess.DEVNULL,
        pass_fds=descriptors,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        process_group=None if sys.platform == "win32" else 0,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # of Windows
    )


def send(stream: IO[bytes], *messages: bytes) -> None:
    """Write each message with its length before it."""
    for message in messages:
        stream.write(len(message).to_bytes(LENGTH, "big"))
        stream.write(message)
    stream.flush()


def receive(stream: IO[bytes], most: int = sys.maxsize) -> bytes:
    """The next message. Raises: EOFError when the other side has ended; ValueError over `most` bytes."""
    length = int.from_bytes(_exactly(stream, LENGTH), "big")
    if length > most:
        raise ValueError(f"a message of {length} bytes")
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the other side has ended")
    return data


def _failed(name: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"{name} made its reader fail, it seems damaged", hint="open it in its own program and save it anew"
    )


def _parsed(answer: bytes) -> _Answer:
    """Raises what the parts of a wrong answer raise, and nothing that is not caught in `_asked`."""
    said = json.loads(answer)
    if "error" in said:
        kind = SourceTooLarge if said["kind"] == "SourceTooLarge" else UnsupportedSource
        return _Answer(kind(_text(said["error"]), hint=_text(said["hint"])), said["spent"] is True)
    return _Answer(_extract(said["found"]), said["spent"] is True)


def _extract(said: dict[str, Any]) -> Extract:
    return Extract(
        text=_text(said["text"]),
        kind=_text(said["kind"]),
        title=_text(said["title"]),
        headings=tuple(Heading(int(one["start"]), int(one["level"]), _text(one["title"])) for one in said["headings"]),
        atoms=tuple((int(start), int(end)) for start, end in said["atoms"]),
        metadata=dict(said["metadata"]),
        dated_at=datetime.fromisoformat(said["dated_at"]) if said["dated_at"] else None,
        places=tuple(Place(int(one["start"]), dict(one["labels"])) for one in said["places"]),
        parts={name: _extract(part) for name, part in said["parts"].items()},
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r:.60}")
    return value
