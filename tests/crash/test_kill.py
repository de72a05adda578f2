"""What is left when a process is killed half-way, and what do others see meanwhile? With real processes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vstash import HashEncoder, Memory
from vstash.encode.calibrate import pairs
from vstash.store.sqlite.connection import connect

ROOT = Path(__file__).resolve().parents[2]
FILES = 200
WAIT = 60.0  # seconds; far more than any step below takes


class Counting:
    """A HashEncoder that counts the passages it encodes."""

    def __init__(self) -> None:
        self._encoder = HashEncoder()
        self.space = self._encoder.space
        self.passages = 0

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if tuple(texts) != tuple(answer for _, answer in pairs()):  # once for each new memory
            self.passages += len(texts)
        return self._encoder.documents(texts)

    def query(self, text: str) -> NDArray[np.float32]:
        return self._encoder.query(text)

    def token_starts(self, text: str) -> list[int]:
        return self._encoder.token_starts(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of several passages each, all different."""
    made = tmp_path_factory.mktemp("folder")
    for at in range(FILES):
        lines = (
            f"Line {line} of file {at}: " + " ".join(f"w{at}x{line}x{word}" for word in range(20)) for line in range(30)
        )
        (made / f"{at:04}.txt").write_text("\n".join(lines))
    return made


def vstash(database: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "vstash", "--encoder", "hash", "--db", str(database), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "VSTASH_CONFIG": os.devnull}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=WAIT)
    assert process.returncode == 0, errors
    return out


def stored(database: Path) -> int:
    if not database.exists() or not database.stat().st_size:
        return 0
    with Memory.open(database, encoder=None) as memory:
        return int(memory.stats()["documents"])


def killed_after(database: Path, folder: Path, documents: int, pause: float) -> int:
    """Kill an add once this many documents are in, and a pause; how many it left."""
    process = vstash(database, "add", folder)
    deadline = time.monotonic() + WAIT
    while stored(database) < documents and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(pause)
    process.kill()
    process.communicate(timeout=WAIT)
    return stored(database)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_killed_add_is_whole_and_goes_on_where_it_was(seed: int, database: Path, folder: Path) -> None:
    chance = random.Random(seed)
    left = killed_after(database, folder, chance.choice([1, FILES // 4]), chance.uniform(0.0, 0.05))
    assert 0 < left < FILES
    with Memory.open(database, encoder=None) as memory:
        assert [finding for finding in memory.check().findings if not finding.ok] == []
        before = memory.stats()["chunks"]
    counting = Counting()
    with Memory.open(database, encoder=counting) as memory:
        results = memory.add(folder)
        assert [result.status for result in results].count("unchanged") == left
        assert [result.status for result in results].count("added") == FILES - left
        assert counting.passages == memory.stats()["chunks"] - before
        assert memory.check().ok
        last = f"w{FILES - 1}x0x0"
        assert memory.search(last, mode="keyword")[0].uri == str(folder / f"{FILES - 1:04}.txt")


def test_an_add_killed_again_and_again_gets_there(database: Path, folder: Path) -> None:
    left = 0
    while left < FILES:
        grown = killed_after(database, folder, left + 1, 0.0)
        assert grown > left
        left = grown
        with Memory.open(database, encoder=None) as memory:
            assert memory.check().ok
    assert {one["status"] for one in json.loads(finished(vstash(database, "add", folder, "--json")))} == {"unchanged"}


def test_eight_processes_make_and_fill_one_new_file(database: Path, tmp_path: Path) -> None:
    for part in range(8):
        (tmp_path / str(part)).mkdir()
        for at in range(5):
            (tmp_path / str(part) / f"{at}.txt").write_text(f"text {at} of part {part}")
    processes = [vstash(database, "add", tmp_path / str(part)) for part in range(8)]
    for process in processes:
        finished(process)
    with Memory.open(database, encoder="hash") as memory:
        assert len(memory.list()) == 40
        assert memory.check().ok
        assert len(memory.search("text part", limit=50, mode="keyword")) == 40


def test_readers_answer_while_a_writer_holds_the_lock(database: Path) -> None:
    with Memory.open(database, encoder="hash") as memory:
        memory.remember("grey heron", uri="bird")
    writer = connect(database, create=False)
    writer.execute("BEGIN IMMEDIATE; UPDATE document SET title = 'half-written'")
    readers = [
        vstash(database, *arguments, "--json")
        for arguments in (["search", "heron"], ["list"], ["stats"], ["get", "bird"], ["check"])
    ]
    found, listed, stats, got, checked = [json.loads(finished(reader)) for reader in readers]
    writer.execute("ROLLBACK")
    writer.close()
    assert [hit["uri"] for hit in found["hits"]] == ["bird"]
    assert [document["title"] for document in (*listed, got)] == ["", ""]
    assert stats["documents"] == 1
    assert checked["ok"]


def test_a_writer_waits_for_its_turn(database: Path) -> None:
    with Memory.open(database, encoder="hash") as memory:
        memory.remember("grey heron", uri="bird")
    writer = connect(database, create=False)
    writer.execute("BEGIN IMMEDIATE")
    waiting = vstash(database, "remember", "white stork")
    time.sleep(1.5)
    assert waiting.poll() is None
    writer.execute("COMMIT")
    writer.close()
    finished(waiting)
    assert stored(database) == 2
