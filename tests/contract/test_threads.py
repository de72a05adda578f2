"""Can several share any store: does a search see one state while others write, is nothing stored twice?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vstash import HashEncoder, Limits, Memory, StoreError
from vstash.store import open_store
from vstash.store.base import Store, utc_now


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    path = ":memory:" if request.param == "memory" else tmp_path / "store.db"
    opened = open_store(path, create=True, busy_wait=5.0, now=utc_now)
    yield opened
    opened.close()


class Overtaken(HashEncoder):
    """An encoder during whose work somebody else does something."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._meanwhile()
        return super().documents(texts)


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


def test_a_snapshot_stays_as_it_is_while_another_connection_writes(tmp_path: Path) -> None:
    """Past the end of one inside it too; after it all is as it is then."""
    path = tmp_path / "notes.db"
    with Memory.open(path, encoder=HashEncoder()) as memory, Memory.open(path, encoder=HashEncoder()) as other:
        store = memory._store
        memory.remember("grey heron", uri="old")
        with store.reading():
            assert store.count() == 1
            other.remember("white stork", uri="new")
            with store.reading():
                assert store.count() == len(list(store.documents())) == 1
            assert store.count() == len(list(store.documents())) == 1
        assert store.count() == len(list(store.documents())) == 2


@pytest.mark.parametrize("raised", [UnicodeEncodeError("ascii", "é", 0, 1, "no"), OverflowError("full")], ids=str)
def test_what_is_raised_in_a_snapshot_is_not_said_of_the_file(store: Store, raised: Exception) -> None:
    memory = Memory(store, HashEncoder())
    memory.remember("grey heron", uri="old")
    with pytest.raises(type(raised)) as caught, store.reading(), store.reading():
        raise raised
    assert caught.value is raised
    assert memory.remember("white stork", uri="new").status == "added"
    assert store.count() == 2


def test_what_somebody_else_has_added_meanwhile_is_unchanged(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "heron.txt"
    path.write_text("grey heron")
    (tmp_path / "stork.txt").write_text("white stork")
    Memory(store, HashEncoder()).remember("so that there is a space")  # which is not made in the meantime
    other = Memory(store, HashEncoder())
    memory = Memory(store, Overtaken(lambda: other.add([path])))
    found = {Path(result.uri).name: (result.status, result.chunks) for result in memory.add([tmp_path])}
    assert (found["heron.txt"], found["stork.txt"]) == (("unchanged", 0), ("added", 1))
    assert [hit.title for hit in memory.search("heron", limit=1)] == ["heron.txt"]
    assert memory.check().ok


@pytest.mark.parametrize(
    ("ours", "others"),
    [
        ({}, {"tags": ["grey"]}),
        ({}, {"collection": "herons"}),
        ({"tags": ["bird"]}, {}),
        ({"tags": ["bird"]}, {"tags": ["grey"]}),
        ({"collection": "birds"}, {}),
        ({"collection": "birds"}, {"collection": "herons"}),
    ],
)
def test_what_somebody_else_has_added_with_other_labels_is_replaced(
    store: Store, tmp_path: Path, ours: dict[str, Any], others: dict[str, Any]
) -> None:
    path = tmp_path / "heron.txt"
    path.write_text("grey heron")
    other = Memory(store, HashEncoder())
    other.remember("so that there is a space")
    memory = Memory(store, Overtaken(lambda: other.add([path], **others)))
    assert [result.status for result in memory.add([path], **ours)] == ["replaced"]
    found = memory.get(str(path))
    assert (found.collection, list(found.tags)) == (ours.get("collection", "default"), ours.get("tags", []))


def test_what_somebody_else_has_imported_meanwhile_is_unchanged(store: Store) -> None:
    lines = list[str]()
    with Memory.open(":memory:", encoder="hash") as source:
        source.remember("grey heron", uri="h")
        source.export(lines.append)
    other = Memory(store, HashEncoder())
    other.remember("so that there is a space")
    memory = Memory(store, Overtaken(lambda: list(other.import_(lines))))
    assert [(result.uri, result.status) for result in memory.import_(lines)] == [("h", "unchanged")]


def test_vectors_of_ones_own_replace_others_of_the_same_text(store: Store) -> None:
    memory = Memory(store, HashEncoder())
    for axis in (0, 1):
        memory.add_texts(["grey heron"], ["h"], vectors=[np.eye(256)[axis]])
    entry = store.entry("h")
    assert entry is not None
    assert entry.vectors[0].tolist() == np.eye(256)[1].tolist()


def test_what_is_closed_answers_no_more(store: Store) -> None:
    memory = Memory(store, HashEncoder())
    memory.remember("grey heron", uri="old")
    beside = memory.within(Limits())
    beside.close()
    beside.close()
    asked: tuple[Callable[[], object], ...] = (
        memory.list,
        memory.stats,
        memory.check,
        memory.compact,
        lambda: memory.get("old"),
        lambda: memory.search("heron"),
        lambda: memory.remember("white stork"),
        lambda: memory.export(str),
        beside.list,
    )
    for ask in asked:
        with pytest.raises(StoreError, match="was closed"):
            ask()
