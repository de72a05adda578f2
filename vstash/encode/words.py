"""Which tokens has a word? Asked of the tokenizer once; a text is then put together from its words.

BERT's tokenizers part a text at white space and punctuation before all else, so a word's pieces do not depend
on its neighbours: the same ids and offsets as for the whole text, four times faster.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate, chain
from typing import Any, NamedTuple

CACHED = 100_000  # words kept, about 30 MB
TOGETHER = 10_000  # unknown words asked for in one call

# ASCII alone: white space and punctuation of other scripts, marks and control characters stay inside a word,
# where the tokenizer itself deals with them.
_WORD = re.compile(r"[!-/:-@\[-`{-~]|[^ \t\n\r!-/:-@\[-`{-~]+")


class Known(NamedTuple):
    """The tokens of each word: ids, and offsets from the word's start in code points."""

    ids: dict[str, tuple[int, ...]]
    starts: dict[str, tuple[int, ...]]


class Words:
    """The words of one tokenizer, its rules and what encodes by them; forgotten all at once when there are too many.

    Safe to use from several threads.
    """

    def __init__(self, rules: Any, encode: Callable[..., Any]) -> None:
        self._encode = encode
        self._known = Known({}, {})
        self._lowers = bool(rules.normalizer.lowercase)
        self._added = [token.content for token in rules.get_added_tokens_decoder().values()]

    def apply(self, text: str) -> bool:
        """Whether the text can be read word by word: it names none of the tokenizer's own signs, like [SEP]."""
        return not any(sign in text for sign in self._added)

    def ids(self, text: str) -> list[int]:
        """The ids of the text's tokens."""
        words = self._parted(text)
        try:
            return list(chain.from_iterable(map(self._known.ids.__getitem__, words)))
        except KeyError:
            return list(chain.from_iterable(map(self._learned(words).ids.__getitem__, words)))

    def starts(self, text: str) -> list[int]:
        """The offset, in code points, at which each token starts."""
        words = self._parted(text)
        known = self._learned(words).starts
        begins = (match.start() for match in _WORD.finditer(text))
        return [begin + start for begin, word in zip(begins, words, strict=True) for start in known[word]]

    def _parted(self, text: str) -> list[str]:
        """The text's words; ASCII in the case in which the tokenizer looks them up, so that fewer are asked for."""
        return _WORD.findall(text.lower() if self._lowers and text.isascii() else text)

    def _learned(self, words: Iterable[str]) -> Known:
        """What is known, these words among it."""
        known = self._known
        unknown = set(words).difference(known.ids)
        if len(known.ids) + len(unknown) > CACHED:
            known = self._known = Known({}, {})  # another thread may still be reading the old one
            unknown = set(words)
        asked = list(unknown)
        for first in range(0, len(asked), TOGETHER):
            self._ask(asked[first : first + TOGETHER], known)
        return known

    def _ask(self, words: list[str], known: Known) -> None:
        """The tokenizer's own answer, for all of them as one text."""
        begins = list(accumulate((len(word) + 1 for word in words), initial=0))
        encoding = self._encode(" ".join(words), add_special_tokens=False)
        ids: list[list[int]] = [[] for _ in words]
        starts: list[list[int]] = [[] for _ in words]
        for id_, (start, _) in zip(encoding.ids, encoding.offsets, strict=True):
            at = bisect_right(begins, start) - 1
            ids[at].append(id_)
            starts[at].append(start - begins[at])
        known.starts.update(zip(words, map(tuple, starts), strict=True))
        known.ids.update(zip(words, map(tuple, ids), strict=True))  # last: what has ids has starts


def separable(tokenizer: Any) -> bool:
    """Whether a tokenizer's words can be read one by one: BERT's rules, and no added token that would reach past
    its own characters or that is looked for in another spelling."""
    rules = type(tokenizer.normalizer).__name__, type(tokenizer.pre_tokenizer).__name__
    reaching = ("lstrip", "rstrip", "single_word", "normalized")
    added = tokenizer.get_added_tokens_decoder().values()
    return rules == ("BertNormalizer", "BertPreTokenizer") and not any(
        getattr(token, name) for token in added for name in reaching
    )
