"""What do the figures say? Tables for a terminal, and the growth of each stage with the corpus."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SYSTEMS = {"ours": "vstash", "published": "vstash 0.39.0", "plain": "sqlite-vec + FTS5 + RRF"}

STATES = {"before": "before", "deleted": "deleted", "compacted": "compacted", "never": "never had them"}


def growth(sizes: Sequence[int], took: Sequence[float]) -> float:
    """The exponent b of took = a · size^b, by least squares on logarithms; NaN for fewer than two sizes."""
    points = [(math.log(size), math.log(max(one, 1e-6))) for size, one in zip(sizes, took, strict=True)]
    if len(points) < 2:
        return math.nan
    middle = sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)
    spread = sum((x - middle[0]) ** 2 for x, _ in points)
    return sum((x - middle[0]) * (y - middle[1]) for x, y in points) / spread


def sizes_of(result: Mapping[str, Any], system: str) -> list[int]:
    """The corpus sizes at which a system was measured, ascending."""
    return sorted(int(size) for size, systems in result.get("search", {}).items() if system in systems)


def exponents(result: Mapping[str, Any]) -> dict[str, float]:
    """How the whole search of each system, and each stage of ours, grows with the corpus."""
    found = {}
    for system, name in SYSTEMS.items():
        sizes = sizes_of(result, system)
        found[name] = growth(sizes, [result["search"][str(size)][system]["p50"] for size in sizes])
    sizes = sizes_of(result, "ours")
    every = [result["search"][str(size)]["ours"]["stages"] for size in sizes]
    for stage in every[0] if every else ():
        shared = [(size, one[stage]) for size, one in zip(sizes, every, strict=True) if stage in one]
        found[f"  {stage}"] = growth([size for size, _ in shared], [took for _, took in shared])
    return {name: value for name, value in found.items() if not math.isnan(value)}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The whole report, a line at a time."""
    yield from _searches(result)
    yield from _stages(result)
    for title, part, unit in (
        ("Recall of a vector search against comparing all", "recall", ""),
        ("A search after a write, and one without, ms", "after-write", ""),
        ("A fresh process, wall, ms", "start", ""),
        ("Bytes a chunk", "disk", ""),
        ("Adding", "add", ""),
    ):
        if result.get(part):
            yield from ("", title + unit)
            yield from (f"  {name:<18} {_flat(values)}" for name, values in _by_size(result[part]))
    for size, found in _by_size(result.get("delete", {})):
        yield from ("", *_deleting(int(size), found))
    yield from ("", "Growth: time is proportional to size to the power of")
    yield from (f"  {name:<26} {value:6.2f}" for name, value in exponents(result).items())


def _searches(result: Mapping[str, Any]) -> Iterator[str]:
    columns = ("p50", "p95", "p99", "cpu", "first", "peak_mb", "own_mb")
    yield "Search for five, warm, ms (cpu: time worked, median; first: the first after open)"
    yield f"  {'chunks':>9} {'system':<26}" + "".join(f"{name:>9}" for name in columns) + "   p50 ×"
    for size, systems in _by_size(result.get("search", {})):
        for system, name in SYSTEMS.items():
            if one := systems.get(system):
                ratio = one["p50"] / systems["ours"]["p50"] if "ours" in systems else math.nan
                cells = "".join(f"{one.get(column, math.nan):9.1f}" for column in columns)
                yield f"  {int(size):>9,} {name:<26}{cells}{ratio:8.1f}"


def _stages(result: Mapping[str, Any]) -> Iterator[str]:
    sizes = sizes_of(result, "ours")
    if not sizes:
        return
    every = {size: result["search"][str(size)]["ours"]["stages"] for size in sizes}
    yield from ("", "Time of each stage of ours, median, ms")
    yield f"  {'':<12}" + "".join(f"{size:>12,}" for size in sizes)
    for stage in every[sizes[-1]]:
        yield f"  {stage:<12}" + "".join(f"{every[size].get(stage, 0.0):12.3f}" for size in sizes)


def _deleting(size: int, found: Mapping[str, Any]) -> Iterator[str]:
    singly, together = found["singly"], found["together"]
    yield f"Deleting {singly + together:,} documents of {size:,}, every other one, and compacting"
    yield (
        f"  {1e3 * found['singly_s'] / singly:.2f} ms each for {singly:,} one by one, then {found['together_s']:.1f} s"
        f" for {together:,} together, peak {found['delete_peak_mb']:,.0f} MB"
    )
    yield f"  {found['compact_s']:.1f} s to compact, peak {found['compact_peak_mb']:,.0f} MB"
    yield f"  {'':<18}{'MB':>9}{'p50, ms':>9}{'p95, ms':>9}"
    for name, what in STATES.items():
        times = "".join(f"{found[one][name]:9.1f}" for one in ("p50", "p95") if name in found[one])
        yield f"  {what:<18}{found['bytes'][name] / 1e6:9.1f}{times}"


def _by_size(part: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(part.items(), key=lambda item: (int(item[0]) if item[0].isdigit() else 0, item[0]))


def _flat(values: object) -> str:
    if isinstance(values, Mapping):
        return "  ".join(f"{name} {_flat(value)}" for name, value in values.items())
    if isinstance(values, float):
        return f"{values:,.3f}" if abs(values) < 10 else f"{values:,.0f}"
    return str(values)
