"""What does a file say, in the process that `sandbox` starts for it? One file after another, until nobody asks.

In comes a reader's name, a file's and its limits, then its bytes; out goes one JSON value.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

from vstash.config import Limits
from vstash.errors import VstashError
from vstash.text.formats import SCANNING
from vstash.text.read import Inner, call
from vstash.text.readers.base import ScanningReader
from vstash.text.recognition import THREADS, Recogniser, Recognition
from vstash.text.sandbox import BEGUN, SLOWER, Sandbox, receive, send

GRACE = 2  # seconds of processor time over the limit: for a child whose parent was ended while it waited
GROWN = 640 << 20  # bytes that a child may hold on to after a file: half of it is text recognition, once it is loaded
_MEMORY = Path("/proc/self/statm")


def main() -> None:
    """Answer until standard input ends, as it does when the parent is no more."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    least = _held()
    begun = partial(_begin, answers)
    recognition = Recognition(begun)
    with Sandbox(begun) as inner, suppress(EOFError, BrokenPipeError):  # for what comes in a file, such as attachments
        while True:
            said = _read(sys.stdin.buffer, inner, recognition)
            said["spent"] = said.get("spent") or _held() - least > GROWN
            send(answers, json.dumps(said, default=datetime.isoformat).encode())


def _read(requests: IO[bytes], inner: Sandbox, recognition: Recognition) -> dict[str, Any]:
    """The answer to the next request. Whatever else a reader raises ends the process, which is an answer too."""
    asked, data = json.loads(receive(requests)), receive(requests)
    reader, name, limits = asked["reader"], asked["name"], Limits(**asked["limits"])
    _limit(None, limits.max_seconds)
    module = import_module(f"vstash.text.readers.{reader}")  # before memory is short
    _limit(limits.max_memory << 20, limits.max_seconds)
    try:
        if reader in SCANNING:
            with Recogniser(recognition, data, limits) as recogniser:
                return {"found": asdict(cast(ScanningReader, module).read(data, name, recogniser))}
        return {"found": asdict(call(reader, data, name, Inner(limits, inner, asked["depth"])))}
    except VstashError as error:
        return {"kind": type(error).__name__, "error": str(error), "hint": error.hint}
    except MemoryError:
        why, hint = f"{name} takes too much memory to be read", "save it anew, or raise max_memory"
        return {"kind": "SourceTooLarge", "error": why, "hint": hint, "spent": True}


def _begin(answers: IO[bytes], limits: Limits) -> None:
    """A scanned page has time of its own, which several threads spend."""
    _limit(limits.max_memory << 20, THREADS * SLOWER * limits.max_seconds)
    send(answers, BEGUN)


def _limit(memory: int | None, seconds: int) -> None:
    """Take the rest of the memory away, where the system can, and all time once nobody waits any more."""
    if sys.platform != "win32":
        resource = import_module("resource")  # there is none on Windows
        until = int(time.process_time()) + seconds + GRACE
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for what, wanted in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, until)):
            _, hard = resource.getrlimit(what)
            unbound = hard == resource.RLIM_INFINITY
            resource.setrlimit(what, (hard if wanted is None else wanted if unbound else min(wanted, hard), hard))


def _held() -> int:
    """The bytes of memory that the process holds; 0 where the system does not say."""
    try:
        return int(_MEMORY.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


if __name__ == "__main__":
    main()
