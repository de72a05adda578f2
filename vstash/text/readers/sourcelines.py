"""On which line of a file with markup does a word of its text stand? Parsers that stream do not say.

Both sides, what the parser handed out and what stands between the tags, must be the same letter for letter; a line
is then counted, not guessed. Where they differ there are no places.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from html import unescape

from vstash.types import Place

_TAG = r"""<[/?!a-zA-Z](?:[^>"']|"[^"]*"|'[^']*')*+>"""
HTML = re.compile(  # what is no text; `lost` is markup that never ends, after which nothing is known
    rf"<!--.*?-->|<(script|style)\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*+>.*?</\1\s*>|(?P<lost><!--|<(?:script|style)\b)"
    rf"|{_TAG}|(?P<open><[/?!a-zA-Z])",
    re.DOTALL | re.IGNORECASE,
)
XML = re.compile(
    r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(?P<literal>.*?)\]\]>|<!DOCTYPE[^\[<>]*+(?:\[[^\]]*\]\s*)?>"
    rf"|(?P<lost><!--|<\?|<!)|{_TAG}|(?P<open><[/?!a-zA-Z])",
    re.DOTALL,
)


class Trace:
    """What a parser hands out, and what of it is written where. Counted in characters other than white space."""

    def __init__(self) -> None:
        self._handed: list[str] = []
        self._count = 0
        self._piece = ""
        self._written: list[tuple[int, str, int | None]] = []

    def handed(self, text: str) -> None:
        """The parser's next piece of text."""
        self._count += len(self._piece)
        self._piece = _letters(text)
        self._handed.append(self._piece)

    def wrote(self, offset: int, text: str, *, own: bool = True) -> None:
        """That piece, or one that is not the file's `own` text, stands at the offset."""
        whole = own and _letters(text) == self._piece
        self._written.append((offset, text, self._count if whole else None))

    def places(self, source: str, markup: re.Pattern[str]) -> tuple[Place, ...]:
        """The places of all that was written; none if the source says something else."""
        said: list[str] = []
        counts: list[int] = []
        lines: list[int] = []
        count = 0
        for line, words in _said(source, markup):
            if not lines or lines[-1] != line:
                counts.append(count)
                lines.append(line)
            said.append(words)
            count += len(words)
        if not lines or "".join(said) != "".join(self._handed):
            return ()
        return tuple(place for one in self._written for place in _placed(one, counts, lines))


def _placed(written: tuple[int, str, int | None], counts: list[int], lines: list[int]) -> Iterator[Place]:
    """Where a piece begins, and each of its words that is the first on a line."""
    offset, text, count = written
    if count is None:
        yield Place(offset, {})
        return
    at = bisect_right(counts, count) - 1
    yield Place(offset + len(text) - len(text.lstrip()), {"line": lines[at]})
    if at + 1 == len(counts) or counts[at + 1] >= count + len(text):  # all on that line
        return
    for word in re.finditer(r"\S+", text):
        count += len(word[0])
        while at + 1 < len(counts) and counts[at + 1] < count:
            at += 1
            yield Place(offset + word.end() - (count - counts[at]), {"line": lines[at]})


def _said(source: str, markup: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """The lines of the source that hold text, from 1, with that text. Linear: what never ends is the end."""
    line, counted = 1, 0
    for start, end, literal in _between(source, markup):
        text = source[start:end]
        if text.isspace():
            continue
        line += source.count("\n", counted, start)
        counted = start
        for number, words in enumerate(text.split("\n"), line):
            letters = _letters(words if literal or "&" not in words else unescape(words))
            if letters:
                yield number, letters


def _between(source: str, markup: re.Pattern[str]) -> Iterator[tuple[int, int, bool]]:
    """The spans between what is markup, and whether they mean what they say, ampersands included."""
    at = 0
    for found in markup.finditer(source):
        if at < found.start():
            yield at, found.start(), False
        if found.lastgroup == "literal":
            yield *found.span("literal"), True
        elif found.lastgroup:
            return
        at = found.end()
    yield at, len(source), False


def _letters(text: str) -> str:
    return "".join(text.split())
