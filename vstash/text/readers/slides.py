"""Presentations (.pptx) through python-pptx: slide after slide, with tables, grouped shapes, drawings and notes.

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
from vstash.text.readers.drawings import described, drawn
from vstash.text.readers.office import dated, properties, regular
from vstash.text.readers.writer import Writer

WHAT = "presentation"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
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
            cells = [" ".join(cell.text.split()) for cell in row.cells]
            if any(cells):
                writer.line(" | ".join(cells))
    elif shape.has_text_frame:
        writer.block(shape.text_frame.text)
    else:
        for block in drawn(shape.element, lambda name: shape.part.related_part(name).blob):
            writer.block(block)
    about = next(map(described, shape.element.iter(f"{_P}cNvPr")), "")
    if about:
        writer.block(f"Picture: {about}")
