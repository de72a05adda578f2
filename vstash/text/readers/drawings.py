"""What do the charts, diagrams and pictures of an OOXML file say? Their words and numbers, from their own XML.

python-pptx knows only some kinds of chart, and python-docx none; the XML is the same in all three programs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from lxml import etree

from vstash.text.readers.container import parse_xml

POINTS = 500  # of one chart; a plotted log is no text
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DAY = re.compile(r"\[[^\]]*\]|\"[^\"]*\"|\\.|General", re.IGNORECASE)
_DAY_ONE = date(1899, 12, 30)  # of Excel's calendar, where 1900 was a leap year
_FILE = re.compile(r"(?:https?:|file:)\S*$|\S*\.[A-Za-z]{3,4}$|(?:\w:)?[\\/].*\.[A-Za-z]{3,4}$")


def drawn(element: Any, part: Callable[[str], bytes]) -> Iterator[str]:
    """The charts and diagrams that are drawn inside of an element, as blocks of text.

    `part` gives the bytes of the part with a relationship's id; a part that is missing or damaged costs only itself.
    """
    for inner in element.iter(f"{_C}chart", f"{_DIAGRAM}relIds"):
        is_chart = inner.tag == f"{_C}chart"
        try:
            root = parse_xml(part(inner.get(f"{_R}id" if is_chart else f"{_R}dm", "")))
        except (KeyError, etree.LxmlError):
            continue
        yield chart(root) if is_chart else diagram(root)


def described(properties: Any) -> str:
    """What a person wrote of a picture or drawing for those who cannot see it; names of files are no such thing."""
    words = " ".join((properties.get("descr") or properties.get("title") or "").split())
    return "" if _FILE.match(words) else words


def diagram(root: Any) -> str:
    """The words of a diagram (SmartArt), a line for each of its shapes."""
    shapes = ("\n".join(filter(str.strip, paragraphs(point))) for point in root.iter(f"{_DIAGRAM}pt"))
    return "\n".join(filter(None, shapes))


def paragraphs(element: Any) -> Iterator[str]:
    """The words of each paragraph of a drawing's text."""
    for one in element.iter(f"{_A}p"):
        yield "".join(run.text or "" for run in one.iter(f"{_A}t"))


def chart(root: Any) -> str:
    """A chart's titles, and for each category what its series are there: "1st quarter: Sales 8.2; Costs 3"."""
    titles = [" ".join(" ".join(paragraphs(title)).split()) for title in root.iter(f"{_C}title")]
    points: dict[str, list[str]] = {}
    for series in root.iter(f"{_C}ser"):
        name = " ".join(_values(series.find(f"{_C}tx")).values())
        labels = _values(series.find(f"{_C}cat") if series.find(f"{_C}cat") is not None else series.find(f"{_C}xVal"))
        values = _values(series.find(f"{_C}val") if series.find(f"{_C}val") is not None else series.find(f"{_C}yVal"))
        for at in sorted(labels | values)[:POINTS]:
            points.setdefault(labels.get(at, ""), []).append(" ".join(filter(None, (name, values.get(at, "")))))
    lines = [": ".join(filter(None, (label, "; ".join(filter(None, said))))) for label, said in points.items()]
    return "\n".join(filter(None, [*dict.fromkeys(titles), *lines[:POINTS]]))


def _values(holder: Any) -> dict[int, str]:
    """What a reference last showed, by position; labels in levels from the outer to the inner one."""
    if holder is None:
        return {}
    levels = list(holder.iter(f"{_C}lvl"))
    if levels:
        return _joined([_points(level, "") for level in levels])
    code = next((one.text or "" for one in holder.iter(f"{_C}formatCode")), "")
    alone = holder.find(f"{_C}v")
    return {0: alone.text or ""} if alone is not None else _points(holder, code)


def _points(holder: Any, code: str) -> dict[int, str]:
    found = {}
    for point in holder.iter(f"{_C}pt"):
        value = point.find(f"{_C}v")
        if value is not None and point.get("idx", "").isdecimal():
            found[int(point.get("idx"))] = _shown(value.text or "", point.get("formatCode") or code)
    return found


def _joined(levels: Sequence[dict[int, str]]) -> dict[int, str]:
    """Labels of several levels, the inmost first; an outer one holds until the next."""
    inner, *outer = [dict(sorted(level.items())) for level in levels]
    begins = [list(level) for level in outer]
    joined = {}
    for at, words in inner.items():
        held = [bisect_right(starts, at) - 1 for starts in begins]
        above = [level[starts[i]] if i >= 0 else "" for level, starts, i in zip(outer, begins, held, strict=True)]
        joined[at] = " ".join(filter(None, [*reversed(above), words]))
    return joined


def _shown(value: str, code: str) -> str:
    """A value as a person would write it: numbers without the noise of binary fractions, days as such."""
    try:
        number = float(value)
    except ValueError:
        return " ".join(value.split())
    if re.search("[dy]", _DAY.sub("", code), re.IGNORECASE) and 0 < number < 2_958_466:
        return (_DAY_ONE + timedelta(days=int(number))).isoformat()
    return f"{number:.10g}"
