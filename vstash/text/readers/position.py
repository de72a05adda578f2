"""Where in a document of running text does stand what is being written? The paragraph or row of a table, and the page.

Pages are told only of documents whose program noted every turn; elsewhere they would be guesses.
"""

from __future__ import annotations

import re

from vstash.text.readers.writer import Writer

TURN = "\f"  # where a page ends inside of a paragraph; no XML can hold it as text
_SPACE = re.compile(rf"([^\S{TURN}]+)({TURN}+)")


class Position:
    """Counts what has words: paragraphs outside of tables, from 1, and the tables, whose rows are numbered
    with the empty ones. `paged`: whether turns of pages are known, all of them."""

    def __init__(self, writer: Writer, *, paged: bool) -> None:
        self.paged = paged
        self._writer = writer
        self._here: dict[str, int] = {}  # the paragraph or table that was begun last
        self._paragraphs = 0
        self._tables = 0
        self._page = 1 if paged else 0

    def turn(self, count: int = 1) -> None:
        """What comes stands this many pages on."""
        self._page += count if self._page else 0

    def table(self) -> None:
        """The next table begins."""
        self._tables += 1
        self._here = {"table": self._tables}

    def row(self, number: int, text: str) -> None:
        """A row of the table comes, as the text of its cells with the turns in it."""
        before = text[: len(text) - len(text.lstrip())].count(TURN)
        inside = text.count(TURN) - before
        self.turn(before)
        self._writer.place({**({} if inside else self._on()), **self._here, "row": number})
        self.turn(inside)

    def aside(self) -> None:
        """What comes belongs to the paragraph or table, but is not its running text: a picture, a note."""
        self._writer.place(self._here)

    def paragraph(self, text: str) -> list[str]:
        """A paragraph comes: what of it stands on each page. Without words it is none."""
        pieces = _SPACE.sub(r"\2\1", text).split(TURN) if self.paged else [text.replace(TURN, "")]
        begin = next((at for at, piece in enumerate(pieces) if piece.strip()), len(pieces) - 1)
        self.turn(begin)
        if not text.strip():
            self._here = {}
            return []
        self._paragraphs += 1
        self._here = {"paragraph": self._paragraphs}
        self._writer.place({**self._on(), **self._here})
        return pieces[begin:]

    def rest(self, pieces: list[str]) -> None:
        """Writes what of the paragraph stands on the pages after its first."""
        for piece in pieces:
            self.turn()
            if piece.strip():
                self._writer.place({**self._on(), **self._here})
                self._writer.more(piece)

    def _on(self) -> dict[str, int]:
        return {"page": self._page} if self._page else {}
