"""Does a search return what was asked for, in every mode, and write nothing?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vstash import HashEncoder, Memory, Query, Source
from vstash.errors import BadVectors, InvalidFilter, InvalidQuery
from vstash.filters import Eq, Not, Tag
from vstash.types import FUSIONS

TEXTS = {
    "bird:heron": "The grey heron stands in the reed and waits for fish",
    "bird:stork": "The white stork nests on chimneys and eats frogs",
    "bird:crane": "The crane dances in the marsh before it flies south",
    "tool:crane": "A tower crane lifts steel at the building site",
    "food:fish": "Smoked fish with dill and potatoes",
}


NOTES = [f"note {at} about topic{at % 700} and topic{at % 13}" for at in range(5_200)]
TURN = np.linalg.qr(np.random.default_rng(1).standard_normal((256, 256)))[0].astype(np.float32)


@pytest.fixture
def memory(memory: Memory) -> Memory:
    for uri, text in TEXTS.items():
        memory.remember(text, uri=uri, collection=uri.split(":")[0], tags=[uri.split(":")[1]])
    return memory


def uris(memory: Memory, question: str, **options: object) -> list[str]:
    return [hit.uri for hit in memory.search(question, **options)]  # type: ignore[arg-type]


def state(database: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in database.parent.iterdir()
        if not path.name.endswith("-shm")  # locks of readers
    }


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "vector"])
def test_every_mode_finds_the_document(memory: Memory, mode: str) -> None:
    assert uris(memory, "stork chimneys frogs", mode=mode)[0] == "bird:stork"


def test_keyword_mode_finds_only_what_holds_a_word(memory: Memory) -> None:
    assert sorted(uris(memory, "crane", mode="keyword")) == ["bird:crane", "tool:crane"]
    assert uris(memory, "whale", mode="keyword") == []


def test_keyword_mode_folds_case_accents_and_endings(memory: Memory) -> None:
    memory.remember("Im Café von MÜNCHEN", uri="cafe")
    for question in ("münchen", "cafe", "MUNCHEN", "cafes"):
        assert uris(memory, question, mode="keyword") == ["cafe"]


@pytest.mark.parametrize("question", ["可爱", "我的猫", "很可", "爱", "我", "猫"])
def test_keyword_mode_finds_words_of_scripts_without_spaces(memory: Memory, question: str) -> None:
    memory.remember("我的猫很可爱", uri="cat")
    assert uris(memory, question, mode="keyword") == ["cat"]


def test_keyword_mode_finds_pieces_of_identifiers(memory: Memory) -> None:
    memory.remember("class HttpServer: def parse_header(self)", uri="code")
    for question in ("server", "header", "HttpServer", "parse_header"):
        assert uris(memory, question, mode="keyword") == ["code"]


def test_a_phrase_must_occur(memory: Memory) -> None:
    assert uris(memory, '"tower crane"', mode="keyword") == ["tool:crane"]
    assert uris(memory, '"crane tower"', mode="keyword") == []


def test_both_kinds_of_words_in_a_phrase_must_occur(memory: Memory) -> None:
    texts = [
        "부산의 Lotte 호텔에 묵는다",
        "부산의 다른 호텔에 묵는다",
        "Use Python 3で書く",
        "Use Python with 3 others で書く",
    ]
    list(memory.add_texts(texts, ["lotte", "other", "python", "three"]))
    assert uris(memory, '"Lotte 호텔"', mode="keyword") == ["lotte"]
    assert uris(memory, '"Python 3で"', mode="keyword") == ["python"]


def test_vector_mode_shows_cosines(memory: Memory, encoder: HashEncoder) -> None:
    first = memory.search(TEXTS["food:fish"], mode="vector")[0]
    assert first.uri == "food:fish"
    assert first.score == pytest.approx(1.0, abs=1e-5)


def test_a_hit_says_all_there_is_to_say(memory: Memory) -> None:
    hit = memory.search("stork")[0]
    assert (hit.uri, hit.seq, hit.start, hit.end) == ("bird:stork", 0, 0, len(TEXTS["bird:stork"]))
    assert (hit.text, hit.document.uri, hit.document.collection, hit.document.tags) == (
        TEXTS["bird:stork"],
        "bird:stork",
        "bird",
        ("stork",),
    )
    assert memory.chunk(hit.chunk_id).chunk.text == hit.text


@pytest.mark.parametrize("fusion", [None, *FUSIONS])
def test_scores_are_the_sum_of_what_made_them(memory: Memory, fusion: str | None) -> None:
    results = memory.search("crane fish", fusion=fusion, recency=30, diversity=0.5)
    assert len(results) >= 3
    for hit in results:
        assert math.fsum(part.share for part in hit.why) == hit.score
        assert {"vector", "keyword"} <= {part.arm for part in hit.why}
    assert [hit.score for hit in results] == sorted((hit.score for hit in results), reverse=True)


def test_filters_are_applied_before_the_best_are_taken(memory: Memory) -> None:
    memory.add_texts([f"grey heron number {at}" for at in range(300)], collection="noise")
    assert uris(memory, "grey heron", collection="bird")[0] == "bird:heron"
    for mode in ("hybrid", "keyword", "vector"):
        assert uris(memory, "grey heron", mode=mode, limit=1, tags=["heron"]) == ["bird:heron"]
    assert len(uris(memory, "grey heron", limit=10, filter=Not(Eq("collection", "noise")))) == 5


def test_filters_and_options_must_all_hold(memory: Memory) -> None:
    assert uris(memory, "crane", collection="bird", filter=Tag("crane")) == ["bird:crane"]
    assert uris(memory, "crane", collection="bird", after="2100-01-01") == []
    assert len(uris(memory, "crane", before="2100-01-01")) == 5


def test_dates_are_those_of_the_document_or_else_of_its_adding(memory: Memory) -> None:
    old = Source("old", "crane of yore", content_hash="x", dated_at=datetime(1999, 1, 1, tzinfo=UTC))
    list(memory.add_sources([old]))
    assert uris(memory, "crane", before="2000-01-01") == ["old"]
    assert "old" not in uris(memory, "crane", after="2000-01-01")


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_limit_is_kept_and_asking_for_more_moves_nothing(memory: Memory, limit: int) -> None:
    assert uris(memory, "crane fish", limit=limit) == uris(memory, "crane fish", limit=5)[:limit]


def test_what_says_the_same_is_shown_once(memory: Memory) -> None:
    memory.remember(TEXTS["food:fish"].upper() + "\n", uri="copy")
    assert len({"copy", "food:fish"} & set(uris(memory, "smoked fish dill", limit=10))) == 1


def test_a_window_joins_the_neighbours(memory: Memory) -> None:
    paragraphs = [" ".join(f"w{part}x{at}" for at in range(100)) + "." for part in range(8)]
    text = "\n\n".join(paragraphs)
    memory.remember(text, uri="long")
    assert memory.get("long").chunks >= 4
    plain = memory.search("w3x5 w3x6", limit=1, mode="keyword")[0]
    wide = memory.search("w3x5 w3x6", limit=1, mode="keyword", window=1)[0]
    assert wide.chunk_id == plain.chunk_id
    assert wide.start < plain.start < plain.end < wide.end
    assert wide.text == text[wide.start : wide.end]
    whole = memory.search("w3x5 w3x6", limit=1, mode="keyword", window=10)[0]
    assert (whole.start, whole.end, whole.text) == (0, len(text), text)


def test_by_document_keeps_the_best_passage_of_each(memory: Memory) -> None:
    memory.remember("\n\n".join("marsh " * 150 + f"part {part}" for part in range(4)), uri="long")
    found = [hit.uri for hit in memory.search(Query("marsh", limit=10, by_document=True))]
    assert len(found) == len(set(found))
    assert "long" in found


def test_confidence_tells_nonsense_from_sense(memory: Memory) -> None:
    assert memory.search("zyzzyva qwertz flibbertigibbet").confidence == "low"
    assert memory.search(TEXTS["bird:stork"]).confidence == "high"


def test_a_vector_takes_the_place_of_the_words(memory: Memory, encoder: HashEncoder) -> None:
    vector = encoder.query(TEXTS["bird:stork"]) * 7
    for given in (vector, vector.tolist(), vector.astype(np.float64)):
        assert uris(memory, "nothing of the kind", vector=given)[0] == "bird:stork"


@pytest.mark.parametrize("vector", [[1.0, 2.0], np.zeros(256), np.full(256, np.nan), np.ones((1, 256))])
def test_a_vector_that_cannot_be_is_refused(memory: Memory, vector: object) -> None:
    with pytest.raises(BadVectors) as refused:
        memory.search("x", vector=vector)  # type: ignore[arg-type]
    assert "vector=" in refused.value.hint


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"limit": -1},
        {"limit": "3"},
        {"limit": 10**9},
        {"mode": "magic"},
        {"fusion": "magic"},
        {"weights": (0, 0)},
        {"weights": (-1, 2)},
        {"weights": (float("nan"), 1)},
        {"weights": ("a", "b")},
        {"weights": (1,)},
        {"recency": 0},
        {"recency": float("nan")},
        {"recency": "30"},
        {"diversity": 2},
        {"window": -1},
        {"window": 0.5},
    ],
)
def test_options_out_of_range_are_refused(memory: Memory, options: dict[str, object]) -> None:
    with pytest.raises(InvalidQuery) as caught:
        memory.search("crane", **options)  # type: ignore[arg-type]
    assert caught.value.hint


@pytest.mark.parametrize("question", ["", "  \n", "x" * 20_001, None, 7])
def test_questions_that_are_none_are_refused(memory: Memory, question: object) -> None:
    with pytest.raises(InvalidQuery):
        memory.search(question)  # type: ignore[arg-type]


def test_a_date_that_is_none_is_refused(memory: Memory) -> None:
    with pytest.raises(InvalidFilter):
        memory.search("crane", after="someday")


def test_an_empty_memory_has_no_hits(database: Path, encoder: HashEncoder) -> None:
    with Memory.open(database, encoder=encoder) as memory:
        for mode in ("hybrid", "keyword", "vector"):
            results = memory.search("crane", mode=mode)
            assert (len(results), results.confidence) == (0, "low")


def test_the_vectors_count_for_more_the_nearer_the_best_passage(memory: Memory) -> None:
    def weight(question: str) -> float:
        """The vectors', as the trace has it; the other side has the rest of 1."""
        [fused] = [note.detail for note in memory.search(question, fusion="gated").trace if note.step == "fuse"]
        return float(dict(side.split() for side in fused.removeprefix("gated: ").split(", "))["vector"])

    assert weight(TEXTS["bird:stork"]) > 0.7
    assert weight("a crane and words that stand in none of the others") < 0.3


def test_the_trace_accounts_for_every_step(memory: Memory) -> None:
    results = memory.search("crane", limit=2)
    assert [note.step for note in results.trace] == [
        "encode",
        "plan",
        "vector",
        "keyword",
        "fuse",
        *results.plan.stages,
        "hydrate",
    ]
    assert results.trace[-1].after == len(results) == 2
    assert results.took >= sum(note.took for note in results.trace)


def test_results_are_a_sequence(memory: Memory) -> None:
    results = memory.search("crane", limit=3)
    assert len(results) == 3
    assert list(results) == [results[0], results[1], results[2]]
    assert results[-1] == results[2]
    assert results[:2] == (results[0], results[1])


def test_nothing_is_written_by_a_search(memory: Memory, database: Path) -> None:
    before = state(database)
    for mode in ("hybrid", "keyword", "vector"):
        memory.search("crane", mode=mode, tags=["crane"], recency=3, diversity=0.5, window=1)
    memory.why("crane", "food:fish")
    memory.stats()
    assert state(database) == before


def test_a_search_sees_one_state_whoever_writes_meanwhile(memory: Memory, database: Path) -> None:
    with Memory.open(database, encoder=HashEncoder()) as other:
        assert uris(memory, "walrus", mode="keyword") == []
        other.remember("a walrus", uri="walrus")
        assert uris(memory, "walrus", mode="keyword") == ["walrus"]


class Turned(HashEncoder):
    """The cosines of hashed words without their zeros: all vectors are turned alike."""

    def documents(self, texts: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        turned: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = super().documents(texts) @ TURN
        return turned


@pytest.fixture
def large(database: Path) -> Iterator[Memory]:
    """The texts among more notes than are compared one by one."""
    with Memory.open(database, encoder=Turned()) as memory:
        memory.add_texts(list(TEXTS.values()), list(TEXTS))
        memory.add_texts(NOTES, vectors=Turned().documents(NOTES))
        yield memory


def test_large_memories_go_by_the_codes_and_find_the_same(large: Memory, database: Path) -> None:
    memory, encoder = large, Turned()
    results = memory.search(TEXTS["bird:heron"], mode="vector", limit=3)
    arm = results.plan.arm("vector")
    assert arm is not None
    assert arm.path == "codes"
    assert results[0].uri == "bird:heron"
    assert results[0].score == pytest.approx(1.0, abs=1e-5)
    with Memory.open(database, encoder=encoder) as other:  # whatever is kept in memory must notice
        other.forget("bird:heron")
        other.remember("heron and reed and fish", uri="new")
    assert uris(memory, "heron and reed and fish", mode="vector", limit=1) == ["new"]
    assert "bird:heron" not in uris(memory, TEXTS["bird:heron"], mode="vector", limit=20)
    memory.forget("new")
    assert uris(memory, "heron and reed and fish", mode="vector", limit=1) != ["new"]


def test_few_words_are_found_in_a_large_memory_of_hashed_words(memory: Memory, encoder: HashEncoder) -> None:
    """Their vectors are mostly zero, and signs do not tell zeros apart."""
    encoded = encoder.documents(NOTES)
    memory.add_texts(NOTES, NOTES, vectors=encoded)
    for at in (7, 1812, 3003):
        question = f"about topic{at} {at}"
        results = memory.search(question, mode="vector", limit=10)
        cosines = [float(cosine) for cosine in np.sort(encoded @ encoder.query(question))[:-11:-1]]
        assert [hit.score for hit in results] == pytest.approx(cosines, abs=1e-5)
        assert "all are compared" in "; ".join(results.plan.reason)


def test_facts_are_asked_for_the_top_alone_unless_it_says_the_same(tmp_path: Path, encoder: HashEncoder) -> None:
    asked: list[int] = []

    def note(_: object, sql: str, bindings: tuple[str]) -> bool:
        if "chunk.digest" in sql:
            asked.append(len(json.loads(bindings[0])))
        return True

    with Memory.open(tmp_path / "many.db", encoder=encoder) as memory:
        memory.add_texts([f"heron number {number}" for number in range(200)])
        memory.add_texts(["gull!" + " " * number for number in range(30)])
        memory._store.connection.exec_trace = note  # type: ignore[attr-defined]
        assert len(memory.search("heron", limit=5)) == 5
        assert asked == [20]
        asked.clear()
        assert len({hit.text.strip() for hit in memory.search("gull", limit=5)}) == 5
        assert asked[0] == 20 < asked[1]


def test_passages_that_say_the_same_do_not_crowd_out_the_others(tmp_path: Path, encoder: HashEncoder) -> None:
    with Memory.open(tmp_path / "same.db", encoder=encoder) as memory:
        memory.add_texts(["gull " * 20 + " " * number for number in range(400)])
        memory.add_texts([f"a gull and a long list of other birds, {number} of them" for number in range(9)])
        found = memory.search("gull gull gull", limit=5)
        assert len({hit.text.strip() for hit in found}) == 5
        assert any("repetitions" in reason for reason in found.plan.reason)
        assert len(memory.search("gull", limit=5, mode="keyword")) == 5


class Reader(HashEncoder):
    """An encoder that knows words of ASCII alone; all others are one word to it."""

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().documents([" ".join(w if w.isascii() else "unknown" for w in text.split()) for text in texts])

    def reads(self, text: str) -> bool:
        return any(word.isascii() for word in text.split())


def test_a_question_that_the_encoder_cannot_read_is_answered_by_its_words_alone(tmp_path: Path) -> None:
    with Memory.open(tmp_path / "notes.db", encoder=Reader()) as memory:
        memory.add_texts(["第一天 参观 兵马俑", "🦆", "a heron"], ["trip", "duck", "bird"])
        memory.add_texts([f"one more reed by the lake in the north {at}" for at in range(20)])
        found = memory.search("兵马俑")
        assert [hit.uri for hit in found] == ["trip"]
        assert found.confidence == "high"
        assert any("not know the words of the question" in reason for reason in found.plan.reason)
        assert found[0].score > 1  # as FTS5's BM25 has it
        assert not memory.search("🦊")
        assert memory.search("🦊", vector=HashEncoder().query("a heron"))[0].uri == "bird"
        assert memory.search("🦊", mode="vector")[0].uri == "duck"  # there are no words to fall back on
