"""`kill -9` while a memory is changed over to another encoder: do searches go on, and the next run from there?

A run notes every text that it encodes in a file beside the database, so that it can be counted over the
runs which work was lost.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vstash import HashEncoder, Memory
from vstash.errors import SpaceMismatch
from vstash.reindex import BATCH
from vstash.store.sqlite.connection import connect, rows, value

if TYPE_CHECKING:
    from vstash.encode.base import Vectors

OLD, NEW = HashEncoder(64), HashEncoder(32)
COUNT = 5 * BATCH + 44
TEXTS = [f"the bird number{at} stands" for at in range(COUNT)]
LATE = 1.2  # of the time that a whole run takes: the last moment at which it is killed
LOG = "encoded.log"  # a line for each batch: how many texts
KILLS = 200  # more than any memory can need


class Logging(HashEncoder):
    """Notes how many passages it encodes; those that it is calibrated with are no passages."""

    def __init__(self, dim: int, log: Path) -> None:
        super().__init__(dim)
        self._log = log

    def documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages."""
        if texts[0].startswith("the bird"):
            with self._log.open("a") as log:
                log.write(f"{len(texts)}\n")
        return super().documents(texts)


@dataclass(frozen=True)
class Changed:
    """How the killing of one reindex ended: how many kills struck it before and after the switch, how many texts
    were encoded in all, and "" or which promise was broken."""

    seed: int
    before: int
    after: int
    encoded: int
    wrong: str = ""


def filled(folder: Path) -> tuple[Path, float]:
    """A memory of the old encoder, and how long a run over it takes in seconds."""
    path = folder / "start" / "notes.db"
    path.parent.mkdir()
    with Memory.open(path, encoder=OLD) as memory:
        memory.add_texts(TEXTS, [f"doc:{at:04}" for at in range(COUNT)])
    shutil.copytree(path.parent, folder / "timed")
    run = begun(folder / "timed" / path.name)
    started = time.perf_counter()
    run.communicate()
    return path, time.perf_counter() - started


def trials(seeds: Sequence[int], folder: Path) -> Iterator[Changed]:
    """A trial for each seed."""
    start, took = filled(folder)
    for seed in seeds:
        yield trial(start, folder / str(seed), took, seed)
        shutil.rmtree(folder / str(seed))


def begun(path: Path) -> subprocess.Popen[str]:
    """A process that is just about to change the memory over."""
    command = [sys.executable, "-m", "tests.crash.reindexing", str(path)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    run.stdout.readline()
    return run


def trial(start: Path, work: Path, took: float, seed: int) -> Changed:
    """Kill the change again and again, at random moments, until it is through."""
    shutil.copytree(start.parent, work)
    path = work / start.name
    chance = random.Random(seed)
    found = Changed(seed, 0, 0, 0)
    expected = answers(path, OLD)
    for _ in range(KILLS):
        lacking = COUNT - kept(path)
        encoded = _encoded(work)
        run = begun(path)
        time.sleep(took * LATE * chance.random() * chance.random())  # early more often: more kills in one change
        run.kill()
        run.communicate()
        wrong, switched = _judged(path, expected)
        wrong = wrong or _lost(_encoded(work) - encoded, lacking)
        before, after = found.before + (not switched), found.after + switched
        found = Changed(seed, before, after, _encoded(work), wrong)
        if wrong or (switched and run.returncode == 0):
            return found
    return found


def kept(path: Path) -> int:
    """How many chunks have a vector of the new encoder."""
    connection = connect(path, create=False)
    try:
        number = value(connection, "SELECT id FROM space WHERE name = ?", (NEW.space.id,))
        return 0 if number is None else int(value(connection, f"SELECT count(*) FROM vector_{number}"))
    finally:
        connection.close()


def answers(path: Path, encoder: HashEncoder) -> list[tuple[str, float]]:
    """What a search finds."""
    with Memory.open(path, encoder=encoder) as memory:
        return [(hit.uri, round(hit.score, 5)) for hit in memory.search("number7 stands", mode="vector")]


def _judged(path: Path, expected: list[tuple[str, float]]) -> tuple[str, bool]:
    """What is wrong after a kill, and whether the new encoder was in force already."""
    with Memory.open(path, encoder=None) as memory:
        unclean = "; ".join(f"{one.check}: {one.sample}" for one in memory.check().findings if not one.ok)
    if unclean:
        return unclean, False
    try:
        return ("" if answers(path, OLD) == expected else "other answers"), False
    except SpaceMismatch:
        pass
    connection = connect(path, create=False)
    active = rows(connection, "SELECT name FROM space WHERE active = 1")
    connection.close()
    whole = active == [(NEW.space.id,)] and kept(path) == COUNT and answers(path, NEW)[0][0] == "doc:0007"
    return ("" if whole else "switched, but not whole"), True


def _lost(encoded: int, lacking: int) -> str:
    """A run may encode what had no vector when it began, and nothing else."""
    return "" if encoded <= lacking else f"{encoded} texts encoded where {lacking} had no vector"


def _encoded(folder: Path) -> int:
    log = folder / LOG
    return sum(map(int, log.read_text().split())) if log.exists() else 0


def main(path: Path) -> None:
    """The child that is killed."""
    with Memory.open(path, encoder=None) as memory:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        memory.reindex(Logging(NEW.space.dim, path.with_name(LOG)))
    os._exit(0)  # a kill while the interpreter winds down would not tell a run that is through


if __name__ == "__main__":
    main(Path(sys.argv[1]))
