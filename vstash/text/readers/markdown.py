"""Markdown: headings as CommonMark sees them, YAML front matter, and blocks that should stay whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from vstash.text.dates import parse_date
from vstash.text.decode import clean, decode
from vstash.text.readers.base import LINES, Extract, disjoint, first_title, line_starts, one_line
from vstash.types import Heading

FRONT_MATTER_LIMIT = 1 << 16  # code points; YAML is slow and a longer block is no front matter

# It keeps nothing of what it has parsed, and takes as long to make as to parse a page.
_PARSER = MarkdownIt("commonmark").enable("table").disable(["inline", "text_join"])
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOO_DEEP = re.compile(r"(?:[\[{][^\[\]{}\n]*){40}")  # PyYAML takes seconds over such a line
_ATTRIBUTES = re.compile(r"\s*\{:?\s*[#.][^{}]*\}\s*$")  # "# Title { #anchor }"
_PROSE = re.compile(r"^(?:[A-Za-z][^|<>\n]*\n){3,}", re.MULTILINE)
_ATOMS = frozenset({"fence", "code_block", "table_open"})
_WORDS = frozenset({"text", "text_special", "code_inline", "image"})


class _NoAliases(yaml.SafeLoader):
    """Aliases let a kilobyte of YAML unfold into gigabytes, and front matter has no use for them."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("alias")
        return super().compose_node(parent, index)


def read(data: bytes, name: str) -> Extract:
    """The file as it is, front matter included; `metadata` is that front matter."""
    text = decode(data, name)
    metadata, body = front_matter(text)
    headings, atoms = outline(text, body)
    return Extract(
        text,
        "markdown",
        title=one_line(str(metadata.get("title") or "")) or first_title(headings),
        headings=headings,
        atoms=atoms,
        places=LINES,
        metadata=metadata,
        dated_at=parse_date(metadata.get("date")) or parse_date(metadata.get("created")),
    )


def front_matter(text: str) -> tuple[dict[str, Any], int]:
    """The YAML mapping between "---" lines that opens a text, and the offset after it; else ({}, 0)."""
    match = _FRONT_MATTER.match(text, 0, FRONT_MATTER_LIMIT)
    if not match or _TOO_DEEP.search(match[1]):
        return {}, 0
    try:
        found = yaml.load(match[1], Loader=_NoAliases)  # noqa: S506 - a subclass of SafeLoader
        metadata = {one_line(str(key)): _plain(value) for key, value in found.items()}
    # Beside YAML's own: impossible dates and numbers, unhashable keys, no mapping, too deep a nest.
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}, 0
    if "tags" in metadata:
        metadata["tags"] = _tags(metadata["tags"])
    return metadata, match.end()


def outline(text: str, body: int = 0) -> tuple[tuple[Heading, ...], tuple[tuple[int, int], ...]]:
    """Headings and atoms (code blocks, tables) of Markdown that starts at the offset `body`."""
    spans = list(_telling(text, body))
    lines = [begin + start for begin, end in spans for start in line_starts(text[begin:end]) if begin + start < end]
    tokens = _PARSER.parse("".join(text[begin:end] for begin, end in spans))
    lines.append(len(text))
    headings = []
    atoms = []
    for token, inside in pairwise([*tokens, None]):
        if not token or not token.map:
            continue
        start, end = (lines[number] for number in token.map)
        if token.type == "heading_open" and token.level == 0 and inside:
            underlined = token.markup in ("=", "-")  # then the lines between may have been passed over
            title = _words(text[start:end].strip().rpartition("\n")[0] if underlined else inside.content)
            if title:
                headings.append(Heading(start, int(token.tag[1]), title))
        elif token.type in _ATOMS:
            atoms.append((start, end))
    return tuple(headings), disjoint(atoms)


def _telling(text: str, body: int) -> Iterator[tuple[int, int]]:
    """The spans of lines that may begin or end a block: all but those within a run of prose.

    A line that starts with a letter only goes on with what the line before it was, unless it ends an HTML block;
    a table or the title of a link's definition may depend on it. The parser spends most of its time on such lines.
    """
    at = body
    for run in _PROSE.finditer(text, body) if "]:" not in text else ():
        yield at, text.index("\n", run.start()) + 1
        at = text.rindex("\n", 0, run.end() - 1) + 1
    yield at, len(text)


def _words(markup: str) -> str:
    """A heading's words without its markup and attributes."""
    tokens: list[Token] = []
    _PARSER.inline.parse(one_line(_ATTRIBUTES.sub("", markup)), _PARSER, {}, tokens)
    return one_line("".join(token.content for token in tokens if token.type in _WORDS))


def _plain(value: Any) -> Any:
    """What JSON can hold of a YAML value. Recursion is bounded by the parser's own."""
    if isinstance(value, dict):
        return {one_line(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    return value if isinstance(value, float) and abs(value) < 1e300 else clean(str(value))


def _tags(value: Any) -> list[str]:
    """Tags as a list, also when they were written as "a, b"."""
    words = value if isinstance(value, list) else str(value or "").split(",")
    return [tag for tag in (one_line(str(word)).lstrip("#") for word in words) if tag]
