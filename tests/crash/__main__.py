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
from tests.crash.reindexing import COUNT
from tests.crash.reindexing import trials as trials_of_kills


def main() -> int:
    parser = argparse.ArgumentParser(description="Inject faults into every write, sync, truncate and lock.")
    parser.add_argument("--step", type=int, default=1, help="take every Nth point only")
    parser.add_argument("--seed", type=int, default=1, help="decides what survives a power cut")
    parser.add_argument("--only", help="one operation, or kills")
    parser.add_argument(
        "--kills", type=int, default=40, help="changes of encoder that are killed until they are through"
    )
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
    broken = kill(chosen.seed, chosen.kills) if chosen.only in (None, "kills") else 0
    return 1 if wrong or broken else 0


def kill(seed: int, count: int) -> int:
    """Kill changes of encoder at random moments; how many broke a promise."""
    with tempfile.TemporaryDirectory() as folder:
        done = list(trials_of_kills(range(seed, seed + count), Path(folder)))
    before, after, encoded = (sum(getattr(one, name) for one in done) for name in ("before", "after", "encoded"))
    print(
        f"reindex kill -9, seeds {seed} to {seed + count - 1}: {before} kills before the switch, {after} at or after"
        f" it, {encoded:,} texts encoded for {COUNT * count:,} chunks"
    )
    wrong = [one for one in done if one.wrong]
    for one in wrong:
        print(one)
    return len(wrong)


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
