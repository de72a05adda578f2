"""What do all systems store and ask? Texts and vectors in slices, the same for everyone, from the files of a folder.

Past the real texts come variations of them, past the encoded sample mixtures of real neighbours' vectors.
NumPy only: the rivals' own Pythons run this.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

SLICE = 5000  # texts handed over together
EXCHANGED = 0.2  # share of a variation's words that are other words of the corpus
MIXED = 1  # neighbours in a mixture
NOISE = 0.4  # length of what is added: nearest neighbours are then as near as real ones


class Material(NamedTuple):
    """Real texts; vectors and neighbours of the first of them, shapes (n, dim) and (n, k); questions and theirs."""

    texts: list[str]
    sample: Vectors
    neighbours: NDArray[np.int32]
    questions: list[str]
    asked: Vectors


class Slice(NamedTuple):
    """A run of texts with their names and vectors, shape (len(texts), dim)."""

    names: list[str]
    texts: list[str]
    vectors: Vectors


def load(folder: Path, *, questions_only: bool = False) -> Material:
    """What sample.py left in a folder; without the texts, a search process holds nothing but its own."""
    questions = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    asked = np.load(folder / "asked.npy")
    if questions_only:
        return Material([], asked[:0], np.empty((0, 0), np.int32), questions, asked)
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    sample, neighbours = np.load(folder / "sample.npy"), np.load(folder / "neighbours.npy")
    return Material(texts, sample, neighbours, questions, asked)


def slices(material: Material, size: int, first: int = 0) -> Iterator[Slice]:
    """Texts first..size in slices of SLICE; a text depends on its number only."""
    vocabulary = " ".join(material.texts[: 2 * SLICE]).split()
    for start in range(first - first % SLICE, size, SLICE):
        numbers = range(start, min(start + SLICE, size))
        rng: Any = random.Random(start)  # noqa: S311  (nothing secret)
        texts = [_text(material, number, vocabulary, rng) for number in numbers]
        vectors = _vectors(material, numbers)
        skip = max(0, first - start)
        names = [f"bench:{number}" for number in numbers]
        yield Slice(names[skip:], texts[skip:], vectors[skip:])


def vector_slices(material: Material, size: int) -> Iterator[tuple[int, Vectors]]:
    """The vectors alone: the first number of each slice, and its vectors."""
    for start in range(0, size, SLICE):
        yield start, _vectors(material, range(start, min(start + SLICE, size)))


def _text(material: Material, number: int, vocabulary: list[str], rng: Any) -> str:
    real = len(material.texts)
    return material.texts[number] if number < real else _varied(material.texts[number % real], vocabulary, rng)


def _varied(text: str, vocabulary: list[str], rng: Any) -> str:
    """The paragraphs in another order, one word in five exchanged for a word drawn as often as the corpus uses it."""
    paragraphs = text.split("\n\n")
    rng.shuffle(paragraphs)
    words = "\n\n ".join(paragraphs).split(" ")
    for _ in range(int(len(words) * EXCHANGED)):
        words[int(rng.random() * len(words))] = vocabulary[int(rng.random() * len(vocabulary))]
    return " ".join(words)


def _vectors(material: Material, numbers: range) -> Vectors:
    """Real vectors as far as they go, then mixtures of a real one with some of its neighbours, with noise."""
    sample, dim = material.sample, material.sample.shape[1]
    rng = np.random.default_rng(numbers.start)
    base = np.arange(numbers.start, numbers.stop) % len(material.texts) % len(sample)
    chosen = rng.integers(0, material.neighbours.shape[1], (len(base), MIXED))
    near = np.concatenate([base[:, None], material.neighbours[base[:, None], chosen]], axis=1)
    weights = rng.dirichlet(np.ones(MIXED + 1), len(base)).astype(np.float32)
    mixed: Vectors = np.einsum("nk,nkd->nd", weights, sample[near])
    mixed += rng.standard_normal(mixed.shape, dtype=np.float32) * np.float32(NOISE / np.sqrt(dim))
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    real = max(0, min(len(base), len(sample) - numbers.start))
    mixed[:real] = sample[numbers.start : numbers.start + real]
    return mixed
