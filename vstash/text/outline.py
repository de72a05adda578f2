"""Which sections does a source have, and which of them are read together?"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vstash.text.passage import SEPARATOR
from vstash.types import Source

SMALL = 1 / 8  # of the window: sections below this are read with what follows them
BARE = 1 / 16  # of the window: about a heading and nothing below it, never a passage of its own
UNDERLINED = 8  # characters of a bare heading, its underlines, marks and anchor, for each of its title
DEEPEST = 32  # levels; what lies deeper counts as this deep

_WORD = re.compile(r"\w+")


class Section(NamedTuple):
    """A heading and the text up to the next heading of any level."""

    start: int
    level: int  # 0 for what comes before the first heading
    title: str  # "" if it is not to be shown in paths
    parent: int  # index of the section above, -1 for none
    own: str = ""  # the title, also where it is not shown


@dataclass(frozen=True, slots=True)
class Outline:
    """The sections of a text, in order; the first one starts at 0."""

    sections: Sequence[Section]
    starts: Sequence[int]
    text: str

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The offsets (start, end) of the sections first to last."""
        return self.starts[first], self.starts[last + 1] if last + 1 < len(self.starts) else len(self.text)

    def bare(self, start: int, end: int) -> bool:
        """Whether text[start:end] begins with a heading and no other words stand in it, however many tokens the lines
        drawn below and above headings are."""
        first, last = self.within(start, end)
        if self.starts[first] != start:
            return False
        own = " ".join([section.own for section in self.sections[first : last + 1]])
        if not own or end - start > UNDERLINED * len(own):
            return False
        return set(_WORD.findall(self.text[start:end].lower())) <= set(_WORD.findall(own.lower()))

    def within(self, start: int, end: int) -> tuple[int, int]:
        """The first and the last section that text[start:end] touches."""
        return bisect_right(self.starts, start) - 1, bisect_left(self.starts, end) - 1

    def path(self, first: int, last: int) -> str:
        """The headings above all of the sections first to last, joined by SEPARATOR."""
        least = min((section.level for section in self.sections[first + 1 : last + 1]), default=DEEPEST + 1)
        at = first
        titles = []
        while at >= 0:
            section = self.sections[at]
            if section.level < least and section.title:
                titles.append(section.title)
            at = section.parent
        return SEPARATOR.join(reversed(titles))


def outline(source: Source, place: Callable[[int], int | None]) -> Outline:
    """The source's sections. `place` moves a heading to the character it is cut at, None for nowhere.

    The document's title is not shown in paths when it is the only heading at level 1.
    """
    tops = [heading.title for heading in source.headings if heading.level <= 1]
    hidden = source.title if tops == [source.title] else None
    placed = {place(heading.start): heading for heading in sorted(source.headings, key=lambda h: h.start)}
    sections: list[Section] = []
    above: list[int] = []
    for start, heading in placed.items():
        if start is None:
            continue
        if not sections and start > 0:
            sections.append(Section(0, 0, "", -1))
        level = min(max(heading.level, 1), DEEPEST)
        while above and sections[above[-1]].level >= level:
            above.pop()
        title = "" if level == 1 and heading.title == hidden else " ".join(heading.title.split())
        sections.append(Section(start, level, title, above[-1] if above else -1, heading.title))
        above.append(len(sections) - 1)
    sections = sections or [Section(0, 0, "", -1)]
    return Outline(sections, [section.start for section in sections], source.text)


class Sizes(NamedTuple):
    """How large sections are: tokens and room (the window less the context) of sections first to last, and whether
    they are headings alone."""

    window: int
    tokens: Callable[[int, int], int]
    room: Callable[[int, int], int]
    bare: Callable[[int, int], bool]

    def fits(self, first: int, last: int) -> bool:
        """Whether these sections fit one passage."""
        return self.tokens(first, last) <= self.room(first, last)


def units(sections: Sequence[Section], sizes: Sizes) -> list[tuple[int, int]]:
    """The sections as runs (first, last) that are cut together, each a passage of its own if it fits.

    Small sections join the siblings and children that follow them, or, without such, those before.
    """
    return _joined_back(sections, _joined_ahead(sections, sizes), sizes)


def _joined_ahead(sections: Sequence[Section], sizes: Sizes) -> list[tuple[int, int]]:
    runs = [(0, 0)]
    for at in range(1, len(sections)):
        first, last = runs[-1]
        if sections[at].level >= sections[first].level and _leads_into(first, last, at, sizes):
            runs[-1] = (first, at)
        else:
            runs.append((at, at))
    return runs


def _leads_into(first: int, last: int, following: int, sizes: Sizes) -> bool:
    """Whether a run is small and what follows fits beside it, or has to be cut anyway. A bare heading
    stays with what follows even if that would have fitted alone."""
    tokens = sizes.tokens(first, last)
    if tokens < BARE * sizes.window or (tokens < sizes.window and sizes.bare(first, last)):
        return True
    if tokens >= SMALL * sizes.window:
        return False
    return sizes.fits(first, following) or not sizes.fits(following, following)


def _joined_back(sections: Sequence[Section], runs: list[tuple[int, int]], sizes: Sizes) -> list[tuple[int, int]]:
    joined = runs[:1]
    for first, last in runs[1:]:
        before, _ = joined[-1]
        small = sizes.tokens(first, last) < SMALL * sizes.window
        if small and sections[first].level >= sections[before].level and sizes.fits(before, last):
            joined[-1] = (before, last)
        else:
            joined.append((first, last))
    return joined
