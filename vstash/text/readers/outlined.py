"""LaTeX, Org and AsciiDoc: the file as it is, markup included, its sections as headings.

No library: pandoc is none, and each language says on one line what is a heading, what a block, what a title.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from vstash.text.dates import parse_date
from vstash.text.decode import decode
from vstash.text.readers.base import LINES, LONGEST, Extract, disjoint, first_title, one_line
from vstash.types import Heading

_LEVELS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?(?:\[[^\]]{0,200}\])?\s*\{([^{}]*)\}|\\[a-zA-Z]+\s?|[{}~$]|\\\W")


@dataclass(frozen=True, slots=True)
class Language:
    """How a language marks headings (level and words of a match, without what `tail` finds at their end), blocks to
    keep whole (the group of `begin` and of `end` is the name, tables are none), and its own facts.

    No pattern looks further than its line, or some hundred characters: a file is read in proportion to its size.
    """

    kind: str
    heading: re.Pattern[str]
    level: Callable[[re.Match[str]], int]
    tail: re.Pattern[str]
    begin: re.Pattern[str]
    end: re.Pattern[str]
    table: re.Pattern[str]
    facts: re.Pattern[str]


_NEVER = re.compile(r"(?!)")
_ENVIRONMENT = r"\{((?:equation|align|verbatim|lstlisting|table|figure|tabular|algorithm|minted)\*?)\}"
_FENCE = re.compile(r"^(----+|\.\.\.\.+|\|===+|====+|\+\+\+\++)[ \t]*$", re.M)


LATEX = Language(
    "latex",
    re.compile(
        rf"^[ \t]*\\(?P<mark>{'|'.join(_LEVELS)})\*?(?:\[[^\]]{{0,200}}\])?"
        r"\{(?P<words>(?:[^{}]|\{[^{}]*\})*)\}",
        re.M,
    ),
    lambda match: _LEVELS.index(match["mark"]) + 1,
    _NEVER,
    re.compile(rf"^[ \t]*\\begin{_ENVIRONMENT}", re.M),
    re.compile(rf"\\end{_ENVIRONMENT}"),
    _NEVER,
    re.compile(r"\\(?P<key>title|author|date)(?:\[[^\]]{0,200}\])?\{(?P<value>(?:[^{}]|\{[^{}]*\})*)\}"),
)
ORG = Language(
    "org",
    re.compile(r"^(?P<mark>\*{1,9})[ \t]+(?:(?:T[O]DO|DONE|NEXT|WAITING)[ \t]+)?(?P<words>[^\n]*)$", re.M),
    lambda match: len(match["mark"]),
    re.compile(r"[ \t]:[\w@#%:]+:$"),
    re.compile(r"^[ \t]*#\+begin_(\w+)", re.M | re.I),
    re.compile(r"^[ \t]*#\+end_(\w+)", re.M | re.I),
    re.compile(r"(?:^[ \t]*\|[^\n]*\n)+", re.M),
    re.compile(r"^#\+(?P<key>title|author|date):[ \t]*(?P<value>[^\n]*)$", re.M | re.I),
)
ASCIIDOC = Language(
    "asciidoc",
    re.compile(r"^(?P<mark>={1,6})[ \t]+(?P<words>[^\n]*)$", re.M),
    lambda match: len(match["mark"]),
    re.compile(r"[ \t]=+$"),
    _FENCE,
    _FENCE,
    _NEVER,
    re.compile(r"^:(?P<key>title|author|date|revdate):[ \t]+(?P<value>[^\n]*)$", re.M),
)
LANGUAGES = {
    ".tex": LATEX, ".latex": LATEX, ".ltx": LATEX, ".sty": LATEX, ".cls": LATEX, ".org": ORG,
    ".adoc": ASCIIDOC, ".asciidoc": ASCIIDOC, ".asc": ASCIIDOC,
}  # fmt: skip


def read(data: bytes, name: str) -> Extract:
    """The file as it is; headings inside of blocks are none."""
    language = LANGUAGES[PurePath(name).suffix.lower()]
    text = decode(data, name)
    atoms = disjoint([*_blocks(language, text), *(match.span() for match in language.table.finditer(text))])
    headings = tuple(_headings(language, text, atoms))
    facts = {
        match["key"].lower(): words for match in language.facts.finditer(text) if (words := _plain(match["value"]))
    }
    return Extract(
        text,
        language.kind,
        title=facts.get("title") or first_title(headings),
        headings=headings,
        atoms=atoms,
        places=LINES,
        metadata=facts,
        dated_at=parse_date(facts.get("date") or facts.get("revdate")),
    )


def _blocks(language: Language, text: str) -> Iterator[tuple[int, int]]:
    """From each begin to the first end of its name; without one it begins nothing. Those that begin in others come
    after them."""
    ends: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for match in language.end.finditer(text):
        ends[match[1].lower()].append(match.span())
    for match in language.begin.finditer(text):
        spans = ends[match[1].lower()]
        at = bisect_left(spans, (match.end(), 0))
        if at < len(spans):
            yield match.start(), spans[at][1]


def _headings(language: Language, text: str, atoms: tuple[tuple[int, int], ...]) -> Iterator[Heading]:
    blocks = iter(atoms)
    block = next(blocks, None)
    for match in language.heading.finditer(text):
        while block and block[1] <= match.start():
            block = next(blocks, None)
        words = _plain(language.tail.sub("", match["words"].rstrip()))
        if words and not (block and block[0] <= match.start()):
            yield Heading(match.start(), language.level(match), words)


def _plain(markup: str) -> str:
    """The words of a line without LaTeX's commands."""
    markup = markup[:LONGEST]
    return one_line(_COMMAND.sub(lambda match: match[1] or " ", markup) if "\\" in markup else markup)
