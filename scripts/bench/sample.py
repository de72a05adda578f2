"""Where do the vectors come from? The default encoder, once for some thousand texts; kept, and resumed when cut off."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import corpus as source
import numpy as np
from numpy.typing import NDArray

from vstash.encode.minilm import MiniLM

Vectors = NDArray[np.float32]

STEP = 500  # texts encoded before they are kept
NEIGHBOURS = 8
BLOCK = 1000  # rows compared with all others at once
QUESTIONS = 200


def prepare(folder: Path, corpus: Path, size: int, report: Callable[[str], None], seconds: float = np.inf) -> bool:
    """Fill `folder` with texts, questions and vectors; False when `seconds` were over before all was encoded.

    Raises: FileNotFoundError for a corpus folder that is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = _kept(folder / "texts.json", lambda: source.texts(corpus))
    questions = _kept(folder / "questions.json", lambda: source.questions(corpus, QUESTIONS))
    encoder, size = MiniLM(report=report), min(size, len(texts))
    if not (folder / "asked.npy").exists():
        _keep(folder / "asked.npy", encoder.documents(questions))
    sample = _encoded(folder, texts[:size], encoder, report, time.monotonic() + seconds)
    if len(sample) < size:
        return False
    neighbours = folder / "neighbours.npy"
    if not neighbours.exists() or len(np.load(neighbours, mmap_mode="r")) != len(sample):
        report("finding the neighbours of each real vector")
        _keep(neighbours, nearest(sample, NEIGHBOURS))
    return True


def nearest(vectors: Vectors, count: int) -> NDArray[np.int32]:
    """The `count` nearest others of each vector, in no order, shape (n, count)."""
    found = np.empty((len(vectors), count), np.int32)
    for first in range(0, len(vectors), BLOCK):
        rows = vectors[first : first + BLOCK] @ vectors.T
        rows[np.arange(len(rows)), np.arange(first, first + len(rows))] = -np.inf
        found[first : first + BLOCK] = np.argpartition(rows, -count, axis=1)[:, -count:]
    return found


def _encoded(folder: Path, texts: list[str], encoder: MiniLM, report: Callable[[str], None], end: float) -> Vectors:
    path = folder / "sample.npy"
    sample: Vectors = np.load(path) if path.exists() else np.empty((0, encoder.space.dim), np.float32)
    while len(sample) < len(texts) and time.monotonic() < end:
        report(f"encoding the sample: {len(sample):,} of {len(texts):,}")
        sample = np.concatenate([sample, encoder.documents(texts[len(sample) : len(sample) + STEP])])
        _keep(path, sample)
    return sample


def _kept(path: Path, make: Callable[[], list[str]]) -> list[str]:
    if not path.exists():
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(make()), encoding="utf-8")
        partial.replace(path)
    kept: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def _keep(path: Path, array: NDArray[np.generic]) -> None:
    partial = path.with_suffix(".part.npy")
    np.save(partial, array)
    partial.replace(path)
