"""Documents that a program read itself: are they stored as they come, and wrong ones refused in a line?"""

from __future__ import annotations

from collections.abc import Iterator
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
    with pytest.raises(InputError, match="no sources"):
        memory.add_sources(sources)
