"""Under which other form is a word of another language than English looked for: its stem, its letters folded?

A word of a script of its own is stemmed by that script, so that a text and a question agree without asking
what language they are in; a word in Latin letters by the languages given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import Stemmer

from vstash.text.languages import STOPS

SHORTEST = 3  # letters of a word that is stemmed
LONGEST = 40  # letters; longer ones are keys
# unicode61 parts words at the vowel signs of these scripts, from Devanagari on; as private-use letters it keeps them.
MARKS = {
    mark: 0xE000 + mark - 0x0900 for mark in range(0x0900, 0x1800) if unicodedata.category(chr(mark)).startswith("M")
}
SIGNS = {kept: mark for mark, kept in MARKS.items()}  # and back
_SCRIPTS = {  # letters and marks, and the Snowball stemmer, if there is one
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "russian": "\u0400-\u04ff",
    "armenian": "\u0531-\u0587",
    "hebrew": "\u0591-\u05f4",
    "arabic": "\u0610-\u061a\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06fa-\u06ff\u0750-\u077f",
    "hindi": "\u0900-\u0963\u0970-\u097f",
    "indic": "\u0980-\u0b7f\u0c00-\u0dff",
    "tamil": "\u0b80-\u0bff",
}
_WORD = re.compile("|".join(f"(?P<{name}>[{letters}]+)" for name, letters in _SCRIPTS.items()))
_OTHER = re.compile(f"[{''.join(_SCRIPTS.values())}]")
_DIGITS = re.compile(r"(?:(?![0-9])\d)+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
# Letters that no accent can be taken off, and how people write them who lack them. Not đ: the longer passages of
# Vietnamese names cost one of 1,190 English questions by words alone its first place, and these none.
_WHOLE = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "ı": "i"})
_WITH_WHOLE = re.compile(r"[^\W\d_]*[œæßøłı][^\W\d_]*")
# Wide letters, ligatures, and letters in the shapes that Hebrew and Arabic are printed in, as PDFs have them.
_WIDE = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\ufb00-\ufb06\ufb1d-\ufdfb\ufe70-\ufefc]")
_SPACED = re.compile("[^\\W\u0e00-\u1dff\u2e80-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]+")  # no runs without spaces
_POINTS = re.compile("[\u0300\u0301\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc]")


def forms(text: str, languages: tuple[str, ...] = ()) -> Iterator[str]:
    """The forms of the text's words that unicode61 would not find in it, in order; repeated as the words are.

    `languages` are those that its words in Latin letters are stemmed by.
    """
    if not text.isascii():
        if _WIDE.search(text):
            yield from _narrow(text)
        text = unicodedata.normalize("NFKC", text)
        yield from numbers(text)
        if _OTHER.search(text):
            yield from _by_script(text)
        for word in dict.fromkeys(_WITH_WHOLE.findall(text.lower())):
            yield fold(word.translate(_WHOLE))
    if languages:
        yield from _by_language(text, languages)


def numbers(text: str) -> Iterator[str]:
    """The numbers that are written in digits of another script than Latin, in those of Latin."""
    for number in _DIGITS.findall(text):
        yield "".join(str(int(digit)) for digit in number)


def marked(word: str) -> bool:
    """Whether it has vowel signs at which unicode61 parts it, so that only its form finds it."""
    return not word.isascii() and any(0x0900 <= ord(char) < 0x0E00 and ord(char) in MARKS for char in word)


def fold(word: str) -> str:
    """Without accents, as unicode61 folds Latin letters."""
    if word.isascii():
        return word
    return "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))


def _narrow(text: str) -> Iterator[str]:
    for word in _SPACED.findall(text):
        if _WIDE.search(word):
            yield unicodedata.normalize("NFKC", word).lower()


def _by_script(text: str) -> Iterator[str]:
    stemmers = {name: Stemmer.Stemmer(name) for name in _SCRIPTS if name not in ("hebrew", "indic")}
    for match in _WORD.finditer(text):
        word, name = match[0].lower(), match.lastgroup or ""
        plain = _POINTS.sub("", word)
        stemmed = plain
        if SHORTEST <= len(plain) <= LONGEST and plain not in STOPS.get(name, ()) and name in stemmers:
            stemmed = _stem(stemmers[name], plain)
        form = (fold(stemmed) if name == "greek" else stemmed.replace("ё", "е")).translate(MARKS)
        if form != match[0].lower():
            yield form


def _stem(stemmer: Stemmer.Stemmer, word: str) -> str:
    """Snowball's stem. Its Arabic leaves "and" before an article, and the beginning of the plural's ending."""
    if len(word) > 5 and word[0] in "وف" and word[1:3] in ("ال", "لل"):
        word = word[1:]
    found: str = stemmer.stemWord(word)
    return found[:-1] if len(found) > 4 and found.endswith("ا") else found


def _by_language(text: str, languages: tuple[str, ...]) -> Iterator[str]:
    stemmers = [(STOPS[name], Stemmer.Stemmer(name)) for name in languages]
    for word in _LATIN.findall(text.lower().replace("i̇", "i")):
        if SHORTEST <= len(word) <= LONGEST:
            plain = fold(word)
            found = (stemmer.stemWord(word) for stops, stemmer in stemmers if word not in stops)
            stems = {fold(stem).replace("ı", "i"): None for stem in found}  # capitals were lowered with a dot
            yield from (stem for stem in stems if stem != plain)
