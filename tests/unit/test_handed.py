"""Documents that a program read itself: are they stored as they come, and wrong ones refused in a line?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest

from vstash import InputError, Memory, Source


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
    "parts": {"parts": (1,)},
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


def test_a_time_without_a_zone_is_utc(memory: Memory) -> None:
    list(memory.add_sources([Source("own", "heron", modified_at=datetime(2020, 1, 1, 12))]))  # noqa: DTZ001
    assert memory.get("own").modified_at == datetime(2020, 1, 1, 12, tzinfo=UTC)


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


def test_metadata_may_be_any_mapping(memory: Memory) -> None:
    list(memory.add_sources([Source("own", "heron", metadata=MappingProxyType({"a": (1, 2)}))]))
    assert memory.get("own").metadata == {"a": [1, 2]}


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
