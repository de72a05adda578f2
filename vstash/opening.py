"""Where does a person open the original of a passage? A file with its line, page, sheet or cell, or an address that
leads a browser to the very words, of a page on the web or of one that was saved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from vstash.errors import InputError
from vstash.text.places import words

EDGE_WORDS = 6  # at either end of a passage: enough to be found once in a page
_MARKS = re.compile(r"^(?:- )+")  # that readers put before the words of a list item
# a file inside of the file: lines are its own, not the outer one's
_INSIDE = {"member", "attachment", "message", "embedded"}
_PARTS = ("message", "attachment", "embedded")  # what a document of its own lies in, as in its uri
_PAGE = re.compile(r"(?:/|[A-Za-z]:[\\/]).*\.(?:html?|xhtml)", re.IGNORECASE | re.DOTALL)  # what browsers show as one
_WITHOUT_ORIGINAL = ("memory:", "stdin:")


@dataclass(frozen=True, slots=True)
class Opening:
    """Where to look: `target` is what to hand to a person, an editor or a browser, "notes.md:12", "report.pdf page 3"
    or an address, of a file too where a browser shows it; `path` is the file, None for a page on the web; `place` are
    the labels of the passage."""

    target: str
    path: str | None
    place: Mapping[str, Any]


def open_at(uri: str, kind: str, place: Mapping[str, Any], text: str) -> Opening:
    """Where the passage with this text and place stands. Raises: InputError when it never was a file or page."""
    if uri.startswith(_WITHOUT_ORIGINAL):
        raise InputError(f"{uri} was never a file or page", hint="its text is all there is: vstash get")
    if "://" in uri:
        return Opening(_address(uri, kind, place, text), None, place)
    part = "/".join(str(place[label]) for label in _PARTS if label in place)
    path = uri.removesuffix(f"#{part}") if part else uri
    alone = not place.keys() & _INSIDE
    if kind == "html" and alone and _PAGE.fullmatch(path):
        return Opening(_file_address(path) + _fragment(text), path, place)
    if "line" in place and alone:
        return Opening(f"{path}:{place['line']}", path, place)
    return Opening(" ".join(filter(None, (path, words(place)))), path, place)


def _file_address(path: str) -> str:
    """As RFC 8089 has it, on Windows too."""
    if path.startswith("/"):
        return f"file://{quote(path)}"
    return "file:///" + quote(path.replace("\\", "/"), safe="/:")


def _address(uri: str, kind: str, place: Mapping[str, Any], text: str) -> str:
    """To the words; PDF viewers go by the page."""
    if "page" in place:
        return f"{uri}#page={place['page']}"
    return uri if kind == "pdf" else uri + _fragment(text)


def _fragment(text: str) -> str:
    """A text fragment (WICG), which browsers scroll to and mark; "" where there are no words."""
    pieces = _pieces(text)
    if not pieces:
        return ""
    first, last = pieces[0][:EDGE_WORDS], pieces[-1][-EDGE_WORDS:]
    whole = len(pieces) == 1 and len(pieces[0]) <= 2 * EDGE_WORDS
    ends = [pieces[0]] if whole else [first, last]
    return f"#:~:text={','.join(_quoted(' '.join(one)) for one in ends)}"


def _pieces(text: str) -> list[list[str]]:
    """The words of each run of text that a page shows as one block: a line, a table's cell."""
    cells = (cell for line in text.split("\n") for cell in _MARKS.sub("", line.strip()).split(" | "))
    return [found for cell in cells if (found := cell.split())]


def _quoted(text: str) -> str:
    """The fragment's own marks, "-" among them, must not be taken for such."""
    return quote(text, safe="").replace("-", "%2D")
