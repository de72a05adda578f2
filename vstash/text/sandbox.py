"""Reading a file in a process of its own, within limits of time and memory, for parsers that can run away.

The child gets the bytes on its standard input and answers with one JSON value: nothing that a hostile file
makes of it can be more than a text.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from typing import Any, cast

from vstash.config import Limits, numbers
from vstash.errors import SourceTooLarge, UnsupportedSource, VstashError
from vstash.text.readers.base import Extract, NestingReader, Reader
from vstash.types import Heading, Place

# Readers over native code, or over formats whose damaged files are known to run on or to unfold without end.
SANDBOXED = frozenset({"pdf", "workbook", "oldword", "oldslides", "outlook"})
GRACE = 2  # seconds of processor time over the limit: for a child whose parent was ended while it waited


NESTING = frozenset(
    {"archive", "mail", "mailbox", "outlook"}
)  # readers of files that hold others, which have limits too


def call(reader: str, data: bytes, name: str, limits: Limits) -> Extract:
    """What a reader module makes of a file, in this process."""
    module = import_module(f"vstash.text.readers.{reader}")
    if reader in NESTING:
        return cast(NestingReader, module).read(data, name, limits)
    return cast(Reader, module).read(data, name)


def read(reader: str, data: bytes, name: str, limits: Limits) -> Extract:
    """What the reader module makes of the file, in another. Raises: UnsupportedSource, SourceTooLarge."""
    paths = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-P", "-m", "vstash.text.sandbox", reader, name, json.dumps(numbers(limits))]
    try:
        done = subprocess.run(  # noqa: S603  (our own module, no shell)
            command,
            input=data,
            capture_output=True,
            timeout=limits.max_seconds,
            env={**os.environ, "PYTHONPATH": paths},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceTooLarge(
            f"{name} could not be read in {limits.max_seconds} s", hint="save it anew, or raise max_seconds"
        ) from error
    except ValueError as error:  # a NUL in the name
        raise UnsupportedSource(f"{name!r} is no file name", hint="rename the file") from error
    return _answer(done, name)


def _answer(done: subprocess.CompletedProcess[bytes], name: str) -> Extract:
    try:
        said = json.loads(done.stdout)
        if "error" in said:
            kind = SourceTooLarge if said["kind"] == "SourceTooLarge" else UnsupportedSource
            raise kind(said["error"], hint=said["hint"])
        return _extract(said)
    except (ValueError, KeyError, TypeError) as error:
        raise UnsupportedSource(
            f"{name} made its reader fail, it seems damaged", hint="open it in its own program and save it anew"
        ) from error


def _extract(said: dict[str, Any]) -> Extract:
    return Extract(
        text=said["text"],
        kind=said["kind"],
        title=said["title"],
        headings=tuple(Heading(**heading) for heading in said["headings"]),
        atoms=tuple((start, end) for start, end in said["atoms"]),
        metadata=said["metadata"],
        dated_at=datetime.fromisoformat(said["dated_at"]) if said["dated_at"] else None,
        places=tuple(Place(**place) for place in said["places"]),
        parts={name: _extract(part) for name, part in said["parts"].items()},
    )


def _limit(memory: int, seconds: int) -> None:
    """Take the rest of the memory away, where the system can, and all time once nobody waits any more."""
    if sys.platform != "win32":
        resource = import_module("resource")  # there is none on Windows
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        least = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (least, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds + GRACE, seconds + GRACE))


def main(reader: str, name: str, given: str) -> None:
    """The child: read standard input, answer on standard output."""
    limits = Limits(**json.loads(given))
    import_module(f"vstash.text.readers.{reader}")  # before memory is short
    data = sys.stdin.buffer.read()
    _limit(limits.max_memory << 20, limits.max_seconds)
    try:
        found = call(reader, data, name, limits)
        said: dict[str, Any] = asdict(found)
    except VstashError as error:
        said = {"kind": type(error).__name__, "error": str(error), "hint": error.hint}
    except MemoryError:
        hint = "save it anew, or raise max_memory"
        said = {"kind": "SourceTooLarge", "error": f"{name} takes too much memory to be read", "hint": hint}
    sys.stdout.write(json.dumps(said, default=datetime.isoformat))


if __name__ == "__main__":
    main(*sys.argv[1:])
