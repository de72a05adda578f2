"""How do readers of structured documents write text down? Blocks in order, with headings, atoms and places."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from vstash.text.decode import clean
from vstash.text.readers.base import Extract, disjoint, first_title, one_line
from vstash.types import Heading, Place


class Writer:
    """A text as it grows: blocks are parted by blank lines, lines of a list or table by line ends."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []
        self._atoms: list[tuple[int, int]] = []
        self._places: list[Place] = []
        self._labels: Mapping[str, Any] | None = None

    def place(self, labels: Mapping[str, Any]) -> None:
        """What is written from here on stands there in the original."""
        self._labels = labels

    def heading(self, words: str, level: int) -> None:
        """A heading, on a line of its own."""
        title = one_line(clean(words))
        if title:
            self._headings.append(Heading(self._write(title, "\n\n"), level, title))

    def mark(self, words: str, level: int) -> None:
        """A heading that the text does not hold, from the next words on."""
        start = self._length + 2 if self._length else 0
        self._headings.append(Heading(start, level, one_line(clean(words))))

    def block(self, text: str, *, atom: bool = False) -> None:
        """A paragraph; as an atom it stays whole if it can."""
        self._piece(text, "\n\n", atom)

    def line(self, text: str) -> None:
        """A line below the one before it, which stays whole: a list item, a row."""
        self._piece(text, "\n", True)

    def more(self, text: str) -> None:
        """The rest of the piece before it, as one with it."""
        words = clean(text).rstrip()
        whole = bool(self._atoms) and self._atoms[-1][1] == self._length
        self._write(words.lstrip(), " " if words[:1].isspace() else "")
        if whole:
            self._atoms[-1] = (self._atoms[-1][0], self._length)

    def include(self, found: Extract, level: int = 0, labels: Mapping[str, Any] | None = None) -> None:
        """Another document, its headings `level` deeper, its places with these labels before its own."""
        if not found.text.strip():
            return
        around = dict(labels or self._labels or {})
        self._labels = None
        start = self._write(found.text.strip("\n"), "\n\n")
        moved = start - (len(found.text) - len(found.text.lstrip("\n")))
        self._headings += [Heading(max(start, moved + one.start), level + one.level, one.title)
                           for one in found.headings]  # fmt: skip
        self._atoms += [(max(start, moved + first), min(moved + last, self._length)) for first, last in found.atoms]
        if not (found.places and found.places[0].start == 0):
            self._places.append(Place(start, around))
        self._places += [Place(max(start, moved + one.start), around | dict(one.labels)) for one in found.places]

    def done(self, kind: str, title: str = "", metadata: Mapping[str, Any] | None = None,
             dated_at: datetime | None = None) -> Extract:  # fmt: skip
        """What has been written; without a title the first heading at level 1 names it."""
        headings = tuple(heading for heading in self._headings if heading.start < self._length)
        return Extract(
            "".join(self._out),
            kind,
            title=one_line(clean(title)) or first_title(headings),
            headings=headings,
            atoms=disjoint(self._atoms),
            places=tuple(self._places),
            metadata={key: value for key, value in (metadata or {}).items() if value not in (None, "")},
            dated_at=dated_at,
        )

    def _piece(self, text: str, gap: str, atom: bool) -> None:
        words = clean(text).strip("\n").rstrip()
        if words.strip():
            start = self._write(words, gap)
            if atom:
                self._atoms.append((start, self._length))

    def _write(self, text: str, gap: str) -> int:
        """Where the text starts, after the gap."""
        gap = gap if self._length else ""
        start = self._length + len(gap)
        if self._labels is not None:
            self._places.append(Place(start, self._labels))
            self._labels = None
        self._out += [gap, text]
        self._length = start + len(text)
        return start
