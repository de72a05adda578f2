"""Can any text at all be searched for, added and asked about, without an error or a lie?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstash import HashEncoder, Memory, Query
from vstash.errors import UnsupportedSource
from vstash.types import FUSIONS, Mode

SYNTAX = st.sampled_from(
    ['"', "'", "*", "^", "-", "+", "(", ")", ":", "AND", "OR", "NOT", "NEAR", "text:", "\0", "\ud800", "heron", "猫"]
)
ANY = st.text(st.characters(), max_size=40)  # lone surrogates included
QUESTIONS = (ANY | st.lists(SYNTAX | ANY, max_size=8).map(" ".join)).filter(str.strip)
MODES: st.SearchStrategy[Mode] = st.sampled_from(["hybrid", "keyword", "vector"])


@pytest.fixture(scope="module")
def memory() -> Iterator[Memory]:
    with TemporaryDirectory() as folder, Memory.open(Path(folder) / "notes.db", encoder=HashEncoder(64)) as opened:
        opened.add_texts(
            ["grey heron", "我的猫很可爱", "text: NOT a (column) OR filter*", '"quoted" ^ words', "Crème brûlée"]
        )
        yield opened


@given(question=QUESTIONS, mode=MODES, fusion=st.sampled_from(FUSIONS))
def test_any_question_can_be_asked(memory: Memory, question: str, mode: Mode, fusion: str) -> None:
    results = memory.search(Query(question, mode=mode, fusion=fusion))
    assert len(results) <= 5
    if mode != "keyword" and fusion != "adaptive":  # which cuts off what is far
        assert len(results) == 5


@given(question=QUESTIONS)
def test_any_question_can_be_explained(memory: Memory, question: str) -> None:
    for document in memory.list()[:2]:
        assert memory.why(Query(question, limit=1), document.uri).detail


@given(words=st.lists(QUESTIONS, max_size=5))
def test_the_frequency_of_any_word_can_be_asked(memory: Memory, words: list[str]) -> None:
    found = memory._store.terms(words)
    assert len(found) == len(words)
    assert all(0 <= df <= 5 for _, df in found)


@given(text=ANY)
def test_any_text_can_be_stored_and_comes_back(text: str) -> None:
    with TemporaryDirectory() as folder, Memory.open(Path(folder) / "notes.db", encoder=HashEncoder(16)) as memory:
        try:
            result = memory.remember(text, uri="it")
        except UnsupportedSource:
            assert not text.replace("\0", " ").strip()
            return
        assert result.status == "added"
        stored = memory.get("it").text or ""
        assert stored == text.replace("\0", " ").encode("utf-8", "replace").decode()
        assert len(memory.search("anything")) == 1
        assert memory.check().ok
