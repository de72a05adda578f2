"""CSV and TSV: each row as one line that names its columns, so that a row can be found on its own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from vstash.text.decode import decode
from vstash.text.readers.base import LINES, Extract, one_line
from vstash.types import Place

SAMPLE_LINES = 20  # enough to tell a delimiter

_NUMBER = re.compile(r"[-+]?[\d.,:/%$€£ -]*\d[\d.,:/%$€£ -]*$")
_NAMED = re.compile(r'"?sep=(.)"?\n', re.IGNORECASE)  # a first line for Excel, which does not show it


def read(data: bytes, name: str) -> Extract:
    """Rows as "header: value; header: value", each an atom; plain text if no rows can be made of it."""
    text = decode(data, name)
    named = _NAMED.match(text)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=named[1] if named else _delimiter(text, name)))
    except csv.Error:  # a field past the module's limit, as after a quote that nobody closed
        return Extract(text, "csv", places=LINES)
    found = table([[], *rows[1:]] if named else rows)
    return Extract(found.text, "csv", title=found.title, atoms=found.atoms, places=found.places)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as text, a line and an atom each; places name the "row" in the original, the first being 1.

    `title` is a caption above the header, or "".
    """

    text: str
    title: str
    atoms: tuple[tuple[int, int], ...]
    places: tuple[Place, ...]


def table(rows: Sequence[Sequence[str]]) -> Table:
    """The rows that are not blank, each line with the labels of its columns."""
    numbered = [(number, row) for number, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    title = _caption([row for _, row in numbered])
    lines = list(_lines(numbered[1:] if title else numbered))
    if title:
        lines.insert(0, (numbered[0][0], title))
    atoms: list[tuple[int, int]] = []
    places: list[Place] = []
    offset, expected = 0, 0
    for number, line in lines:
        if number != expected:  # rows are counted on by lines
            places.append(Place(offset, {"row": number}))
        atoms.append((offset, offset + len(line)))
        offset, expected = offset + len(line) + 1, number + 1
    return Table("\n".join(line for _, line in lines), title, tuple(atoms), tuple(places))


def _caption(rows: Sequence[Sequence[str]]) -> str:
    """The only words of a first row, above a table of more columns; else ""."""
    words = [cell for cell in rows[0] if cell.strip()] if len(rows) > 2 and len(rows[0]) > 1 else []
    return one_line(words[0]) if len(words) == 1 and sum(map(bool, rows[1])) > 1 else ""


def _lines(rows: Sequence[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, str]]:
    """The rows with their labels; the header alone when there is nothing below it."""
    headed = len(rows) > 1 and is_header(rows[0][1], rows[1][1])
    labels = [one_line(cell) for cell in rows[0][1]] if headed else []
    for number, row in rows[1:] if headed else rows:
        labelled = zip(labels + [""] * (len(row) - len(labels)), row, strict=False)
        yield number, "; ".join(_cell(label, value) for label, value in labelled if value.strip())


def _cell(label: str, value: str) -> str:
    value = " ".join(value.split())
    return f"{label}: {value}" if label else value


def is_header(first: Sequence[str], second: Sequence[str]) -> bool:
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
