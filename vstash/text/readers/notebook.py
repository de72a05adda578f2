"""Jupyter notebooks, as the Markdown they are written in: code cells fenced, what they printed trimmed.

Read with the standard library: a notebook is JSON, and nbformat would validate what need not be valid.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vstash.text.decode import clean, decode
from vstash.text.readers.base import LINES, Extract, first_title
from vstash.text.readers.markdown import outline
from vstash.types import Place

OUTPUT_LINES = 12  # of one cell: enough to tell what came out, tables and logs go on for ever
OUTPUT_WIDTH = 240  # code points of one line


def read(data: bytes, name: str) -> Extract:
    """The cells, parted by blank lines, each a place; plain text if the file is no notebook."""
    text = decode(data, name)
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        return Extract(text, "text", places=LINES)
    cells = _cells(notebook)
    if cells is None:
        return Extract(text, "text", places=LINES)
    parts: list[str] = []
    places: list[Place] = []
    offset = 0
    for number, cell in enumerate(cells, 1):
        for part in filter(None, (_source(cell), _printed(cell))):
            places.append(Place(offset, {"cell": number}))
            parts.append(part)
            offset += len(part) + 2
    written = "\n\n".join(parts)
    headings, atoms = outline(written)
    return Extract(
        written, "notebook", title=first_title(headings), headings=headings, atoms=atoms, places=tuple(places)
    )


def _cells(notebook: Any) -> list[Any] | None:
    """The cells; before version 4 they lay in worksheets."""
    if not isinstance(notebook, dict):
        return None
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):
        sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet.get("cells"), list) for cell in sheet["cells"]]
    return cells if isinstance(cells, list) else None


def _source(cell: Any) -> str:
    if not isinstance(cell, dict):
        return ""
    text = _text(cell.get("source", cell.get("input"))).strip("\n")
    return f"```\n{text}\n```" if text and cell.get("cell_type") == "code" else text


def _printed(cell: Any) -> str:
    """The first lines of what the cell printed, as text; pictures and pages are left out."""
    outputs = cell.get("outputs") if isinstance(cell, dict) else None
    lines = [line for output in outputs or () for line in _output(output)] if isinstance(outputs, list) else []
    if not lines:
        return ""
    kept = [line[:OUTPUT_WIDTH] for line in lines[:OUTPUT_LINES]]
    more = ["…"] if len(lines) > OUTPUT_LINES else []
    return "\n".join(["```output", *kept, *more, "```"])


def _output(output: Any) -> Iterator[str]:
    if not isinstance(output, dict):
        return
    data = output.get("data")
    plain = data.get("text/plain") if isinstance(data, dict) else output.get("text")
    if output.get("output_type") == "error":
        plain = f"{output.get('ename', '')}: {output.get('evalue', '')}"
    for line in _text(plain).split("\n"):
        if line.strip() and not line.startswith("```"):
            yield line


def _text(value: Any) -> str:
    lines = value if isinstance(value, list) else [value]
    return clean("".join(line for line in lines if isinstance(line, str)))
