"""Does every operation end as before or after, whatever the disk does? A sample; `make crash` does all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.crash.faults import STRIKES, Faults, Kind, faults, ignored
from tests.crash.operations import OPERATIONS, Bench, Done, Operation, filled, opened, texts, trials
from vstash.errors import StoreError, StoreFull

SAMPLES = 3  # points of each kind of fault, spread over the operation


@pytest.fixture
def quiet_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "unraisablehook", ignored)


@pytest.mark.usefixtures("quiet_closing")
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_a_fault_leaves_the_state_before_or_after(operation: Operation, tmp_path: Path) -> None:
    with faults(f"sample-{operation.name}") as vfs:
        bench = Bench(operation, tmp_path, vfs)
        done = [one for kind in STRIKES for one in trials(bench, (kind,), step=step(bench, kind), seed=7)]
    assert [one for one in done if one.wrong] == []
    assert {one.kind for one in done if one.struck} == set(STRIKES)


@pytest.mark.usefixtures("quiet_closing")
def test_a_database_that_does_not_wait_for_the_disk_is_caught(tmp_path: Path) -> None:
    """The trial itself can fail: without synchronous writes a power cut loses what was reported as stored."""
    with faults("careless") as vfs:
        bench = Bench(Operation("add", filled, carelessly), tmp_path, vfs)
        done = list(trials(bench, ("power",), step=1, seed=7))
    assert any("lost" in one.wrong or "cannot be read" in one.wrong for one in done)


@pytest.mark.usefixtures("quiet_closing")
def test_a_full_disk_is_said_to_be_full(tmp_path: Path) -> None:
    filled(tmp_path / "notes.db")
    with faults("full") as vfs:
        memory = opened(tmp_path / "notes.db", vfs.name)
        vfs.arm("full", 1)
        with pytest.raises(StoreFull, match="full"):
            memory.add_texts(texts("flies"))
        vfs.disarm()
        assert all(result.status == "added" for result in memory.add_texts(texts("flies")))
        memory.close()


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 4096, 20_000])
def test_a_log_cut_short_costs_at_most_what_it_held(tmp_path: Path, size: int) -> None:
    path = tmp_path / "notes.db"
    filled(path)
    keeper = opened(path, None)  # while it is open nothing is folded in
    keeper.add_texts(["a bird that is only in the log"], ["log:1"])
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    log = path.with_name("notes.db-wal").read_bytes()
    copy.with_name("copy.db-wal").write_bytes(log[:size])
    keeper.close()
    with opened(copy, None) as memory:
        assert memory.check().ok
        assert {document.uri for document in memory.list()} >= {"doc:0", "doc:1", "doc:2"}
        assert memory.add_texts(["a bird that is only in the log"], ["log:1"])[0].status in ("added", "unchanged")


def test_a_log_that_is_gone_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    filled(path)
    keeper = opened(path, None)
    keeper.forget("doc:1")
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    keeper.close()
    with opened(copy, None) as memory:
        assert memory.check().ok
        assert len(memory.list()) == 3


def test_a_disk_that_dies_while_opening_is_one_clear_error(tmp_path: Path) -> None:
    with faults("dying") as vfs:
        vfs.arm("error", 1)
        with pytest.raises(StoreError) as caught:
            opened(tmp_path / "notes.db", vfs.name)
        assert caught.value.hint


def step(bench: Bench, kind: Kind) -> int:
    return max(1, bench.points(kind) // SAMPLES)


def carelessly(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs) as memory:
        memory._store.connection.pragma("synchronous", "off")  # type: ignore[attr-defined]
        memory.add_texts(texts("flies"), [f"new:{at}" for at in range(3)])
        done()


def test_the_vfs_counts_without_failing(tmp_path: Path) -> None:
    with faults("counting") as vfs:
        assert isinstance(vfs, Faults)
        vfs.arm(None, 0)
        opened(tmp_path / "notes.db", vfs.name).close()
        assert not vfs.struck
