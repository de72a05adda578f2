"""Is what `why` says of a lost document true, and does its remedy bring the document back?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vstash import HashEncoder, Memory, Query, Source, why
from vstash.errors import DocumentNotFound
from vstash.filters import And, Eq, Not, Tag, from_options
from vstash.rank.fuse import CORE
from vstash.search import Trace, find
from vstash.types import Arm, Mode, Plan, Term
from vstash.why import Loss

LOST = "lost"
LATER = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory.open(tmp_path / "notes.db", encoder=HashEncoder())


def fill(memory: Memory, *texts: str) -> None:
    memory.add_texts(texts, [f"other:{at}" for at in range(len(texts))])


def uris(memory: Memory, query: Query) -> list[str]:
    return [hit.uri for hit in memory.search(query)]


def followed(memory: Memory, query: Query, stage: str) -> Loss:
    """The loss, which must be of this stage; following its remedy must return the document."""
    assert LOST not in uris(memory, query)
    loss = memory.why(query, LOST)
    assert loss.stage == stage
    assert loss.detail
    assert loss.advice
    assert loss.remedy is not None
    assert LOST in uris(memory, loss.remedy)
    return loss


def test_a_document_that_is_found_is_not_lost(memory: Memory) -> None:
    memory.remember("grey heron", uri=LOST)
    loss = memory.why("heron", LOST)
    assert (loss.stage, loss.rank, loss.remedy) == ("found", 1, None)


def test_a_document_that_is_not_there_is_an_error(memory: Memory) -> None:
    with pytest.raises(DocumentNotFound):
        memory.why("heron", "nowhere")


def test_lost_to_a_filter(memory: Memory) -> None:
    memory.remember("grey heron", uri=LOST, collection="home")
    loss = followed(memory, Query("heron", filter=Eq("collection", "work")), "filter")
    assert "work" in loss.detail
    assert loss.remedy == Query("heron")


def test_a_filter_is_named_by_its_option(memory: Memory) -> None:
    memory.remember("grey heron", uri=LOST)
    loss = followed(memory, Query("heron", filter=from_options(after="2999-01-01", tags=["bird"])), "filter")
    assert loss.detail == "the document does not pass --tag bird, --after 2999-01-01"
    assert loss.advice == "search without --tag bird, --after 2999-01-01"


def test_only_the_filters_that_fail_are_given_up(memory: Memory) -> None:
    memory.remember("grey heron", uri=LOST, collection="home", tags=["bird"])
    rule = And((Tag("bird"), And((Eq("collection", "work"), Not(Tag("fish"))))))
    loss = followed(memory, Query("heron", filter=rule), "filter")
    assert loss.remedy == Query("heron", filter=And((Tag("bird"), Not(Tag("fish")))))


def test_lost_to_a_filter_and_then_to_the_limit(memory: Memory) -> None:
    fill(memory, *(f"grey heron heron {at}" for at in range(20)))
    memory.remember("a grey heron and many other words about other birds", uri=LOST, collection="home")
    loss = followed(memory, Query("grey heron", limit=2, filter=Eq("collection", "default")), "filter")
    assert loss.remedy is not None
    assert loss.remedy.limit > 2
    assert f"-n {loss.remedy.limit}" in loss.advice


def test_lost_on_the_keyword_side_without_any_of_the_words(memory: Memory) -> None:
    memory.remember("white stork", uri=LOST)
    fill(memory, "grey heron")
    loss = followed(memory, Query("heron", mode="keyword"), "keyword")
    assert "none of the words" in loss.detail


def test_lost_on_the_keyword_side_when_no_word_is_known(memory: Memory) -> None:
    memory.remember("white stork", uri=LOST)
    loss = followed(memory, Query("walrus", mode="keyword"), "keyword")
    assert "no word" in loss.detail


def test_words_are_said_as_people_write_them(memory: Memory) -> None:
    fill(memory, "ลิ้นชักที่บ้าน", "पासपोर्ट दराज में")
    memory.remember("sky", uri=LOST)
    assert memory.why(Query("ลิ้นชัก", mode="keyword"), LOST).detail.endswith("(ชัก, นชั, ลิ้)")
    assert "पासपोर्ट" in memory.why(Query("पासपोर्ट", mode="keyword"), LOST).detail


def test_lost_on_the_keyword_side_behind_the_candidates(memory: Memory) -> None:
    fill(memory, *(f"heron {at}" for at in range(CORE)), *(f"sky {at}" for at in range(CORE)))
    memory.remember("a heron among a great many other words", uri=LOST)
    loss = followed(memory, Query("heron", mode="keyword"), "keyword")
    assert f"stands at {CORE + 1}" in loss.detail


def test_lost_on_the_vector_side(memory: Memory) -> None:
    fill(memory, *(f"grey heron {at}" for at in range(CORE + 10)))
    memory.remember("something else altogether", uri=LOST)
    loss = followed(memory, Query("grey heron", mode="vector"), "vector")
    assert f"stands at {CORE + 11}" in loss.detail
    assert "cosine" in loss.detail


def test_lost_among_the_candidates_of_both_sides(memory: Memory) -> None:
    fill(memory, *(f"grey heron {at}" for at in range(CORE + 10)))
    memory.remember("something else altogether", uri=LOST)
    loss = followed(memory, Query("grey heron"), "candidates")
    assert "none of the words" in loss.detail
    assert "cosine" in loss.detail


def test_lost_to_the_published_cutoff(memory: Memory) -> None:
    fill(memory, "grey heron", *(f"something else {at}" for at in range(60)))
    memory.remember("grey skies over the wide and open sea today", uri=LOST)
    query = Query("grey heron", limit=1, fusion="adaptive")
    assert LOST not in uris(memory, query)
    loss = memory.why(query, LOST)
    assert loss.remedy is not None
    assert LOST in uris(memory, loss.remedy)


def test_lost_to_collapse(memory: Memory) -> None:
    memory.remember("grey heron", uri="first")
    memory.remember("Grey  HERON", uri=LOST)
    fill(memory, "grey heron in reeds", "white stork")
    loss = followed(memory, Query("grey heron"), "collapse")
    assert "first" in loss.detail


def test_lost_to_the_limit(memory: Memory) -> None:
    fill(memory, *(f"grey heron {at}" for at in range(10)))
    memory.remember("a grey heron and many other words", uri=LOST)
    loss = followed(memory, Query("grey heron", limit=3), "limit")
    assert loss.remedy is not None
    assert loss.rank == loss.remedy.limit == 11
    assert "-n 11" in loss.advice


def test_lost_to_the_least_confidence(memory: Memory) -> None:
    memory.remember("grey heron", uri=LOST)
    fill(memory, "white stork")
    query = Query("grey walrus tusk ivory trade", min_confidence="high")
    loss = followed(memory, query, "confidence")
    assert "high was asked for" in loss.detail
    assert "--min-confidence low" in loss.advice
    assert loss.remedy == replace(query, min_confidence="low")


def test_lost_to_the_limit_and_then_to_the_least_confidence(memory: Memory) -> None:
    fill(memory, *(f"grey heron {at}" for at in range(10)))
    memory.remember("a grey heron and many other words", uri=LOST)
    query = Query("grey walrus tusk ivory trade", limit=1, min_confidence="high")
    loss = followed(memory, query, "limit")
    assert loss.remedy is not None
    assert loss.remedy.min_confidence == "low"
    assert loss.advice.endswith("--min-confidence low")


def test_a_remedy_keeps_the_least_confidence_where_it_is_reached(memory: Memory) -> None:
    fill(memory, *(f"grey heron {at}" for at in range(10)))
    memory.remember("grey heron", uri=LOST, collection="home")
    query = Query("grey heron", filter=Eq("collection", "default"), min_confidence="high")
    loss = followed(memory, query, "filter")
    assert loss.remedy == Query("grey heron", min_confidence="high")


@pytest.mark.parametrize("options", [{"recency": 1.0}, {"diversity": 1.0}, {"by_document": True}])
def test_lost_to_the_limit_after_the_order_was_changed(memory: Memory, options: dict[str, object]) -> None:
    now = datetime.now(UTC)
    ages = [timedelta(days=400 * (at % 2)) for at in range(12)]
    sources = [
        Source(f"other:{at}", f"grey heron {at}", content_hash="x", dated_at=now - age) for at, age in enumerate(ages)
    ]
    list(memory.add_sources(sources))
    list(memory.add_sources([Source(LOST, "grey heron too", content_hash="x", dated_at=now - timedelta(days=4000))]))
    query = replace(Query("grey heron", limit=2), **options)  # type: ignore[arg-type]
    followed(memory, query, "limit")


class Naming(HashEncoder):
    """An encoder whose word-pieces are the letters of a word."""

    def pieces(self, text: str) -> Sequence[int]:
        return [ord(letter) for letter in text]


@pytest.mark.parametrize(
    ("text", "said"), [("bird", "it has bird, but only candidates"), ("fox", "it has none of them")]
)
def test_words_that_only_candidates_are_asked_for_are_said_to_be_such(tmp_path: Path, text: str, said: str) -> None:
    with Memory.open(tmp_path / "notes.db", encoder=Naming()) as memory:
        memory.remember(text, uri=LOST)
        store, document = memory._store, memory.get(LOST)
        query = Query("heron bird")
        vector = HashEncoder().query(query.text)
        case = why._Case(store, query, document, frozenset(store.chunk_ids(document.id)), vector, None, LATER)
        common = Term("bird", 9_999, pieces=tuple(map(ord, "bird")))
        arm = Arm("keyword", 0.5, 50, 300, terms=(Term("heron", 1),), counted=(common,))
        plan = Plan(query, (arm,), "gated", ())
        found = find(store, query, vector, Trace())
        [reason] = why._keyword_distance(case, found._replace(plan=plan))
        assert reason.startswith("none of the words searched for stands in it (heron) (bird: too common")
        assert said in reason
        [plain] = why._keyword_distance(case, found._replace(plan=replace(plan, arms=(arm._replace(counted=()),))))
        assert plain == "none of the words searched for stands in it (heron)"


class Reader(HashEncoder):
    """An encoder that knows words of ASCII alone."""

    def reads(self, text: str) -> bool:
        return text.isascii()


@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
def test_a_question_that_the_encoder_cannot_read_is_said_to_be_such(tmp_path: Path, mode: Mode) -> None:
    with Memory.open(tmp_path / "notes.db", encoder=Reader()) as memory:
        memory.remember("grey heron", uri=LOST)
        loss = memory.why(Query("兵马俑", mode=mode), LOST)
        assert loss.advice == "ask in words that stand in it"
        assert loss.remedy is None
        assert ("the encoder does not know the words" in loss.detail) == (mode != "keyword")
        assert memory.why(Query("兵马俑", mode=mode, min_confidence="high"), LOST).stage == loss.stage
