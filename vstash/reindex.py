"""Changing the encoder of a memory: encode every passage anew while searches go on with the old vectors."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from vstash.encode.base import Encoder
from vstash.encode.calibrate import calibrate
from vstash.encode.registry import checked, pieces_of
from vstash.errors import StoreCorrupt
from vstash.passages import window
from vstash.store.base import Store
from vstash.text.passage import digest, own_title, passage
from vstash.types import Space

BATCH = 256  # chunks encoded and committed together: all that an interruption can lose


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What a reindex did: from which model to which, how many chunks were encoded now, in how many seconds."""

    before: Space | None
    after: Space
    chunks: int
    took: float


def reindex(store: Store, encoder: Encoder, now: Callable[[], datetime], report: Callable[[int], None]) -> Reindexed:
    """Fill the encoder's space, switch to it in one transaction, then drop the old one.

    Interrupted anywhere it leaves the old space in force, and goes on from there when it is run again.
    `report` is told how many chunks are done. Raises: StoreError, EncoderError; StoreCorrupt for a chunk whose
    document is gone.
    """
    started = time.perf_counter()
    before = store.space()
    space = encoder.space
    if before != space:
        space = replace(space, noise=calibrate(encoder))
    store.prepare_space(space, now())
    done = 0
    while True:
        first = store.lacking(space, 0, 1)
        done = fill(store, encoder, space, done, report)
        if store.switch(space):  # not while chunks that others added meanwhile lack a vector
            break
        if first:
            _require_filled(store, space, first[0])
    store.prepare_space(space, now())  # which drops every other
    return Reindexed(before, space, done, time.perf_counter() - started)


def _require_filled(store: Store, space: Space, chunk_id: int) -> None:
    """Refuse to go on when a chunk that lacked a vector lacks it still, as it would for ever. Raises: StoreCorrupt."""
    if store.lacking(space, 0, 1) == [chunk_id]:  # ids are never given twice
        what = "cannot be reached by its id" if store.passages([chunk_id]) else "belongs to no document"
        raise StoreCorrupt(
            f"chunk {chunk_id} of {store.path} {what}",
            hint="restore a backup, or export the memory and import that into a new one",
        )


def fill(
    store: Store, encoder: Encoder, space: Space, done: int, report: Callable[[int], None], *, named: bool = False
) -> int:
    """Encode every chunk that has no vector in the space, or with `named` no word-pieces; `done` and how many they
    were. What a chunk has already it keeps."""
    length = window(space)
    last = 0
    while ids := store.lacking(space, last, BATCH, named=named):
        last = ids[-1]
        found = store.passages(ids)  # without those that were removed meanwhile
        if not found:
            continue
        titles = [own_title(one.document.title, one.document.uri) for one in found]
        texts = [
            passage(title, one.chunk.heading, one.chunk.text, length) for title, one in zip(titles, found, strict=True)
        ]
        matrix = checked(encoder.documents(texts), len(texts), space.dim)
        pieces = pieces_of(encoder, texts)
        store.fill(space, [one.chunk_id for one in found], [digest(text) for text in texts], matrix, pieces)
        done += len(found)
        report(done)
    return done
