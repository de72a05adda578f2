"""Names to encoders, and the check of what encoders return."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest

from vstash.encode.hash import HashEncoder
from vstash.encode.minilm import SPACE, MiniLM
from vstash.encode.registry import checked, for_space, load, ways_out
from vstash.errors import BadVectors, EncoderError, ModelUnavailable
from vstash.types import Space


def test_names():
    assert isinstance(load("default"), MiniLM)
    assert isinstance(load("hash"), HashEncoder)


@pytest.mark.parametrize(
    ("name", "meant"), [("defualt", "default"), ("Hash", "hash"), ("mini-lm", "default"), ("MiniLM", "default")]
)
def test_a_near_name_is_suggested(name: str, meant: str):
    with pytest.raises(ModelUnavailable) as refused:
        load(name)
    assert f"did you mean {meant!r}" in refused.value.hint


def test_a_blank_name_is_refused():
    with pytest.raises(EncoderError, match="blank"):
        load("  ")


@pytest.mark.parametrize("name", ["a\nb", "\ud800", "x" * 30_000, "./" + "x" * 300, "~nobody-of-this-name/model"])
def test_a_name_that_can_be_none_is_refused_in_a_line(name: str):
    with pytest.raises(ModelUnavailable) as refused:
        load(name)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value).encode()) < 400


@pytest.mark.parametrize("dim", [None, "256", 2.5, True, np.int64(8), 0])
def test_dimensions_that_are_none_are_refused(dim: object):
    with pytest.raises(EncoderError, match="dimensions"):
        HashEncoder(dim)  # type: ignore[arg-type]


def nothing(texts: object) -> None: ...


class Own:
    """An encoder of one's own, handed over as its class."""

    space = Space("s", "m", 3)
    documents = query = nothing


def spaced(**given: object) -> object:
    return SimpleNamespace(space=Space(**{"id": "s", "model": "m", "dim": 3} | given), documents=nothing, query=nothing)


WRONG_SPACES: list[tuple[dict[str, object], str]] = [
    ({"dim": True}, "dim True"),
    ({"dim": np.int64(3)}, "dim"),
    ({"dim": "3"}, "dim '3'"),
    ({"id": 5}, "id 5"),
    ({"id": " "}, "id ' '"),
    ({"model": None}, "model None"),
    ({"max_tokens": 0}, "max_tokens 0"),
    ({"max_tokens": -5}, "max_tokens -5"),
    ({"max_tokens": 64.5}, "max_tokens 64.5"),
    ({"max_tokens": np.int64(64)}, "max_tokens"),
    ({"fingerprint": b"x"}, "fingerprint b'x'"),
]


@pytest.mark.parametrize(
    ("encoder", "lacking"),
    [
        (object(), "space"),
        (HashEncoder, "HashEncoder is a class"),
        (Own, "Own is a class"),
        *((spaced(**given), lacking) for given, lacking in WRONG_SPACES),
        (SimpleNamespace(space="hash", documents=nothing, query=nothing), "space"),
        (SimpleNamespace(space=Space("s", "m", 0), documents=nothing, query=nothing), "dim 0"),
        (SimpleNamespace(space=Space("", "m", 3), documents=nothing, query=nothing), "id ''"),
        (SimpleNamespace(space=Space("s", "m", 3), query=nothing), "documents"),
        (SimpleNamespace(space=Space("s", "m", 3), documents=nothing, query=3), "query"),
    ],
)
def test_what_an_object_lacks_is_named(encoder: object, lacking: str):
    with pytest.raises(EncoderError, match=lacking):
        load(encoder)  # type: ignore[arg-type]


class Graded:
    """What torch says of a tensor that takes part in training."""

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        raise RuntimeError("it requires a gradient")


def test_output_is_cast_and_normalised():
    vectors = checked([[3, 4], [0, -2]], 2, 2)
    assert vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    assert np.allclose(vectors, [[0.6, 0.8], [0, -1]])
    assert checked(np.empty((0, 3)), 0, 3).shape == (0, 3)
    assert checked([], 0, 3).shape == (0, 3)


@pytest.mark.parametrize(
    "vectors",
    [
        np.array([[3, 4], [0, -2]], np.float16),
        np.array([[3, 4], [0, -2]], np.int8),
        np.array([[3, 4], [0, -2]], np.float64, order="F"),
        np.array([[3, 9, 4], [0, 9, -2]])[:, ::2],
        [[Decimal(3), Decimal(4)], [Decimal(0), Decimal(-2)]],
    ],
    ids=["half", "int", "columns", "apart", "decimal"],
)
def test_any_table_of_numbers_will_do(vectors: object):
    found = checked(vectors, 2, 2)
    assert np.allclose(found, [[0.6, 0.8], [0, -1]])
    assert found.flags.c_contiguous


@pytest.mark.parametrize(
    ("vectors", "wrong"),
    [
        ([[1.0, 2.0]], "shape"),
        ([1.0, 2.0], "shape"),
        ([[1.0, 2.0], [np.nan, 1.0]], "vector 1 of 2 is not finite"),
        ([[np.inf, 2.0], [1.0, 1.0]], "vector 0 of 2 is not finite"),
        ([[1e200, 2.0], [1.0, 1.0]], "vector 0 of 2 is not finite"),
        ([[1.0, 2.0], [0.0, 0.0]], "vector 1 of 2 is zero"),
        ([[1.0, 2.0], [1.0]], "not numbers"),
        ([["a", "b"], ["c", "d"]], "not real numbers"),
        (None, "shape"),
        ([[object(), 2.0], [1.0, 1.0]], "not numbers"),
        ([[10**400, 2], [1, 1]], "not numbers"),
        ([[1e308, 1e308], [1.0, 1.0]], "vector 0 of 2 is not finite"),
        (np.ones((2, 2), np.complex64), "complex64, not real numbers"),
        ([np.ones(2, np.complex128)] * 2, "complex128, not real numbers"),
        (np.ones((2, 2), "M8[s]"), "not real numbers"),
        ([["1", "2"], ["3", "4"]], "not real numbers"),
        (Graded(), "not numbers in a table: it requires a gradient"),
        ([Graded()] * 2, "not numbers in a table: it requires a gradient"),
    ],
)
def test_bad_output_is_named(vectors: object, wrong: str):
    with pytest.raises(BadVectors, match=wrong):
        checked(vectors, 2, 2)
    with pytest.raises(BadVectors):
        checked(vectors, 0, 2)


def test_each_space_names_its_encoder():
    assert for_space(SPACE) == "default"
    assert for_space(HashEncoder().space) == "hash"
    assert for_space(Space("org/model/5/abc", "org/model", 5)) == "org/model"


def test_only_names_that_load_are_advised():
    model = Space("org/model/5/abcdefabcdef", "org/model", 5, fingerprint="abcdefabcdef0123")
    assert (
        ways_out(SPACE, HashEncoder().space)
        == "pass --encoder default, or change it over: vstash reindex --encoder hash"
    )
    assert ways_out(model, SPACE).startswith("pass --encoder org/model,")
    for own in (HashEncoder(64).space, Space("mine-1", "mine", 5)):
        assert "--encoder" not in ways_out(own, own)
        assert "reindex" in ways_out(own, own)
