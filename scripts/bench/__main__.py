"""How fast, how small, how exact, and beside the others? `python scripts/bench --help`.

What is expensive to make stays in .bench; a result is kept as soon as it is known, so that parts can be run apart.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the vstash of this checkout, whichever is installed

import measure  # noqa: E402
import outside  # noqa: E402
import report  # noqa: E402
import rival  # noqa: E402
from sample import prepare  # noqa: E402

PARTS = ("search", "recall", "disk", "after-write", "start", "add", "delete")  # what only reads comes first
TURNS = 4  # of each system at a size, one after another: a machine's speed changes from one minute to the next
DELETED = 100_000  # documents, or half of a smaller database
COMPARED = ("before", "compacted", "never")  # a database as it was, less half of it, and one that never had that half


@dataclass(frozen=True, slots=True)
class Bench:
    """Where things are and what was asked for."""

    home: Path
    sizes: tuple[int, ...]
    rivals: tuple[str, ...]
    rival_most: int
    searches: int

    @property
    def material(self) -> Path:
        """The folder of texts, questions and vectors."""
        return self.home / "material"

    def database(self, system: str, size: int) -> Path:
        """Where a system's database of a size is; ours is made anew when the schema has changed."""
        schema = f"-{_schema()}" if system == "ours" else ""
        return self.home / "db" / f"{system}{schema}-{size}.db"

    def worker(self, system: str, *arguments: object) -> dict[str, Any]:
        """Run a worker in a process of its own, in the system's Python; what it answers. Raises: RuntimeError."""
        python = rival.python(self.home) if system == "published" else Path(sys.executable)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        if system != "published":
            environment["PYTHONPATH"] = str(ROOT)
        command = [str(python), str(Path(__file__).with_name(f"{system}.py")), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise RuntimeError(f"{system} {arguments[0]} failed: {' '.join(done.stderr.strip().splitlines()[-1:])}")
        answered: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return answered


def main() -> int:
    """Measure what was asked for and print the whole result so far."""
    asked = _arguments()
    bench = Bench(asked.home, tuple(asked.sizes), tuple(asked.rivals), asked.rival_most, asked.searches)
    if not asked.corpus.is_dir():
        print(f"there is no folder {asked.corpus}: name one with --corpus", file=sys.stderr)
        return 1
    try:
        if not prepare(bench.material, asked.corpus, asked.sample, say, asked.seconds):
            say("the time is over; run again to go on")
            return 0
        result = _measured(bench, asked.parts)
    except (FileNotFoundError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(report.lines(result)))
    return 0


def _schema() -> str:
    """A digest of the migrations."""
    files = sorted((ROOT / "migrations" / "sqlite").glob("*_*.sql"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def say(line: str) -> None:
    """Progress, on stderr."""
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure vstash, and others beside it.")
    parser.add_argument("--sizes", type=_numbers, default=_numbers("5000,50000,200000,1000000"), help="chunks")
    parser.add_argument("--parts", type=_names, default=PARTS, help=f"some of {','.join(PARTS)}")
    parser.add_argument("--rivals", type=_names, default=(), help="published,plain")
    parser.add_argument("--rival-most", type=int, default=200_000, help="the largest size for rivals")
    parser.add_argument("--searches", type=int, default=400, help="how many count, at each size")
    parser.add_argument("--sample", type=int, default=20_000, help="texts that are really encoded")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop encoding the sample after these")
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus", help="a folder of texts")
    parser.add_argument("--home", type=Path, default=ROOT / ".bench", help="where everything is kept")
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part.replace("_", "")) for part in text.split(","))


def _names(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _measured(bench: Bench, parts: tuple[str, ...]) -> dict[str, Any]:
    """Run the parts; the result with what earlier runs found, kept after each."""
    path = bench.home / "result.json"
    result = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    (bench.home / "db").mkdir(exist_ok=True)
    for size in bench.sizes:
        _build(bench, "ours", size, result)
    for part in parts:
        for key, one in MEASURES[part](bench, result):
            result.setdefault(part, {})[key] = one
            result["machine"] = {"cores": os.cpu_count(), "processor": platform.processor() or platform.machine()}
            path.write_text(json.dumps({**result, "growth": report.exponents(result)}, indent=1), encoding="utf-8")
    return result


def _build(bench: Bench, system: str, size: int, result: dict[str, Any]) -> None:
    """The database of this size, made from the next smaller one of its kind where there is one."""
    database = bench.database(system, size)
    if database.exists():
        return
    partial = database.with_suffix(".part")
    smaller = [one for one in bench.sizes if one < size and bench.database(system, one).exists()]
    if not partial.exists() and smaller:
        shutil.copyfile(bench.database(system, max(smaller)), partial)
    say(f"building {system} with {size:,} chunks")
    made = bench.worker(system, "build", bench.material, partial, size)
    partial.replace(database)
    if made["added"]:
        rate = made["added"] / made["seconds"]
        result.setdefault("add", {})[f"given, {system}, {size}"] = {**made, "per_second": rate}


def _search(bench: Bench, result: dict[str, Any]) -> Any:
    for size in bench.sizes:
        found = dict(result.get("search", {}).get(str(size), {}))
        systems = ("ours", *(bench.rivals if size <= bench.rival_most else ()))
        for system in systems:
            if system == "published":
                rival.install(bench.home, say)
            _build(bench, system, size, result)
        turns: dict[str, list[dict[str, Any]]] = {system: [] for system in systems}
        for system in systems * TURNS:
            say(f"searching {system} with {size:,} chunks, load {os.getloadavg()[0]:.1f}")
            load, database = os.getloadavg()[0], bench.database(system, size)
            one = bench.worker(system, "search", bench.material, database, bench.searches // TURNS)
            turns[system].append({**one, "load": load})
        yield str(size), {**found, **{system: measure.together(some) for system, some in turns.items()}}


def _each(command: str) -> Callable[[Bench, dict[str, Any]], Any]:
    def run(bench: Bench, _: dict[str, Any]) -> Any:
        for size in bench.sizes:
            say(f"{command} with {size:,} chunks")
            yield str(size), bench.worker("ours", command, bench.material, bench.database("ours", size), size)

    return run


def _start(bench: Bench, _: dict[str, Any]) -> Any:
    question = json.loads((bench.material / "questions.json").read_text(encoding="utf-8"))[0]
    yield "--help", outside.start(ROOT, None, "")
    for size in bench.sizes:
        yield str(size), outside.start(ROOT, bench.database("ours", size), question)


def _disk(bench: Bench, _: dict[str, Any]) -> Any:
    for size in bench.sizes:
        yield str(size), outside.disk(bench.database("ours", size))
    markdown = bench.home / "hash.db"  # several chunks a document, as files give; the others have one each
    if markdown.exists():
        yield "markdown", outside.disk(markdown)


def _add(bench: Bench, _: dict[str, Any]) -> Any:
    for command in ("hash", "default", "reference"):
        say(f"adding: {command}")
        yield command, bench.worker("adding", command, bench.material, bench.home)


def _delete(bench: Bench, _: dict[str, Any]) -> Any:
    """Delete half of the largest database of at most twice DELETED, in a copy, and compare with what it was and with
    one that never had that half."""
    size = max((size for size in bench.sizes if size <= 2 * DELETED), default=min(bench.sizes))
    full = bench.database("ours", size)
    never, copy = full.with_name(f"never-{full.name}"), full.with_name("deleted.db")
    if not never.exists():
        say(f"building what is left of {size:,} chunks")
        partial = never.with_suffix(".part")
        bench.worker("deleting", "never", bench.material, partial, size)
        partial.replace(never)
    say(f"deleting {size // 2:,} of {size:,} chunks")
    shutil.copyfile(full, copy)
    try:
        found = bench.worker("deleting", "delete", copy)
        took = bench.worker("deleting", "compare", bench.material, bench.searches, full, copy, never)
    finally:
        for path in copy.parent.glob("deleted.db*"):
            path.unlink()
    found["bytes"]["never"] = never.stat().st_size
    yield str(size), {**found, **{name: dict(zip(COMPARED, of, strict=True)) for name, of in took.items()}}


MEASURES: dict[str, Callable[[Bench, dict[str, Any]], Any]] = {
    "search": _search,
    "recall": _each("recall"),
    "after-write": _each("after-write"),
    "start": _start,
    "disk": _disk,
    "add": _add,
    "delete": _delete,
}

if __name__ == "__main__":
    sys.exit(main())
