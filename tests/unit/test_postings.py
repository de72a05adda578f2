"""Words' scores that are kept between searches: the same as fresh ones, whatever is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from vstash import HashEncoder, Memory
from vstash.store.sqlite.connection import connect, value
from vstash.store.sqlite.postings import Postings, _moment

TEXTS = [f"heron {'sky ' * (number % 4)}water {number}" for number in range(12)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    with Memory.open(path, encoder="hash") as memory:
        memory.add_texts(TEXTS)
    return path


@pytest.fixture
def memory(path: Path) -> Iterator[Memory]:
    with Memory.open(path, encoder="hash") as memory:
        yield memory


def found(memory: Memory, question: str = "heron sky water") -> list[tuple[int, float]]:
    return [(hit.chunk_id, hit.score) for hit in memory.search(question, mode="keyword", limit=20)]


def test_kept_scores_are_those_of_fts5(memory: Memory) -> None:
    fresh, kept, again = (found(memory) for _ in range(3))
    assert len(fresh) == len(TEXTS)
    assert [id_ for id_, _ in fresh] == [id_ for id_, _ in kept]
    assert [score for _, score in fresh] == pytest.approx([score for _, score in kept], rel=1e-12)
    assert kept == again


def test_kept_scores_count_what_is_said_again_as_fresh_ones_do(memory: Memory) -> None:
    fresh, kept = found(memory, "7 8 8 8 8"), found(memory, "7 8 8 8 8")
    assert [id_ for id_, _ in fresh] == [id_ for id_, _ in kept]
    assert [score for _, score in fresh] == pytest.approx([score for _, score in kept], rel=1e-12)
    assert fresh[0][0] != found(memory, "7 7 7 7 8")[0][0]


def test_what_is_written_is_found_at_once_by_whomever_it_was_written(memory: Memory, path: Path) -> None:
    assert len(found(memory)) == len(found(memory)) == len(TEXTS)
    [own] = memory.add_texts(["a heron of one's own"])
    assert len(found(memory)) == len(found(memory)) == len(TEXTS) + 1
    with Memory.open(path, encoder="hash") as other:
        other.forget(own.uri)
        other.remember("a heron of another's sky")
    assert "another" in memory.search("heron another", mode="keyword")[0].text
    assert len(found(memory)) == len(found(memory)) == len(TEXTS) + 1


def test_the_least_recently_used_words_give_way(path: Path) -> None:
    connection = apsw.Connection(str(path))
    postings = Postings(most=20)
    assert not postings.ready(connection)
    assert postings.ready(connection)
    for word in ('"heron"', '"sky"', '"heron"', '"water"'):
        assert len(postings.best(connection, {word: 1.0}, 5)) == 5
    assert list(postings._kept) == ['"water"']
    assert postings._size == len(TEXTS)
    assert postings.best(connection, {'"nothing"': 1.0, '"nowhere"': 1.0}, 5) == []
    connection.close()


def test_scores_are_made_anew_when_the_memory_has_grown(path: Path) -> None:
    """Far longer texts change the mean length of a chunk, and with it every score."""
    with Memory.open(path, encoder="hash") as memory, Memory.open(path, encoder="hash") as other:
        before = found(memory)
        assert [id_ for id_, _ in found(memory)] == [id_ for id_, _ in before]
        other.add_texts([f"{'reed ' * 200}{number}" for number in range(3)])
        kept = found(memory)
        with Memory.open(path, encoder="hash") as fresh:
            expected = found(fresh)
    assert [id_ for id_, _ in kept] == [id_ for id_, _ in expected]
    assert [score for _, score in kept] == pytest.approx([score for _, score in expected], rel=1e-12)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.db"
    with Memory.open(path, encoder="hash") as memory:
        memory.add_texts(
            [f"water {'sky ' * (number % 4)}{'heron ' * (number % 5 == 0)}{number}" for number in range(3000)]
        )
    return path


def test_what_was_added_is_added_to_what_is_kept(many: Path) -> None:
    with Memory.open(many, encoder="hash") as memory, Memory.open(many, encoder="hash") as other:
        found(memory), found(memory)
        asked: list[str] = []
        memory._store.connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: asked.append(event["sql"]))  # type: ignore[attr-defined]
        other.remember("heron heron water")
        memory.remember("heron, sky")
        kept = found(memory)
        with Memory.open(many, encoder="hash") as fresh:
            expected = found(fresh)
    assert [id_ for id_, _ in kept] == [id_ for id_, _ in expected]
    assert [score for _, score in kept] == pytest.approx([score for _, score in expected], rel=1e-4)
    assert {3001, 3002} <= {id_ for id_, _ in kept}
    scored = [sql for sql in asked if "saturation" in sql]
    assert scored
    assert all("rowid >" in sql for sql in scored)
    assert not any("bm25" in sql for sql in asked)  # which counts all the postings of a word


def test_what_was_taken_out_is_not_kept(many: Path) -> None:
    with Memory.open(many, encoder="hash") as memory, Memory.open(many, encoder="hash") as other:
        best = found(memory)[0][0]
        assert found(memory)[0][0] == best
        other.forget(memory.chunk(best).document.uri)
        left = found(memory)
        assert best not in {id_ for id_, _ in left}
        with Memory.open(many, encoder="hash") as fresh:
            found(fresh)
            assert left == found(fresh)


def test_a_word_that_was_nowhere_is_found_once_another_process_has_written_it(path: Path) -> None:
    with Memory.open(path, encoder="hash") as memory, Memory.open(path, encoder="hash") as other:
        assert [found(memory, "stork") for _ in range(3)] == [[], [], []]
        other.remember("a stork", uri="note:stork")
        assert [hit.uri for hit in memory.search("stork", mode="keyword")] == ["note:stork"]


def test_a_chunk_far_longer_than_the_others_is_noticed(many: Path, encoder: HashEncoder) -> None:
    """It changes the mean length of a chunk, by which every score goes."""
    with Memory.open(many, encoder=encoder) as memory, Memory.open(many, encoder=encoder) as other:
        found(memory), found(memory)
        other.add_texts(["filler " * 30_000], vectors=encoder.documents(["filler"]))
        kept = found(memory)
        with Memory.open(many, encoder=encoder) as fresh:
            expected = found(fresh)
    assert [id_ for id_, _ in kept] == [id_ for id_, _ in expected]
    assert [score for _, score in kept] == pytest.approx([score for _, score in expected], rel=1e-12)


def test_tokens_are_counted_as_fts5_counts_them(many: Path) -> None:
    connection = connect(many, create=False)
    assert _moment(connection).tokens == value(connection, "SELECT sum(cnt) FROM chunk_vocabulary") > 10_000
    connection.close()
