"""How long do searches take, and how much memory? The same instrument for every system.

NumPy only: the rivals' own Pythons run this.
"""

from __future__ import annotations

import json
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Searches for a question with a vector; gives the seconds of each stage where the system tells them.
Search = Callable[[str, NDArray[np.float32]], Mapping[str, float]]

# Before any counts every question is asked once, as far as WARM_LIMIT allows, and WARM at the least: each mapped
# page that a process touches for the first time costs a fault, 100 ms a question at 200k chunks.
WARM = 20  # searches
WARM_LIMIT = 30.0  # seconds
ROUNDS_LIMIT = 60.0  # seconds; a slow system is asked fewer times
LEAST = 40  # searches that count, however slow


def searches(search: Search, questions: Sequence[str], vectors: NDArray[np.float32], most: int) -> dict[str, Any]:
    """The first search and then up to `most` warm ones, in ms: how long each took and worked, and the median of each
    stage."""
    first = timed(lambda: search(questions[0], vectors[0]))
    warmed = time.monotonic()
    for at in range(1, len(questions)):
        if at > WARM and time.monotonic() - warmed > WARM_LIMIT:
            break
        search(questions[at], vectors[at])
    took: list[float] = []
    cpu: list[float] = []
    stages: dict[str, list[float]] = defaultdict(list)
    started = time.monotonic()
    for at in range(most):
        if at >= LEAST and time.monotonic() - started > ROUNDS_LIMIT:
            break
        number = at % len(questions)
        begun, worked = time.perf_counter(), time.process_time()
        found = search(questions[number], vectors[number])
        took.append(1e3 * (time.perf_counter() - begun))
        cpu.append(1e3 * (time.process_time() - worked))
        for name, seconds in found.items():
            stages[name].append(1e3 * seconds)
    medians = {name: float(np.median(values)) for name, values in stages.items()}
    return {"first": first, "took": took, "worked": cpu, "stages": medians, **memory()}


def together(turns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One system's turns as one: percentiles over all its searches, the first turn's first ones, the largest peak.

    `cpu` is the median of the time worked: on a busy machine it is what can be compared.
    """
    took = [one for turn in turns for one in turn["took"]]
    p50, p95, p99 = (float(np.percentile(took, at)) for at in (50, 95, 99))
    cpu = float(np.median([one for turn in turns for one in turn["worked"]]))
    names = turns[0]["stages"]
    stages = {name: float(np.median([turn["stages"][name] for turn in turns])) for name in names}
    largest = {name: max(turn[name] for turn in turns) for name in ("peak_mb", "own_mb") if name in turns[0]}
    rest = {name: value for name, value in turns[0].items() if name not in ("took", "worked")}
    times = {"p50": p50, "p95": p95, "p99": p99, "cpu": cpu, "searches": len(took)}
    return {**rest, **largest, **times, "stages": stages}


def timed(act: Callable[[], object]) -> float:
    """How long it takes, in ms."""
    begun = time.perf_counter()
    act()
    return 1e3 * (time.perf_counter() - begun)


def memory() -> dict[str, float]:
    """The peak of this process, and what of it now is its own rather than pages of mapped files; in MB.

    Not getrusage: on Linux its peak begins with that of the process that started this one.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return {name: int(lines[line].split()[0]) / 1024 for name, line in (("peak_mb", "VmHWM"), ("own_mb", "RssAnon"))}


def answer(values: Mapping[str, Any]) -> None:
    """Hand a result to the process that asked: the last line of stdout."""
    print(json.dumps(values))
