"""In which order are the lines of a page read? Column by column, from where they stand on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

GUTTER = 0.6  # of a line's height: the least that parts two columns
MEASURE = 8  # a column's lines are so many times as long as high; what is narrower is a table's cell
PARAGRAPH = 0.6  # of a line's height: space from which a paragraph begins
SAME_ROW = 0.5  # of the lower line's height that both share
DEPTH = 50  # of cuts within cuts

_DIVIDED = re.compile(r"(?<=[^\W\d_])-\n(\S+)[ ]?")


@dataclass(frozen=True, slots=True)
class Line:
    """A line's words, and the upright rectangle that they stand in, from the page's upper left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def laid_out(lines: Sequence[Line]) -> str:
    """The page's text: rows parted by line ends, paragraphs and columns by blank lines, words put together that
    were divided at a line's end.

    By recursive cuts along empty strips, as Nagy and Seth (1984) have it.
    """
    blocks = _blocks(list(lines), DEPTH)
    return _DIVIDED.sub(_whole, "\n\n".join(_set(block) for block in blocks))


def _whole(divided: re.Match[str]) -> str:
    """A word that goes on with a small letter on the next line, put on the first."""
    rest = divided[1]
    return f"{rest}\n" if rest[0].islower() else divided[0]


def _blocks(lines: list[Line], depth: int) -> list[list[Line]]:
    """The lines in blocks that are read one after the other."""
    if len(lines) < 2 or not depth:
        return [lines] if lines else []
    height = _height(lines)
    columns = _parted(lines, "left", "right", GUTTER * height)
    if columns and all(_is_column(side) for side in columns):
        return [block for side in columns for block in _blocks(side, depth - 1)]
    parts = _parted(lines, "top", "bottom", PARAGRAPH * height)
    return [block for part in parts for block in _blocks(part, depth - 1)] if parts else [lines]


def _parted(lines: Iterable[Line], start: str, end: str, least: float) -> list[list[Line]]:
    """Both sides of the widest empty strip across all of them, if it is as wide as `least`; else nothing."""
    ordered = sorted(lines, key=lambda line: getattr(line, start))
    reached, widest, at = getattr(ordered[0], end), least, 0
    for number, line in enumerate(ordered[1:], 1):
        if getattr(line, start) - reached >= widest:
            widest, at = getattr(line, start) - reached, number
        reached = max(reached, getattr(line, end))
    return [ordered[:at], ordered[at:]] if at else []


def _is_column(lines: Sequence[Line]) -> bool:
    wide = median(line.right - line.left for line in lines)
    return len(lines) > 1 and wide >= MEASURE * _height(lines)


def _height(lines: Iterable[Line]) -> float:
    return median(line.bottom - line.top for line in lines)


def _set(block: list[Line]) -> str:
    """A block's rows, from top to bottom, each from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(block, key=lambda line: line.top + line.bottom):
        if rows and _beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return "\n".join(" ".join(line.text for line in sorted(row, key=lambda line: line.left)) for row in rows)


def _beside(one: Line, other: Line) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared >= SAME_ROW * min(one.bottom - one.top, other.bottom - other.top)
