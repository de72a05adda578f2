"""`make crash`: how many faults went into which operation, and how did each end?"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.crash.faults import STRIKES, faults, ignored
from tests.crash.operations import OPERATIONS, Bench, Outcome, trials


def main() -> int:
    parser = argparse.ArgumentParser(description="Inject faults into every write, sync, truncate and lock.")
    parser.add_argument("--step", type=int, default=1, help="take every Nth point only")
    parser.add_argument("--seed", type=int, default=1, help="decides what survives a power cut")
    parser.add_argument("--only", help="one operation")
    chosen = parser.parse_args()
    sys.unraisablehook = ignored
    print(f"seed {chosen.seed}, every {chosen.step}. point")
    wrong: list[Outcome] = []
    total = 0
    for operation in OPERATIONS:
        if chosen.only in (None, operation.name):
            done = run(operation.name, chosen.step, chosen.seed)
            total += len(done)
            wrong += [one for one in done if one.wrong]
    print(f"{total:,} faults, {len(wrong)} broken promises")
    for one in wrong[:20]:
        print(one)
    return 1 if wrong else 0


def run(name: str, step: int, seed: int) -> list[Outcome]:
    """All trials of one operation; a line for each kind of fault."""
    operation = next(one for one in OPERATIONS if one.name == name)
    done = []
    with tempfile.TemporaryDirectory() as folder, faults(f"faults-{name}") as vfs:
        bench = Bench(operation, Path(folder), vfs)
        for kind in STRIKES:
            started = time.perf_counter()
            found = list(trials(bench, (kind,), step=step, seed=seed))
            endings = Counter(one.ending for one in found)
            shown = ", ".join(f"{count} {ending}" for ending, count in sorted(endings.items()))
            print(f"{name:10} {kind:6} {len(found):5} faults: {shown}  ({time.perf_counter() - started:.1f} s)")
            done += found
    return done


if __name__ == "__main__":
    sys.exit(main())
