"""Which words are looked for, in a text beside those that FTS5's unicode61 sees, and in a query?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

IDENTIFIER_LIMIT = 40  # code points; longer runs of letters and digits are keys and hashes
PIECE_MEAN = 2  # code points; shorter pieces on average mark a hash: "a3f9c0" has six in six

# Scripts that write no spaces (Han, kana, Thai, Lao, Khmer, Burmese), Hangul, which joins its endings, and
# emoji: those younger than Unicode 6.1 are letters to unicode61.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3041-\u309f\u30a1-\u30fa"
    "\u30fc-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff\U0001f000-\U0001faff"
)
_RUN = re.compile(f"[{UNSPACED}]+")
_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(rf"(?:[^\W_]|[{UNSPACED}])+")
_PARTS = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}]+")
_PIECES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_EDGES = re.compile(r"^\W+|\W+$")
_QUERY_PART = re.compile(r'"([^"]*)"|([^\s"]+)')
_UNFIT = re.compile("[\x00\ud800-\udfff]")  # what neither FTS5 nor UTF-8 can take

# unicode61 drops the vowel and tone marks of these scripts; as private-use letters it keeps them.
_MARKS = {
    mark: 0xE000 + mark - 0x0E00 for mark in range(0x0E00, 0x1800) if unicodedata.category(chr(mark)).startswith("M")
}

# The English stop words of the Snowball project (snowballstem.org/algorithms/english/stop.txt).
_ENGLISH = """i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her
hers herself it its itself they them their theirs themselves what which who whom this that these those
am is are was were be been being have has had having do does did doing would should could ought i'm
you're he's she's it's we're they're i've you've we've they've i'd you'd he'd she'd we'd they'd i'll
you'll he'll she'll we'll they'll isn't aren't wasn't weren't hasn't haven't hadn't doesn't don't didn't
won't wouldn't shan't shouldn't can't cannot couldn't mustn't let's that's who's what's here's there's
when's where's why's how's a an the and but if or because as until while of at by for with about against
between into through during before after above below to from up down in out on off over under again
further then once here there when where why how all any both each few more most other some such no nor
not only own same so than too very"""
STOP_WORDS = frozenset(_ENGLISH.split())


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """One thing to look for: a word as typed, a phrase, or a term derived from a word (`extra`)."""

    text: str
    phrase: bool = False
    extra: bool = False

    @property
    def prefix(self) -> bool:
        """Whether it is a lone character of a script without spaces, which starts the bigrams it is in."""
        return self.extra and len(self.text) == 1 and _RUN.fullmatch(self.text) is not None


def extra_terms(text: str) -> str:
    """What to index beside the text, lower-case and separated by spaces, in order of appearance.

    Bigrams of scripts that write no spaces, which unicode61 takes for one long word together with what
    they touch, so that what they touch is here too; each run ends in its last character alone. And the
    pieces of identifiers that unicode61 does not part itself: HTTP2Server -> http server. It does part
    snake_case, kebab-case and dotted.names.
    """
    return " ".join(_extra(text))


def query_terms(text: str) -> tuple[QueryTerm, ...]:
    """The words, "quoted phrases" and extra terms of a query, without repetitions, in order.

    A quote without a partner is a mere character. A word that unicode61 would part (os.path) is kept
    whole and its pieces are extra. A run without spaces is looked for by its bigrams only.
    """
    found: dict[QueryTerm, None] = {}
    for match in _QUERY_PART.finditer(_fit(text)):
        phrase = match[1] is not None
        found.update(dict.fromkeys(_phrase(match[1]) if phrase else _word(match[2])))
    return tuple(found)


def _fit(text: str) -> str:
    return _UNFIT.sub(" ", text)


def _extra(text: str) -> Iterator[str]:
    for token in (_WORD if text.isascii() else _TOKEN).findall(text):
        parts = _PARTS.findall(token)
        for part in parts:
            if _RUN.match(part):
                yield from _bigrams(part)
                yield from _bigrams(part[-1]) if len(part) > 1 else ()  # so that every character starts a term
            else:
                yield from [part.lower()] if len(parts) > 1 else ()  # unicode61 joins it to the run it touches
                yield from _pieces(part)


def _words(text: str) -> list[str]:
    """The text's words in order, runs without spaces apart from what they touch."""
    return [part for token in _TOKEN.findall(text) for part in _PARTS.findall(token)]


def _bigrams(run: str) -> list[str]:
    """Overlapping pairs of a run's characters, or the only one; halfwidth and composed forms made equal."""
    run = unicodedata.normalize("NFKC", run).translate(_MARKS)
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def _pieces(word: str) -> list[str]:
    """The parts of an identifier by case and digits, lower-case, single characters left out."""
    if len(word) > IDENTIFIER_LIMIT or not word.isascii() or (word.islower() and word.isalpha()):
        return []
    parts = _PIECES.findall(word)
    if len(parts) < 2 or len(word) < PIECE_MEAN * len(parts):
        return []
    return [part.lower() for part in parts if len(part) > 1]


def _word(text: str) -> Iterator[QueryTerm]:
    """A blank-separated part of a query: its word, then what is derived from it."""
    words = _words(text)
    if any(map(_RUN.match, words)):
        for word in words:
            yield from _derived(_bigrams(word)) if _RUN.match(word) else _word(word)
        return
    whole = _EDGES.sub("", text).replace("’", "'")
    if whole:
        yield QueryTerm(whole)
    if whole.lower() not in STOP_WORDS:
        yield from _derived(word for word in words if len(words) > 1 and len(word) > 1)
        yield from _derived(piece for word in words for piece in _pieces(word))


def _derived(words: Iterable[str]) -> Iterator[QueryTerm]:
    return (QueryTerm(word, extra=True) for word in words)


def _phrase(text: str) -> Iterator[QueryTerm]:
    """A phrase; one in a script without spaces is the phrase of its bigrams."""
    words = _words(text)
    runs = sum(map(bool, map(_RUN.match, words)))
    if not runs and words:
        yield QueryTerm(" ".join(text.split()), phrase=True)
    elif runs and runs == len(words):
        yield QueryTerm(" ".join(pair for run in words for pair in _bigrams(run)), phrase=True, extra=True)
    else:
        for part in text.split():
            yield from _word(part)
