"""Into which passages is a source cut, so that each fits the encoder's window and holds one thing?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from vstash.text.boundaries import Boundaries, boundaries
from vstash.text.outline import Outline, Sizes, outline, units
from vstash.text.passage import context, passage
from vstash.text.places import Places
from vstash.types import Chunk, Source

SLACK = 8  # tokens that a count may be off by, where tokens meet a cut

TokenStarts = Callable[[str], Sequence[int]]


def split(source: Source, window: int, token_starts: TokenStarts) -> list[Chunk]:
    """The source's passages in order; their texts joined are the source's text, none is blank.

    `window` is how many tokens, special ones left out, the encoder reads; `passage(source.title,
    chunk.heading, chunk.text, window)` has no more, unless a single character has. Cuts follow
    headings, then blank lines, lines, sentences and words; atoms stay whole if they fit, and a
    section of 1.1 windows becomes two halves, not a full one and a tail. [] for a blank text.
    """
    if not source.text.strip():
        return []
    splitter = _Splitter(source, window, token_starts)
    places = Places(source.text, source.places)
    return [
        Chunk(seq, source.text[start:end], start, end, splitter.heading(start, end), places.span(start, end))
        for seq, (start, end) in enumerate(splitter.spans())
    ]


class _Splitter:
    """One source and one window: what every step below asks about."""

    def __init__(self, source: Source, window: int, token_starts: TokenStarts) -> None:
        self.source = source
        self.window = window
        self.token_starts = token_starts
        self.outline, self.bounds = _laid_out(source, token_starts(source.text), window)
        self.room_below = cache(self._room_below)  # few headings, many questions
        self.path = cache(self.outline.path)

    def spans(self) -> Iterator[tuple[int, int]]:
        sizes = Sizes(self.window, self._tokens, self._room, self._bare)
        for first, last in units(self.outline.sections, sizes):
            yield from self._cut(*self.outline.span(first, last))

    def heading(self, start: int, end: int) -> str:
        return self.path(*self.outline.within(start, end))

    def _cut(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """text[start:end] in parts that fit; what comes near the limit is measured as the encoder will see it."""
        rest = [(start, end)]
        while rest:
            start, end = rest.pop()
            budget = self._budget(start, end)
            at = end if not budget else self.bounds.cut(start, end, budget)
            past = start
            while past < at < end and self.outline.bare(start, at):
                past, at = at, self.bounds.cut(start, end, budget, past=at)
            if at >= end:
                yield start, end
            else:
                rest += [(at, end), (start, at)]

    def _budget(self, start: int, end: int) -> int:
        """How many tokens the first part of this span may have, 0 if the span fits as it is."""
        total = self.bounds.tokens(start, end)
        heading = self.heading(start, end)
        room = self.room_below(heading)
        if total > room:
            first, last = self.outline.within(start, end)
            return min(room, self._room(first, first), self._room(last, last))
        if total + SLACK <= room and self.bounds.counted(start, end):
            return 0
        seen = passage(self.source.title, heading, self.source.text[start:end], self.window)
        return (total + 1) // 2 or 1 if len(self.token_starts(seen)) > self.window else 0

    def _tokens(self, first: int, last: int) -> int:
        return self.bounds.tokens(*self.outline.span(first, last))

    def _bare(self, first: int, last: int) -> bool:
        return self.outline.bare(*self.outline.span(first, last))

    def _room(self, first: int, last: int) -> int:
        return self.room_below(self.path(first, last))

    def _room_below(self, heading: str) -> int:
        line = context(self.source.title, heading, self.window)
        return max(1, self.window - len(self.token_starts(line)) if line else self.window)


def _laid_out(source: Source, starts: Sequence[int], window: int) -> tuple[Outline, Boundaries]:
    """The source's sections and the places where it may be cut, both at visible characters."""
    headings = [heading.start for heading in source.headings if heading.start >= 0]
    spans = {(max(start, 0), end) for start, end in source.atoms if start < end}
    atoms = sorted(spans, key=lambda span: (span[0], -span[1]))
    bounds = boundaries(source.text, starts, headings, atoms, window)
    visible = bounds.visible

    def place(start: int) -> int | None:
        """The first visible character from here on; the text's very first one stands for its start."""
        at = int(visible.searchsorted(start))
        return None if at == len(visible) else int(visible[at]) if at else 0

    return outline(source, place), bounds
