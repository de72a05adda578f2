"""Which words are looked for, in a text beside those that FTS5's unicode61 sees, and in a query?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from vstash.extras import later
from vstash.signs import plain
from vstash.text.decode import SOFT_HYPHEN
from vstash.text.english import STOP_WORDS
from vstash.types import INSTEAD

if TYPE_CHECKING:
    from vstash.text import forms, languages, unspaced
else:  # a question in English about memories in English needs none
    forms, languages, unspaced = (later(f"vstash.text.{name}") for name in ("forms", "languages", "unspaced"))

__all__ = ["FOREIGN", "NONE", "STOP_WORDS", "QueryTerm", "extra_terms", "held_marks", "query_terms", "spelt", "telling"]

BESIDE = "\uf0fe"  # keeps a phrase from going on from a text into its terms
FOREIGN = "\uf000"  # a term of every text that is in a language of Latin letters other than English
NONE: Mapping[str, float] = MappingProxyType({})
IDENTIFIER_LIMIT = 40  # code points; longer runs of letters and digits are keys and hashes
PIECE_MEAN = 2  # code points; shorter pieces on average mark a hash: "a3f9c0" has six in six

_WORD = re.compile(r"[^\W_]+")
_PIECES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# In ASCII only what changes case or to and from digits has pieces: most words are passed over in one scan.
_MIXED = re.compile(r"(?<![A-Za-z0-9])(?:[0-9][A-Za-z]|[A-Za-z0-9][a-z]*+[A-Z0-9])[A-Za-z0-9]*+")
_EDGES = re.compile(r"^\W+|\W+$")
_QUERY_PART = re.compile(r'"([^"]*)"|([^\s"]+)')
_NUMBER = re.compile("([1-9][0-9]{4,14}|[1-9][0-9]{3}(?=[.,]))([.,][0-9]+)?")  # four digits alone are mostly a year
_UNFIT = re.compile("[\x00\ud800-\udfff]")  # what neither FTS5 nor UTF-8 can take


class QueryTerm(NamedTuple):
    """One thing to look for: a word as typed, a phrase, or a term derived from a word (`extra`); `stem_of` is
    the word that it is the stem, or another form, of, if the memory's texts are in that language. `times` is how
    often the query says it, 0 for what is only derived."""

    text: str
    phrase: bool = False
    extra: bool = False
    stem_of: str = ""
    times: int = 1

    @property
    def prefix(self) -> bool:
        """Whether it is, or ends in, a run too short for the terms of its script, which starts those it is in."""
        last = self.text.rpartition(" ")[2]
        return self.extra and _is_run(last) and len(last) < unspaced.size(last)


def extra_terms(text: str, head: str = "") -> str:
    """What to index of a text and its head beside them, separated by spaces, each kind in order.

    Bigrams of scripts that write no spaces, trigrams where they spell out their sounds: unicode61 takes a
    run for one long word together with what it touches, so that what it touches is here too; each run ends
    in its last characters alone. The pieces of identifiers that unicode61 does not part itself:
    HTTP2Server -> http server; it does part snake_case, kebab-case and dotted.names. And of words in other
    languages than English their stems, after a mark of the language where it has Latin letters.

    For a text of mostly such runs they are all that is indexed, in its place and with its other words: nobody can
    ask for a whole run, and those would double the index. So too where a word touches a run: apart from it in the
    index it would stand in no phrase with those before.
    """
    whole = f"{head}\n{text}"
    simple = plain(whole)
    name = languages.language(simple)
    latin = (name,) if name in languages.LATIN else ()
    if simple.isascii() and not latin:
        return " ".join(_extra(simple))
    instead = _touched(text) or _runs_on(text)
    found = [*_extra(plain(head), others=_touched(head))]
    found += _extra(text, others=True) if instead else _extra(plain(text))
    found += forms.forms(whole, latin)
    marks = [INSTEAD] * instead + [mark for name in latin for mark in (FOREIGN, _mark(name))]
    return " ".join([*(marks or [BESIDE]), *found]) if marks or found else ""


def name_terms(uri: str, title: str) -> str:
    """What to index beside each passage of a file for its name without the ending, as `extra_terms`: its words and
    their pieces; "" where the title says it."""
    stem = plain(PurePath(uri).stem).lower()
    words, said = (" ".join(_WORD.findall(text)) for text in (stem, title.lower()))
    if not words or f" {words} " in f" {said} ":
        return ""
    others = () if stem.isascii() else forms.forms(stem)
    return " ".join([BESIDE, stem, *_extra(plain(PurePath(uri).stem)), *others])


def held_marks() -> dict[str, str]:
    """The term that texts in a language have, for each language of Latin letters other than English."""
    return {name: _mark(name) for name in languages.LATIN}


def query_terms(text: str, held: Mapping[str, float] = NONE) -> tuple[QueryTerm, ...]:
    """The words, "quoted phrases" and extra terms of a query, without repetitions, in order.

    A quote without a partner is a mere character. A word that unicode61 would part (os.path) is kept
    whole and its pieces are extra. A run without spaces is looked for by its parts only. `held` are the
    languages of Latin letters that the memory holds, with their shares of its texts: words are also looked
    for by their stems in those that the query may be in.
    """
    spoken = languages.plausible(text, held) if held else ()
    found = Counter[QueryTerm]()
    for match in _QUERY_PART.finditer(_fit(text)):
        phrase = match[1] is not None
        found.update(_phrase(match[1]) if phrase else _word(match[2], spoken))
    return tuple([term._replace(times=0 if term.extra else times) for term, times in found.items()])


def telling(text: str, held: Mapping[str, float] = NONE) -> tuple[QueryTerm, ...]:
    """The terms of a query without stop words: the English ones, and those of its language where that is certain;
    all of them where there are no others."""
    words = query_terms(text, held)
    stops = languages.stop_words(text, held) if held or not text.isascii() else STOP_WORDS
    return tuple(word for word in words if word.phrase or word.text.casefold() not in stops) or words


def spelt(term: str) -> str:
    """A term as people write it, who know nothing of the letters by which its vowel signs are looked for."""
    return term if term.isascii() else term.translate(forms.SIGNS)


def _mark(name: str) -> str:
    return chr(ord(FOREIGN) + 1 + languages.LATIN.index(name))


def _fit(text: str) -> str:
    return _UNFIT.sub(" ", text.replace(SOFT_HYPHEN, ""))


def _runs_on(text: str) -> bool:
    """Whether at least half of a text stands in runs without spaces."""
    return 2 * sum(map(len, unspaced.RUN.findall(text))) >= len(text)


def _touched(text: str) -> bool:
    """Whether letters or digits of other scripts touch a run without spaces: unicode61 takes them for one word."""
    return not text.isascii() and any(not unspaced.RUN.fullmatch(text, *span) for span in unspaced.words(text))


def _extra(text: str, others: bool = False) -> Iterator[str]:
    """The runs in a text, with the other words where they stand, if asked for; then the pieces of identifiers, which
    would part phrases."""
    if text.isascii():
        for word in _MIXED.findall(text):
            yield from _pieces(word)
        return
    pieces = list[str]()
    done = 0
    for start, end in [*unspaced.words(text), (len(text), len(text))]:
        if others:
            yield from text[done:start].split()
        pieces += _identifiers(text, done, start)
        done = end
        for part in unspaced.PARTS.findall(text, start, end):
            if unspaced.RUN.match(part):
                yield from unspaced.grams(part)
                yield from unspaced.tails(part)
            else:
                yield part  # unicode61 joins it to the run it touches
                pieces += _pieces(part)
    yield from pieces


def _identifiers(text: str, start: int, end: int) -> Iterator[str]:
    """The pieces of the identifiers in text[start:end], which cuts no word."""
    for match in _MIXED.finditer(text, start, end):
        if _whole(text, *match.span()):
            yield from _pieces(match[0])


def _whole(text: str, start: int, end: int) -> bool:
    """Whether a run of ASCII letters and digits is a word, no letter of another alphabet on either side."""
    return not (text[start - 1 : start] > "\x7f" and text[start - 1].isalnum()) and not (
        text[end : end + 1] > "\x7f" and text[end].isalnum()
    )


def _words(text: str) -> list[str]:
    """The text's words in order, runs without spaces apart from what they touch."""
    if text.isascii():
        return _WORD.findall(text)
    return [part for word in unspaced.WORD.findall(text) for part in unspaced.PARTS.findall(word)]


def _is_run(part: str) -> bool:
    """Whether a part of a word is in a script that writes no spaces."""
    return not part.isascii() and unspaced.RUN.match(part) is not None


def _pieces(word: str) -> list[str]:
    """The parts of an identifier by case and digits, lower-case, single characters left out."""
    if len(word) > IDENTIFIER_LIMIT or not word.isascii() or (word.islower() and word.isalpha()):
        return []
    parts = _PIECES.findall(word)
    if len(parts) < 2 or len(word) < PIECE_MEAN * len(parts):
        return []
    return [part.lower() for part in parts if len(part) > 1]


def _word(text: str, spoken: tuple[str, ...]) -> Iterator[QueryTerm]:
    """A blank-separated part of a query: its word, then what is derived from it."""
    words = _words(text)
    if any(map(_is_run, words)):
        for word in words:
            yield from _derived(unspaced.grams(word)) if _is_run(word) else _word(word, spoken)
        yield from _derived(forms.numbers(text))
        return
    whole = _EDGES.sub("", text).replace("’", "'")
    foreign = spoken or not text.isascii()
    if whole and not (foreign and forms.marked(text)):
        yield QueryTerm(whole)
    if whole.lower() not in STOP_WORDS:
        yield from _derived(word for word in words if len(words) > 1 and len(word) > 1)
        yield from _derived(piece for word in words for piece in _pieces(word))
        yield from _derived(_apart(whole))
        for form in forms.forms(text, spoken) if foreign else ():
            yield QueryTerm(form, extra=True, stem_of=whole)


def _apart(number: str) -> Iterator[str]:
    """A number with its thousands apart; by which signs is all one to the index. Not the other way round: 1000 for
    1,000 cost one of 300 English questions by words alone a place, and this none."""
    if found := _NUMBER.fullmatch(number):
        yield f"{int(found[1]):,}{found[2] or ''}"


def _derived(words: Iterable[str]) -> Iterator[QueryTerm]:
    return (QueryTerm(word, extra=True) for word in words)


def _phrase(text: str) -> Iterator[QueryTerm]:
    """A phrase; one in a script without spaces is the phrase of its parts. Where it is of both kinds, a phrase for each
    stretch of one kind: in a text of few runs these stand apart in the index."""
    parts = [text] if text.isascii() else unspaced.PARTS.findall(text)
    for runs, found in groupby([part for part in parts if _WORD.search(part) or _is_run(part)], _is_run):
        stretch = list(found)
        said = unspaced.phrase(stretch) if runs else stretch[0].split()
        yield QueryTerm(" ".join(said), phrase=True, extra=runs)
