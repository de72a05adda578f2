"""Do many processes on one file wait for each other without failing? A few seconds; `make soak` takes minutes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import apsw
import pytest

from tests.crash.soak import soak
from vstash import HashEncoder, Memory, StoreBusy

HELD = 3.0  # seconds a writer holds the lock; far more than a reader needs


def test_processes_on_one_new_file_lose_nothing(database: Path) -> None:
    totals = soak(database, writers=3, readers=3, seconds=2.0)
    assert (totals.errors, totals.lost) == (0, 0)
    assert totals.writes
    assert totals.reads


def test_readers_and_check_answer_at_once_while_a_writer_holds_the_lock(database: Path) -> None:
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.add_texts(["grey heron", "white stork"])
    holder = apsw.Connection(str(database))
    holder.execute("BEGIN IMMEDIATE; INSERT INTO meta VALUES ('held', 1)")
    try:
        started = time.monotonic()
        with Memory.open(database, encoder=HashEncoder()) as memory:
            assert memory.search("heron")[0].text == "grey heron"
            assert len(memory.list()) == memory.stats()["documents"] == 2
            assert memory.check(fast=True).ok
            assert memory.check().ok
        assert time.monotonic() - started < HELD
    finally:
        holder.execute("ROLLBACK")
        holder.close()


def test_a_writer_waits_its_turn(database: Path) -> None:
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.add_texts(["grey heron"])
        holder = apsw.Connection(str(database))
        holder.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.5, lambda: holder.execute("ROLLBACK"))
        release.start()
        assert memory.add_texts(["white stork"])[0].status == "added"
        release.join()
        holder.close()


HOLD = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_the_process_that_writes_is_named(database: Path) -> None:
    with Memory.open(database, encoder=HashEncoder(), busy_wait=0.1) as memory:
        memory.add_texts(["grey heron"])
        command = [sys.executable, "-c", HOLD, str(database)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(StoreBusy, match=f"process {holder.pid}" if Path("/proc/locks").exists() else "locked"):
                memory.add_texts(["white stork"])
            holder.communicate()


def test_a_writer_that_waited_long_enough_says_so(database: Path) -> None:
    with Memory.open(database, encoder=HashEncoder(), busy_wait=0.1) as memory:
        memory.add_texts(["grey heron"])
        holder = apsw.Connection(str(database))
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match=r"written by process \d+ \(|locked") as caught:
            memory.add_texts(["white stork"])
        assert caught.value.hint
        holder.execute("ROLLBACK")
        holder.close()
        assert memory.add_texts(["white stork"])[0].status == "added"
