"""Which part of a passage to show, and which of its words answer the query? Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from vstash.extras import later

if TYPE_CHECKING:
    from vstash.text import forms
    from vstash.types import Term
else:  # most passages need none
    forms = later("vstash.text.forms")

LENGTH = 300  # code points of a passage shown on a screen
ENDING = 6  # letters that may follow a stem, but no more than it has itself: evalu-ations, cat-s, no cat-egory

# Of a word as the index has it: parted at underscores and from runs without spaces, the vowel signs of Hindi kept.
_LETTER = r"(?:[^\W_\u0e00-\u1dff\u2e80-\U0010ffff]|[\ue000-\ue4ff])"
_POINTS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"  # in Hebrew, Arabic, Hindi …
)
_WORD = re.compile(rf"(?:[^\W_\u0e00-\u1dff\u2e80-\ufaff\uff00-\U0010ffff]|[{_POINTS}])+")
_IS_LETTER = re.compile(_LETTER)
_AM = re.compile("(?<=\ue54d)\u0e32|(?<=\ue5cd)\u0eb2")  # Thai and Lao -am: one letter in texts, two in terms
_BEGIN, _CEASE = rf"(?<!{_LETTER})", rf"(?!{_LETTER})"


class Span(NamedTuple):
    """Where a word of the query stands, and which one."""

    start: int
    end: int
    word: int


def spans(text: str, terms: Sequence[Term]) -> list[Span]:
    """Where the terms stand in the text, in any of their forms; sorted, without overlaps.

    Case and accents are ignored, as in the index, and words end at underscores. The index compares stems, which
    a text shows only in part: a word that starts with the stem and goes on for a few letters is taken for a form
    of it. Of two that overlap, as pairs of characters do, the second is what is left of it.
    """
    patterns = list(dict.fromkeys(pattern for term in terms for pattern in _patterns(term)))
    if not patterns:
        return []
    either = re.compile(f"(?=({')|('.join(sorted(patterns, key=len, reverse=True))}))")
    return list(_apart(sorted([*map(_span, either.finditer(fold(text))), *_by_form(text, terms)])))


def excerpt(text: str, terms: Sequence[Term], length: int = LENGTH) -> str:
    """About `length` code points of the text: those with the most different words of the query."""
    start = _best_start(spans(text, terms), length)
    if start:
        start = text.find(" ", start, start + length // 4) + 1 or start
    end = min(len(text), start + length)
    return ("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")


def marked(text: str, terms: Sequence[Term], before: str, after: str) -> str:
    """The text with every word of the query between `before` and `after`."""
    parts: list[str] = []
    done = 0
    for span in spans(text, terms):
        if parts and span.start == done:
            parts.pop()  # one mark for what touches
        else:
            parts += [text[done : span.start], before]
        parts += [text[span.start : span.end], after]
        done = span.end
    return "".join([*parts, text[done:]])


def fold(text: str) -> str:
    """Lower case without accents, of wide and narrow forms the usual one, vowel signs as they are looked for; of the
    same length as the text."""
    if text.isascii():
        return text.lower()
    return "".join(map(_folded, text))


def _folded(char: str) -> str:
    """Only letters with accents are parted: a syllable of Hangul is more than its first sound."""
    accented = char < "\u0900" or "\u1e00" <= char < "\u2e80"
    folded = unicodedata.normalize("NFD" if accented else "NFKC", char)[0].lower()[0]
    return folded.translate(forms.MARKS) if "\u0900" <= folded < "\u1800" else folded


def _patterns(term: Term) -> Iterator[str]:
    words, stems = fold(term.text).split(), fold(term.stem).split()
    before = ""
    for word, stem in zip(words, stems if len(stems) == len(words) else words, strict=True):
        if not (_unspaced(word[0]) and before.endswith(word)):  # of a phrase: the ends of a run, which it marks
            yield _pattern(word, stem)
            before = word


def _pattern(word: str, stem: str) -> str:
    if not word.isascii() and _unspaced(word[0]):
        return _AM.sub(r"\g<0>?", re.escape(word))
    if len(stem) > 2 and stem.endswith("i") and word.startswith(stem[:-1]):  # studi: study, studies
        return rf"{_BEGIN}{re.escape(stem[:-1])}[iy]{_LETTER}{{0,{ENDING}}}{_CEASE}"
    root = stem if word.startswith(stem) else word
    ending = rf"{_LETTER}{{0,{min(len(root), ENDING)}}}" if len(root) > 2 else ""
    edge = _CEASE if _IS_LETTER.match(root[-1:]) else ""
    return rf"{_BEGIN}{re.escape(root)}{ending}{edge}" if root[:1].isalnum() else re.escape(root)


def _span(found: re.Match[str]) -> Span:
    word = found.lastindex or 0
    return Span(*found.span(word), word)


def _by_form(text: str, terms: Sequence[Term]) -> Iterator[Span]:
    """Words that the index found by a form that they do not begin with: after an article or "and", with ß for ss, in
    other digits."""
    asked = {fold(term.text): -number for number, term in enumerate(terms, 1)}
    for word in () if text.isascii() else _WORD.finditer(text):
        if not word[0].isascii():
            found = (asked[form] for form in map(fold, forms.forms(word[0])) if form in asked)
            yield from (Span(*word.span(), number) for number in found)


def _apart(found: Iterable[Span]) -> Iterator[Span]:
    done = 0
    for span in found:
        if span.end > done:
            yield span._replace(start=max(span.start, done))
            done = span.end


def _unspaced(char: str) -> bool:
    """Whether it may be of a script without spaces between words: Thai and its neighbours, Han, kana, Hangul."""
    return "\u0e00" <= char <= "\u1dff" or char >= "\u2e80"


def _best_start(found: Sequence[Span], length: int) -> int:
    """Where to begin so that the most different words are seen; a third of the excerpt leads up to the first."""
    lead = length // 3
    first = max(found, key=partial(_words_seen, found, length - lead), default=None)
    return max(0, first.start - lead) if first else 0


def _words_seen(found: Sequence[Span], reach: int, first: Span) -> int:
    return len({span.word for span in found if first.start <= span.start and span.end <= first.start + reach})
