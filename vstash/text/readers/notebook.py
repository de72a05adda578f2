"""Jupyter notebooks, as the Markdown they are written in, code cells fenced; outputs are left out."""

from __future__ import annotations

import json
from typing import Any

from vstash.text.decode import clean, decode
from vstash.text.readers.base import Extract, first_title
from vstash.text.readers.markdown import outline


def read(data: bytes, name: str) -> Extract:
    """The cells, parted by blank lines; plain text if the file is no notebook."""
    text = decode(data, name)
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        return Extract(text, "text")
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return Extract(text, "text")
    written = "\n\n".join(filter(None, map(_cell, cells)))
    headings, atoms = outline(written)
    return Extract(written, "notebook", title=first_title(headings), headings=headings, atoms=atoms)


def _cell(cell: Any) -> str:
    source = cell.get("source") if isinstance(cell, dict) else None
    lines = source if isinstance(source, list) else [source]
    text = clean("".join(line for line in lines if isinstance(line, str))).strip("\n")
    return f"```\n{text}\n```" if text and cell.get("cell_type") == "code" else text
