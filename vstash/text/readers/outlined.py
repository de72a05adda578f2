"""LaTeX, Org and AsciiDoc: the file as it is, markup included, its sections as headings.

No library: pandoc is none, and each language says on one line what is a heading, what a block, what a title.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from vstash.text.dates import parse_date
from vstash.text.decode import decode
from vstash.text.readers.base import LINES, Extract, disjoint, first_title, one_line
from vstash.types import Heading

_LEVELS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?(?:\[[^\]]*\])?\s*\{([^{}]*)\}|\\[a-zA-Z]+\s?|[{}~$]|\\\W")


@dataclass(frozen=True, slots=True)
class Language:
    """How a language marks headings (level and words of a match), blocks to keep whole, and its own facts."""

    kind: str
    heading: re.Pattern[str]
    level: Callable[[re.Match[str]], int]
    block: re.Pattern[str]
    facts: re.Pattern[str]


LATEX = Language(
    "latex",
    re.compile(
        rf"^[ \t]*\\(?P<mark>{'|'.join(_LEVELS)})\*?(?:\[[^\]]*\])?\{{(?P<words>(?:[^{{}}]|\{{[^{{}}]*\}})*)\}}", re.M
    ),
    lambda match: _LEVELS.index(match["mark"]) + 1,
    re.compile(
        r"^[ \t]*\\begin\{(equation|align|verbatim|lstlisting|table|figure|tabular|algorithm|minted)(\*?)\}.*?"
        r"\\end\{\1\2\}",
        re.M | re.S,
    ),
    re.compile(r"\\(?P<key>title|author|date)(?:\[[^\]]*\])?\{(?P<value>(?:[^{}]|\{[^{}]*\})*)\}"),
)
ORG = Language(
    "org",
    re.compile(
        r"^(?P<mark>\*{1,9})[ \t]+(?:(?:T[O]DO|DONE|NEXT|WAITING)[ \t]+)?(?P<words>[^\n]*?)"
        r"(?:[ \t]+:[\w@#%:]+:)?[ \t]*$",
        re.M,
    ),
    lambda match: len(match["mark"]),
    re.compile(r"^[ \t]*#\+begin_(\w+).*?#\+end_\1|(?:^[ \t]*\|[^\n]*\n)+", re.M | re.S | re.I),
    re.compile(r"^#\+(?P<key>title|author|date):[ \t]*(?P<value>[^\n]*)$", re.M | re.I),
)
ASCIIDOC = Language(
    "asciidoc",
    re.compile(r"^(?P<mark>={1,6})[ \t]+(?P<words>[^\n]*?)(?:[ \t]+=+)?[ \t]*$", re.M),
    lambda match: len(match["mark"]),
    re.compile(r"^(----+|\.\.\.\.+|\|===+|====+|\+\+\+\++)[ \t]*\n.*?^\1[ \t]*$", re.M | re.S),
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
    atoms = disjoint(match.span() for match in language.block.finditer(text))
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


def _headings(language: Language, text: str, atoms: tuple[tuple[int, int], ...]) -> Iterator[Heading]:
    blocks = iter(atoms)
    block = next(blocks, None)
    for match in language.heading.finditer(text):
        while block and block[1] <= match.start():
            block = next(blocks, None)
        words = _plain(match["words"])
        if words and not (block and block[0] <= match.start()):
            yield Heading(match.start(), language.level(match), words)


def _plain(markup: str) -> str:
    """The words of a line without LaTeX's commands."""
    return one_line(_COMMAND.sub(lambda match: match[1] or " ", markup) if "\\" in markup else markup)
