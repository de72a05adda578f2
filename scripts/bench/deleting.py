"""Does deleting half of the documents and compacting leave what a database would be that never had them?
`never FOLDER DB SIZE` builds that one, `delete DB` deletes and compacts, `compare FOLDER N DB…` searches all in
turn; each run is a process of its own and prints JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import measure
import numpy as np
from material import Slice, load, slices
from stub import Given

from vstash import Memory

SINGLY = 1000  # documents forgotten with a call for each, before the others go with one


def never(folder: Path, database: Path, size: int) -> dict[str, Any]:
    """Add those of the first `size` texts that deleting leaves; goes on where an earlier run stopped."""
    material = load(folder)
    with Memory.open(database, encoder=Given()) as memory:
        for part in slices(material, size, 2 * int(memory.stats()["chunks"])):
            kept = left(part)
            memory.add_texts(kept.texts, uris=kept.names, vectors=kept.vectors)
        return {"chunks": memory.stats()["chunks"]}


def delete(database: Path) -> dict[str, Any]:
    """Forget every other document, some with a call for each and the others with one; compact. Seconds, bytes of the
    file and its log, and the peak of memory while deleting and to the end."""
    with Memory.open(database, encoder=Given(), create=False) as memory:
        size = {"before": _bytes(database)}
        names = [document.uri for document in memory.list() if not stays(document.uri)]
        singly, together = names[:SINGLY], names[SINGLY:]
        took = {
            "singly_s": measure.timed(lambda: [memory.forget(name) for name in singly]) / 1e3,
            "together_s": measure.timed(lambda: memory.forget_all(together)) / 1e3,
        }
        size["deleted"], peak = _bytes(database), measure.memory()["peak_mb"]
        took["compact_s"] = measure.timed(memory.compact) / 1e3
        size["compacted"] = _bytes(database)
    peaks = {"delete_peak_mb": peak, "compact_peak_mb": measure.memory()["peak_mb"]}
    return {"singly": len(singly), "together": len(together), **took, **peaks, "bytes": size}


def compare(folder: Path, most: int, databases: Sequence[Path]) -> dict[str, list[float]]:
    """Warm searches for five in each database in turn, so that whatever else the machine does slows all alike: the
    50th and 95th percentile of each, ms."""
    material = load(folder, questions_only=True)
    asked = list(zip(material.questions, material.asked, strict=True))
    took: list[list[float]] = [[] for _ in databases]
    with ExitStack() as stack:
        memories = [stack.enter_context(Memory.open(one, encoder=Given(), create=False)) for one in databases]
        for number in range(-len(asked), most):  # each question is put once before any counts
            question, vector = asked[number % len(asked)]
            for turn in range(len(memories)):
                at = (turn + number) % len(memories)  # none always comes first
                begun = time.perf_counter()
                memories[at].search(question, limit=5, vector=vector)
                if number >= 0:
                    took[at].append(1e3 * (time.perf_counter() - begun))
    return {"p50": [float(np.median(one)) for one in took], "p95": [float(np.percentile(one, 95)) for one in took]}


def stays(name: str) -> bool:
    """Every other document of the benchmark, so that what is deleted lies all over the file."""
    return int(name.split(":")[1]) % 2 == 1


def left(part: Slice) -> Slice:
    """What deleting leaves of some texts."""
    at = [number for number, name in enumerate(part.names) if stays(name)]
    return Slice([part.names[one] for one in at], [part.texts[one] for one in at], part.vectors[at])


def _bytes(database: Path) -> int:
    return sum(path.stat().st_size for path in (database, database.with_name(f"{database.name}-wal")) if path.exists())


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "never":
        measure.answer(never(Path(arguments[0]), Path(arguments[1]), int(arguments[2])))
    elif command == "delete":
        measure.answer(delete(Path(arguments[0])))
    else:
        measure.answer(compare(Path(arguments[0]), int(arguments[1]), [Path(one) for one in arguments[2:]]))
