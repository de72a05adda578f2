"""Does a reindex that is killed at any moment leave the old encoder's answers, and go on from where it was?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.reindexing import COUNT, NEW, TEXTS, answers, filled, trial
from vstash import Memory
from vstash.reindex import BATCH

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    return filled(tmp_path_factory.mktemp("reindexing"))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_reindex_goes_on_from_where_it_was(start: tuple[Path, float], tmp_path: Path, seed: int) -> None:
    path, took = start
    work = tmp_path / "work"
    found = trial(path, work, took, seed)
    assert found.wrong == ""
    assert COUNT <= found.encoded <= COUNT + BATCH * found.before  # each kill costs a batch at most
    with Memory.open(work / path.name, encoder=None) as memory:
        assert memory.reindex(NEW).chunks == 0
    with Memory.open(tmp_path / "fresh.db", encoder=NEW) as memory:
        memory.add_texts(TEXTS, [f"doc:{at:04}" for at in range(COUNT)])
    assert answers(work / path.name, NEW) == answers(tmp_path / "fresh.db", NEW)
