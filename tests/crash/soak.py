"""`make soak`: many processes write and search one file; does anyone fail, and is anything lost?

Each writer notes what it was told is stored; at the end every one of those documents must be there with
the text it had last, and every one it forgot must be gone.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vstash import HashEncoder, Memory
from vstash.errors import VstashError

DIM = 64  # of the vectors: small, since it is the locks that are tried
WORDS = ("heron", "stork", "crane", "ibis", "egret", "reed", "water", "nest")


@dataclass
class Totals:
    """What all processes did together."""

    writes: int = 0
    reads: int = 0
    errors: int = 0
    lost: int = 0

    def __str__(self) -> str:
        return f"{self.writes:,} writes, {self.reads:,} reads, {self.errors} errors, {self.lost} lost rows"


def write(path: Path, name: str, seconds: float) -> dict[str, object]:
    """Add, replace and forget documents of its own; what should be there at the end, by uri."""
    rng = random.Random(name)
    held: dict[str, str | None] = {}
    done, errors = 0, []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with Memory.open(path, encoder=HashEncoder(DIM)) as memory:
                for _ in range(20):
                    done += _step(memory, rng, name, held)
        except VstashError as error:
            errors.append(f"{type(error).__name__}: {error}")
    return {"writes": done, "errors": errors, "held": held}


def _step(memory: Memory, rng: random.Random, name: str, held: dict[str, str | None]) -> int:
    uri = f"{name}:{rng.randrange(200)}"
    if held.get(uri) is not None and rng.random() < 0.3:
        memory.forget(uri)
        held[uri] = None
        return 1
    text = f"{uri} {' '.join(rng.choices(WORDS, k=40))}"
    [result] = memory.add_texts([text], [uri])
    if result.status != "failed":
        held[uri] = text
    return 1


def read(path: Path, name: str, seconds: float) -> dict[str, object]:
    """Search, list and count."""
    rng = random.Random(name)
    done, errors = 0, []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with Memory.open(path, encoder=HashEncoder(DIM)) as memory:
                for _ in range(20):
                    memory.search(" ".join(rng.choices(WORDS, k=2)))
                    memory.stats()
                    done += 2
        except VstashError as error:
            errors.append(f"{type(error).__name__}: {error}")
    return {"reads": done, "errors": errors}


def soak(path: Path, *, writers: int, readers: int, seconds: float) -> Totals:
    """Run them all, then compare what is stored with what was reported as stored."""
    names = [("write", f"w{at}") for at in range(writers)] + [("read", f"r{at}") for at in range(readers)]
    command = [sys.executable, "-m", "tests.crash.soak", "--file", str(path), "--seconds", str(seconds)]
    running = [
        subprocess.Popen([*command, "--role", role, "--name", name], stdout=subprocess.PIPE, text=True)
        for role, name in names
    ]
    totals, held = Totals(), dict[str, str | None]()
    for process in running:
        said, _ = process.communicate()
        found = json.loads(said) if process.returncode == 0 else {"errors": [f"exit code {process.returncode}"]}
        totals.writes += found.get("writes", 0)
        totals.reads += found.get("reads", 0)
        totals.errors += len(found["errors"])
        held |= found.get("held", {})
        for error in found["errors"][:3]:
            print(error, file=sys.stderr)
    totals.lost = _lost(path, held)
    return totals


def _lost(path: Path, held: dict[str, str | None]) -> int:
    with Memory.open(path, encoder=None) as memory:
        wrong = [finding for finding in memory.check().findings if not finding.ok]
        there = {document.uri for document in memory.list()}
        gone = [uri for uri, text in held.items() if (text is not None) != (uri in there)]
        changed = [
            uri for uri, text in held.items() if text is not None and uri in there and memory.get(uri).text != text
        ]
    for finding in wrong:
        print(finding, file=sys.stderr)
    return len(gone) + len(changed) + len(wrong)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Many processes on one file.")
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--role", choices=["write", "read"], help="be one of the processes")
    parser.add_argument("--name", default="")
    chosen = parser.parse_args(arguments)
    if chosen.role:
        work = write if chosen.role == "write" else read
        print(json.dumps(work(chosen.file, chosen.name, chosen.seconds)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.file or Path(folder) / "soak.db"
        totals = soak(path, writers=chosen.writers, readers=chosen.readers, seconds=chosen.seconds)
    print(totals)
    return 1 if totals.errors or totals.lost or not totals.writes else 0


if __name__ == "__main__":
    sys.exit(main())
