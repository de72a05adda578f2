"""Rich text (.rtf) through striprtf: a small, maintained reader that takes any RTF for its words."""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from vstash.text.dates import parse_date
from vstash.text.decode import clean
from vstash.text.readers.base import Extract, one_line
from vstash.text.readers.container import damaged, parsing

WHAT = "rich text document"
_FIELD = re.compile(r"\{\\(title|author|subject|keywords)\s([^{}\\]*)\}")
_DATE = re.compile(r"\{\\(creatim|revtim)\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})")
_BINARY = re.compile(rb"\\bin\d+ ")


def read(data: bytes, name: str) -> Extract:
    """The words in paragraphs. Raises UnsupportedSource when it is no RTF."""
    if not data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{\\rtf"):
        raise damaged(name, WHAT)
    source = _BINARY.sub(b"", data).decode("latin-1")
    with parsing(name, WHAT):
        text = clean(rtf_to_text(source, encoding="cp1252", errors="replace"))
    info = source[: 1 << 16]
    about = {key: one_line(clean(value)) for key, value in _FIELD.findall(info) if value.strip()}
    dates = {
        kind: parse_date(f"{year}-{int(month):02}-{int(day):02}") for kind, year, month, day in _DATE.findall(info)
    }
    return Extract(
        re.sub(r"\n{3,}", "\n\n", text).strip("\n"),
        "rtf",
        title=about.get("title", ""),
        metadata=about,
        dated_at=dates.get("revtim") or dates.get("creatim"),
    )
