"""Which encoder does a name mean, and is what an encoder returns what was promised?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from vstash.encode.base import Encoder, Naming
from vstash.encode.minilm import SPACE, MiniLM, silent
from vstash.errors import BadVectors, EncoderError, InputError, ModelUnavailable
from vstash.extras import later
from vstash.rules import shown
from vstash.types import Space

if TYPE_CHECKING:
    from vstash.encode import hash as hashing
    from vstash.encode import transformer
    from vstash.encode.base import Vectors
else:  # what a search with the default does without
    hashing, transformer = later("vstash.encode.hash"), later("vstash.encode.transformer")

# What people may mean, and the name it goes by here.
NAMES = {"default": "default", "hash": "hash", "minilm": "default", "all-minilm-l6-v2": "default"}
REAL = "fiubO"  # NumPy's kinds of numbers, whole ones and objects such as Decimal among them
TINY = 1e-12  # a length that only rounding could give


def load(encoder: str | Encoder, report: Callable[[str], None] = silent) -> Encoder:
    """The encoder meant: "default", "hash", a sentence-transformers name or folder, or an Encoder itself.

    No model is loaded before it is used. `report` gets lines of progress should the default be
    prepared. Raises: EncoderError for an object that is none, ModelUnavailable for an unknown name.
    """
    if not isinstance(encoder, str):
        return _conforming(encoder)
    if encoder == "default":
        return MiniLM(report=report)
    if encoder == "hash":
        return hashing.HashEncoder()
    return _transformer(encoder)


def given(encoder: Encoder | None) -> Encoder | None:
    """An encoder that a program made itself, or None. Raises: InputError for a name, EncoderError for what is none."""
    if isinstance(encoder, str):
        raise InputError(
            f"encoder is {shown(encoder)}, a name and not an Encoder", hint="use Memory.open(path, encoder=…)"
        )
    return None if encoder is None else _conforming(encoder)


def for_space(space: Space) -> str:
    """The name under which `load` gives an encoder for this space; for an encoder of one's own, its model."""
    return "default" if space.id == SPACE.id else space.model


def name_of(encoder: Encoder) -> str:
    """The name under which `load` gives, in another process too and at once, what cuts texts like this encoder;
    "" if there is none."""
    if type(encoder) is MiniLM:
        return "default"
    return "hash" if type(encoder).__module__ == "vstash.encode.hash" else ""


def checked(vectors: Any, rows: int, dim: int) -> Vectors:
    """An encoder's output as float32, C-contiguous, each row of unit length, shape (rows, dim).

    Raises: BadVectors when the shape differs, or a row is not finite or has no length.
    """
    try:
        found = np.asarray(vectors)
        if found.dtype.kind not in REAL:
            raise BadVectors(f"the vectors are of the type {found.dtype}, not real numbers", hint=_OUTPUT)
        with np.errstate(invalid="ignore"):  # the length tells
            given = found.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:  # the last of a tensor with a gradient
        raise BadVectors(f"the vectors are not numbers in a table: {error!s:.100}", hint=_OUTPUT) from error
    if not (rows or given.size):  # an empty list, which says no dimension
        given = given.reshape(0, dim)
    if given.shape != (rows, dim):
        raise BadVectors(f"the vectors have shape {given.shape}, not {(rows, dim)}", hint=_OUTPUT)
    with np.errstate(over="ignore", invalid="ignore"):  # the length tells
        lengths = np.linalg.norm(given, axis=1, keepdims=True)
    _refuse(~np.isfinite(lengths[:, 0]), "is not finite")
    _refuse(lengths[:, 0] < TINY, "is zero")
    return np.ascontiguousarray(given / lengths, dtype=np.float32)


def pieces_of(encoder: Encoder, texts: Sequence[str]) -> tuple[np.ndarray[Any, np.dtype[np.uint32]], ...]:
    """The distinct word-pieces of each text, ascending, where the encoder can name them; else nothing."""
    if not isinstance(encoder, Naming):
        return ()
    return tuple(np.array(sorted(set(encoder.pieces(text))), dtype=np.uint32) for text in texts)


def _refuse(bad: np.ndarray[Any, np.dtype[np.bool_]], what: str) -> None:
    if bad.any():
        rows = np.flatnonzero(bad)
        raise BadVectors(f"vector {rows[0]} of {len(bad)} {what} ({len(rows)} such in all)", hint=_OUTPUT)


def _conforming(encoder: Any) -> Encoder:
    """The object, if it keeps the protocol. Raises: EncoderError naming what it lacks."""
    if isinstance(encoder, type):
        raise EncoderError(f"the encoder {encoder.__name__} is a class", hint=f"pass {encoder.__name__}(…)")
    name = type(encoder).__name__
    space = getattr(encoder, "space", None)
    if not isinstance(space, Space):
        raise EncoderError(f"the encoder {name} has no `space` that is a vstash.Space", hint=_PROTOCOL)
    for field, holds in _SPACE.items():
        value = getattr(space, field)
        if not holds(value):
            raise EncoderError(f"the space of the encoder {name} has the {field} {shown(value)}", hint=_PROTOCOL)
    for method in ("documents", "query"):
        if not callable(getattr(encoder, method, None)):
            raise EncoderError(f"the encoder {name} has no method {method}()", hint=_PROTOCOL)
    kept: Encoder = encoder
    return kept


def _named(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _size(value: object) -> bool:
    """An int that the file can hold; those of NumPy it cannot."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _transformer(name: str) -> Encoder:
    if not name.strip():
        raise EncoderError("the encoder's name is blank", hint="use default, hash, or a model's name or folder")
    try:
        return transformer.Transformer(name)
    except ModelUnavailable as error:
        near = get_close_matches(name.lower(), NAMES, n=1, cutoff=0.7)
        if not near:
            raise
        raise ModelUnavailable(str(error), hint=f"did you mean {NAMES[near[0]]!r}? Or: {error.hint}") from error


_SPACE: dict[str, Callable[[object], bool]] = {
    "id": _named,
    "model": _named,
    "dim": _size,
    "max_tokens": lambda value: value is None or _size(value),
    "fingerprint": lambda value: value is None or isinstance(value, str),
}
_PROTOCOL = "an encoder has space: Space(id, model, dim), documents(texts) and query(text)"
_OUTPUT = "an encoder's documents(texts) returns one vector of space.dim finite numbers for each text"
