"""Spreadsheets (.xlsx .xlsm .xlsb .xls .ods) through calamine: sheets as rows that name their columns.

One maintained parser for all of them, in Rust: it takes a hundredth of openpyxl's time and memory, and gives
what cells show last, not their formulas.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from vstash.text.decode import clean
from vstash.text.readers.base import Extract
from vstash.text.readers.container import encrypted, open_zip, parsing, refuse_encrypted, verify
from vstash.text.readers.delimited import table
from vstash.text.readers.office import dated, properties
from vstash.text.readers.writer import Writer

WHAT = "spreadsheet"
CELLS = 4_000_000  # of one sheet: a stray cell at the far corner makes a sheet of billions


def read(data: bytes, name: str) -> Extract:
    """A heading for each sheet, each row "header: value; …", an atom with its sheet and row as place."""
    about: dict[str, Any] = {}
    if data.startswith(b"PK"):
        with open_zip(data, name, WHAT) as package, parsing(name, WHAT):
            verify(package, name, WHAT)
            about = properties(package)
    refuse_encrypted(data, name)
    with parsing(name, WHAT, CalamineError):
        try:
            writer = _written(CalamineWorkbook.from_filelike(BytesIO(data)))
        except PasswordError as error:
            raise encrypted(name) from error
    found = writer.done("spreadsheet", metadata=about, dated_at=dated(about))
    return replace(found, title=about.get("title", ""))  # the first sheet's name is none


def _written(book: CalamineWorkbook) -> Writer:
    writer = Writer()
    for title in book.sheet_names:
        sheet = book.get_sheet_by_name(title)
        if sheet.end is None or (sheet.end[0] + 1) * (sheet.end[1] + 1) > CELLS:
            continue
        found = table([[_shown(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)])
        if found.text:
            writer.mark(title, 1)
            writer.include(
                Extract(found.text, "", atoms=found.atoms, places=found.places), labels={"sheet": clean(title)}
            )
    return writer


def _shown(cell: Any) -> str:
    """A cell as a person would write it."""
    if isinstance(cell, bool) or cell is None:
        return "" if cell is None else str(cell).upper()
    if isinstance(cell, float):
        return f"{cell:.10g}" if cell != int(cell) or abs(cell) >= 1e15 else str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return clean(str(cell))
