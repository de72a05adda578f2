"""An encoder without a model: signed feature hashing of words, for tests and for very small machines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from vstash.encode.tokens import CJK, estimated_starts
from vstash.errors import EncoderError
from vstash.rules import shown
from vstash.signs import plain
from vstash.types import Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vstash.encode.base import Vectors

MAX_TOKENS = 256  # tokens; every word counts, however long the text, but passages should compare in size
CACHED_WORDS = 200_000  # words kept with their hashes, about 30 MB
PAIR_WEIGHT = 0.5  # of two adjacent words, against 1 for a word: order matters, but less than vocabulary
MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: Knuth, TAOCP 3, section 6.4

_WORD = re.compile(rf"[{CJK}]|[^\W{CJK}]+")
_LOWER = bytes(ord(chr(code).lower()) if chr(code).isalnum() or code == ord("_") else 32 for code in range(128))
_ASCII = _LOWER + bytes(128)  # bytes.translate wants all 256


class HashEncoder:
    """Words and pairs of adjacent words, hashed to `dim` signed counts (Weinberger et al. 2009).

    Deterministic across processes, platforms and versions. Texts are similar when they share words.
    A text without any word gets the first unit vector. Raises: EncoderError when dim is not positive.
    """

    def __init__(self, dim: int = 256) -> None:
        if not isinstance(dim, int) or isinstance(dim, bool) or dim < 1:
            raise EncoderError(f"the hash encoder cannot have {shown(dim)} dimensions", hint="256 is the default")
        self._space = Space(id=f"hash-{dim}-v1", model="hash", dim=dim, max_tokens=MAX_TOKENS)
        self._hashes = _Hashes()

    @property
    def space(self) -> Space:
        """Which vectors these can be compared with."""
        return self._space

    def documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, shape (len(texts), dim)."""
        words = [words_of(text) for text in texts]
        counts = np.fromiter(map(len, words), np.int64, len(words))
        hashes = np.fromiter(map(self._hashes.__getitem__, chain.from_iterable(words)), np.uint64, counts.sum())
        rows = np.repeat(np.arange(len(words)), counts)
        together = rows[1:] == rows[:-1]
        pairs = (hashes[:-1] * MIX + hashes[1:])[together]
        pairs ^= pairs >> np.uint64(29)
        sums = self._sums(rows, hashes, len(words))
        sums += PAIR_WEIGHT * self._sums(rows[1:][together], pairs, len(words))
        return _unit(sums)

    def query(self, text: str) -> Vectors:
        """The vector of a question, shape (dim,); the same as of a passage."""
        vector: Vectors = self.documents([text])[0]
        return vector

    def token_starts(self, text: str) -> list[int]:
        """About where a word-piece tokenizer's tokens would start, in code points."""
        return estimated_starts(text)

    def _sums(self, rows: NDArray[np.int64], hashes: NDArray[np.uint64], n: int) -> NDArray[np.float64]:
        """Signed counts, shape (n, dim): the lowest bit is the sign, the others choose the column."""
        dim = self._space.dim
        columns = ((hashes >> np.uint64(1)) % np.uint64(dim)).astype(np.int64)
        signs = 1.0 - 2.0 * (hashes & np.uint64(1))
        counts = np.bincount(rows * dim + columns, weights=signs, minlength=n * dim)
        return counts.astype(np.float64).reshape(n, dim)  # without any word bincount counts in integers


def words_of(text: str) -> list[bytes]:
    """The text's words in order, lower-cased, in UTF-8; each CJK character is one.

    Plain ASCII, most text, goes by a table instead of the expression: over twice as fast, the same words.
    """
    text = plain(text)
    if text.isascii():
        return text.encode().translate(_ASCII).split()
    return [word.encode() for word in _WORD.findall(text.lower())]


class _Hashes(dict[bytes, int]):
    """Each word's 64-bit hash, remembered; emptied when full, which costs less than keeping count."""

    def __missing__(self, word: bytes) -> int:
        if len(self) >= CACHED_WORDS:
            self.clear()
        value = int.from_bytes(blake2b(word, digest_size=8).digest(), "little")
        self[word] = value
        return value


def _unit(sums: NDArray[np.float64]) -> Vectors:
    # The root keeps a word that is everywhere in a text from drowning the others.
    damped = np.copysign(np.sqrt(np.abs(sums)), sums).astype(np.float32)
    damped[~damped.any(axis=1), 0] = 1.0
    unit: Vectors = damped / np.linalg.norm(damped, axis=1, keepdims=True)
    return unit
