"""`make fuzz FILES=folder`: what becomes of thousands of damaged files, and within which limits?

Every file goes the way of an `add`, in a child whose memory is bounded; the parent ends a child that takes too
long over one file, notes a child that died, and goes on with the next.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.fuzz.mutate import mutant
from vstash import HashEncoder, Memory

MEMORY = 2 << 30  # bytes of address space for reading one file
SECONDS = 90.0  # for one file: a sandboxed parser ends itself at 60
REPORTED = 500  # files after which it says how far it is
AT_ONCE = 50  # files kept in one memory, so that it stays small


@dataclass(frozen=True)
class Tried:
    """What became of one file; `wrong` is "" when it was stored or refused in one line."""

    number: int
    name: str
    ending: str
    seconds: float
    peak: int
    wrong: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description="Add thousands of damaged files.")
    parser.add_argument("folder", type=Path, help="sound and broken files of every format")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the files that went wrong")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    files = sorted(path for path in chosen.folder.rglob("*") if path.is_file())
    if chosen.child:
        child(files, chosen.seed, chosen.first, chosen.count)
        return 0
    return judge(chosen, files)


def judge(chosen: argparse.Namespace, files: list[Path]) -> int:
    """Say how many ended how; 1 when some went wrong."""
    started = time.perf_counter()
    done = []
    for one in tried(chosen.folder, chosen.seed, chosen.first, chosen.first + chosen.count):
        done.append(one)
        if len(done) % REPORTED == 0:
            print(f"{len(done):,} files", file=sys.stderr, flush=True)
        if one.wrong:
            print(f"{one.name}: {one.ending}: {one.wrong}", flush=True)
            if chosen.keep:
                name, data = mutant(files, chosen.seed, one.number)
                (chosen.keep / name).write_bytes(data)
    endings = ", ".join(f"{count} {ending}" for ending, count in sorted(Counter(one.ending for one in done).items()))
    slow = max(done, key=lambda one: one.seconds)
    large = max(done, key=lambda one: one.peak)
    print(f"seed {chosen.seed}: {len(done):,} files in {time.perf_counter() - started:.0f} s: {endings}")
    print(f"slowest {slow.seconds:.1f} s ({slow.name}), peak {large.peak / 2**20:,.0f} MiB ({large.name})")
    return 1 if any(one.wrong for one in done) else 0


def tried(folder: Path, seed: int, first: int, end: int) -> Iterator[Tried]:
    """What became of files first..end, one child after another."""
    while first < end:
        for one in _run(folder, seed, first, end - first):
            yield one
            first = one.number + 1


def _run(folder: Path, seed: int, first: int, count: int) -> Iterator[Tried]:
    """Until the child is through, or one file was its last."""
    options = ["--child", "--seed", str(seed), "--first", str(first), "--count", str(count)]
    command = [sys.executable, "-m", "tests.fuzz.files", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0) as process:
        assert process.stdout is not None
        said = selectors.DefaultSelector()
        said.register(process.stdout, selectors.EVENT_READ)
        rest = b""
        while count:
            if not said.select(SECONDS):
                process.kill()
                yield Tried(first, str(first), "hung", SECONDS, 0, f"took more than {SECONDS:g} s")
                return
            new = os.read(process.stdout.fileno(), 1 << 16)
            if not new:
                break
            *lines, rest = (rest + new).split(b"\n")
            for line in lines:
                one = Tried(**json.loads(line))
                first, count = one.number + 1, count - 1
                yield one
        if count:
            yield Tried(first, str(first), "died", 0.0, 0, f"the process ended with {process.wait()}")


def child(files: list[Path], seed: int, first: int, count: int) -> None:
    """Add one file after another, and say what became of each."""
    resource = import_module("resource")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for start in range(first, first + count, AT_ONCE):
        with Memory.open(":memory:", encoder=HashEncoder(8)) as memory:
            for number in range(start, min(start + AT_ONCE, first + count)):
                name, data = mutant(files, seed, number)
                print(json.dumps(_added(memory, number, name, data)), flush=True)


def _added(memory: Memory, number: int, name: str, data: bytes) -> dict[str, object]:
    resource = import_module("resource")
    started = time.perf_counter()
    wrong = ""
    try:
        result = memory.add_bytes(data, f"fuzz/{name}")
        ending = "refused" if result.status == "failed" else "stored"
        if result.error and "\n" in result.error:
            wrong = f"says {result.error!r}"
    except Exception:  # noqa: BLE001  (which is what is looked for)
        ending, wrong = "traceback", traceback.format_exc(limit=-4)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    took = time.perf_counter() - started
    return {"number": number, "name": name, "ending": ending, "seconds": took, "peak": peak, "wrong": wrong}


if __name__ == "__main__":
    sys.exit(main())
