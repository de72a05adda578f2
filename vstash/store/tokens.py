"""Which tokens does FTS5 see in a text? As `porter unicode61 remove_diacritics 2` has them, for the store without a
file."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

import Stemmer

STEMMED = range(3, 65)  # bytes of the tokens that FTS5 stems
# Letters and digits, the private letters that stand for vowel signs and languages, and marks, which go with accents.
_WORD = re.compile("(?:[^\\W_]|[\ue000-\uf8ff])(?:[^\\W_]|[\u0300-\u036f\ue000-\uf8ff])*")
_ONE = str.maketrans("ςµ", "σμ")  # two signs of one letter
_ENDING = re.compile("(.*[aeiouy][^aeiouy].*)(?:(log)(?:y|i|ies)|bly)")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text's fields in order, how often each occurs, and how many there are."""

    fields: tuple[tuple[str, ...], ...]
    counts: Counter[str]
    size: int

    def count(self, phrase: tuple[str, ...], prefix: bool) -> int:
        """How often a word, the beginning of one, or a phrase within a field occurs."""
        if len(phrase) == 1:
            return self._beginning(phrase[0]) if prefix else self.counts[phrase[0]]
        if not phrase or any(word not in self.counts for word in phrase):
            return 0
        size = len(phrase)
        return sum(field[at : at + size] == phrase for field in self.fields for at in range(len(field) - size + 1))

    def _beginning(self, word: str) -> int:
        return sum(count for one, count in self.counts.items() if one.startswith(word))


def tokens(*fields: str) -> Tokens:
    """The tokens of a text's fields."""
    found = tuple(map(split, fields))
    counts = Counter(word for field in found for word in field)
    return Tokens(found, counts, counts.total())


def split(text: str) -> tuple[str, ...]:
    """The tokens of a text, in order."""
    stemmer = Stemmer.Stemmer("porter")
    words = [_later(_fold(word)).encode() for word in _WORD.findall(text)]
    return tuple([_stem(stemmer, word).decode() if len(word) in STEMMED else word.decode() for word in words])


def _stem(stemmer: Stemmer.Stemmer, word: bytes) -> bytes:
    """By bytes, as FTS5 does: "ß" has two of them, both consonants."""
    found: str = stemmer.stemWord(word.decode("latin-1"))
    return found.encode("latin-1")


def _later(word: str) -> str:
    """By two rules that Porter added later, which Snowball's "porter" has not: -logi is -log, -bli is -ble."""
    found = _ENDING.fullmatch(word)
    return word if found is None else found[1] + ("log" if found[2] else "ble")


def _fold(word: str) -> str:
    """In lower case, letters without accents where that leaves one of ASCII, as unicode61 does."""
    if word.isascii():
        return word.lower()
    return "".join(_plain(char) for char in word.lower().translate(_ONE) if not "\u0300" <= char <= "\u036f")


def _plain(char: str) -> str:
    base = unicodedata.normalize("NFD", char)[0]
    return base if base.isascii() else char
