"""Where in the original does a passage stand? Labels such as page, sheet and line for a span of the text."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from vstash.types import Place

RUNNING = ("line", "row")  # labels that count on with each line of the text
END = "_end"  # of the label that says where the last word stands


class Places:
    """The places of one text. Lines are counted as spans are asked for, fastest in order."""

    def __init__(self, text: str, places: Sequence[Place]) -> None:
        self._text = text
        self._places = places
        self._starts = [place.start for place in places]
        self._counted = (0, 0)  # an offset, and the line ends before it
        self._place = (-1, 0)  # the place last asked for, and the line ends before it

    def span(self, start: int, end: int) -> dict[str, Any]:
        """The labels of the first visible character of text[start:end], and those of the last where they differ."""
        words = self._text[start:end]
        first = self._at(start + len(words) - len(words.lstrip()))
        return joined(first, self._at(max(start, start + len(words.rstrip()) - 1)))

    def _at(self, offset: int) -> dict[str, Any]:
        at = bisect_right(self._starts, offset) - 1
        if at < 0:
            return {}
        labels = dict(self._places[at].labels)
        for name in RUNNING:
            if name in labels:
                labels[name] += self._lines(offset) - self._before(at)
        return labels

    def _before(self, at: int) -> int:
        """The line ends before a place: kept, since counting from its start anew for each span is quadratic."""
        if self._place[0] != at:
            self._place = (at, self._lines(self._starts[at]))
        return self._place[1]

    def _lines(self, offset: int) -> int:
        known, lines = self._counted
        if offset >= known:
            lines += self._text.count("\n", known, offset)
        else:
            lines -= self._text.count("\n", offset, known)
        self._counted = (offset, lines)
        return lines


def joined(first: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, Any]:
    """The place of what runs from one place to another; either may be such a run itself."""
    begin = {name: value for name, value in first.items() if not name.endswith(END)}
    final = {name: last.get(name + END, value) for name, value in last.items() if not name.endswith(END)}
    return begin | {name + END: value for name, value in final.items() if name in begin and value != begin[name]}


def words(place: Mapping[str, Any]) -> str:
    """A place in words: "sheet Sales, row 3–9", "chapter 2, chapter title Iron"."""
    runs = [(name, first, place.get(f"{name}{END}")) for name, first in place.items() if not name.endswith(END)]
    return ", ".join(
        f"{name.replace('_', ' ')} {first if last is None else f'{first}–{last}'}" for name, first, last in runs
    )
