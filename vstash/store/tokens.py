"""Which tokens does FTS5 see in a text? Its own tokenizer is asked, for the store without a file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from vstash.store.sqlite.connection import Connection
from vstash.store.sqlite.connection import tokens as of_fts5


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text's fields in order, how often each occurs, and how many there are."""

    fields: tuple[tuple[str, ...], ...]
    counts: Counter[str]
    size: int

    def count(self, phrase: tuple[str, ...], prefix: bool) -> int:
        """How often a word or a phrase within a field occurs, or with `prefix` what begins so."""
        if len(phrase) == 1:
            return self._beginning(phrase[0]) if prefix else self.counts[phrase[0]]
        if not phrase or any(word not in self.counts for word in phrase[: -1 if prefix else None]):
            return 0
        *before, last = phrase
        found = 0
        for field in self.fields:
            for at in range(len(before), len(field)):
                ends = field[at].startswith(last) if prefix else field[at] == last
                found += ends and list(field[at - len(before) : at]) == before
        return found

    def _beginning(self, word: str) -> int:
        return sum(count for one, count in self.counts.items() if one.startswith(word))


class Tokenizer:
    """FTS5's, as every file has it: its letters are those of Unicode 6.1, its stems its own."""

    def __init__(self) -> None:
        self._connection = Connection(":memory:")

    def split(self, text: str) -> tuple[str, ...]:
        """The tokens of a text, in order."""
        return tuple(of_fts5(self._connection, text))

    def tokens(self, *fields: str) -> Tokens:
        """The tokens of a text's fields."""
        found = tuple(map(self.split, fields))
        counts = Counter(word for field in found for word in field)
        return Tokens(found, counts, counts.total())
