"""Is anything that is typed at a search, a filter or a memory either answered or refused in one line?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vstash import HashEncoder, InputError, Memory
from vstash.filters import from_options

# What has a meaning somewhere on the way: FTS5's syntax, SQL, terminals, halves of characters.
SHARP = st.sampled_from([*"\"'*()^:-+{}[]%_\\;\0\x1b\n\t", "AND", "OR", "NOT", "NEAR(", "--", "\ud800", "鳥", "é", "ẞ"])
ANYTHING = st.lists(st.one_of(SHARP, st.text(st.characters(), max_size=8)), max_size=12).map(" ".join)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    with Memory.open(folder / "notes.db", encoder=HashEncoder(32)) as memory:
        memory.add_texts(["grey heron AND stork", "NEAR the reed", "é 鳥 snake_case"], ["a", "b", "c"], tags=["x"])
        yield memory


@given(ANYTHING, st.sampled_from(["hybrid", "keyword", "vector"]))
@example('"', "keyword")
@example("heron\0stork", "keyword")
@example("\ud800", "hybrid")
def test_any_question_is_answered_or_refused(shared: Memory, question: str, mode: str) -> None:
    with suppress(InputError):  # and nothing else
        assert len(shared.search(question, mode=mode)) <= 5  # type: ignore[arg-type]


@given(ANYTHING, ANYTHING, ANYTHING)
def test_any_filter_is_applied_or_refused(shared: Memory, collection: str, tag: str, after: str) -> None:
    with suppress(InputError):
        rule = from_options(collection=collection, tags=[tag], after=after)
        assert all(hit.uri in "abc" for hit in shared.search("heron", filter=rule))


@given(ANYTHING, ANYTHING, ANYTHING)
def test_any_text_is_kept_or_refused(text: str, title: str, uri: str) -> None:
    with Memory.open(":memory:", encoder=HashEncoder(8)) as memory:
        with suppress(InputError):
            memory.remember(text, title=title, uri=uri)
        lines: list[str] = []
        memory.export(lines.append)
        assert [json.loads(line) for line in lines]
