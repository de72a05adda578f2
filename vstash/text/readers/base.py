"""What does a reader make of a file's bytes? The value that all of them return, and its smaller parts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from vstash.config import Limits
from vstash.types import Heading, Place

if TYPE_CHECKING:
    from PIL.Image import Image

LINES = (Place(0, {"line": 1}),)  # for a text whose lines are the file's own
TITLE_LIMIT = 200  # code points; a longer title is a paragraph that was marked up as one
LONGEST = 2000  # code points of markup that are looked at; what is longer is no title


@dataclass(frozen=True, slots=True)
class Extract:
    """The text of a source and what its format says about it.

    Offsets are code points into `text`. `headings` are in order of `start`; `atoms` are sorted spans
    (start, end) that should stay whole, disjoint or nested. `places` say where the text stands in the file.
    `metadata` holds what JSON can hold; `metadata["tags"]`, if there, is a list of strings. `title` is ""
    when the document does not name itself.
    `dated_at` is the date that the document itself gives, in UTC. `parts` are documents of their own that came
    in it, by names that differ.
    """

    text: str
    kind: str
    title: str = ""
    headings: tuple[Heading, ...] = ()
    atoms: tuple[tuple[int, int], ...] = ()
    places: tuple[Place, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    dated_at: datetime | None = None
    parts: Mapping[str, Extract] = field(default_factory=dict)


class Reader(Protocol):
    """A reader module."""

    def read(self, data: bytes, name: str) -> Extract:
        """The extract of a file of this format. Raises UnsupportedSource when it is not one."""
        ...


class Opener(Protocol):
    """Opens a file that lies within another."""

    @property
    def limits(self) -> Limits:
        """How much it may be."""
        ...

    def __call__(self, data: bytes, name: str) -> Extract:
        """What it says, as `extract` for it. Raises: UnsupportedSource, SourceTooLarge."""
        ...


class NestingReader(Protocol):
    """A reader module for files that hold other files."""

    def read(self, data: bytes, name: str, opener: Opener) -> Extract:
        """The extract of a file of this format. Raises: UnsupportedSource, SourceTooLarge."""
        ...


class Recognising(Protocol):
    """Reads the pictures of one file."""

    obstacle: str
    """What is to be done so that those are read that were not; "" where nothing was in the way."""

    unread: int
    """How many pictures were not."""

    def words(self, picture: Image) -> str | None:
        """The words that a picture shows, in reading order; None if there is an obstacle."""
        ...


class ScanningReader(Protocol):
    """A reader module for files that show words in pictures."""

    def read(self, data: bytes, name: str, recogniser: Recognising) -> Extract:
        """The extract of a file of this format. Raises: UnsupportedSource, SourceTooLarge."""
        ...


def unread(recogniser: Recognising) -> dict[str, int]:
    """The metadata that says of how many pages the words were not recognised, if there are any."""
    return {"unread_pages": recogniser.unread} if recogniser.unread else {}


def by_page(pages: Sequence[str]) -> tuple[str, list[int], tuple[Place, ...]]:
    """The pages parted by blank lines, the offset of each, and the places of those that are not blank."""
    starts = []
    offset = 0
    for page in pages:
        starts.append(offset)
        offset += len(page) + 2 if page else 0
    places = (Place(start, {"page": number}) for number, start in enumerate(starts, 1) if pages[number - 1])
    return "\n\n".join(filter(None, pages)), starts, tuple(places)


def one_line(text: str) -> str:
    """A title's words on one line, at most TITLE_LIMIT code points."""
    return " ".join(text[: 4 * TITLE_LIMIT].split())[:TITLE_LIMIT].rstrip()


def first_title(headings: Iterable[Heading], level: int = 1) -> str:
    """The words of the first heading of this level, or ""."""
    return next((heading.title for heading in headings if heading.level == level), "")


def line_starts(text: str) -> list[int]:
    r"""The offset of every line, lines ending at "\n" only, and at last the text's length."""
    return [0, *(match.end() for match in re.finditer("\n", text)), len(text)]


def disjoint(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The spans sorted, without empty ones and without those that overlap an earlier one."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if start < end and (not kept or start >= kept[-1][1]):
            kept.append((start, end))
    return tuple(kept)
