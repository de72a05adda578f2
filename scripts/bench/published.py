"""How fast is vstash 0.39.0 as published? `build FOLDER DB SIZE` or `search FOLDER DB N`, run by its own Python."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import measure
import numpy as np
from material import load, slices
from numpy.typing import NDArray

from vstash.store import VstashStore  # type: ignore[attr-defined]  # the published one's


def build(folder: Path, database: Path, size: int) -> dict[str, Any]:
    """Add `size` texts in its fastest way: in batches, the keyword index at the end."""
    material = load(folder)
    store = VstashStore(str(database), embedding_dim=material.sample.shape[1])
    first, spent = store.stats().chunks, 0.0
    for part in slices(material, size, first):
        documents = [
            {"path": name, "title": name, "chunks": [text], "embeddings": [vector.tolist()], "source_type": "text"}
            for name, text, vector in zip(*part, strict=True)
        ]
        begun = time.perf_counter()
        with store.batch_mode(defer_fts=True):
            store.add_documents_batch(documents)
        spent += time.perf_counter() - begun
    store.close()
    return {"added": size - first, "seconds": spent}


def search(folder: Path, database: Path, most: int) -> dict[str, Any]:
    """Warm searches for five with its defaults: what its Memory.search does once the question is encoded."""
    material = load(folder, questions_only=True)
    store = VstashStore(str(database), embedding_dim=material.asked.shape[1])

    def ask(question: str, vector: NDArray[np.float32]) -> Mapping[str, float]:
        store.search(query_embedding=vector.tolist(), query_text=question, top_k=5)
        return {}

    return measure.searches(ask, material.questions, material.asked, most)


if __name__ == "__main__":
    act = {"build": build, "search": search}[sys.argv[1]]
    measure.answer(act(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
