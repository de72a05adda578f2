"""Spreadsheets of Excel 97 to 2003 (.xls) through xlrd, the maintained pure reader of that format.

calamine reads it too, but panics and may loop for ever over damaged files.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import xlrd
from xlrd.compdoc import CompDocError

from vstash.text.readers.container import encrypted
from vstash.text.readers.ole import about, open_ole

ERRORS = (xlrd.XLRDError, CompDocError)
CELLS = 4_000_000  # of one sheet


def sheets(data: bytes, name: str) -> Iterator[tuple[str, list[list[Any]]]]:
    """Each sheet's name and its rows of text, numbers, truth values and dates. Raises what xlrd raises."""
    try:
        book = xlrd.open_workbook(file_contents=data, logfile=StringIO(), on_demand=True)
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower():
            raise encrypted(name) from error
        raise
    for title in book.sheet_names():
        sheet = book.sheet_by_name(title)
        if sheet.nrows * sheet.ncols <= CELLS:
            yield title, [[_value(cell, book.datemode) for cell in sheet.row(row)] for row in range(sheet.nrows)]
        book.unload_sheet(title)


def properties(data: bytes, name: str) -> dict[str, Any]:
    """Title, author and dates of the file."""
    with open_ole(data, name, "spreadsheet") as container:
        return about(container)


def _value(cell: Any, datemode: int) -> Any:
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            shown = xlrd.xldate_as_datetime(cell.value, datemode)
            return shown.time() if 0 <= cell.value < 1 else shown  # the day before the first is none
        except (ValueError, OverflowError):
            return cell.value
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "")
    return cell.value
