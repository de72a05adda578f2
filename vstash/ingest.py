"""From what is in line to stored documents: look up, load and cut, encode, put, in batches across documents.

What is committed stays: a batch is one transaction, and an add that is run again goes on where it was.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vstash.ahead import Ahead
from vstash.config import Limits
from vstash.encode.base import Encoder, Tokenizing
from vstash.encode.calibrate import calibrate
from vstash.encode.registry import checked, name_of, pieces_of
from vstash.errors import SpaceMismatch
from vstash.extras import installed
from vstash.intake import Failure, Labels, Pending
from vstash.parts import parts_of
from vstash.passages import Cut, Cutter, Loaded, window
from vstash.store.base import Entry, Renamed, Store, Stored
from vstash.text.passage import estimate_starts
from vstash.text.sandbox import Sandbox
from vstash.types import AddResult, Chunk, Source, Space

Vectors = NDArray[np.float32]

RECIPE = "14"  # how content becomes chunks; raise it when readers, splitter or terms change what is stored
_ROOM = re.compile("/[0-9]{1,12}(,[0-9]{1,12})*")  # after a recipe, where something was left out
LEFT_OUT = frozenset({"left_out", "unread_pages"})  # what readers note in the metadata
BATCH_CHUNKS = 256  # chunks encoded and committed together: a few seconds' work, and all that a crash can lose
BATCH_SECONDS = 2  # of reading that one commit is for: a few recognised pages take longer than all chunks of a batch
GIVEN_CHUNKS = 1024  # the same where vectors come with the texts: under a second
BATCH_FILES = 64  # files looked up together
SEVERAL = 64  # new files among these: more than another process takes to start
MUCH = 1 << 20  # bytes of them: the same

_Group = Sequence[Pending | Failure]


def in_order(results: Sequence[AddResult], uris: Iterable[str]) -> list[AddResult]:
    """The results in the order of what was added, which they come in as they are certain: what is unchanged before what
    is new. One under another name than it was asked for, as a page may be, is last."""
    places: dict[str, list[int]] = {}
    for at, uri in enumerate(uris):
        places.setdefault(uri, []).append(at)
    ranks = [places[done.uri].pop(0) if places.get(done.uri) else math.inf for done in results]
    return [done for _, done in sorted(zip(ranks, results, strict=True), key=itemgetter(0))]


@dataclass(slots=True)
class _Batch:
    """Documents cut but not yet encoded, with the time each has taken so far."""

    cuts: list[Cut] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    vectors: list[Vectors | None] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)  # of documents that came in another: whose they are
    same: set[str] = field(default_factory=set)  # documents whose content, and how it is read, is as it was
    recipes: dict[str, str] = field(default_factory=dict)  # of documents that something was left out of
    size: int = 0

    def hold(self, cut: Cut, vectors: Vectors | None, took: float) -> None:
        """Take a document in."""
        self.cuts.append(cut)
        self.vectors.append(vectors)
        self.took.append(took)
        self.size += len(cut.chunks)

    @property
    def uris(self) -> set[str]:
        """Of the documents."""
        return {cut.source.uri for cut in self.cuts}


class Ingest:
    """Adds sources to a store with one encoder. `now` gives the time, in UTC."""

    def __init__(self, store: Store, encoder: Encoder, now: Callable[[], datetime]) -> None:
        self._store = store
        self._encoder = encoder
        self._now = now
        starts = encoder.token_starts if isinstance(encoder, Tokenizing) else estimate_starts
        self._cutter = Cutter(window(encoder.space), starts)
        self._recipe = f"{RECIPE}/{self._cutter.window}"

    @property
    def recipe(self) -> str:
        """How content becomes chunks here, as it is kept with each document that was read whole."""
        return self._recipe

    def _bounded(self, limits: Limits) -> str:
        """The recipe of what these limits, or want of an extra, left something out of: it tells what there was."""
        return f"{self._recipe}/{','.join(map(str, self._room(limits)))}"

    def _room(self, limits: Limits) -> list[int]:
        return [*(getattr(limits, one.name) for one in fields(Limits)), self._recognises]

    @cached_property
    def _recognises(self) -> int:
        return int(installed("rapidocr"))

    def _current(self, recipe: str, limits: Limits) -> bool:
        """Whether reading anew would bring no more than this recipe did: it is today's, and if something was left out,
        there is no more room than there was."""
        rest = recipe.removeprefix(self._recipe)
        if not rest or rest == recipe or not _ROOM.fullmatch(rest):
            return not rest
        pairs = list(zip(self._room(limits), map(int, rest[1:].split(",")), strict=False))
        return any(now < then for now, then in pairs) or all(now == then for now, then in pairs)

    def add(self, pending: Iterable[Pending | Failure]) -> Iterator[AddResult]:
        """Store what is new or changed. Results come as soon as they are certain: an `added` is committed.

        Raises: StoreError, EncoderError; a source that cannot be read is a result.
        """
        with Sandbox() as sandbox, Ahead(self._making(sandbox), name_of(self._encoder), self._cutter.window) as ahead:
            yield from self._add(self._announced(_groups(pending, BATCH_FILES), ahead), ahead)

    def added(self, pending: Iterable[Pending | Failure]) -> list[AddResult]:
        """As `add`, in the order of the sources."""
        uris: list[str] = []

        def noted() -> Iterator[Pending | Failure]:
            for one in pending:
                uris.append(one.uri)
                yield one

        return in_order(list(self.add(noted())), uris)

    def _making(self, sandbox: Sandbox) -> Callable[[Pending], Loaded]:
        return lambda one: self._cutter.loaded(lambda: one.load(sandbox), one.labels.limits)

    def _announced(self, groups: Iterable[_Group], ahead: Ahead) -> Iterator[_Group]:
        """The groups, each when what is to be loaded of the next one is expected."""
        for group, following in pairwise(chain([()], groups, [()])):
            files = [one for one in following if isinstance(one, Pending) and one.file]
            known = self._store.known([one.uri for one in files]) if files else {}
            fresh = [one for one in files if not self._unchanged(one, known)]
            if len(fresh) >= SEVERAL or (len(fresh) > 1 and sum(one.size for one in fresh) >= MUCH):
                ahead.start()
            for one in fresh:
                ahead.expect(one)
            yield group

    def _add(self, groups: Iterable[_Group], ahead: Ahead) -> Iterator[AddResult]:
        batch = _Batch()
        for group in groups:
            if batch.uris.intersection(one.uri for one in group):
                yield from self._commit(batch)  # what is looked up next must know of it
                batch = _Batch()
            known = self._store.known([one.uri for one in group if isinstance(one, Pending)])
            self._date(group, known)
            for one in group:
                done = self._take(one, known, batch, ahead)
                if done is not None:
                    yield done
                if batch.size >= BATCH_CHUNKS or sum(batch.took) >= BATCH_SECONDS:
                    yield from self._commit(batch)
                    batch = _Batch()
        yield from self._commit(batch)

    def add_vectors(self, sources: Sequence[Source], vectors: ArrayLike, labels: Labels) -> list[AddResult]:
        """Store each text as one chunk with the vector given for it; `labels` are what was said of all.

        Raises: BadVectors, StoreError.
        """
        rows = checked(vectors, len(sources), self._encoder.space.dim)
        done: list[AddResult] = []
        for first in range(0, len(sources), GIVEN_CHUNKS):
            batch, some = _Batch(), sources[first : first + GIVEN_CHUNKS]
            known = self._store.known([one.uri for one in some])
            for at, source in enumerate(some, first):
                whole = Chunk(0, source.text, 0, len(source.text))
                kept = replace(source, **_kept(labels, known.get(source.uri)))
                batch.hold(self._cutter.of_chunks(kept, (whole,)), rows[at : at + 1], 0.0)
            done += self._commit(batch)
        return done

    def _date(self, group: _Group, known: dict[str, Stored]) -> None:
        """Keep the new time of files that were written with what they held."""
        files = [one for one in group if isinstance(one, Pending) and one.file and self._unchanged(one, known)]
        dated = [
            Renamed(one.uri, one.uri, None, one.modified_at)
            for one in files
            if one.modified_at != known[one.uri].modified_at
        ]
        if dated:
            self._store.rename(dated)

    def _unchanged(self, one: Pending, known: dict[str, Stored]) -> bool:
        old = known.get(one.uri)
        if old is None:
            return False
        labels = one.labels.over(old.collection, old.tags)
        same = old == Stored(one.content_hash, old.recipe, *labels, modified_at=old.modified_at)
        return same and self._current(old.recipe, one.labels.limits)

    def _take(self, one: Pending | Failure, known: dict[str, Stored], batch: _Batch, ahead: Ahead) -> AddResult | None:
        """A result that is certain at once; None when the source went into the batch."""
        if isinstance(one, Failure):
            return AddResult(one.uri, "failed", error=one.error)
        started = time.perf_counter()
        if self._unchanged(one, known):
            return AddResult(one.uri, "unchanged", took=time.perf_counter() - started)
        loaded = ahead.take(one)
        if loaded.error:
            return AddResult(one.uri, "failed", took=loaded.took, error=loaded.error, textless=loaded.textless)
        old = known.get(one.uri)
        kept = _kept(one.labels, old)
        whole, *parts = [replace(cut, source=replace(cut.source, **kept)) if kept else cut for cut in loaded.cuts]
        source = replace(whole.source, dated_at=whole.source.dated_at or one.dated())
        if old and old.content_hash == source.content_hash and self._current(old.recipe, one.labels.limits):
            batch.same.add(source.uri)
        if any(not LEFT_OUT.isdisjoint(cut.source.metadata) for cut in loaded.cuts):
            batch.recipes[source.uri] = self._bounded(one.labels.limits)
        batch.hold(replace(whole, source=source), None, loaded.took)
        for part in parts:
            batch.hold(part, None, 0.0)
            batch.parts[part.source.uri] = source.uri
        return None

    def _commit(self, batch: _Batch) -> Iterator[AddResult]:
        """Encode what has no vector yet, then write the whole batch in one transaction."""
        if not batch.cuts:
            return
        started = time.perf_counter()
        space = self._space()
        entries = [
            Entry(
                source=cut.source,
                recipe=batch.recipes.get(cut.source.uri, self._recipe),
                chunks=cut.chunks,
                terms=cut.terms,
                keys=cut.keys,
                vectors=matrix,
                pieces=pieces_of(self._encoder, cut.texts),
                anew=given is not None or cut.source.uri in batch.parts,
            )
            for cut, given, matrix in zip(batch.cuts, batch.vectors, self._vectors(batch), strict=True)
        ]
        statuses = self._store.put(entries, space, self._now(), self._lost_parts(batch))
        share = (time.perf_counter() - started) / batch.size
        sizes = Counter({entry.source.uri: len(entry.chunks) for entry in entries})
        for part, whole in batch.parts.items():
            sizes[whole] += sizes[part]
        for entry, status, took in zip(entries, statuses, batch.took, strict=True):
            uri = entry.source.uri
            if uri not in batch.parts:
                yield AddResult(uri, status, 0 if status == "unchanged" else sizes[uri], took + share * sizes[uri])

    def _lost_parts(self, batch: _Batch) -> list[str]:
        """What came in an earlier version of a document, and no longer does; of one that is as it was only the limits,
        or the time there was, can have left something out."""
        held = batch.uris
        return [uri for uri in parts_of(self._store, sorted(held - batch.same)) if uri not in held]

    def _vectors(self, batch: _Batch) -> list[Vectors]:
        """One matrix for each document; a text that was ever encoded is not encoded again."""
        wanted = {
            key: text
            for cut, own in zip(batch.cuts, batch.vectors, strict=True)
            if own is None
            for text, key in zip(cut.texts, cut.keys, strict=True)
        }
        known = self._store.vectors(wanted)
        fresh = [key for key in wanted if key not in known]
        if fresh:
            encoded = self._encoder.documents([wanted[key] for key in fresh])
            known.update(zip(fresh, checked(encoded, len(fresh), self._encoder.space.dim), strict=True))
        return [
            own if own is not None else np.stack([known[key] for key in cut.keys])
            for cut, own in zip(batch.cuts, batch.vectors, strict=True)
        ]

    def _space(self) -> Space:
        """The store's space, or the encoder's with its noise when the store is new.

        Raises: SpaceMismatch when another process changed the store over since it was opened.
        """
        stored, own = self._store.space(), self._encoder.space
        if stored is not None and (stored.id, stored.dim) != (own.id, own.dim):
            raise SpaceMismatch(
                f"the memory holds vectors of {stored.model}, not of {own.model}",
                hint="open it again with the encoder it has now",
            )
        return stored or replace(own, noise=calibrate(self._encoder))


def _kept(labels: Labels, old: Stored | None) -> dict[str, Any]:
    """What a document, if it is stored already, has of that of which nothing is said."""
    if old is None:
        return {}
    has = {"collection": (labels.collection, old.collection), "tags": (labels.tags, old.tags)}
    return {name: own for name, (said, own) in has.items() if said is None}


def _groups(pending: Iterable[Pending | Failure], size: int) -> Iterator[list[Pending | Failure]]:
    """Runs of at most `size`; each holds a uri once, so that a second version replaces the first."""
    group: list[Pending | Failure] = []
    seen: set[str] = set()
    for one in pending:
        if len(group) >= size or one.uri in seen:
            yield group
            group, seen = [], set()
        group.append(one)
        seen.add(one.uri)
    if group:
        yield group
