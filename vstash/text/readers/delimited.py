"""CSV and TSV: each row as one line that names its columns, so that a row can be found on its own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import PurePath

from vstash.text.decode import decode
from vstash.text.readers.base import Extract, one_line

SAMPLE_LINES = 20  # enough to tell a delimiter

_NUMBER = re.compile(r"[-+]?[\d.,:/%$€£ -]*\d[\d.,:/%$€£ -]*$")


def read(data: bytes, name: str) -> Extract:
    """Rows as "header: value; header: value", each an atom; plain text if no rows can be made of it."""
    text = decode(data, name)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text, name)))
    except csv.Error:  # a field past the module's limit, as after a quote that nobody closed
        return Extract(text, "csv")
    return _written([row for row in rows if any(cell.strip() for cell in row)])


def _written(rows: list[list[str]]) -> Extract:
    lines: list[str] = []
    atoms: list[tuple[int, int]] = []
    offset = 0
    title = _caption(rows)
    for line in [title, *_lines(rows[1:])] if title else _lines(rows):
        lines.append(line)
        atoms.append((offset, offset + len(line)))
        offset += len(line) + 1
    return Extract("\n".join(lines), "csv", title=title, atoms=tuple(atoms))


def _caption(rows: list[list[str]]) -> str:
    """The only words of a first row, above a table of more columns; else ""."""
    words = [cell for cell in rows[0] if cell.strip()] if len(rows) > 2 and len(rows[0]) > 1 else []
    return one_line(words[0]) if len(words) == 1 and sum(map(bool, rows[1])) > 1 else ""


def _lines(rows: list[list[str]]) -> Iterator[str]:
    """The rows with their labels; the header alone when there is nothing below it."""
    headed = len(rows) > 1 and is_header(rows[0], rows[1])
    labels = [one_line(cell) for cell in rows[0]] if headed else []
    for row in rows[1:] if headed else rows:
        labelled = zip(labels + [""] * (len(row) - len(labels)), row, strict=False)
        yield "; ".join(_cell(label, value) for label, value in labelled if value.strip())


def _cell(label: str, value: str) -> str:
    value = " ".join(value.split())
    return f"{label}: {value}" if label else value


def is_header(first: list[str], second: list[str]) -> bool:
    """Whether a first row names columns: short, distinct words, no numbers, as many as the row below has.

    `csv.Sniffer.has_header` is not asked: it guesses the delimiter again, from any character, and
    calls a header only what differs in type or length from the rows below.
    """
    cells = [cell.strip() for cell in first]
    return (
        len(cells) > 1
        and len(cells) >= len(second) - 1
        and all(cell and len(cell) <= 60 and not _NUMBER.match(cell) for cell in cells)
        and len(set(cells)) == len(cells)
    )


def _delimiter(text: str, name: str) -> str:
    """The delimiter that most lines agree on; the suffix decides when none is there, and if most
    lines hold none of it, the file is a single column with commas in its words."""
    lines = [line for line in text[: 1 << 16].split("\n")[:SAMPLE_LINES] if line.strip()]
    default = "\t" if PurePath(name).suffix.lower() in {".tsv", ".tab"} else ","

    def agreement(delimiter: str) -> tuple[int, bool]:
        counts = [line.count(delimiter) for line in lines]
        return sum(count == counts[0] > 0 for count in counts), delimiter == default

    best = max(",;\t|", key=agreement)
    return best if 2 * sum(best in line for line in lines) >= len(lines) else "\x1f"
