"""Every encoder keeps the same promises."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from vstash.encode.base import Encoder, Tokenizing
from vstash.encode.minilm import model_folder
from vstash.encode.prepare import reference
from vstash.encode.registry import checked, load
from vstash.types import Space

TEXTS = [
    "The heart has four chambers.",
    "x",
    "Stock markets in Asia fell sharply after the announcement. " * 30,
    "今日は天気がいいですね。",
    "The heart has four chambers.",
    "def add(a, b): return a + b",
]
WEIRD = ["", " \t\n", "\0", "a\0b", "\ud800", "x\udfffy", "\ufeff\u200b", "🙂" * 300, "a" * 5000, "!" * 999]


class Letters:
    """The least that is an encoder: how often each letter occurs."""

    space = Space(id="letters", model="letters", dim=27)

    def documents(self, texts: Sequence[str]) -> np.ndarray:
        counts = [[1.0, *(text.lower().count(letter) for letter in map(chr, range(97, 123)))] for text in texts]
        return checked(np.array(counts).reshape(-1, 27), len(texts), 27)

    def query(self, text: str) -> np.ndarray:
        return self.documents([text])[0]


@cache
def built(name: str) -> Encoder:
    if name == "object":
        return load(Letters())
    return load(str(model_folder()) if name == "folder" else name)


@pytest.fixture(params=["hash", "default", "folder", "object"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return built(request.param)


def test_it_keeps_the_protocol(encoder: Encoder):
    assert isinstance(encoder, Encoder)
    assert load(encoder) is encoder
    assert encoder.space == encoder.space


def test_vectors_are_float32_contiguous_and_of_unit_length(encoder: Encoder):
    vectors = encoder.documents(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.space.dim)
    assert vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    query = encoder.query(TEXTS[0])
    assert (query.shape, query.dtype) == ((encoder.space.dim,), np.float32)


def test_no_texts_give_no_vectors(encoder: Encoder):
    assert encoder.documents([]).shape == (0, encoder.space.dim)


def test_order_is_kept(encoder: Encoder):
    assert np.allclose(encoder.documents(TEXTS[::-1]), encoder.documents(TEXTS)[::-1], atol=1e-5)


def test_equal_texts_give_equal_vectors_whatever_else_is_in_the_batch(encoder: Encoder):
    together = encoder.documents(TEXTS)
    alone = np.concatenate([encoder.documents([text]) for text in TEXTS])
    assert np.allclose(together, alone, atol=1e-5)
    assert np.allclose(together[0], together[4], atol=1e-6)


def test_weird_texts_give_vectors_like_any_other(encoder: Encoder):
    vectors = encoder.documents(WEIRD)
    assert np.isfinite(vectors).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert all(np.isfinite(encoder.query(text)).all() for text in WEIRD)


def test_a_text_of_a_megabyte_is_no_trouble(encoder: Encoder):
    vectors = encoder.documents(["all work and no play " * 50_000])
    assert np.allclose(np.linalg.norm(vectors), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["hash", "default", "folder"])
def test_similar_texts_are_nearer_than_others(name: str):
    a, b, c = built(name).documents(
        ["the heart has four chambers", "four chambers of the heart", "markets fell on Friday"]
    )
    assert a @ b > a @ c + 0.2


@pytest.mark.parametrize("name", ["hash", "default", "folder"])
@pytest.mark.parametrize("text", [*TEXTS, *WEIRD])
def test_token_starts_ascend_within_the_text(name: str, text: str):
    encoder = built(name)
    assert isinstance(encoder, Tokenizing)
    starts = list(encoder.token_starts(text))
    assert starts == sorted(starts)
    assert all(0 <= start < len(text) for start in starts)


def test_token_starts_count_code_points():
    text = "🙂 né 日本 word"
    assert [text[start] for start in built("default").token_starts(text)] == ["🙂", "n", "日", "本", "w"]


def test_token_starts_of_a_long_text_are_those_of_its_parts():
    line = "offsets stay exact past every border of the pieces, "
    one = built("default").token_starts(line)
    many = built("default").token_starts(line * 5000)
    assert many == [start + line_number * len(line) for line_number in range(5000) for start in one]


def test_the_reference_is_what_the_original_gives():
    texts, recorded = reference()
    assert len(texts) == len(set(texts)) >= 100
    original = np.concatenate([built("folder").documents([text]) for text in texts])
    assert (original * recorded).sum(axis=1).min() > 0.999


def test_the_default_stays_near_the_original():
    texts, original = reference()
    cosines = (built("default").documents(texts) * original).sum(axis=1)
    assert cosines.mean() > 0.99
    assert cosines.min() > 0.95
