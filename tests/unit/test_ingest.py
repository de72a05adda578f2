"""What is read, encoded and stored by an add, and what is not done twice?"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vstash import HashEncoder, Memory, Source
from vstash.config import Limits
from vstash.encode.calibrate import pairs
from vstash.errors import BadVectors, EncoderError, InputError, UnsupportedSource
from vstash.ingest import BATCH_CHUNKS, BATCH_SECONDS, GIVEN_CHUNKS, Ingest, in_order
from vstash.intake import Labels, Pending
from vstash.store.memory import MemoryStore
from vstash.types import AddResult

Vectors = NDArray[np.float32]

PARAGRAPHS = [f"Paragraph {at} tells of " + " ".join(f"thing{at}x{word}" for word in range(120)) for at in range(6)]


class Counting:
    """A HashEncoder that remembers which passages it was asked to encode."""

    def __init__(self) -> None:
        self._encoder = HashEncoder()
        self.space = self._encoder.space
        self.calls: list[list[str]] = []

    def documents(self, texts: Sequence[str]) -> Vectors:
        if tuple(texts) != tuple(answer for _, answer in pairs()):  # once for each new memory
            self.calls.append(list(texts))
        return self._encoder.documents(texts)

    def query(self, text: str) -> Vectors:
        return self._encoder.query(text)

    @property
    def texts(self) -> list[str]:
        return [text for call in self.calls for text in call]


class Failing(Counting):
    """An encoder that runs out of patience after its first batch."""

    def documents(self, texts: Sequence[str]) -> Vectors:
        if self.calls and len(texts) == BATCH_CHUNKS:
            raise EncoderError("out of memory", hint="use smaller texts")
        return super().documents(texts)


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def memory(database: Path, counting: Counting) -> Memory:
    return Memory.open(database, encoder=counting)


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def statuses(memory: Memory, *paths: Path) -> list[str]:
    return [result.status for result in memory.add(paths)]


def test_an_unchanged_file_is_not_encoded_again(memory: Memory, counting: Counting, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "grey heron")
    [first] = memory.add(path)
    assert (first.status, first.uri, first.chunks, first.error) == ("added", str(path), 1, None)
    assert first.took > 0
    assert len(counting.calls) == 1
    [second] = memory.add(path)
    assert (second.status, second.chunks) == ("unchanged", 0)
    assert len(counting.calls) == 1


def test_a_file_that_was_written_as_it_was_has_the_new_time(memory: Memory, counting: Counting, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "grey heron")
    memory.add(path)
    before = memory.get(str(path))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert statuses(memory, path) == ["unchanged"]
    after = memory.get(str(path))
    assert after.modified_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert replace(after, modified_at=before.modified_at) == before
    assert len(counting.calls) == 1
    assert memory.check().ok


def test_an_edited_file_has_only_its_changed_chunks_encoded(memory: Memory, counting: Counting, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "\n\n".join(PARAGRAPHS))
    [first] = memory.add(path)
    assert first.chunks == len(counting.texts) >= 4
    counting.calls.clear()
    write(path, "\n\n".join([*PARAGRAPHS[:-1], PARAGRAPHS[-1].replace("thing5x119", "edited5x19")]))
    [second] = memory.add(path)
    assert (second.status, second.chunks) == ("replaced", first.chunks)
    assert len(counting.texts) == 1
    assert "edited" in counting.texts[0]
    assert "edited" in (memory.get(str(path)).text or "")


def test_a_copy_is_stored_without_encoding_it(memory: Memory, counting: Counting, tmp_path: Path) -> None:
    memory.add_texts(["grey heron"], ["a"])
    counting.calls.clear()
    assert memory.add_texts(["grey heron"], ["b"])[0].status == "added"
    assert counting.calls == []


def test_what_took_long_is_stored_before_the_next_is_read(counting: Counting) -> None:
    """As scanned pages do: an interruption costs no more than seconds of it."""
    store = MemoryStore()
    stored: list[bool] = []

    def slow(_: object) -> Source:
        time.sleep(BATCH_SECONDS)
        return Source("scan", "grey heron", "scan")

    def after(_: object) -> Source:
        stored.append("scan" in store.known(["scan"]))
        return Source("next", "anchored ship", "next")

    pending = [Pending("scan", "1", Labels(), slow), Pending("next", "2", Labels(), after)]
    assert [done.status for done in Ingest(store, counting, lambda: datetime.now(UTC)).add(pending)] == ["added"] * 2
    assert stored == [True]


def test_equal_texts_of_one_batch_are_encoded_once(memory: Memory, counting: Counting) -> None:
    memory.add_texts(["grey heron"] * 5, [str(at) for at in range(5)])
    assert counting.texts == ["grey heron"]
    assert len(memory.list()) == 5


def test_new_labels_are_stored_without_encoding(memory: Memory, counting: Counting, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "grey heron")
    memory.add(path)
    counting.calls.clear()
    [result] = memory.add(path, collection="work", tags=["b", "a", "b"])
    assert result.status == "replaced"
    assert counting.calls == []
    [document] = memory.list()
    assert (document.collection, document.tags) == ("work", ("a", "b"))


def test_a_short_memory_is_stored_and_found(memory: Memory) -> None:
    assert memory.remember("door code 4711").status == "added"
    assert memory.remember("x").status == "added"
    assert memory.search("4711")[0].text == "door code 4711"


def test_a_text_without_a_uri_is_one_memory(memory: Memory) -> None:
    first, second = memory.remember("grey heron"), memory.remember("grey heron")
    assert (first.status, second.status) == ("added", "unchanged")
    assert first.uri == second.uri
    assert first.uri.startswith("memory:")
    assert memory.remember("grey heron", title="Bird").status == "added"


def test_a_text_with_a_uri_replaces_what_had_it(memory: Memory) -> None:
    assert memory.remember("grey heron", uri="bird").status == "added"
    assert memory.remember("white stork", uri="bird").status == "replaced"
    assert memory.get("bird").text == "white stork"


@pytest.mark.parametrize("text", ["", " \n\t", "\0", "\0 \0"])
def test_a_blank_text_is_refused(memory: Memory, text: str) -> None:
    with pytest.raises(UnsupportedSource):
        memory.remember(text)
    with pytest.raises(UnsupportedSource):
        memory.add_texts(["good", text])
    assert memory.list() == []


def test_bad_sources_are_results_and_the_rest_is_stored(memory: Memory, tmp_path: Path) -> None:
    names = ["a.txt", "b.png", "c.txt", "d.docx", "e.txt"]
    contents: list[str | bytes] = ["grey heron", b"\x89PNG\r\n\x1a\n\0\0\0", " \n", b"PK\x03\x04junk", "white stork"]
    for name, content in zip(names, contents, strict=True):
        write(tmp_path / "in" / name, content)
    found = {Path(result.uri).name: result for result in memory.add([tmp_path / "in", tmp_path / "missing.txt"])}
    assert {name for name, result in found.items() if result.status == "added"} == {"a.txt", "e.txt"}
    failed = [result for result in found.values() if result.status == "failed"]
    assert len(failed) == 4
    assert all(result.error and "\n" not in result.error for result in failed)
    assert sorted(document.title for document in memory.list()) == ["a.txt", "e.txt"]


def test_a_file_that_turns_bad_keeps_its_last_good_version(memory: Memory, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "grey heron")
    memory.add(path)
    write(path, bytes(range(256)) * 10)
    assert statuses(memory, path) == ["failed"]
    assert memory.get(str(path)).text == "grey heron"


def test_a_file_over_the_limit_fails_unread(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate((Limits().max_file << 20) + 1)
    [result] = memory.add(path)
    assert result.status == "failed"
    assert "MiB" in (result.error or "")


def test_an_address_is_refused_as_a_result(memory: Memory) -> None:
    [result] = memory.add("https://example.org/page")
    assert (result.uri, result.status) == ("https://example.org/page", "failed")


def test_batches_reach_across_documents(memory: Memory, counting: Counting) -> None:
    texts = [f"memory number {at}" for at in range(BATCH_CHUNKS + 10)]
    results = memory.add_texts(texts)
    assert {result.status for result in results} == {"added"}
    assert [len(call) for call in counting.calls] == [BATCH_CHUNKS, 10]


def test_what_was_committed_stays_when_a_later_batch_fails(database: Path) -> None:
    texts = [f"memory number {at}" for at in range(2 * BATCH_CHUNKS + 10)]
    with Memory.open(database, encoder=Failing()) as memory:
        with pytest.raises(EncoderError):
            memory.add_texts(texts)
        assert len(memory.list()) == BATCH_CHUNKS
        assert memory.check().ok
    counting = Counting()
    with Memory.open(database, encoder=counting) as memory:
        results = memory.add_texts(texts)
    assert [result.status for result in results].count("unchanged") == BATCH_CHUNKS
    assert sorted(counting.texts) == sorted(texts[BATCH_CHUNKS:])


def test_results_come_when_they_are_certain(memory: Memory, database: Path, tmp_path: Path) -> None:
    for at in range(BATCH_CHUNKS + 10):
        write(tmp_path / "in" / f"{at:04}.txt", f"memory number {at}")
    adding = memory.adding(tmp_path / "in")
    assert next(adding).status == "added"
    with Memory.open(database, encoder=None) as other:
        assert len(other.list()) == BATCH_CHUNKS
    assert len(list(adding)) == BATCH_CHUNKS + 9


def test_a_uri_given_twice_ends_as_its_last_version(memory: Memory, counting: Counting) -> None:
    results = memory.add_texts(["one", "two", "other"], ["a", "a", "b"])
    assert sorted((result.uri, result.status) for result in results) == [
        ("a", "added"),
        ("a", "replaced"),
        ("b", "added"),
    ]
    assert memory.get("a").text == "two"
    results = memory.add_texts(["one", "two"], ["a", "a"])
    assert [result.status for result in results] == ["replaced", "replaced"]
    assert memory.get("a").text == "two"
    assert memory.check().ok


def test_a_file_named_twice_is_added_once(memory: Memory, counting: Counting, tmp_path: Path) -> None:
    path = write(tmp_path / "in" / "a.txt", "grey heron")
    assert statuses(memory, path, tmp_path / "in", path) == ["added", "unchanged", "unchanged"]
    assert len(counting.texts) == 1


def test_results_stand_as_they_were_asked_for_and_those_of_another_name_last() -> None:
    asked = [str(number) for number in range(12)]
    results = [AddResult(uri, "added") for uri in ("elsewhere", *reversed(asked))]
    assert [done.uri for done in in_order(results, [*asked, "moved"])] == [*asked, "elsewhere"]


def test_vectors_of_ones_own_are_kept_as_given(memory: Memory, counting: Counting) -> None:
    vectors = np.eye(3, counting.space.dim) * 5
    long = "\n\n".join(PARAGRAPHS)
    results = memory.add_texts(["red", "green", long], ["r", "g", "l"], vectors=vectors)
    assert [(result.status, result.chunks) for result in results] == [("added", 1)] * 3
    assert counting.calls == []
    assert [hit.uri for hit in memory.search("anything", vector=vectors[1], mode="vector", limit=1)] == ["g"]
    assert memory.get("l").text == long


def test_vectors_given_again_for_the_same_text_replace_those_before(memory: Memory, counting: Counting) -> None:
    for vectors in np.eye(4, counting.space.dim).reshape(2, 2, -1):
        memory.add_texts(["red", "green"], ["r", "g"], vectors=vectors)
        assert [hit.uri for hit in memory.search("?", vector=vectors[1], mode="vector", limit=1)] == ["g"]
        assert memory.search("?", vector=vectors[1], mode="vector")[0].score == pytest.approx(1)


def test_each_of_many_texts_has_its_own_vector(memory: Memory, counting: Counting) -> None:
    vectors = np.random.default_rng(1).normal(size=(GIVEN_CHUNKS + 1, counting.space.dim))
    memory.add_texts((f"text {at}" for at in range(len(vectors))), map(str, range(len(vectors))), vectors=vectors)  # type: ignore[arg-type]
    for at in (0, GIVEN_CHUNKS):
        assert [hit.uri for hit in memory.search("?", vector=vectors[at], mode="vector", limit=1)] == [str(at)]


@pytest.mark.parametrize(
    "vectors", [[[1.0, 2.0]], np.zeros((2, 256)), np.full((2, 256), np.nan), np.ones((1, 256)), "ab"]
)
def test_vectors_that_cannot_be_are_refused(memory: Memory, vectors: object) -> None:
    with pytest.raises(BadVectors):
        memory.add_texts(["a", "b"], vectors=vectors)  # type: ignore[arg-type]
    assert memory.list() == []


def test_columns_of_other_lengths_are_refused(memory: Memory) -> None:
    for columns in ({"uris": ["a"]}, {"titles": ["a", "b", "c"]}, {"uris": "ab"}):
        with pytest.raises(InputError):
            memory.add_texts(["a", "b"], **columns)
    with pytest.raises(InputError):
        memory.remember("a", tags="work")
    with pytest.raises(InputError):
        memory.remember("a", collection=" ")
    assert memory.list() == []


def test_documents_read_elsewhere_are_stored_as_they_are(memory: Memory) -> None:
    dated = datetime(2020, 1, 2, tzinfo=UTC)
    source = Source("mail:1", "grey heron", "Bird", "mail", "hash 1", dated_at=dated, metadata={"from": "me"})
    blank = Source("mail:2", " ", content_hash="hash 2")
    assert [result.status for result in memory.add_sources([source, blank])] == ["failed", "added"]
    assert [result.status for result in memory.add_sources([source])] == ["unchanged"]
    found = memory.get("mail:1")
    assert (found.title, found.kind, found.dated_at, found.metadata) == ("Bird", "mail", dated, {"from": "me"})


def test_bytes_are_read_by_their_name(memory: Memory) -> None:
    assert memory.add_bytes(b"# Herons\n\ngrey birds", "stdin:notes.md").status == "added"
    assert memory.get("stdin:notes.md").title == "Herons"
    assert memory.add_bytes(b"\0\1\2\3" * 50, "stdin:").status == "failed"


def test_a_file_brings_its_title_kind_and_times(memory: Memory, tmp_path: Path) -> None:
    path = write(tmp_path / "a.md", "---\ndate: 2020-01-02\n---\n# Herons\n\ngrey birds\n")
    memory.add(path)
    document = memory.get(str(path))
    assert (document.title, document.kind) == ("Herons", "markdown")
    assert document.dated_at == datetime(2020, 1, 2, tzinfo=UTC)
    assert document.modified_at == datetime.fromtimestamp(path.stat().st_mtime, UTC)
    assert document.text == path.read_text()
