"""What becomes of a document before it is encoded and stored? Its chunks, and for each what is read and looked up.

Plain functions of files and texts: they run in the process that adds, and in one beside it (see ahead).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from vstash.config import Limits
from vstash.errors import SourceUnavailable, UnsupportedSource, VstashError
from vstash.intake import reason, too_large
from vstash.text.passage import digest, own_title, passage
from vstash.text.split import split
from vstash.text.terms import extra_terms, name_terms
from vstash.types import Chunk, Document, Source, Space

DEFAULT_WINDOW = 256  # tokens, for an encoder that does not say
SPECIAL_TOKENS = 2  # that an encoder adds to each text: one before, one after


@dataclass(frozen=True, slots=True)
class Cut:
    """A document in chunks; for each chunk what an encoder reads of it, that text's digest and its extra terms."""

    source: Source
    chunks: tuple[Chunk, ...]
    texts: tuple[str, ...]
    keys: tuple[bytes, ...]
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document and those that came in it, or in one line why there is none; and the seconds it took. `textless`
    is what was read and holds no text, not what could not be read."""

    cuts: tuple[Cut, ...]
    error: str
    took: float
    textless: bool = False


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts documents for an encoder: its window in tokens, special ones left out, and where tokens start."""

    window: int
    starts: Callable[[str], Sequence[int]]

    def loaded(self, load: Callable[[], Source], limits: Limits) -> Loaded:
        """What `load` gives, cut."""
        started = time.perf_counter()
        try:
            cuts, error, textless = tuple(self._all(load(), limits)), "", False
        except VstashError as failure:
            cuts, error = (), reason(failure)
            textless = isinstance(failure, UnsupportedSource) and not isinstance(failure, SourceUnavailable)
        return Loaded(cuts, error, time.perf_counter() - started, textless)

    def cut(self, source: Source) -> Cut:
        """One document; its chunks are none when its text is blank."""
        titled = replace(source, title=own_title(source.title, source.uri))
        return self.of_chunks(source, tuple(split(titled, self.window, self.starts)))

    def of_chunks(self, source: Source, chunks: tuple[Chunk, ...]) -> Cut:
        """A document in the chunks that it was given."""
        title = own_title(source.title, source.uri)
        texts = tuple([passage(title, chunk.heading, chunk.text, self.window) for chunk in chunks])
        terms = terms_of(chunks, source.title, source.uri if of_file(source) else "")
        return Cut(source, chunks, texts, tuple(map(digest, texts)), terms)

    def _all(self, source: Source, limits: Limits) -> list[Cut]:
        whole = self.cut(source)
        if not whole.chunks:
            raise UnsupportedSource("the text is blank", hint="there is nothing in it to search for")
        if len(whole.chunks) > limits.max_chunks:
            raise too_large(f"{len(whole.chunks):,} passages", f"{limits.max_chunks:,}", "max_chunks")
        return [whole, *(part for part in map(self.cut, source.parts) if part.chunks)]


def of_file(source: Source | Document) -> bool:
    """Whether it came of a file, whose name people know it by."""
    return source.modified_at is not None and "://" not in source.uri


def terms_of(chunks: Sequence[Chunk], title: str, file: str) -> tuple[str, ...]:
    """The extra terms of a document's chunks; `file` is the uri of the file it is, "" for none."""
    named = name_terms(file, title)
    each = (extra_terms(chunk.text, f"{title}\n{chunk.heading}") for chunk in chunks)
    return tuple([" ".join(filter(None, (terms, named))) for terms in each])


def window(space: Space) -> int:
    """How many tokens an encoder reads of a passage, special ones left out."""
    return (space.max_tokens or DEFAULT_WINDOW) - SPECIAL_TOKENS
