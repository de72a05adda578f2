"""Names to encoders, and the check of what encoders return."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from vstash.encode.hash import HashEncoder
from vstash.encode.minilm import SPACE, MiniLM
from vstash.encode.registry import checked, for_space, load
from vstash.errors import BadVectors, EncoderError, ModelUnavailable
from vstash.types import Space


def test_names():
    assert isinstance(load("default"), MiniLM)
    assert isinstance(load("hash"), HashEncoder)


@pytest.mark.parametrize(("name", "meant"), [("defualt", "default"), ("Hash", "hash"), ("mini-lm", "default")])
def test_a_near_name_is_suggested(name: str, meant: str):
    with pytest.raises(ModelUnavailable) as refused:
        load(name)
    assert f"did you mean {meant!r}" in refused.value.hint


def test_a_blank_name_is_refused():
    with pytest.raises(EncoderError, match="blank"):
        load("  ")


def nothing(texts: object) -> None: ...


@pytest.mark.parametrize(
    ("encoder", "lacking"),
    [
        (object(), "space"),
        (HashEncoder, "space"),
        (SimpleNamespace(space="hash", documents=nothing, query=nothing), "space"),
        (SimpleNamespace(space=Space("s", "m", 0), documents=nothing, query=nothing), "dim 0"),
        (SimpleNamespace(space=Space("", "m", 3), documents=nothing, query=nothing), "space ''"),
        (SimpleNamespace(space=Space("s", "m", 3), query=nothing), "documents"),
        (SimpleNamespace(space=Space("s", "m", 3), documents=nothing, query=3), "query"),
    ],
)
def test_what_an_object_lacks_is_named(encoder: object, lacking: str):
    with pytest.raises(EncoderError, match=lacking):
        load(encoder)  # type: ignore[arg-type]


def test_output_is_cast_and_normalised():
    vectors = checked([[3, 4], [0, -2]], 2, 2)
    assert vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    assert np.allclose(vectors, [[0.6, 0.8], [0, -1]])
    assert checked(np.empty((0, 3)), 0, 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("vectors", "wrong"),
    [
        ([[1.0, 2.0]], "shape"),
        ([1.0, 2.0], "shape"),
        ([[1.0, 2.0], [np.nan, 1.0]], "vector 1 of 2 is not finite"),
        ([[np.inf, 2.0], [1.0, 1.0]], "vector 0 of 2 is not finite"),
        ([[1.0, 2.0], [0.0, 0.0]], "vector 1 of 2 is zero"),
        ([[1.0, 2.0], [1.0]], "not numbers"),
        ([["a", "b"], ["c", "d"]], "not numbers"),
        (None, "shape"),
    ],
)
def test_bad_output_is_named(vectors: object, wrong: str):
    with pytest.raises(BadVectors, match=wrong):
        checked(vectors, 2, 2)


def test_each_space_names_its_encoder():
    assert for_space(SPACE) == "default"
    assert for_space(HashEncoder().space) == "hash"
    assert for_space(Space("org/model/5/abc", "org/model", 5)) == "org/model"
