"""Presentations (.pptx) through python-pptx: slide after slide, with tables, grouped shapes, charts and notes.

It is the maintained reader of the format; it knows which shape holds a slide's title.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

import pptx
from pptx.exc import PythonPptxError

from vstash.text.readers.base import Extract, one_line
from vstash.text.readers.container import open_zip, parsing
from vstash.text.readers.office import dated, properties, regular
from vstash.text.readers.writer import Writer

WHAT = "presentation"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_OTHER = re.compile(  # of shows, templates and files with macros
    rb"application/vnd\.(?:openxmlformats-officedocument\.presentationml\.(?:slideshow|template)"
    rb"|ms-powerpoint\.(?:presentation|slideshow|template)\.macroEnabled)\.main\+xml"
)
_MAIN = b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"


def read(data: bytes, name: str) -> Extract:
    """A heading and a place for each slide, its shapes in order, its notes at last."""
    with open_zip(data, name, WHAT) as package, parsing(name, WHAT, PythonPptxError, KeyError):
        shown = pptx.Presentation(BytesIO(regular(package, data, _OTHER, _MAIN)))
        writer = Writer()
        for number, slide in enumerate(shown.slides, 1):
            writer.place({"slide": number})
            _slide(writer, slide)
        about = properties(package)
        about["slides"] = str(len(shown.slides))
    return writer.done("pptx", about.get("title", ""), about, dated(about))


def _slide(writer: Writer, slide: Any) -> None:
    title = slide.shapes.title
    words = one_line(title.text_frame.text) if title is not None and title.has_text_frame else ""
    if words:
        writer.heading(words, 1)
    for shape in _shapes(slide.shapes):
        if not (words and title is not None and shape.shape_id == title.shape_id):
            _shape(writer, shape)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and notes.text.strip():
        writer.block(f"Notes: {notes.text}")


def _shapes(shapes: Iterable[Any]) -> Iterator[Any]:
    """Shapes in order, those of a group in its place."""
    waiting = list(reversed(list(shapes)))
    while waiting:
        shape = waiting.pop()
        if hasattr(shape, "shapes"):
            waiting += reversed(list(shape.shapes))
        else:
            yield shape


def _shape(writer: Writer, shape: Any) -> None:
    if getattr(shape, "has_table", False):
        for row in shape.table.rows:
            writer.line(" | ".join(" ".join(cell.text.split()) for cell in row.cells))
    elif getattr(shape, "has_chart", False):
        writer.block(_chart(shape.chart))
    elif shape.has_text_frame:
        writer.block(shape.text_frame.text)
    else:  # a diagram
        writer.block(" ".join(element.text for element in shape.element.iter(f"{_A}t") if element.text))


def _chart(chart: Any) -> str:
    """A chart's title, its series, and what they are drawn over."""
    title = chart.chart_title.text_frame.text if chart.has_title and chart.chart_title.has_text_frame else ""
    series = [one.name for plot in chart.plots for one in plot.series if one.name]
    labels = [str(label) for plot in chart.plots for label in plot.categories]
    return "\n".join(filter(None, (title, ", ".join(series), ", ".join(dict.fromkeys(labels)))))
