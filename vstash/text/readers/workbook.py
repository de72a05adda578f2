"""Spreadsheets through calamine (.xls: see oldworkbook): sheets as rows that name their columns, and their notes.

One maintained parser for the packages, in Rust: it takes a hundredth of openpyxl's time and memory, and gives
what cells show last, not their formulas.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from importlib import import_module
from io import BytesIO
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from vstash.text.decode import clean
from vstash.text.readers.base import Extract
from vstash.text.readers.container import damaged, encrypted, open_zip, parsing, refuse_encrypted, verify
from vstash.text.readers.delimited import Table, table
from vstash.text.readers.office import dated, properties
from vstash.text.readers.sheetnotes import Note, notes, without_macros
from vstash.text.readers.writer import Writer

WHAT = "spreadsheet"
CELLS = 4_000_000  # of one sheet: a stray cell at the far corner makes a sheet of billions


def read(data: bytes, name: str) -> Extract:
    """A heading for each sheet, each row "header: value; …", an atom with its sheet and row as place."""
    refuse_encrypted(data, name)
    if data.startswith(b"PK"):
        with open_zip(data, name, WHAT) as package, parsing(name, WHAT):
            verify(package, name, WHAT)
            about: dict[str, Any] = properties(package)
            said = notes(package)
            members = package.namelist()
            cells = without_macros(package, data)
        try:
            with parsing(name, WHAT):
                writer = _written(_sheets(cells, name), said)
        except CalamineError as error:
            if "content.xml" not in members:
                raise damaged(name, WHAT) from error
            # it is stricter than the format: KSpread wrote blanks between cells
            read_as_text: Extract = import_module("vstash.text.readers.opendocument").read(data, name)
            return replace(read_as_text, kind="spreadsheet")
    else:
        # imported for its own format only
        old = import_module("vstash.text.readers.oldworkbook")
        with parsing(name, WHAT, *old.ERRORS):
            about = old.properties(data, name)
            writer = _written(old.sheets(data, name), {})
    found = writer.done("spreadsheet", metadata=about, dated_at=dated(about))
    return replace(found, title=about.get("title", ""))  # the first sheet's name is none


def _sheets(data: bytes, name: str) -> Iterator[tuple[str, list[list[Any]]]]:
    """Each sheet's name and rows, but for those too large."""
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
    except PasswordError as error:
        raise encrypted(name) from error
    for title in book.sheet_names:
        sheet = book.get_sheet_by_name(title)
        if sheet.end is not None and (sheet.end[0] + 1) * (sheet.end[1] + 1) <= CELLS:
            yield title, sheet.to_python(skip_empty_area=False)


def _written(sheets: Iterable[tuple[str, list[list[Any]]]], said: dict[str, list[Note]]) -> Writer:
    writer = Writer()
    for title, rows in sheets:
        _sheet(
            writer, clean(title), table([[_shown(cell) for cell in row] for row in rows]), said.pop(clean(title), [])
        )
    for title, notes_left in said.items():  # of sheets without cells, such as a chart's own
        _sheet(writer, title, table([]), notes_left)
    return writer


def _sheet(writer: Writer, title: str, cells: Table, said: list[Note]) -> None:
    if not (cells.text or said):
        return
    writer.mark(title, 1)
    writer.include(Extract(cells.text, "", atoms=cells.atoms, places=cells.places), labels={"sheet": title})
    for cell, words in said:
        writer.place({"sheet": title, **({"cell": cell} if cell else {})})
        writer.block(f"{cell}: {words}" if cell else words)


def _shown(cell: Any) -> str:
    """A cell as a person would write it."""
    if isinstance(cell, bool) or cell is None:
        return "" if cell is None else str(cell).upper()
    if isinstance(cell, float):
        return f"{cell:.10g}" if cell != int(cell) or abs(cell) >= 1e15 else str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(abs(cell.total_seconds())), 60)
        return f"{'-' * (cell < timedelta())}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(cell, date | time):
        return str(cell)
    return clean(str(cell))
