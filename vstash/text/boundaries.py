"""Where may a text be cut, and where best? All positions at once, as arrays; each cut then takes O(log n)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Codes = NDArray[np.uint8] | NDArray[np.uint32]

LONG_TOKEN = 64  # code points; a tokenizer that calls more than this one token has given up on it
SURE = 0.7  # of the window: what fits below any heading path, which may take a quarter
PIECE = 4  # code points for each token assumed in there

# Kinds of cut, best first, and from which share of the ideal size on each is good enough: a paragraph's
# end is worth a chunk half as long, a word's end is not.
FLOORS = (0.5, 0.5, 0.6, 0.7, 0.85, 0.9)  # heading, paragraph, line, sentence, word, token


def _table(codes: Iterable[int]) -> Mask:
    """Which code points these are, up to one past the last of them."""
    wanted = list(codes)
    table = np.zeros(max(wanted) + 2, dtype=np.bool_)
    table[wanted] = True
    table.setflags(write=False)
    return table


# The code points for which str.isspace() holds.
_SPACES = _table(
    [*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
)
_ENDERS = _table(map(ord, ".!?…:;。！？｡"))
_CLOSERS = _table(map(ord, "\"')]}”’»」』）"))
_WIDE_ENDERS = _table(map(ord, "。！？｡"))


@dataclass(frozen=True, slots=True)
class Boundaries:
    """A text as positions, in code points. Every cut is at a visible character that follows another,
    so no chunk is blank and spaces stay with what they follow.

    `starts` are token starts, `offsets` the same as a list, where one is looked up in a tenth of the time;
    `assumed` those that no tokenizer named; `ranks` the places to cut, for each of FLOORS; `atoms` are
    (start, end, tokens) of what should stay whole, shape (3, n).
    """

    text: str
    visible: Ints
    starts: Ints
    offsets: Sequence[int]
    assumed: Ints
    ranks: tuple[Ints, ...]
    atoms: Ints

    def tokens(self, start: int, end: int) -> int:
        """How many tokens start in text[start:end]."""
        return bisect_left(self.offsets, end) - bisect_left(self.offsets, start)

    def counted(self, start: int, end: int) -> bool:
        """Whether `tokens` is what a tokenizer would make of text[start:end] alone, give or take a few:
        no word is cut, and none too long for a vocabulary is in it."""
        if self.assumed.size and self.assumed.searchsorted(start) != self.assumed.searchsorted(end):
            return False
        return not (self._glued(start) or self._glued(end))

    def cut(self, start: int, end: int, budget: int, past: int = 0) -> int:
        """Where to cut text[start:end] so that the first part has at most `budget` tokens and the parts
        come out even; `end` when it holds a single visible character. With `past` behind that place,
        through an atom if need be."""
        first = bisect_left(self.offsets, start)
        total = self.tokens(start, end)
        ideal = total / max(2, -(-total // budget))
        last = self._offset(first + budget, end)
        for room in (budget, 0) if past else (budget,):
            for rank, floor in zip(self.ranks, FLOORS, strict=True):
                near = _between(rank, self._offset(first + int(floor * ideal), end), last)
                found = self._free(near, max(start, past), room)
                if found.size:
                    sizes = self.starts.searchsorted(found) - first
                    return int(found[np.argmin(np.abs(sizes - ideal))])
        return self._anyhow(start, end, last, budget)

    def _anyhow(self, start: int, end: int, last: int, budget: int) -> int:
        """The last place that spares atoms, else the last token, else the middle."""
        for rank in self.ranks:
            found = self._free(_between(rank, start + 1, last), start, budget)
            if found.size:
                return int(found[-1])
        found = _between(self.ranks[-1], start + 1, min(last, end - 1))
        if found.size:
            return int(found[-1])
        inside = _between(self.visible, start, end - 1)[1:]
        return int(inside[(inside.size - 1) // 2]) if inside.size else end

    def _glued(self, position: int) -> bool:
        """Whether a visible character stands right before this one."""
        return 0 < position < len(self.text) and not self.text[position - 1].isspace()

    def _offset(self, token: int, end: int) -> int:
        """Where this token starts, but inside of a text that ends at `end`."""
        return min(self.offsets[token], end - 1) if token < len(self.offsets) else end - 1

    def _free(self, positions: Ints, start: int, budget: int) -> Ints:
        """The positions after `start` that cut no atom which would fit the budget."""
        positions = positions[positions > start]
        if not self.atoms.size:
            return positions
        before = self.atoms[0].searchsorted(positions) - 1
        inside = (before >= 0) & (positions < self.atoms[1][before]) & (self.atoms[2][before] <= budget)
        free: Ints = positions[~inside]
        return free


def boundaries(
    text: str, starts: Sequence[int], headings: Iterable[int], atoms: Sequence[tuple[int, int]], window: int = 0
) -> Boundaries:
    """The places to cut a text with visible characters, from its token starts, headings and atoms.

    Of atoms that are one inside the other the outermost that fits `window` tokens stays whole.
    """
    codes = _codes(text)
    space = _one_of(codes, _SPACES)
    visible = np.flatnonzero(~space)
    named = np.asarray(starts, dtype=np.int64)
    assumed = _assumed(named, space)
    all_starts = np.sort(np.concatenate((named, assumed))) if assumed.size else named
    if space[all_starts].any():
        all_starts = _snapped(visible, all_starts)
    spans = np.asarray(atoms, dtype=np.int64).reshape(-1, 2).T
    paragraphs, lines, sentences, words = _gaps(codes, space, visible[0])
    sizes = all_starts.searchsorted(spans[1]) - all_starts.searchsorted(spans[0])
    kept = _outermost(spans, sizes, window)
    if kept.size:
        lines = _inner(visible, np.concatenate((lines, spans[0][kept], spans[1][kept])))
    if not text.isascii():
        sentences = _inner(visible, np.concatenate((sentences, _wide_sentences(codes))))
        words = _inner(visible, np.concatenate((words, _wide(codes))))
    at_headings = _inner(visible, np.fromiter(headings, dtype=np.int64))
    return Boundaries(
        text,
        visible,
        all_starts,
        all_starts.tolist(),
        assumed,
        (at_headings, paragraphs, lines, sentences, words, all_starts[all_starts > visible[0]]),
        np.stack((_snapped(visible, spans[0][kept], keep=True), spans[1][kept], sizes[kept])),
    )


def _codes(text: str) -> Codes:
    """The text's code points, shape (len(text),); a byte each where that is enough."""
    if text.isascii():
        return np.frombuffer(text.encode(), dtype=np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _outermost(spans: Ints, sizes: Ints, window: int) -> Ints:
    """Which of the spans, sorted and nested, stay whole: no other of them lies around them and surely fits."""
    kept, end = [], -1
    starts, ends = spans.tolist()
    following = [*starts[1:], ends[-1] if ends else 0]
    for at, (last, size) in enumerate(zip(ends, sizes.tolist(), strict=True)):
        simple = following[at] >= last  # nothing inside to fall back on
        if last > end and (size <= SURE * window or simple or not window):
            kept.append(at)
            end = last
    return np.asarray(kept, dtype=np.int64)


def _between(positions: Ints, low: int, high: int) -> Ints:
    """The positions from low to high, both included."""
    return positions[positions.searchsorted(low) : positions.searchsorted(high, side="right")]


def _one_of(codes: Codes, wanted: Mask) -> Mask:
    """Which code points are among the wanted ones: by table, `np.isin` sorts."""
    found: Mask = wanted.take(codes, mode="clip")
    return found


def _snapped(visible: Ints, positions: Ints, *, keep: bool = False) -> Ints:
    """Positions moved to the next visible character; those past the last one go, or stay at it."""
    index = visible.searchsorted(positions)
    snapped: Ints = visible[np.minimum(index, visible.size - 1) if keep else index[index < visible.size]]
    return snapped


def _inner(visible: Ints, positions: Ints) -> Ints:
    """Sorted places to cut: at visible characters, and not before the first."""
    snapped = np.sort(_snapped(visible, positions), kind="stable")  # `np.unique` hashes: ten times slower
    inner: Ints = snapped[(snapped > visible[0]) & np.append(True, snapped[1:] > snapped[:-1])[: snapped.size]]
    return inner


def _assumed(starts: Ints, space: Mask) -> Ints:
    """Token starts where the tokenizer names none for long: in words too long for its vocabulary, which
    it takes for one unknown token, and in characters that it drops."""
    edges = np.concatenate(([0], starts, [space.size]))
    long = np.flatnonzero(np.diff(edges) > LONG_TOKEN)
    if not long.size:
        return long
    begins, edges = edges[:-1], edges[1:]
    assumed: Ints = np.concatenate([np.arange(begins[gap] + PIECE, edges[gap], PIECE) for gap in long])
    return assumed[~space[assumed]]


def _gaps(codes: Codes, space: Mask, first: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Where words start after a gap, by what the gap is: a blank line, a line's end, a sentence's, a space."""
    starts = np.flatnonzero(~space[1:] & space[:-1]) + 1
    starts = starts[starts > first]
    gaps = (np.flatnonzero(space[1:] & ~space[:-1]) + 1)[: starts.size]
    lines = np.cumsum(codes == ord("\n"), dtype=np.int32)
    count = lines[starts - 1] - lines[gaps - 1]
    closed = _one_of(codes[gaps - 1], _CLOSERS) & (gaps > 1)
    last = codes[gaps - 1 - closed]
    lower = (codes[starts] >= ord("a")) & (codes[starts] <= ord("z"))
    sentence = (count == 0) & _one_of(last, _ENDERS) & ~lower
    word = (count == 0) & ~sentence
    return starts[count > 1], starts[count == 1], starts[sentence], starts[word]


def _wide_sentences(codes: Codes) -> Ints:
    """Where a sentence of a script without spaces starts: after its full stop and closing marks."""
    stop = _one_of(codes, _WIDE_ENDERS)
    mark = stop | _one_of(codes, _CLOSERS)
    ended = stop[:-1] | (np.concatenate(([False], stop[:-2])) & mark[:-1]) if codes.size > 1 else stop[:0]
    return (np.flatnonzero(ended & ~mark[1:]) + 1).astype(np.int64)


def _wide(codes: Codes) -> Ints:
    """Where characters of Han and kana start: without a dictionary, each may start a word."""
    wide = ((codes >= 0x3041) & (codes <= 0x9FFF)) | ((codes >= 0x20000) & (codes <= 0x3FFFF))
    return np.flatnonzero(wide).astype(np.int64)
