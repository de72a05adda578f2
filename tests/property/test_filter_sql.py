"""Does a filter as SQL pass exactly the documents that `filters.matches` passes?"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstash.filters import DATES, FIELDS, After, And, Before, Eq, Filter, In, Not, Or, Tag, matches
from vstash.store.base import Entry
from vstash.store.sqlite.filters import chunk_ids
from vstash.store.sqlite.store import SqliteStore
from vstash.store.sqlite.vectors import passing
from vstash.types import Arm, Chunk, Source, Space

SPACE = Space("one", "one", 2)
VECTOR = np.array([[1, 0]], dtype=np.float32)
EVERYTHING = Arm("vector", 1.0, 100, 100, path="exact")

NUMBERS = ["-0", "1.0", "1.5", "15e-1", "0.1", "1e999", "9223372036854775808", "1_0", " 1", "true", "null", "[]"]
WORDS = st.sampled_from(
    [*NUMBERS, "", "a", "A", "b", "'", '"', "\\", "%", "_", "\0", "a\0b", "é", "e\u0301", "\U0001f426", "1"]
)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-7, minutes=-30))])
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2020, 1, 3), timezones=ZONES)  # noqa: DTZ001 - given in `timezones`
KEYS = st.sampled_from(["a", "b", "a.b", "'", '"', "\\", "$", "é"])
NUMERIC = st.integers(-1, 1) | st.sampled_from([0.1, 0.0, 1.5, 1.0, 2**63, 2**63 + 1, 10**400, 1e300])
SCALARS = st.one_of(WORDS, st.none(), NUMERIC, st.booleans())
VALUES = (
    SCALARS | st.lists(SCALARS | st.lists(WORDS, max_size=1), max_size=2) | st.dictionaries(KEYS, WORDS, max_size=1)
)


@st.composite
def documents(draw: st.DrawFn) -> list[Source]:
    return [
        Source(
            uri=f"{at}{draw(WORDS)}",
            text="x",
            title=draw(WORDS),
            kind=draw(WORDS),
            collection=draw(WORDS),
            tags=tuple(sorted(draw(st.sets(WORDS, max_size=3)))),
            metadata=draw(st.dictionaries(KEYS, VALUES, max_size=3)),
            modified_at=draw(st.none() | TIMES),
            dated_at=draw(st.none() | TIMES),
        )
        for at in range(draw(st.integers(1, 5)))
    ]


FIELD = st.sampled_from(FIELDS) | KEYS.map("metadata.{}".format)
LEAVES: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Eq, FIELD, WORDS),
    st.builds(In, FIELD, st.lists(WORDS, max_size=3).map(tuple)),
    st.builds(Tag, WORDS),
    st.builds(Before, TIMES, st.sampled_from(DATES)),
    st.builds(After, TIMES, st.sampled_from(DATES)),
)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, max_size=3).map(tuple).map(And),
        st.lists(inner, max_size=3).map(tuple).map(Or),
    ),
    max_leaves=8,
)


def entry(source: Source) -> Entry:
    return Entry(source, "", (Chunk(0, "x", 0, 1),), ("",), (b"key",), VECTOR)


@given(documents(), st.lists(RULES, min_size=1, max_size=8), TIMES)
def test_sql_and_python_agree(sources: list[Source], rules: list[Filter], now: datetime) -> None:
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "notes.db")
        store.put([entry(source) for source in sources], SPACE, now)
        everything = list(store.documents())
        assert [document.added_at for document in everything] == [now] * len(sources)
        for rule in rules:
            passing = [document for document in everything if matches(rule, document)]
            assert list(store.documents(rule)) == passing
            assert store.count(rule) == len(passing)
            found = store.rank(EVERYTHING, VECTOR[0], rule).items
            assert sorted(item.chunk_id for item in found) == sorted(
                chunk_id for document in passing for chunk_id in store.chunk_ids(document.id)
            )
        store.close()


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        (Eq("collection", "a"), "document_collection (collection=?)"),
        (In("collection", ("a", "b")), "document_collection (collection=?)"),
        (Eq("uri", "a"), "document_uri (uri=?)"),
        (After(datetime(2020, 1, 1, tzinfo=UTC)), "document_date (<expr>>?)"),
        (Before(datetime(2020, 1, 1, tzinfo=UTC)), "document_date (<expr><?)"),
        (Tag("a"), "tag USING PRIMARY KEY (name=?)"),
    ],
)
def test_what_an_index_knows_is_not_looked_for_in_every_document(tmp_path: Path, rule: Filter, index: str):
    asked, bindings = chunk_ids(rule)
    with closing(SqliteStore(tmp_path / "a.db")) as store:
        plan = [step[3] for step in store.connection.execute(f"EXPLAIN QUERY PLAN {asked}", bindings)]
    assert any(step.endswith(index) for step in plan)
    assert not any(step.startswith("SCAN document") for step in plan)


def test_which_of_many_chunks_pass_is_asked_chunk_by_chunk(tmp_path: Path):
    seen: list[str] = []
    with closing(SqliteStore(tmp_path / "a.db")) as store:
        store.connection.exec_trace = lambda _, sql, __: not seen.append(sql)
        passing(store.connection, [1], Eq("collection", "a"))
        first, *_ = store.connection.execute(f"EXPLAIN QUERY PLAN {seen[0]}", ("[]", "a"))
    assert first[3].startswith("SCAN asked")
