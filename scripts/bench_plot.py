"""What the last benchmark found, for the README: docs/latency.svg, both axes logarithmic, and a table."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 720, 420  # px
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 40, 48  # px left free around the plot; the names stand on the right
COLOURS = {"plain": "#8a8f98", "published": "#c2571a", "ours": "#1f6feb"}
NAMES = {"ours": "vstash", "published": "vstash 0.39.0", "plain": "sqlite-vec + FTS5 + RRF"}

README = ROOT / "README.md"
MORE = ("recall@10 / @100", "peak memory", "a fresh process", "bytes a chunk")

Line = list[tuple[int, float]]


class Scale:
    """A logarithmic axis from whole powers of ten to pixels."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        """Where a value lies, in px."""
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self._start + part * (self._end - self._start), 1)

    def ticks(self) -> list[float]:
        """The powers of ten."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def lines(result: Mapping[str, Any]) -> dict[str, Line]:
    """(chunks, p50 in ms) of each system, ascending."""
    found: dict[str, Line] = {system: [] for system in COLOURS}
    for size, systems in sorted(result["search"].items(), key=lambda item: int(item[0])):
        for system, one in systems.items():
            found[system].append((int(size), float(one["p50"])))
    return {system: line for system, line in found.items() if line}


def svg(drawn: Mapping[str, Line]) -> str:
    """The picture."""
    points = [point for line in drawn.values() for point in line]
    across = Scale([size for size, _ in points], LEFT, WIDTH - RIGHT)
    up = Scale([took for _, took in points], HEIGHT - BOTTOM, TOP)
    body = [*_axes(across, up)]
    for system, line in drawn.items():
        body += _line(system, [(across(size), up(took)) for size, took in line], line[-1][1])
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="system-ui, sans-serif" font-size="13" fill="#57606a">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="#ffffff"/>', *body, "</svg>"]) + "\n"


def _axes(across: Scale, up: Scale) -> Iterator[str]:
    yield f'<text x="{LEFT}" y="22" fill="#24292f" font-weight="600">Median time of a warm search for five</text>'
    for tick in up.ticks():
        y = up(tick)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#e5e8eb"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{tick:,g} ms</text>'
    for tick in across.ticks():
        x = across(tick)
        yield f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#e5e8eb"/>'
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{tick:,.0f}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">chunks</text>'


def _line(system: str, points: Sequence[tuple[float, float]], last: float) -> Iterator[str]:
    colour = COLOURS[system]
    path = " ".join(f"{x},{y}" for x, y in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    yield from (f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in points)
    x, y = points[-1]
    yield f'<text x="{x + 10}" y="{y + 4}" fill="{colour}">{NAMES[system]}, {last:,.0f} ms</text>'


def table(result: Mapping[str, Any]) -> str:
    """Speed, exactness and size at each corpus size as Markdown, and what ten times the last would take."""
    heads = ("chunks", "vstash p50", "p95", *(f"{NAMES[one]} p50" for one in ("published", "plain")), *MORE)
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    sizes = sorted(result["search"], key=int)
    rows += [f"| {' | '.join(_cells(result, size))} |" for size in sizes]
    small, large = sizes[-2:]
    before, after = (result["search"][size]["ours"]["p50"] for size in (small, large))
    power = math.log(after / before) / math.log(int(large) / int(small))
    codes = result["search"][large]["ours"]["stages"]["vector"]
    told = (
        f"Between the last two sizes a search grows with the size to the power of {power:.2f}; comparing codes, the"
        f" part that grows in proportion in the end, took {codes:.0f} ms at the last, so that ten times as many chunks"
        f" take up to {after + 9 * codes:,.0f} ms."
    )
    return "\n".join(rows) + f"\n\n{told}"


def _cells(result: Mapping[str, Any], size: str) -> Iterator[str]:
    systems = result["search"][size]
    ours = systems["ours"]
    yield f"{int(size):,}"
    yield from (f"{ours[name]:.1f} ms" for name in ("p50", "p95"))
    for other in ("published", "plain"):
        yield (
            f"{systems[other]['p50']:.0f} ms ({systems[other]['p50'] / ours['p50']:.0f} ×)" if other in systems else ""
        )
    recall, disk = result.get("recall", {}).get(size, {}), result.get("disk", {}).get(size, {})
    yield " / ".join(f"{recall[name]:.3f}" for name in ("recall@10", "recall@100")) if recall else ""
    yield f"{ours['peak_mb']:.0f} MB"
    yield f"{result['start'][size]['p50']:.0f} ms" if size in result.get("start", {}) else ""
    yield f"{disk['file']:,.0f}" if disk else ""


def main() -> int:
    """Draw what the last benchmark found; `bench_plot.py [RESULT [PICTURE]]`. Without arguments into the README."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".bench" / "result.json"
    picture = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "latency.svg"
    if not source.exists():
        print(f"there is no {source}: run make bench first", file=sys.stderr)
        return 1
    picture.parent.mkdir(parents=True, exist_ok=True)
    result = json.loads(source.read_text(encoding="utf-8"))
    picture.write_text(svg(lines(result)), encoding="utf-8")
    print(picture)
    if len(sys.argv) == 1 and len(result["search"]) > 1:
        text = README.read_text(encoding="utf-8")
        marked = re.sub(
            r"(?s)(<!-- speed -->\n).*?(<!-- /speed -->)", lambda at: at[1] + table(result) + "\n\n" + at[2], text
        )
        README.write_text(marked, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
