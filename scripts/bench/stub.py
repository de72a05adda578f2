"""The default encoder's space without its model: vectors are handed over, so that the store alone is measured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from vstash import Space
from vstash.encode.minilm import SPACE, MiniLM

_WORD = re.compile(r"[A-Za-z0-9]+|[^\sA-Za-z0-9]")


class Given:
    """An encoder that is only asked for what does not need a text's vector; the command line opens its files.

    Word-pieces are found a word at a time and kept: the same ids as the tokenizer's, many times faster.
    """

    space: Space = SPACE

    def __init__(self) -> None:
        self._model = MiniLM()
        self._known: dict[str, list[int]] = {}

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Real vectors: a new database asks for some, to learn the noise of its space."""
        return self._model.documents(texts)

    def query(self, text: str) -> NDArray[np.float32]:
        """The real vector of a question that came without."""
        return self._model.query(text)

    def pieces(self, text: str) -> list[int]:
        """The ids of the text's word-pieces in order."""
        if not text.isascii():
            return self._model.pieces(text)
        return list(chain.from_iterable(map(self._of, _WORD.findall(text))))

    def _of(self, word: str) -> list[int]:
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = self._model.pieces(word)
        return known
