"""Do filters parse, refuse and match as documented? (That SQL agrees is tests/property/test_filter_sql.py.)"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from vstash import Memory
from vstash.encode.hash import HashEncoder
from vstash.errors import InvalidFilter
from vstash.filters import (
    After,
    And,
    Before,
    Eq,
    Filter,
    In,
    Not,
    Or,
    Tag,
    from_options,
    matches,
    parse,
    parse_date,
    said,
)
from vstash.types import Document, Query

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
DOCUMENT = Document(
    id=1,
    uri="a.md",
    title="Herons",
    kind="markdown",
    collection="work",
    tags=("bird", "grey"),
    content_hash="",
    added_at=JUNE,
    modified_at=None,
    dated_at=MAY,
    chunks=1,
    metadata={"author": "Audubon", "pages": 7, "draft": False, "places": ["Delta", 3]},
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (None, True),
        (Eq("collection", "work"), True),
        (Eq("collection", "Work"), False),
        (Eq("metadata.author", "Audubon"), True),
        (Eq("metadata.pages", "7"), True),
        (Eq("metadata.pages", "7.0"), True),
        (Eq("metadata.pages", "07"), False),
        (Eq("metadata.pages", "7" * 5000), False),
        (Eq("metadata.pages", 7), True),
        (Eq("metadata.draft", "false"), True),
        (Eq("metadata.draft", False), True),
        (Eq("metadata.draft", "0"), False),
        (Eq("metadata.places", "Delta"), True),
        (Eq("metadata.places", "3"), True),
        (Eq("metadata.places", '["Delta", 3]'), False),
        (In("metadata.pages", (6, "7")), True),
        (Eq("title", "Herons"), True),
        (Eq("metadata.none", ""), False),
        (In("kind", ("pdf", "markdown")), True),
        (In("kind", ()), False),
        (Tag("bird"), True),
        (Tag("bir"), False),
        (After(MAY), True),
        (Before(MAY), False),
        (Before(JUNE), True),
        (After(JUNE, "added_at"), True),
        (After(MAY, "modified_at"), False),
        (Before(JUNE, "modified_at"), False),
        (Not(Before(JUNE, "modified_at")), True),
        (And(()), True),
        (Or(()), False),
        (And((Tag("bird"), Tag("blue"))), False),
        (Or((Tag("bird"), Tag("blue"))), True),
        (Not(Tag("blue")), True),
    ],
)
def test_matching(rule: Filter | None, expected: bool) -> None:
    assert matches(rule, DOCUMENT) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"collection": "work"}, Eq("collection", "work")),
        ({"kind": ["pdf", "markdown"]}, In("kind", ("pdf", "markdown"))),
        ({"tag": "x"}, Tag("x")),
        ({"after": "2026-05-01"}, After(MAY)),
        ({"before": {"modified_at": "2026-05-01"}}, Before(MAY, "modified_at")),
        ({"not": {"tag": "x"}}, Not(Tag("x"))),
        ({"or": [{"tag": "x"}, {"metadata.author": "y"}]}, Or((Tag("x"), Eq("metadata.author", "y")))),
        ({"and": []}, And(())),
        ({"metadata.year": 2020}, Eq("metadata.year", "2020")),
        ({"tag": "x", "kind": "pdf"}, And((Tag("x"), Eq("kind", "pdf")))),
    ],
)
def test_parsing(data: Any, expected: Filter) -> None:
    assert parse(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [],
        "tag",
        {"colour": "red"},
        {"metadata.": "x"},
        {"tag": 3},
        {"tag": ["x"]},
        {"collection": None},
        {"kind": [1]},
        {"and": {"tag": "x"}},
        {"or": "x"},
        {"and": ""},
        {"not": []},
        {"after": "yesterday"},
        {"after": 3},
        {"after": {"born_at": "2026-05-01"}},
        {"before": {"added_at": "2026-05-01", "date": "2026-05-01"}},
        {"before": {}},
        {3: "x"},
    ],
)
def test_what_is_no_filter_is_refused_with_a_hint(data: Any) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse(data)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: And(Tag("x")),  # type: ignore[arg-type]
        lambda: And("x"),  # type: ignore[arg-type]
        lambda: And((None,)),  # type: ignore[arg-type]
        lambda: Or(("x",)),  # type: ignore[arg-type]
        lambda: Or(None),  # type: ignore[arg-type]
        lambda: Not("x"),  # type: ignore[arg-type]
        lambda: Not(None),  # type: ignore[arg-type]
        lambda: In("kind", "pdf"),  # type: ignore[arg-type]
        lambda: In("kind", 3),  # type: ignore[arg-type]
        lambda: In("kind", b""),  # type: ignore[arg-type]
        lambda: In("kind", {"pdf": 1}),  # type: ignore[arg-type]
        lambda: Before(MAY, None),  # type: ignore[arg-type]
        lambda: In(None, ("pdf",)),  # type: ignore[arg-type]
        lambda: Eq(3, "pdf"),  # type: ignore[arg-type]
        lambda: Before(MAY, []),  # type: ignore[arg-type]
        lambda: Or(tuple(map(Tag, map(str, range(1001))))),
        lambda: And((Or(tuple(map(Tag, "ab" * 300))), Or(tuple(map(Tag, "ab" * 300))))),
        lambda: nested(33),
        lambda: parse(reduce(within, range(5000), {"tag": "x"})),
    ],
)
def test_what_is_put_together_wrongly_is_refused_with_a_hint(make: Callable[[], Filter]) -> None:
    with pytest.raises(InvalidFilter) as caught:
        make()
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_filters_as_deep_and_as_wide_as_they_may_be_are_answered(filled: Memory) -> None:
    assert [one.uri for one in filled.list(filter=nested(31))] == []
    assert [one.uri for one in filled.list(filter=nested(32))] == [one.uri for one in filled.list()]
    wide = Or(tuple(map(Tag, map(str, range(1000)))))
    assert (len(filled.list(filter=wide)), len(filled.search("heron", filter=wide))) == (0, 0)
    assert len(filled.list(filter=Not(wide))) == len(filled.list())


def test_what_can_be_gone_through_once_holds_as_often_as_it_is_asked(filled: Memory) -> None:
    uris = [one.uri for one in filled.list()]
    some = In("uri", (uri for uri in uris))  # type: ignore[arg-type]
    none = And(Tag(name) for name in ("nowhere",))  # type: ignore[arg-type]
    for _ in range(2):
        assert [one.uri for one in filled.list(filter=some)] == uris
        assert filled.list(filter=none) == []


@pytest.mark.parametrize("wrong", [0, "", "work", {"tag": "x"}, (), Tag])
def test_what_is_no_filter_is_refused_within_a_query(filled: Memory, wrong: Any) -> None:
    uri = filled.list()[0].uri
    for ask in (filled.search, lambda query: filled.why(query, uri)):
        with pytest.raises(InvalidFilter, match="is no filter"):
            ask(Query("heron", filter=wrong))


@pytest.fixture(params=[":memory:", "file"])
def filled(request: pytest.FixtureRequest, database: Path, encoder: HashEncoder) -> Iterator[Memory]:
    """Two documents, in either store."""
    with Memory.open(database if request.param == "file" else ":memory:", encoder=encoder) as opened:
        opened.add_texts(["a heron", "a stork"], uris=["1", "2"])
        yield opened


def within(data: dict[str, Any], _: int) -> dict[str, Any]:
    return {"not": data}


def nested(depth: int) -> Filter:
    """That many filters inside one another, which match everything when their number is even."""
    rule: Filter = Tag("nowhere")
    for _ in range(depth - 1):
        rule = Not(rule)
    return rule


def test_options_must_all_hold() -> None:
    assert from_options() is None
    assert from_options(collection="work") == Eq("collection", "work")
    assert from_options(where=["a.b = c=d"]) == Eq("metadata.a.b", "c=d")
    assert from_options(tags=["x"], where=["a=1"]) == And((Tag("x"), Eq("metadata.a", "1")))
    assert from_options(tags=["x"], after="2026-05-01", before=JUNE) == And((Tag("x"), After(MAY), Before(JUNE)))


@pytest.mark.parametrize(
    "wrong",
    [{"tags": None}, {"tags": ""}, {"tags": 0}, {"collection": []}, {"collection": ""}, {"after": []}, {"filter": ()}],
    ids=str,
)
def test_what_is_empty_but_no_filter_is_refused(memory: Memory, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidFilter):
        memory.search("heron", **wrong)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01", MAY),
        (" 2026-05-01T00:00 ", MAY),
        ("2026-05-01T02:00+02:00", MAY),
        (datetime(2026, 5, 1), MAY),  # noqa: DTZ001 - a time without a zone is what is tried
        (datetime(2026, 4, 30, 19, tzinfo=timezone(timedelta(hours=-5))), MAY),
    ],
)
def test_dates_are_read_as_utc(text: str | datetime, expected: datetime) -> None:
    found = parse_date("after", text)
    assert (found, found.tzinfo) == (expected, UTC)


@pytest.mark.parametrize("text", ["", "May", "2026-13-01", "0001-01-01T00:00+05:00", "9999-12-31T23:59-05:00"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilter, match="after"):
        parse_date("after", text)


def test_a_time_without_a_zone_cannot_be_compared() -> None:
    with pytest.raises(InvalidFilter):
        After(datetime(2026, 5, 1))  # noqa: DTZ001 - as above
    with pytest.raises(InvalidFilter):
        Before(datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (from_options(collection="work"), "--collection work"),
        (from_options(tags=["two words"]), "--tag 'two words'"),
        (from_options(after="2030-01-01"), "--after 2030-01-01"),
        (from_options(before="2030-01-01T09:30+02:00"), "--before 2030-01-01T07:30:00"),
        (from_options(where=["key=two words"]), "--where 'key=two words'"),
        (from_options(tags=["a", "b"]), "--tag a and --tag b"),
        (Eq("uri", "notes of a.md"), "--in 'notes of a.md'"),
        (Eq("kind", "pdf"), "kind = pdf"),
        (In("kind", ("pdf", "markdown")), "kind in (pdf, markdown)"),
        (After(datetime(2024, 5, 1, 2, tzinfo=timezone(timedelta(hours=2)))), "--after 2024-05-01"),
        (parse({"after": {"modified_at": "2024-05-01"}}), "modified_at not before 2024-05-01"),
        (parse({"before": {"added_at": "2024-05-01"}}), "added_at before 2024-05-01"),
        (Not(Tag("a")), "not --tag a"),
        (Not(Or((Tag("a"), And((Tag("b"), Tag("c")))))), "not (--tag a or (--tag b and --tag c))"),
        (And(()), "everything"),
        (Or(()), "nothing"),
        (Tag("a\nb"), r"--tag 'a\nb'"),
    ],
)
def test_a_filter_is_said_as_a_person_asks_for_it(rule: Filter, words: str) -> None:
    assert said(rule) == words
