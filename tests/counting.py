"""A hash encoder that counts what it is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vstash import HashEncoder
from vstash.types import Space


class Counting:
    """`encoded` texts so far."""

    def __init__(self) -> None:
        self._inner = HashEncoder()
        self.encoded = 0

    @property
    def space(self) -> Space:
        return self._inner.space

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += len(texts)
        return self._inner.documents(texts)

    def query(self, text: str) -> NDArray[np.float32]:
        return self._inner.query(text)
