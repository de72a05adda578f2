"""What does a long-lived store keep in memory of its file, and for how long?

In one era of the file: SQLite raises the version of the schema in the transaction in which a backup is copied over
it. What was kept before might look current again, as ids and versions go back and come up once more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vstash.store.sqlite.frequencies import Frequencies
from vstash.store.sqlite.postings import Postings
from vstash.store.sqlite.recent import Recent
from vstash.store.sqlite.scan import Scanner


@dataclass(slots=True)
class Kept:
    """Frequencies and scores of words, and the sign codes of each space by its number and name."""

    era: int
    frequencies: Frequencies = field(default_factory=Frequencies)
    postings: Postings = field(default_factory=Postings)
    scanners: dict[tuple[int, str], Scanner] = field(default_factory=dict)

    def recent(self, number: int, name: str) -> Recent | None:
        """The vectors of a space that were compared lately, if any were."""
        scanner = self.scanners.get((number, name))
        return None if scanner is None else scanner.recent
