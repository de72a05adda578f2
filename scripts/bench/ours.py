"""How fast is the vstash of this checkout? `build FOLDER DB SIZE`, `search FOLDER DB N`, `recall FOLDER DB SIZE`,
`after-write FOLDER DB`; each run is a process of its own and prints JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import measure
import numpy as np
from exact import truth
from material import Material, load, slices
from numpy.typing import NDArray
from stub import Given

from vstash import Memory

WRITES = 12  # measured pairs of a search after a write and one without


def build(folder: Path, database: Path, size: int) -> dict[str, Any]:
    """Add up to `size` texts; goes on where an earlier run stopped."""
    material = load(folder)
    with Memory.open(database, encoder=Given()) as memory:
        first = int(memory.stats()["chunks"])
        begun, making = time.perf_counter(), 0.0
        rest = slices(material, size, first)
        while True:
            at = time.perf_counter()
            part = next(rest, None)
            making += time.perf_counter() - at
            if part is None:
                break
            memory.add_texts(part.texts, uris=part.names, vectors=part.vectors)
    return {"added": size - first, "seconds": time.perf_counter() - begun - making}


def search(folder: Path, database: Path, most: int) -> dict[str, Any]:
    """Warm searches for five, the first after open, memory."""
    material = load(folder, questions_only=True)
    begun = time.perf_counter()
    with Memory.open(database, encoder=Given(), create=False) as memory:
        opened = 1e3 * (time.perf_counter() - begun)

        def ask(question: str, vector: NDArray[np.float32]) -> Mapping[str, float]:
            results = memory.search(question, limit=5, vector=vector)
            stages = {note.step: note.took for note in results.trace}
            return {**stages, "other": results.took - sum(stages.values())}

        return {"open": opened, **measure.searches(ask, material.questions, material.asked, most)}


def recall(folder: Path, database: Path, size: int) -> dict[str, Any]:
    """Share of the truly nearest 10 and 100 that a vector search for as many finds, averaged over the questions."""
    material = load(folder)
    nearest = truth(folder, material, size)
    found: dict[str, float] = {}
    with Memory.open(database, encoder=Given(), create=False) as memory:
        for depth in (10, 100):
            shares = []
            for question, vector, best in zip(material.questions, material.asked, nearest, strict=True):
                hits = memory.search(question, mode="vector", limit=depth, vector=vector)
                numbers = {int(hit.uri.split(":")[1]) for hit in hits}
                shares.append(len(numbers.intersection(best[:depth].tolist())) / min(depth, size))
            found[f"recall@{depth}"] = float(np.mean(shares))
        plan = memory.search(material.questions[0], mode="vector", limit=10, vector=material.asked[0]).plan
        arm = plan.arm("vector")
        return {**found, "path": arm.path if arm else "", "rescore": arm.rescore if arm else 0}


def after_write(folder: Path, database: Path) -> dict[str, Any]:
    """What a search pays when a write came before it, by the same Memory and by another; medians in ms."""
    material = load(folder, questions_only=True)
    with (
        Memory.open(database, encoder=Given(), create=False) as memory,
        Memory.open(database, encoder=Given()) as other,
    ):

        def ask(number: int) -> float:
            question, vector = material.questions[number], material.asked[number]
            return measure.timed(lambda: memory.search(question, limit=5, vector=vector))

        for number in range(measure.WARM):
            ask(number % len(material.questions))
        written = {name: _pairs(writer, ask, material) for name, writer in (("own", memory), ("other", other))}
        for name in [document.uri for document in memory.list(collection="written")]:
            memory.forget(name)
    return written


def _pairs(writer: Memory, ask: Any, material: Material) -> dict[str, float]:
    without, after = [], []
    for number in range(min(WRITES, len(material.questions))):
        ask(number)
        without.append(ask(number))
        writer.add_texts(
            [f"written in between: {material.questions[number]} {time.time_ns()}"],
            vectors=material.asked[number][None],
            collection="written",
        )
        after.append(ask(number))
    return {"without": float(np.median(without)), "after": float(np.median(after))}


COMMANDS = {"build": build, "search": search, "recall": recall}

if __name__ == "__main__":
    command, where, file = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if command == "after-write":
        measure.answer(after_write(where, file))
    else:
        measure.answer(COMMANDS[command](where, file, int(sys.argv[4])))
