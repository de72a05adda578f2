"""Does `why` agree with the search it explains, and does every remedy return the document?"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vstash import HashEncoder, Memory, Query
from vstash.filters import And, Eq, Not, Or, Tag
from vstash.types import CONFIDENCES, FUSIONS, MODES

WORDS = ["alpha", "beta", "gamma", "delta", "river", "boat", "stone", "tree", "cloud", "note", "plan", "idea"]
DOCUMENTS = 100

RULES = st.sampled_from(
    [None, Eq("collection", "a"), And((Tag("odd"), Eq("collection", "b"))), Not(Tag("odd")), Or((Tag("odd"),))]
)
QUERIES = st.builds(
    Query,
    text=st.lists(st.sampled_from([*WORDS, "zebra", '"river boat"']), min_size=1, max_size=4).map(" ".join),
    limit=st.sampled_from([1, 3, 10, 200]),
    mode=st.sampled_from(MODES),
    filter=RULES,
    fusion=st.sampled_from([None, *FUSIONS]),
    recency=st.sampled_from([None, 5.0]),
    diversity=st.sampled_from([0.0, 0.2, 1.0]),
    window=st.sampled_from([0, 1]),
    by_document=st.booleans(),
    min_confidence=st.sampled_from(CONFIDENCES),
)


@pytest.fixture(scope="module")
def memory() -> Iterator[Memory]:
    rng = random.Random(7)

    def passage() -> str:
        return " ".join(rng.choice(WORDS) for _ in range(rng.choice([3, 8, 300])))

    with TemporaryDirectory() as folder, Memory.open(Path(folder) / "notes.db", encoder=HashEncoder()) as opened:
        for at in range(DOCUMENTS):
            text = "\n\n".join(passage() for _ in range(rng.randint(1, 3)))
            opened.remember(text, uri=f"d{at}", collection=rng.choice("ab"), tags=["odd"] * (at % 2))
        yield opened


@settings(max_examples=60)
@given(query=QUERIES, wanted=st.sets(st.integers(0, DOCUMENTS - 1), min_size=1, max_size=3))
def test_why_agrees_with_the_search_and_every_remedy_works(memory: Memory, query: Query, wanted: set[int]) -> None:
    found = [hit.uri for hit in memory.search(query)]
    for uri in {*(f"d{at}" for at in wanted), *found[:1]}:
        loss = memory.why(query, uri)
        assert (loss.stage == "found") == (uri in found), loss
        if loss.stage == "found":
            assert loss.rank == found.index(uri) + 1
        else:
            assert loss.remedy is not None
            assert uri in [hit.uri for hit in memory.search(loss.remedy)], loss
