"""Markdown: headings as CommonMark sees them, YAML front matter, and blocks that should stay whole.

pulldown-cmark parses it (pyromark): it says at which bytes each thing stands, and takes a hundredth of the time of
parsers in Python, which was a third of adding a folder.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import Any, ClassVar

import pyromark
import yaml

from vstash.text.dates import parse_date
from vstash.text.decode import clean, decode
from vstash.text.readers.base import LINES, Extract, disjoint, first_title, line_starts, one_line
from vstash.types import Heading

FRONT_MATTER_LIMIT = 1 << 16  # code points; YAML is slow and a longer block is no front matter
MOST_ENTRIES = 500  # that are taken one by one: a tenth of a second

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOO_DEEP = re.compile(r"(?:[\[{][^\[\]{}\n]*){40}")  # PyYAML takes seconds over such a line
_ATTRIBUTES = re.compile(r"\{:?\s*[#.][^{}]*\}\s*$")  # "# Title { #anchor }"


# An entry of front matter: a key at the margin, and the lines below that are indented, list items or blank.
_ENTRY = re.compile(r"(?P<key>[^\s:#-][^:\n]*):(?P<rest>(?:[ \t][^\n]*)?)\n(?:(?:[ \t#-][^\n]*)?\n)*")


class _NoAliases(yaml.SafeLoader):
    """Aliases let a kilobyte of YAML unfold into gigabytes, and front matter has no use for them.

    A date is left as it is written: one that the calendar does not know is no error then.
    """

    yaml_implicit_resolvers: ClassVar = {  # type: ignore[misc]  # of the class, whatever the stubs say
        first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:timestamp"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

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
    """The YAML mapping between "---" lines that opens a text, and the offset after it; else ({}, 0).

    Where it is no YAML as a whole, as "title: Fix: bug" is none, its entries are taken one by one.
    """
    match = _FRONT_MATTER.match(text, 0, FRONT_MATTER_LIMIT)
    if not match or _TOO_DEEP.search(match[1]):
        return {}, 0
    metadata = _mapping(match[1]) or _entries(match[1])
    if not metadata:
        return {}, 0
    if "tags" in metadata:
        metadata["tags"] = _tags(metadata["tags"])
    return metadata, match.end()


def _mapping(text: str) -> dict[str, Any]:
    """The mapping that YAML is; {} for what is none."""
    try:
        found = yaml.load(text, Loader=_NoAliases)  # noqa: S506 - a subclass of SafeLoader
        return {one_line(str(key)): _plain(value) for key, value in found.items()}
    # Beside YAML's own: impossible numbers, unhashable keys, no mapping, too deep a nest.
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}


def _entries(text: str) -> dict[str, Any]:
    """The entries that each are YAML, and of others what stands on the line of the key; {} where other text is
    between them, which then is no front matter."""
    found: dict[str, Any] = {}
    at = 0
    while at < len(text):
        entry = _ENTRY.match(text, at)
        if not entry or len(found) >= MOST_ENTRIES:
            return {}
        at = entry.end()
        key, rest = one_line(entry["key"]), entry["rest"].strip().strip("\"'")
        found |= _mapping(entry[0]) or ({key: clean(rest)} if rest else {})
    return found


def outline(text: str, body: int = 0) -> tuple[tuple[Heading, ...], tuple[tuple[int, int], ...]]:
    """Headings and atoms (code blocks, tables) of Markdown that starts at the offset `body`."""
    part = text[body:]
    lines = _Lines(part, body)
    headings: list[Heading] = []
    atoms: list[tuple[int, int]] = []
    depth = 0
    words: list[str] | None = None  # of the heading that the events are in
    for event, span in pyromark.events_with_range(part, options=pyromark.Options.ENABLE_TABLES):
        if words is None and ("Text" in event or event == "SoftBreak"):  # most of them
            continue
        match event:
            case {"Start": {"Heading": _}} if not depth:
                words = []
            case {"Start": {"CodeBlock": _} | {"Table": _}}:
                atoms.append(lines.around(**span))
            case {"End": {"Heading": level}} if words is not None:
                title = one_line(_ATTRIBUTES.sub("", "".join(words)))
                headings += [Heading(lines.around(**span)[0], int(level[1:]), title)] if title else []
                words = None
            case {"Text": str(said)} | {"Code": str(said)} if words is not None:
                words.append(said)
            case "SoftBreak" | "HardBreak" if words is not None:
                words.append(" ")
        depth += ("Start" in event) - ("End" in event)
    return tuple(headings), disjoint(atoms)


class _Lines:
    """The lines of a text that begins at the offset `first` of another, by what the parser counts in: bytes."""

    def __init__(self, text: str, first: int) -> None:
        self._in_bytes = [match.end() for match in re.finditer(b"\n", text.encode())]
        self._starts = [first + start for start in line_starts(text)]

    def around(self, start: int, end: int) -> tuple[int, int]:
        """The whole lines that bytes start to end are on, as offsets in code points."""
        return self._starts[bisect_right(self._in_bytes, start)], self._starts[bisect_left(self._in_bytes, end) + 1]


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
