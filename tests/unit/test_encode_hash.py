"""The hash encoder: fixed values, its words, its speed path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstash.encode import hash as hashing
from vstash.encode.hash import HashEncoder, words_of
from vstash.errors import EncoderError

ROOT = Path(__file__).resolve().parents[2]
SHOW = "from vstash.encode.hash import HashEncoder; print(HashEncoder().query('A small café, 日本').tobytes().hex())"


@pytest.mark.parametrize("seed", ["0", "1"])
def test_vectors_are_the_same_in_every_process(seed: str):
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    shown = subprocess.run([sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == HashEncoder().query("A small café, 日本").tobytes().hex()


def test_the_space_names_dimension_and_version():
    assert HashEncoder(64).space.id == "hash-64-v1"
    assert HashEncoder(64).query("one two").shape == (64,)


def test_a_text_without_a_word_gets_the_first_axis():
    first = np.eye(1, 256, dtype=np.float32)[0]
    assert np.array_equal(HashEncoder().documents(["", "?!", "\ud800"]), np.tile(first, (3, 1)))


def test_pairs_do_not_reach_across_texts():
    encoder = HashEncoder()
    assert np.array_equal(encoder.documents(["one", "two"])[1], encoder.query("two"))


def test_word_order_counts_a_little():
    encoder = HashEncoder()
    likeness = encoder.query("dog bites man") @ encoder.query("man bites dog")
    assert 0.5 < likeness < 0.999


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_table_and_the_expression_find_the_same_words(text: str):
    assert words_of(text) == [word.encode() for word in hashing._WORD.findall(text.lower())]


def test_a_full_cache_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    expected = HashEncoder().query("one two three four five")
    monkeypatch.setattr(hashing, "CACHED_WORDS", 2)
    assert np.array_equal(HashEncoder().query("one two three four five"), expected)


def test_no_dimension_is_refused():
    with pytest.raises(EncoderError, match="0 dimensions"):
        HashEncoder(0)
