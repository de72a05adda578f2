"""Is the library what its contract says, literally?"""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import vstash
from vstash import Eq, HashEncoder, Memory, Query, Source, Space
from vstash.errors import (
    ChunkNotFound,
    DatabaseNotFound,
    DocumentNotFound,
    EncoderError,
    InputError,
    InvalidQuery,
    ModelUnavailable,
    SpaceMismatch,
    StoreError,
)
from vstash.store.sqlite.connection import connect
from vstash.types import Place

ROOT = Path(vstash.__file__).parents[1]


class Letters:
    """An encoder of one's own: counts of letters. It has what the contract asks for, and nothing else."""

    space = Space("letters", "letters", 26)

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = [[1e-3 + text.lower().count(chr(97 + at)) for at in range(26)] for text in texts]
        return np.asarray(counts, dtype=np.float32)

    def query(self, text: str) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self.documents([text])[0]
        return found


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT, check=True
    )
    return done.stdout


def test_importing_vstash_loads_nothing() -> None:
    heavy = "numpy apsw pydantic sqlite_vec onnxruntime tokenizers torch typer rich yaml lxml pathspec platformdirs"
    code = f"import sys, vstash; vstash.__all__; print([name for name in {heavy.split()} if name in sys.modules])"
    assert python(code).strip() == "[]"


def test_opening_with_the_hash_encoder_loads_no_model_runtime() -> None:
    code = (
        "import sys; from vstash import Memory\n"
        "memory = Memory.open(':memory:', encoder='hash'); memory.remember('a'); memory.search('a')\n"
        "print([n for n in ('torch', 'transformers', 'sentence_transformers', 'onnxruntime') if n in sys.modules])"
    )
    assert python(code).strip() == "[]"


def test_every_public_name_is_there_and_sorted() -> None:
    assert vstash.__all__ == sorted(vstash.__all__)
    assert all(getattr(vstash, name) is not None for name in vstash.__all__)
    assert set(vstash.__all__) <= set(dir(vstash))
    contract = {"Memory", "Space", "Query", "Results", "Hit", "Eq", "In", "And", "Or", "Not", "Before", "After", "Tag"}
    assert contract <= set(vstash.__all__)
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        vstash.nothing_of_the_kind  # noqa: B018 - looking is what fails


def test_the_contract_literally(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Herons\n\nThe grey heron waits for fish.\n")
    with Memory.open("notes.db", encoder="hash") as memory:
        [added] = memory.add("docs/", collection="work", tags=["x"])
        assert (added.uri, added.status) == (str(tmp_path / "docs" / "a.md"), "added")
        assert memory.remember("door code 4711", title="Door", uri=None).status == "added"
        results = memory.add_texts(["red", "green"], uris=None, titles=None, vectors=None, collection="c", tags=("y",))
        assert [result.status for result in results] == ["added", "added"]
        found = memory.search("grey heron", limit=5, mode="hybrid", fusion=None, vector=None)
        first = found[0]
        assert (first.uri, first.title) == (added.uri, "Herons")
        assert "heron" in first.text
        assert isinstance(first.score, float)
        assert found.confidence in ("high", "medium", "low")
        assert found.plan.query == Query("grey heron", limit=5)
        assert found.trace
        assert memory.get(added.uri).text == "# Herons\n\nThe grey heron waits for fish.\n"
        assert memory.chunk(first.chunk_id).document.uri == added.uri
        assert len(memory.list()) == 4
        assert [document.uri for document in memory.list(collection="work", tags=["x"])] == [added.uri]
        memory.forget(added.uri)
        assert {"documents": 3, "chunks": 3}.items() <= memory.stats().items()
        assert memory.check().ok
    assert (tmp_path / "notes.db").is_file()


def test_a_query_can_be_passed_whole(memory: Memory) -> None:
    memory.add_texts(["grey heron", "grey sky"])
    assert len(memory.search(Query("grey", limit=1))) == 1


def test_an_encoder_of_ones_own(database: Path) -> None:
    with Memory.open(database, encoder=Letters()) as memory:
        memory.add_texts(["abba", "zzz"], ["a", "z"])
        assert memory.search("bab", mode="vector", limit=1)[0].uri == "a"
        assert memory.stats()["encoder"] == "letters"
        assert memory.check().ok


def test_what_is_no_encoder_is_refused(database: Path) -> None:
    with pytest.raises(EncoderError):
        Memory.open(database, encoder=object())  # type: ignore[arg-type]
    with pytest.raises(ModelUnavailable):
        Memory.open(database, encoder="hsah")
    assert not database.exists()


def test_a_memory_without_a_file(encoder: HashEncoder) -> None:
    with Memory.open(":memory:", encoder=encoder) as memory:
        memory.add_texts(["grey heron", "white stork"], ["h", "s"])
        assert memory.search("stork")[0].uri == "s"
        assert memory.why("stork", "s").stage == "found"
        memory.forget("s")
        assert [document.uri for document in memory.list()] == ["h"]
        assert memory.check().ok
    assert not Path(":memory:").exists()


@pytest.mark.parametrize("other", [HashEncoder(64), Letters()], ids=["dimension", "model"])
def test_another_encoders_file_is_refused_untouched(database: Path, other: HashEncoder | Letters) -> None:
    with Memory.open(database, encoder="hash") as memory:
        memory.remember("grey heron")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in database.parent.iterdir()}
    with pytest.raises(SpaceMismatch) as caught:
        Memory.open(database, encoder=other)
    assert database.name in str(caught.value)
    assert "hash" in caught.value.hint
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in database.parent.iterdir()} == before
    with Memory.open(database, encoder=None) as memory:
        assert len(memory.list()) == 1


def test_without_an_encoder_everything_but_adding_and_searching_works(database: Path) -> None:
    with Memory.open(database, encoder="hash") as memory:
        memory.remember("grey heron", uri="h")
    with Memory.open(database, encoder=None) as memory:
        assert memory.get("h").text == "grey heron"
        assert memory.check().ok
        for attempt in (lambda: memory.search("heron"), lambda: memory.remember("stork")):
            with pytest.raises(InputError) as caught:
                attempt()
            assert caught.value.hint
        memory.forget("h")
        assert memory.stats()["documents"] == 0


def test_what_is_not_there_is_named(memory: Memory) -> None:
    for missing in (lambda: memory.get("gone"), lambda: memory.forget("gone"), lambda: memory.why("x", "gone")):
        with pytest.raises(DocumentNotFound, match="gone"):
            missing()
    for chunk_id in (7, -1, 0, 10**30):
        with pytest.raises(ChunkNotFound, match=str(chunk_id)):
            memory.chunk(chunk_id)


def test_without_create_a_missing_file_is_an_error(database: Path) -> None:
    with pytest.raises(DatabaseNotFound, match=r"notes\.db"):
        Memory.open(database, encoder="hash", create=False)
    assert not database.exists()


@pytest.mark.parametrize("path", ["~nobody-of-this-name/notes.db", "nowhere/notes.db", "x" * 300])
def test_where_no_file_can_be_is_refused(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError) as refused:
        Memory.open(path, encoder="hash")
    assert "folder" in refused.value.hint


@pytest.mark.parametrize("folder", ["nowhere", "x" * 300])
def test_what_can_be_no_folder_is_not_compared(memory: Memory, folder: str) -> None:
    with pytest.raises(InputError, match="is no folder"):
        memory.compare(folder)


def test_unknown_options_are_refused_with_the_known_ones(memory: Memory) -> None:
    with pytest.raises(InputError, match="colour") as caught:
        memory.search("x", colour="red")
    assert "recency" in caught.value.hint
    with pytest.raises(InvalidQuery):
        memory.search("")


def test_the_clock_is_an_argument(database: Path, encoder: HashEncoder) -> None:
    then = datetime(2001, 2, 3, tzinfo=UTC)
    with Memory.open(database, encoder=encoder, now=lambda: then) as memory:
        memory.remember("grey heron", uri="h")
        assert memory.get("h").added_at == then
        assert memory.check().started == then


def test_threads_share_a_memory(memory: Memory) -> None:
    def work(at: int) -> int:
        memory.remember(f"grey heron {at}", uri=str(at))
        hits = memory.search(f"heron {at}", limit=50)
        if at % 2:
            memory.forget(str(at))
        return len(hits)

    with ThreadPoolExecutor(8) as pool:
        assert all(found >= 1 for found in pool.map(work, range(40)))
    assert len(memory.list()) == 20
    assert memory.check().ok


def test_a_new_memory_is_there_for_a_second_one(database: Path) -> None:
    with Memory.open(database, encoder="hash") as first, Memory.open(database, encoder="hash") as second:
        first.remember("grey heron", uri="h")
        assert second.search("heron")[0].uri == "h"
        second.forget("h")
        assert first.list() == []


def test_stats_say_what_is_there(memory: Memory, database: Path) -> None:
    memory.add_texts(["a", "b"], collection="work", tags=["t"])
    found = memory.stats()
    assert (found["documents"], found["chunks"], found["encoder"]) == (2, 2, "hash-256-v1")
    assert (found["collections"], found["tags"]) == ({"work": 2}, {"t": 2})
    assert found["bytes"] > 0
    connection = connect(database, create=False)
    assert found["schema"] == connection.pragma("user_version")
    connection.close()


def test_what_is_found_can_be_kept_in_a_set_copied_and_sent(memory: Memory) -> None:
    source = Source("heron", "grey heron", places=(Place(0, {"page": 3}),), metadata={"by": ["Ö", 1]})
    list(memory.add_sources([source]))
    results = memory.search(Query("heron", filter=Eq("metadata.by", 1), weights=[1, 2]))  # type: ignore[arg-type]
    [hit] = results
    values = (source, memory.get("heron"), memory.chunk(hit.chunk_id), hit, results, memory.check())
    for value in values:
        again = pickle.loads(pickle.dumps(value))
        assert again == copy.deepcopy(value) == value
        assert {value, again} == {value}
