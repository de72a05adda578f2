"""What an encoder is: the one seam between texts and vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from vstash.types import Space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors that can be compared within its `space`.

    Vectors are float32, C-contiguous and of unit length. Equal texts give equal vectors, whatever
    else is in the batch (up to rounding), so that vectors can be kept and reused by content.
    """

    @property
    def space(self) -> Space:
        """Which vectors these can be compared with; known without loading a model."""
        ...

    def documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, shape (len(texts), dim)."""
        ...

    def query(self, text: str) -> Vectors:
        """The vector of a question, shape (dim,)."""
        ...


@runtime_checkable
class Tokenizing(Protocol):
    """An encoder that can also say where its tokens are; without it token counts are estimated."""

    def token_starts(self, text: str) -> Sequence[int]:
        """The offset, in code points, at which each token of the text starts; ascending, special
        tokens left out."""
        ...


@runtime_checkable
class Naming(Protocol):
    """An encoder that can name the word-pieces it reads: they take part in the ranking."""

    def pieces(self, text: str) -> Sequence[int]:
        """The ids of the text's word-pieces in order, special tokens left out."""
        ...


@runtime_checkable
class Reading(Protocol):
    """An encoder that can tell what it cannot read: all such texts are alike to it, and near to none."""

    def reads(self, text: str) -> bool:
        """Whether it knows the words of the text well enough for a vector to say something of them."""
        ...
