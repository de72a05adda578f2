"""Where does a text run on without spaces, and by which terms are such runs found?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from vstash.text.forms import MARKS

# Scripts that write no spaces (Han, kana, Thai, Lao, Khmer, Burmese), Hangul, which joins its endings, and
# emoji, signs of currencies, and the icons and bullets of fonts: those younger than Unicode 6.1, and all that are
# private, are letters to unicode61.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u20ba-\u20cf\u3005-\u3007\u3041-\u309f\u30a1-\u30fa"
    "\u30fc-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\ue000-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff\U0001f000-\U0001faff\U000f0000-\U0010ffff"
)
RUN = re.compile(f"[{UNSPACED}]+")
WORD = re.compile(rf"(?:[^\W_]|[{UNSPACED}])+")
PARTS = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}]+")  # of a word: its runs, and what stands between them
_SPELT = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # a letter of theirs says less than a Han character
# Vowels and tones that belong to the letter before, as they are kept. No term starts with one: those say least, and
# are a third of the index.
_FOLLOWS = re.compile("[\ue000-\uefff\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3]")


def words(text: str) -> Iterator[tuple[int, int]]:
    """The spans of the words that hold a run without spaces, in order."""
    end = 0
    for run in RUN.finditer(text):
        start = run.start()
        if start >= end:
            while start > end and text[start - 1].isalnum():
                start -= 1
            word = WORD.match(text, start)
            end = word.end() if word else run.end()
            yield start, end


def size(run: str) -> int:
    """Of how many characters the terms of a script without spaces are."""
    return 3 if _SPELT.search(run) or "\ue000" <= run[0] <= "\uefff" else 2


def _plain(run: str) -> str:
    """Halfwidth and composed forms made equal, vowel signs kept from unicode61, which would drop them."""
    run = unicodedata.normalize("NFKC", run)
    return run.translate(MARKS) if _SPELT.search(run) else run


def grams(run: str) -> list[str]:
    """Overlapping pairs or triples of a run's characters, or all of a shorter one."""
    run = _plain(run)
    length = size(run)
    return [run[at : at + length] for at in range(len(run) - length + 1) if not at or _starts(run, at)] or [run]


def tails(run: str) -> list[str]:
    """The ends of a run, so that every character of it starts a term that does so elsewhere."""
    run = _plain(run)
    return [run[-length:] for length in range(size(run) - 1, 0, -1) if length < len(run) and _starts(run, -length)]


def phrase(runs: Sequence[str]) -> list[str]:
    """The terms of a text in which these runs follow one another, of which the first may have begun before and the
    last goes on: where it ends in less than a term, with the beginning of one."""
    *whole, last = runs
    terms = [term for run in whole for term in (*grams(run), *tails(run))]
    last = _plain(last)
    length = size(last)
    for at in range(len(last)):
        if not at or _starts(last, at):
            terms.append(last[at : at + length])
            if at + length >= len(last):
                break
    return terms


def _starts(run: str, at: int) -> bool:
    return not _FOLLOWS.match(run[at])
