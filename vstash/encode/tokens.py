"""Where are the tokens of a text? Exactly, by a tokenizer file, or estimated from its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from vstash.encode.vocabulary import Sparing, load
from vstash.encode.words import Words, separable
from vstash.errors import ModelUnavailable
from vstash.signs import plain

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"  # written without spaces, a word or so each
PIECE = 100_000  # code points; a tokenizer's time and memory grow faster than the text past this
ESTIMATED = 6  # code points of a word assumed for each token
TEXT_LIMIT = 20_000  # code points; 256 tokens of prose are 1,200, so nothing past this is ever seen

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESTIMATE = rf"[{CJK}]|[^\W{CJK}]{{1,{ESTIMATED}}}|[^\w\s]"  # compiled when first used: ten milliseconds
_ESTIMATE_ASCII = re.compile(rf"\w{{1,{ESTIMATED}}}|[^\w\s\x1c-\x1f]", re.ASCII)  # the same for plain ASCII
SHORT = 400  # code points, up to which that expression is faster than arrays
_SPACE = re.compile(r"\s")
_LETTER, _SIGN = 1, 2  # kinds of ASCII characters in the estimate, beside white space
_KINDS = np.array(
    [0 if c.isspace() else _LETTER if c.isalnum() or c == "_" else _SIGN for c in map(chr, range(128))], np.uint8
)


def encodable(text: str) -> str:
    """The text with each lone surrogate, which no tokenizer takes, replaced; offsets stay."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def estimated_starts(text: str) -> list[int]:
    """Offsets, in code points, at which a word-piece tokenizer would start its tokens, more or less.

    Plain ASCII, most text, goes by a table instead of the expression: ten times as fast, the same offsets.
    """
    text = plain(text)
    ascii_ = text.isascii()
    if not ascii_ or len(text) <= SHORT:
        return [match.start() for match in re.finditer(_ESTIMATE_ASCII if ascii_ else _ESTIMATE, text)]
    kinds = _KINDS.take(np.frombuffer(text.encode(), np.uint8))
    letter = np.append(False, kinds == _LETTER)
    marked = kinds == _SIGN
    begins, ends = np.flatnonzero(letter[1:] & ~letter[:-1]), np.flatnonzero(letter & ~np.append(letter[1:], False))
    marked[begins] = True
    further = (ends - begins - 1) // ESTIMATED  # tokens of a word beside its first
    count = np.cumsum(further)
    place = np.arange(1, count[-1] + 1 if count.size else 1) - np.repeat(count - further, further)
    marked[np.repeat(begins, further) + ESTIMATED * place] = True
    starts: list[int] = np.flatnonzero(marked).tolist()
    return starts


class Tokens:
    """A `tokenizer.json`; where its vocabulary is also in a file `names`, short texts do not wait for all of it.

    Raises: ModelUnavailable when the file cannot be read.
    """

    def __init__(self, file: Path, names: Path | None = None) -> None:
        rules, self._tokenizer = _load(file, names)
        self._words = Words(rules, self._tokenizer.encode) if separable(rules) else None
        self._before, self._after = _around(rules)

    def ids(self, text: str, max_tokens: int) -> list[int]:
        """The ids that the model reads, at most so many, the special tokens before and after included."""
        room = max_tokens - len(self._before) - len(self._after)
        return [*self._before, *self.pieces(text)[:room], *self._after]

    def pieces(self, text: str) -> list[int]:
        """The ids of the text's word-pieces, no special tokens."""
        text = encodable(text[:TEXT_LIMIT])
        if self._words and self._words.apply(text):
            return self._words.ids(text)
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def starts(self, text: str) -> list[int]:
        """The offset, in code points, at which each token starts; ascending, no special tokens."""
        text = encodable(text)
        if self._words and self._words.apply(text):
            return [begin + start for begin, end in _pieces(text) for start in self._words.starts(text[begin:end])]
        found: list[int] = []
        for begin, end in _pieces(text):
            encoding = self._tokenizer.encode(text[begin:end], add_special_tokens=False)
            found.extend(begin + start for start, _ in encoding.offsets)
        return found


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Spans of at most PIECE code points, cut behind white space where there is some near the end."""
    begin = 0
    while begin < len(text):
        end = min(begin + PIECE, len(text))
        if end < len(text):
            spaces = [match.end() for match in _SPACE.finditer(text, max(begin, end - 1000), end)]
            end = spaces[-1] if spaces else end
        yield begin, end
        begin = end


def _around(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The special tokens that are put before and after every text."""
    encoding = tokenizer.encode("a")
    own = encoding.special_tokens_mask.index(0)
    return encoding.ids[:own], encoding.ids[own + sum(not one for one in encoding.special_tokens_mask) :]


def _load(file: Path, names: Path | None) -> tuple[Any, Any]:
    """What knows the tokenizer's rules, and what encodes by them."""
    with suppress(OSError, ValueError):  # laid out otherwise: the whole file will do
        sparing = Sparing(file, names) if names else None
        if sparing and separable(sparing.rules):
            return sparing.rules, sparing
    # The library reports an unreadable file as a bare Exception, so the file is read here.
    try:
        whole = load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(
            f"the tokenizer {file} cannot be read: {error}", hint="reinstall the package it belongs to"
        ) from error
    return whole, whole
