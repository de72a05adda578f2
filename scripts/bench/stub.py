"""The default encoder's space without its model: vectors are handed over, so that the store alone is measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vstash import Space
from vstash.encode.minilm import SPACE, MiniLM


class Given:
    """An encoder that is only asked for what does not need a text's vector; the command line opens its files."""

    space: Space = SPACE

    def __init__(self) -> None:
        self._model = MiniLM()

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Real vectors: a new database asks for some, to learn the noise of its space."""
        return self._model.documents(texts)

    def query(self, text: str) -> NDArray[np.float32]:
        """The real vector of a question that came without."""
        return self._model.query(text)

    def pieces(self, text: str) -> Sequence[int]:
        """The ids of the text's word-pieces in order."""
        return self._model.pieces(text)
