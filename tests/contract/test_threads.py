"""Can threads share any store, and does a search see one state while others write?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest

from vstash import HashEncoder, Memory
from vstash.store import open_store
from vstash.store.base import Store, utc_now


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    path = ":memory:" if request.param == "memory" else tmp_path / "store.db"
    opened = open_store(path, create=True, busy_wait=5.0, now=utc_now)
    yield opened
    opened.close()


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads are changed as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hurried")
def test_threads_write_and_search_at_once(store: Store) -> None:
    memory = Memory(store, HashEncoder())

    def work(thread: int) -> None:
        for at in range(60):
            if thread % 2:
                memory.add_texts([f"grey heron {at}"], [f"{thread}/{at % 9}"])
                memory.forget_all([f"{thread}/{at % 5}"])
                memory.list()
            else:
                memory.search("grey heron", window=1)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [None] * 4
    found = memory.stats()
    assert found["documents"] == found["chunks"] == len(memory.list()) > 0
    assert memory.check().ok


def test_a_snapshot_stays_as_it_is_while_another_thread_writes(store: Store) -> None:
    memory = Memory(store, HashEncoder())
    memory.remember("grey heron", uri="old")
    writer = Thread(target=memory.remember, args=("white stork",), kwargs={"uri": "new"})
    with store.reading():
        writer.start()
        writer.join(0.2)
        assert [document.uri for document in store.documents()] == ["old"]
    writer.join()
    assert [document.uri for document in store.documents()] == ["new", "old"]
