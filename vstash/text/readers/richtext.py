"""Rich text (.rtf) through striprtf: a small, maintained reader that takes any RTF for its words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from vstash.text.dates import parse_date
from vstash.text.decode import clean
from vstash.text.readers.base import Extract, one_line
from vstash.text.readers.container import damaged, parsing
from vstash.types import Place

WHAT = "rich text document"
_FIELD = re.compile(r"\{\\(title|author|subject|keywords)\s([^{}\\]*)\}")
_DATE = re.compile(r"\{\\(creatim|revtim)\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})")
_TOKEN = re.compile(rb"\\bin(\d{1,10}) ?|\\pict(?![A-Za-z])|\\.|[{}]", re.DOTALL)
_LINE = re.compile(r"\\line(?![A-Za-z0-9-]) ?")
_BREAK = "\u2028"  # a line's end inside of a paragraph, while paragraphs are counted


def read(data: bytes, name: str) -> Extract:
    """The words in paragraphs, those of a table in rows; each is placed by its number.

    Raises UnsupportedSource when it is no RTF.
    """
    if not data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{\\rtf"):
        raise damaged(name, WHAT)
    source = b"".join(_worded(data)).decode("latin-1")
    with parsing(name, WHAT):
        said = rtf_to_text(_LINE.sub(r"\\'0b", source), encoding="cp1252", errors="replace")
    text = re.sub(r"\n{3,}", "\n\n", clean(said.replace("\v", _BREAK))).strip("\n")
    info = source[: 1 << 16]
    about = {key: one_line(clean(value)) for key, value in _FIELD.findall(info) if value.strip()}
    dates = {
        kind: parse_date(f"{year}-{int(month):02}-{int(day):02}") for kind, year, month, day in _DATE.findall(info)
    }
    return Extract(
        text.replace(_BREAK, "\n"),
        "rtf",
        title=about.get("title", ""),
        places=tuple(_places(text)),
        metadata=about,
        dated_at=dates.get("revtim") or dates.get("creatim"),
    )


def _worded(data: bytes) -> Iterator[bytes]:
    r"""The source without its pictures, their bytes, and with `\'5c` for every `\\`: where both pictures and bytes are
    spoken of, striprtf takes a picture to end at its first brace, and with it the document."""
    kept = at = depth = picture = 0
    while found := _TOKEN.search(data, at):
        at = found.end()
        token = found[0]
        if token in (b"{", b"}"):
            depth += 1 if token == b"{" else -1
            if picture > depth:
                picture, kept = 0, found.start()
        elif not picture and (found[1] or token in (b"\\pict", rb"\\")):
            yield data[kept : found.start()] + (rb"\'5c" if token == rb"\\" else b"")
            kept = at
            picture = max(depth, 0) if token == b"\\pict" else 0
        if found[1] and at + int(found[1]) <= len(data):
            at += int(found[1])
            kept = max(kept, at)
    yield b"" if picture else data[kept:]


def _places(text: str) -> Iterator[Place]:
    """Only what has words is counted."""
    paragraphs = (found for found in re.finditer("[^\n]+", text) if found[0].strip())
    for number, found in enumerate(paragraphs, 1):
        yield Place(found.start(), {"paragraph": number})
