"""Is an export lossless, and is every line that is none refused by its number?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vstash import HashEncoder, InputError, Limits, Memory, SourceTooLarge, StoreCorrupt, StoreError
from vstash.store.base import Entry, Store
from vstash.store.sqlite.connection import connect
from vstash.types import Source, Space

START = datetime(2026, 1, 1, 0, 0, 0, 123456, UTC)


class Idle(HashEncoder):
    """One that is asked for nothing; that it reads more at once makes no other space of its own."""

    @property
    def space(self) -> Space:
        return replace(super().space, max_tokens=512)

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError(f"{len(texts)} texts are encoded")


class Naming(HashEncoder):
    """One that names word-pieces."""

    def pieces(self, text: str) -> list[int]:
        return [len(word) for word in text.split()]


def ticking() -> Iterator[datetime]:
    at = START
    while True:
        at += timedelta(hours=1)
        yield at


def opened(path: Path | str, dim: int = 64) -> Memory:
    clock = ticking()
    return Memory.open(path, encoder=HashEncoder(dim), now=lambda: next(clock))


def fill(memory: Memory) -> None:
    memory.add_texts(
        ["grey heron", "white\nstork é 鳥"], ["b", "a"], ["Heron", "Stork"], collection="birds", tags=["x", "y"]
    )
    memory.remember("# Reeds\n\nsnake_case words\n\n## Water\n\n" + "the reed bends. " * 200, title="Reed")
    source = Source("c", "dated text", "Dated", content_hash="1", metadata={"author": "Ö", "n": [1, None]})
    list(memory.add_sources([source]))


def lines(memory: Memory, *, vectors: bool) -> list[str]:
    written: list[str] = []
    memory.export(written.append, vectors=vectors)
    return written


def contents(memory: Memory) -> dict[str, tuple[Any, ...]]:
    store: Store = memory._store
    found = {}
    for document in store.documents():
        entry = store.entry(document.uri)
        assert isinstance(entry, Entry)
        fields = (entry.source, entry.recipe, entry.chunks, entry.terms, entry.keys, document.added_at)
        found[document.uri] = (*fields, entry.vectors.tobytes())
    return found


@pytest.mark.parametrize("vectors", [True, False])
def test_a_round_trip_gives_an_equal_memory(database: Path, tmp_path: Path, vectors: bool) -> None:
    with opened(database) as memory, opened(tmp_path / "second.db") as other:
        fill(memory)
        written = lines(memory, vectors=vectors)
        assert [result.status for result in other.import_(written)] == ["added"] * 4
        assert contents(other) == contents(memory)
        assert other.check().ok
        assert lines(other, vectors=vectors) == written
        assert [hit.text for hit in other.search("heron")] == [hit.text for hit in memory.search("heron")]


def test_vectors_that_are_brought_need_no_encoder(memory: Memory, tmp_path: Path) -> None:
    memory.add_texts(["grey heron"], ["a"])
    written = lines(memory, vectors=True)
    with Memory.open(tmp_path / "second.db", encoder=None) as other:
        assert [result.status for result in other.import_(written)] == ["added"]
        assert other.stats()["encoder"] == memory.stats()["encoder"]


def test_vectors_of_the_encoders_space_are_not_made_anew(memory: Memory) -> None:
    fill(memory)
    with Memory.open(":memory:", encoder=Idle()) as other:
        assert [result.status for result in other.import_(lines(memory, vectors=True))] == ["added"] * 4


def test_what_is_encoded_has_the_keys_and_word_pieces_of_an_add(memory: Memory) -> None:
    memory.add_texts(["grey heron"], ["/birds/heron.txt"], ["heron.txt"])  # a title that is but the name
    with Memory.open(":memory:", encoder=Naming()) as other:
        list(other.import_(lines(memory, vectors=False)))
        own, made = (one._store.entry("/birds/heron.txt") for one in (memory, other))
        assert own is not None
        assert made is not None
        assert made.keys == own.keys
        assert [ids.tolist() for ids in made.pieces] == [[4, 5]]


def test_without_vectors_or_encoder_it_says_what_to_do(memory: Memory, tmp_path: Path) -> None:
    memory.add_texts(["grey heron"], ["a"])
    with Memory.open(tmp_path / "second.db", encoder=None) as other, pytest.raises(InputError) as caught:
        list(other.import_(lines(memory, vectors=False)))
    assert "--encoder" in caught.value.hint


def test_another_space_gets_vectors_of_its_own(memory: Memory, tmp_path: Path) -> None:
    memory.add_texts(["grey heron"], ["a"])
    with opened(tmp_path / "second.db", dim=32) as other:
        other.add_texts(["white stork"], ["b"])
        list(other.import_(lines(memory, vectors=True)))
        assert other.check().ok
        assert other.search("grey heron", mode="vector")[0].uri == "a"


def test_an_empty_memory_gets_vectors_of_its_encoder(memory: Memory) -> None:
    fill(memory)
    with opened(":memory:", dim=32) as other:
        list(other.import_(lines(memory, vectors=True)))
        assert other.search("heron")[0].uri == "b"
        assert other.stats()["encoder"] == "hash-32-v1"


@pytest.mark.parametrize(
    "change",
    [
        {"max_tokens": 2**70},
        {"max_tokens": -1},
        {"dim": 0},
        {"dim": -1},
        {"dim": 2**70},
        {"noise": [float("nan"), float("nan")]},
        {"noise": [0.1, float("inf")]},
    ],
)
def test_a_space_that_cannot_be_is_refused(memory: Memory, change: dict[str, object]) -> None:
    fill(memory)
    header, *rest = lines(memory, vectors=True)
    space = {**json.loads(header)["space"], **change}
    with opened(":memory:") as other:
        with pytest.raises(InputError, match="line 1 of the export: space"):
            list(other.import_([json.dumps({**json.loads(header), "space": space}), *rest]))
        assert other.list() == []


def test_a_batch_with_a_vector_missing_gets_them_made_anew(memory: Memory) -> None:
    memory.add_texts(["grey heron", "white stork"], ["a", "b"])
    header, first, second = lines(memory, vectors=True)
    bare = json.loads(second)
    del bare["chunks"][0]["vector"]
    with Memory.open(":memory:", encoder=HashEncoder()) as other:
        assert [one.status for one in other.import_([header, first, json.dumps(bare)])] == ["added"] * 2


def test_the_oldest_comes_first_and_what_came_together_in_its_order(database: Path) -> None:
    with opened(database) as memory:
        for uris in ("cab", "d", "c"):
            memory.add_texts([f"heron {uris}"] * len(uris), list(uris))
        assert [json.loads(line)["uri"] for line in lines(memory, vectors=False)[1:]] == ["a", "b", "d", "c"]
        memory.add_texts(["stork"] * 2, ["z", "e"])
        assert [json.loads(line)["uri"] for line in lines(memory, vectors=False)[-2:]] == ["z", "e"]


def test_blank_lines_say_nothing(memory: Memory) -> None:
    fill(memory)
    spaced = [part for line in lines(memory, vectors=False) for part in ("\n", line)]
    assert {result.status for result in memory.import_(spaced)} == {"unchanged"}


def test_what_is_there_needs_neither_encoder_nor_room(memory: Memory, database: Path) -> None:
    fill(memory)
    written = lines(memory, vectors=False)
    with Memory.open(database, encoder=None) as other:
        found = list(other.within(Limits(max_chunks=1)).import_(written))
    assert {result.status for result in found} == {"unchanged"}


def test_importing_again_changes_nothing(memory: Memory) -> None:
    fill(memory)
    before = contents(memory)
    assert {result.status for result in memory.import_(lines(memory, vectors=True))} == {"unchanged"}
    assert contents(memory) == before


def test_a_store_in_the_process_exports_the_same(database: Path) -> None:
    with opened(database) as memory, opened(":memory:") as plain:
        fill(memory)
        fill(plain)
        first, second = ([json.loads(line) for line in lines(one, vectors=True)][1:] for one in (memory, plain))
        assert [one["uri"] for one in first] == [one["uri"] for one in second]
        assert [one["chunks"] for one in first] == [one["chunks"] for one in second]


def damaged(line: str, **changes: object) -> str:
    return json.dumps({**json.loads(line), **changes})


@pytest.mark.parametrize(
    "change",
    [
        {"uri": ""},
        {"uri": 7},
        {"chunks": []},
        {"chunks": [{"text": ""}]},
        {"chunks": [{"text": "a", "vector": "AAAA", "key": ""}]},
        {"chunks": [{"text": "a", "vector": "no base64", "key": ""}]},
        {"added_at": "yesterday"},
        {"added_at": "2026-01-01T00:00:00"},
        {"tags": "x"},
        {"unheard": "of"},
        {"metadata": []},
        {"metadata": {"a": float("nan")}},
        {"added_at": "0001-01-01T00:00:00+14:00"},
        {"modified_at": "9999-12-31T23:59:59-14:00"},
        {"chunks": [{"text": "a", "pieces": [1 << 32]}]},
        {"chunks": [{"text": "a", "pieces": [5, 3]}]},
        {"chunks": [{"text": "a", "pieces": [3, 3]}]},
    ],
)
def test_a_line_that_is_wrong_is_named(memory: Memory, tmp_path: Path, change: dict[str, object]) -> None:
    memory.add_texts(["grey heron", "stork"], ["a", "b"])
    head, first, second = lines(memory, vectors=True)
    with opened(tmp_path / "second.db", dim=256) as other:
        with pytest.raises(InputError, match="line 3"):
            list(other.import_([head, first, damaged(second, **change)]))
        assert other.check().ok


@pytest.mark.parametrize("good", [1, 63, 64, 130])
@pytest.mark.parametrize("broken", ["{\n", None, {"uri": ""}, {"chunks": [{"text": "a", "vector": "AAAA", "key": ""}]}])
def test_what_came_before_a_wrong_line_is_stored(
    tmp_path: Path, good: int, broken: str | dict[str, Any] | None
) -> None:
    with Memory.open(tmp_path / "first.db", encoder="hash") as memory:
        memory.add_texts([f"heron {number}" for number in range(200)])
        written: list[Any] = lines(memory, vectors=True)
    written[good + 1] = damaged(written[good + 1], **broken) if isinstance(broken, dict) else broken
    with Memory.open(tmp_path / "second.db", encoder="hash") as other:
        found = other.import_(written)
        results = [next(found) for _ in range(good)]
        with pytest.raises(InputError, match=f"line {good + 2}"):
            next(found)
        assert {one.status for one in results} == {"added"}
        assert [one.uri for one in results] == [json.loads(line)["uri"] for line in written[1 : good + 1]]
        assert other.stats()["documents"] == good


@pytest.mark.parametrize("line", ["", "{}", "[]", "null", "{", '{"format": 99}', '{"format": 1}', "[" * 100_000])
def test_what_is_no_export_is_refused(memory: Memory, line: str) -> None:
    with pytest.raises(InputError):
        list(memory.import_([line]))


def test_half_a_character_pair_is_refused(memory: Memory) -> None:
    memory.add_texts(["grey heron"], ["a"])
    head, first = lines(memory, vectors=False)
    with pytest.raises(InputError):
        list(memory.import_([head, first.replace("heron", "\\ud800")]))


@given(st.lists(st.text(max_size=80), max_size=4))
def test_no_line_is_a_traceback(given_lines: list[str]) -> None:
    header = json.dumps({"vstash": "export", "format": 1, "space": None})
    with Memory.open(":memory:", encoder=HashEncoder(8)) as memory:
        with suppress(InputError):  # and nothing else
            assert all(result.status for result in memory.import_([header, *given_lines]))
        assert memory.list() == []


def test_vectors_come_back_bit_for_bit(memory: Memory, tmp_path: Path) -> None:
    vectors = np.eye(3, 256, dtype=np.float32)
    memory.add_texts(["a", "b", "c"], ["a", "b", "c"], vectors=vectors)
    with Memory.open(tmp_path / "second.db", encoder=HashEncoder()) as other:
        list(other.import_(lines(memory, vectors=True)))
        entry = other._store.entry("b")
        assert entry is not None
        assert np.array_equal(entry.vectors, vectors[1:2])


@pytest.mark.parametrize("raised", [UnicodeEncodeError("ascii", "é", 0, 1, "no"), OverflowError("full")], ids=str)
def test_what_the_writer_raises_is_not_said_of_the_memory(database: Path, raised: Exception) -> None:
    def write(line: str) -> None:
        raise raised

    with opened(database) as memory:
        fill(memory)
        with pytest.raises(type(raised)) as caught:
            memory.export(write)
        assert caught.value is raised
        assert memory.remember("written afterwards").status == "added"


def test_what_is_written_amid_an_export_is_refused_as_it_would_be_lost(database: Path) -> None:
    with Memory.open(database, encoder=HashEncoder(64)) as memory:
        fill(memory)
        before = [one.uri for one in memory.list()]
        with pytest.raises(StoreError, match="is being read as of one moment"):
            memory.export(lambda line: memory.remember(f"a note on {line:.20}"))
        with pytest.raises(StoreError, match="is being read as of one moment"):
            memory.export(lambda _: memory.forget("a"))
        assert [one.uri for one in memory.list()] == before
        assert memory.remember("afterwards").status == "added"


def test_the_limits_hold_for_an_import_too(memory: Memory, tmp_path: Path) -> None:
    fill(memory)
    written = lines(memory, vectors=True)
    with Memory.open(tmp_path / "second.db", encoder=None) as other:
        found = list(other.within(Limits(max_chunks=2)).import_(written))
        assert sorted(one.status for one in found) == ["added"] * 3 + ["failed"]
        [failed] = [one for one in found if one.status == "failed"]
        assert "max_chunks" in (failed.error or "")
        assert failed.uri not in {one.uri for one in other.list()}
        most = max(one.chunks for one in memory.list())
        assert [one.status for one in other.within(Limits(max_chunks=most)).import_(written)].count("added") == 1
    with Memory.open(tmp_path / "third.db", encoder=None) as other:
        long = [written[0], " " * (1 << 20) + written[1]]
        with pytest.raises(SourceTooLarge, match="line 2"):
            list(other.within(Limits(max_unpacked=1)).import_(long))
        assert other.list() == []


def test_a_text_whose_vector_is_gone_is_exported_all_the_same(database: Path, tmp_path: Path) -> None:
    with opened(database) as memory, opened(tmp_path / "second.db") as other:
        fill(memory)
        expected = lines(memory, vectors=False)
        with closing(connect(database, create=False)) as connection:
            connection.execute("DELETE FROM vector_1 WHERE chunk_id % 2")
        assert lines(memory, vectors=False) == expected
        assert {one.status for one in other.import_(expected)} == {"added"}
        with pytest.raises(StoreCorrupt, match=r"vectors of .* are gone"):
            lines(memory, vectors=True)


def test_a_vector_of_damaged_bytes_is_not_exported(database: Path) -> None:
    with opened(database) as memory:
        fill(memory)
        with closing(connect(database, create=False)) as connection:
            connection.execute("UPDATE vector_1 SET vector = unhex(replace(hex(zeroblob(length(vector))), '00', 'FF'))")
        with pytest.raises(StoreCorrupt, match=r"vectors of .* are gone or damaged"):
            lines(memory, vectors=True)
        assert lines(memory, vectors=False)


def test_a_document_that_lost_a_passage_is_not_exported_without_it(database: Path) -> None:
    with opened(database) as memory:
        fill(memory)
        with closing(connect(database, create=False)) as connection:
            connection.pragma("foreign_keys", False)
            connection.execute("DELETE FROM chunk WHERE id = 2")
        with pytest.raises(StoreCorrupt, match=r"has \d of its \d passages"):
            lines(memory, vectors=False)


def test_an_export_that_is_cut_short_between_two_lines_is_told(memory: Memory, tmp_path: Path) -> None:
    fill(memory)
    written = lines(memory, vectors=True)
    with Memory.open(tmp_path / "second.db", encoder=None) as other:
        results = other.import_(written[:-1])
        assert [next(results).status for _ in range(3)] == ["added"] * 3
        with pytest.raises(InputError, match="cut short: 3 of 4 documents"):
            next(results)
        assert len(other.list()) == 3
