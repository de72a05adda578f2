"""reStructuredText: sections by their underlines, PEP headers and docinfo fields, literal blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vstash.text.dates import parse_date
from vstash.text.decode import decode
from vstash.text.headers import header_block
from vstash.text.readers.base import LINES, LONGEST, Extract, disjoint, first_title, line_starts, one_line
from vstash.types import Heading

_RULE = re.compile(r"([!-/:-@\[-`{-~])\1+$")  # an adornment: one ASCII punctuation character, repeated
_DOCINFO = re.compile(r":([A-Za-z][\w -]{0,40}):[ \t]+(.*)$")
_MARKUP = re.compile(r"(?::[\w:.+-]+:)?`{1,2}([^`]+?)(?:\s*<[^<>`]*>)?`{1,2}_{0,2}|\*{1,2}([^*]+)\*{1,2}")
_BLOCK = re.compile(r"\.\. [\w:.+-]+::|.*::$")  # a directive, or a paragraph that announces a literal block
_GRID = re.compile(r"\+[-=+]+\+$")


def read(data: bytes, name: str) -> Extract:
    """The file as it is; header fields (RFC 2822 style, or docinfo) go into metadata too."""
    text = decode(data, name)
    starts = line_starts(text)
    lines = text.split("\n")
    fields, body = header_block(text)
    first = text.count("\n", 0, body)
    headings = tuple(_sections(lines, starts, first))
    metadata = fields or _docinfo(lines)
    return Extract(
        text,
        "rst",
        title=_title(fields) or first_title(headings),
        headings=headings,
        atoms=disjoint((starts[a], min(starts[b], len(text))) for a, b in _atoms(lines)),
        places=LINES,
        metadata=metadata,
        dated_at=parse_date(metadata.get("created") or metadata.get("date")),
    )


def _title(fields: dict[str, str]) -> str:
    title = one_line(fields.get("title", ""))
    return f"PEP {fields['pep']} – {title}" if title and fields.get("pep", "").isdigit() else title


def _sections(lines: list[str], starts: list[int], first: int) -> Iterator[Heading]:
    """Headings; a level is the rank at which its style (character, overlined) first appeared."""
    styles: list[tuple[str, bool]] = []
    number = first
    while number < len(lines) - 1:
        found = _heading(lines, number)
        if not found:
            number += 1
            continue
        title, style, length = found
        if style not in styles:
            styles.append(style)
        yield Heading(starts[number], styles.index(style) + 1, title)
        number += length


def _heading(lines: list[str], number: int) -> tuple[str, tuple[str, bool], int] | None:
    """Title, style and number of lines of the heading that starts on this line, if one does."""
    line = lines[number].rstrip()
    if not line or (number and not _ends_block(lines[number - 1])):
        return None
    if _is_rule(line):
        if number + 2 < len(lines) and lines[number + 2].rstrip() == line and lines[number + 1].strip():
            return _words(lines[number + 1]), (line[0], True), 3
        return None
    rule = lines[number + 1].rstrip()
    if line[0] not in " \t" and _is_rule(rule) and len(rule) >= min(len(line), 4):
        return _words(line), (rule[0], False), 2
    return None


def _ends_block(line: str) -> bool:
    """Whether a heading may follow: a blank line, a rule, or explicit markup such as a target."""
    return not line.strip() or _is_rule(line.rstrip()) or line.startswith(".. ")


def _is_rule(line: str) -> bool:
    return len(line) > 1 and _RULE.match(line) is not None


def _words(markup: str) -> str:
    return one_line(_MARKUP.sub(lambda match: match[1] or match[2], markup[:LONGEST]))


def _docinfo(lines: list[str]) -> dict[str, str]:
    """The field list at the top of a document, below its title."""
    fields: dict[str, str] = {}
    for line in lines[:60]:
        match = _DOCINFO.match(line)
        if match:
            fields.setdefault(match[1].strip().lower(), match[2].strip())
        elif fields and not line.startswith((" ", "\t")):
            break
    return fields


def _atoms(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Line spans of directives and literal blocks with what is indented below them, and of grid tables."""
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        if _BLOCK.match(line):
            end = _indented_end(lines, number)
        elif _GRID.match(line):
            end = _table_end(lines, number)
        else:
            end = number + 1
        if end > number + 1:
            yield number, end
        number = end


def _indented_end(lines: list[str], number: int) -> int:
    """The line after the last one that is indented deeper than this line, blank ones in between."""
    indent = _indent(lines[number])
    end = following = number + 1
    while following < len(lines) and (not lines[following].strip() or _indent(lines[following]) > indent):
        following += 1
        if lines[following - 1].strip():
            end = following
    return end


def _table_end(lines: list[str], number: int) -> int:
    end = number
    while end < len(lines) and lines[end].lstrip().startswith(("+", "|")):
        end += 1
    return end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
