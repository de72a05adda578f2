"""Documents that a program read itself: are they stored as they come, and wrong ones refused in a line?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from vstash import InputError, Memory, Source
from vstash.intake import PART_OF
from vstash.types import Heading, Place


def handing(good: int, then: Any) -> Iterator[Source]:
    """So many sources; then one that is none, or an error."""
    for number in range(good):
        yield Source(f"own:{number}", f"grey heron {number}", content_hash=str(number))
    if isinstance(then, BaseException):
        raise then
    yield then


@pytest.mark.parametrize("good", [0, 1, 64, 250])
@pytest.mark.parametrize("then", [RuntimeError("the feed broke off"), 3])
def test_what_was_handed_over_before_an_error_is_stored(memory: Memory, good: int, then: Any) -> None:
    found = memory.add_sources(handing(good, then))
    assert [next(found).status for _ in range(good)] == ["added"] * good
    with pytest.raises(RuntimeError if isinstance(then, RuntimeError) else InputError):
        next(found)
    assert memory.stats()["documents"] == good


def test_an_interruption_is_not_held_up(memory: Memory) -> None:
    with pytest.raises(KeyboardInterrupt):
        list(memory.add_sources(handing(1, KeyboardInterrupt())))
    assert memory.stats()["documents"] == 0


@pytest.mark.parametrize("sources", [None, 3, "heron", b"heron"])
def test_what_yields_no_sources_is_refused(memory: Memory, sources: Any) -> None:
    with pytest.raises(InputError, match=r"sources is .* not a list"):
        memory.add_sources(sources)


EARLY = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
WRONG: dict[str, dict[str, Any]] = {
    "text_none": {"text": None},
    "text_bytes": {"text": b"heron"},
    "text_half": {"text": "heron \ud800"},
    "title_number": {"title": 3},
    "title_half": {"title": "\udfff"},
    "kind_number": {"kind": 3},
    "hash_none": {"content_hash": None},
    "hash_number": {"content_hash": 3},
    "collection_none": {"collection": None},
    "collection_blank": {"collection": ""},
    "tags_text": {"tags": "bird"},
    "tags_none": {"tags": None},
    "tag_number": {"tags": (3,)},
    "tag_blank": {"tags": (" ",)},
    "metadata_list": {"metadata": [1]},
    "metadata_nan": {"metadata": {"a": [float("nan")]}},
    "metadata_key": {"metadata": {(1, 2): 3}},
    "metadata_half": {"metadata": {"a": "\ud800"}},
    "modified_text": {"modified_at": "2020"},
    "dated_early": {"dated_at": EARLY},
    "headings": {"headings": [1]},
    "places": {"places": (1,)},
    "heading_start": {"headings": (Heading("0", 1, "Bird"),)},  # type: ignore[arg-type]
    "heading_past_the_end": {"headings": (Heading(99, 1, "Bird"),)},
    "heading_level": {"headings": (Heading(0, "1", "Bird"),)},  # type: ignore[arg-type]
    "heading_none": {"headings": (Heading(0, 1, None),)},  # type: ignore[arg-type]
    "heading_half": {"headings": (Heading(0, 1, "\ud800"),)},
    "place_start": {"places": (Place("a", {}),)},  # type: ignore[arg-type]
    "place_before": {"places": (Place(-1, {"page": 1}),)},
    "place_none": {"places": (Place(0, None),)},  # type: ignore[arg-type]
    "place_number": {"places": (Place(0, {1: 2}),)},  # type: ignore[dict-item]
    "place_fraction": {"places": (Place(0, {"page": 1.5}),)},
    "place_flag": {"places": (Place(0, {"page": True}),)},
    "place_list": {"places": (Place(0, {"page": [1]}),)},
    "place_half": {"places": (Place(0, {"key": "\ud800"}),)},
    "place_line": {"places": (Place(0, {"line": "a"}),)},
    "place_no_line": {"places": (Place(0, {"line": None}),)},
    "parts": {"parts": (1,)},
    "part_elsewhere": {"parts": (Source("other", "stork"),)},
    "part_of_another": {"parts": (Source("own1#1", "stork"),)},
    "part_unnamed": {"parts": (Source("own#", "stork"),)},
    "part_none": {"parts": (Source(None, "stork"),)},  # type: ignore[arg-type]
    "part_of_a_part": {"parts": (Source("own#1", "stork", parts=(Source("own#1#2", "crane"),)),)},
    "part": {"parts": (Source("own#1", "stork", tags=None),)},  # type: ignore[arg-type]
    "atoms_past_the_end": {"atoms": ((0, 99999),)},
    "atoms": {"atoms": (1,)},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_source_that_cannot_be_stored_is_named_in_a_line(memory: Memory, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="own") as caught:
        list(memory.add_sources([Source("own", **{"text": "grey heron", "content_hash": "1", **wrong})]))
    assert caught.value.hint
    assert "\n" not in f"{caught.value} {caught.value.hint}"
    assert memory.stats()["documents"] == 0


def test_metadata_without_an_end_is_refused(memory: Memory) -> None:
    deep: list[Any] = []
    for _ in range(2 * sys.getrecursionlimit()):
        deep = [deep]
    ring: list[Any] = []
    ring.append(ring)
    for endless in (deep, ring):
        with pytest.raises(InputError, match="metadata"):
            list(memory.add_sources([Source("own", "heron", metadata={"a": endless})]))


@pytest.mark.parametrize(
    "given",
    [datetime(2020, 1, 1, 12), datetime(2020, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))],  # noqa: DTZ001
)
def test_times_are_kept_in_utc_and_without_a_zone_they_are_meant_so(given: datetime) -> None:
    with Memory.open(":memory:", encoder="hash") as memory:  # which keeps what it is given
        list(memory.add_sources([Source("own", "heron", modified_at=given, dated_at=given)]))
        kept = memory.get("own")
        for when in (kept.modified_at, kept.dated_at):
            assert when is not None
            assert when.isoformat() == "2020-01-01T12:00:00+00:00"


@pytest.mark.parametrize("tags", [["b", "a"], {"a", "b"}, ("b", "a", "b")])
def test_tags_are_a_set_in_whatever_they_come(memory: Memory, tags: Any) -> None:
    source = Source("own", "grey heron", content_hash="1", tags=tags)
    assert [one.status for _ in range(2) for one in memory.add_sources([source])] == ["added", "unchanged"]
    assert memory.get("own").tags == ("a", "b")


@pytest.mark.parametrize(
    "other",
    [
        {"text": "white stork"},
        {"title": "Stork"},
        {"kind": "note"},
        {"metadata": {"a": 1}},
        {"dated_at": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
)
def test_without_a_hash_the_content_decides(memory: Memory, other: dict[str, Any]) -> None:
    first = {"text": "grey heron", "title": "Heron"}
    statuses = [
        result.status
        for fields in (first, first, {**first, **other})
        for result in memory.add_sources([Source("own", **fields)])
    ]
    assert statuses == ["added", "unchanged", "replaced"]
    assert memory.get("own").text == other.get("text", "grey heron")


def test_a_hash_that_is_given_decides_alone(memory: Memory) -> None:
    for bird, status in (("heron", "added"), ("stork", "unchanged")):
        assert [one.status for one in memory.add_sources([Source("own", bird, content_hash="1")])] == [status]


def test_metadata_and_labels_may_be_any_mapping(memory: Memory) -> None:
    metadata, labels = MappingProxyType({"a": (1, 2)}), MappingProxyType({"page": 3})
    list(memory.add_sources([Source("own", "heron", metadata=metadata, places=(Place(0, labels),))]))
    assert memory.get("own").metadata == {"a": [1, 2]}
    assert memory.passage("own", 0).chunk.place == {"page": 3}


def test_metadata_is_what_a_file_would_give_back() -> None:
    given = {
        "when": date(2020, 1, 1),
        "count": np.int64(3),
        "share": np.float32(0.5),
        "sure": np.bool_(True),
        "row": np.arange(2),
        1: ("a", {"b": None}),
    }
    with Memory.open(":memory:", encoder="hash") as memory:
        list(memory.add_sources([Source("own", "heron", metadata=given)]))  # type: ignore[arg-type]
        kept = {"when": "2020-01-01", "count": 3, "share": 0.5, "sure": True, "row": [0, 1], "1": ["a", {"b": None}]}
        assert memory.get("own").metadata == kept
        lines: list[str] = []
        assert memory.export(lines.append) == 1


def test_what_is_changed_afterwards_does_not_change_what_is_stored() -> None:
    inner = ["grey"]
    with Memory.open(":memory:", encoder="hash") as memory:
        list(memory.add_sources([Source("own", "heron", metadata={"colours": inner})]))
        inner.append("white")
        assert memory.get("own").metadata == {"colours": ["grey"]}


def test_places_and_headings_may_come_in_any_order(memory: Memory) -> None:
    pages = (Place(6, {"page": 2}), Place(0, {"page": 1, "key": "a"}))
    titles = (Heading(6, 1, "Two"), Heading(0, 1, "One"), Heading(11, 1, "End"))
    list(memory.add_sources([Source("own", "heron\nstork", places=pages, headings=titles)]))
    assert memory.passage("own", 0).chunk.place == {"page": 1, "key": "a"} | {"page_end": 2}


def test_other_labels_are_a_change(memory: Memory) -> None:
    heron = Source("own", "grey heron", collection="birds", tags=("grey",))
    assert [one.status for one in memory.add_sources([heron])] == ["added"]
    assert [one.status for one in memory.add_sources([heron])] == ["unchanged"]
    for changed in (replace(heron, tags=()), replace(heron, collection="default")):
        assert [one.status for one in memory.add_sources([changed])] == ["replaced"]
        found = memory.get("own")
        assert (found.collection, found.tags) == (changed.collection, changed.tags)


def test_a_part_is_stored_with_its_whole_whatever_its_hash(memory: Memory) -> None:
    for bird in ("grey heron", "white stork"):
        part = Source("own#part", f"a picture of a {bird}", content_hash="picture")
        assert [one.status for one in memory.add_sources([Source("own", bird, parts=(part,))])] != ["unchanged"]
        assert memory.get("own#part").text == part.text


def test_another_part_is_a_change_where_no_hash_is_given(memory: Memory) -> None:
    def added(*parts: Source) -> list[str]:
        return [one.status for one in memory.add_sources([Source("own", "heron", parts=parts)])]

    assert [added(Source("own#1", "stork")), added(Source("own#1", "stork"))] == [["added"], ["unchanged"]]
    assert added(Source("own#1", "crane")) == ["replaced"]
    assert memory.get("own#1").text == "crane"


def test_a_part_goes_with_its_whole(memory: Memory) -> None:
    list(memory.add_sources([Source("own", "heron", parts=(Source("own#1", "stork", metadata={PART_OF: "other"}),))]))
    memory.forget("own")
    assert memory.list() == []
