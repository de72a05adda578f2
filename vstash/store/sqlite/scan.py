"""The sign codes of a space held in memory, and the nearest among them.

Codes lie word by word, so that one word of all is one run of memory. A shard that changed is written over its
old place, or to the end when it has outgrown it; what lies fallow is skipped, and cleared when it is a quarter.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vstash.store.sqlite.codes import SHARD, Codes, Ids, count, encode, load, version
from vstash.store.sqlite.connection import Connection
from vstash.store.sqlite.recent import Recent

BLOCK = 1 << 16  # codes compared at a time: the words and counts of a block stay in the processor's cache
BYTEFUL = 3  # words of 64 bits whose differences one byte can count
SAMPLE = 1 << 14  # distances looked at to guess how far the nearest ones reach
PARALLEL = 1 << 17  # codes from which a second thread is worth waking


@dataclass(slots=True)
class _Region:
    """Where a shard lies: `length` codes from `start` on, with space for `room`."""

    start: int
    length: int
    room: int


class Scanner:
    """The codes of one space, brought up to date by `refresh`, and `recent`, those of its vectors that were compared
    lately. Not for several threads at once."""

    def __init__(self, number: int, dim: int) -> None:
        self._number, self._dim = number, dim
        self.recent = Recent(dim)
        self._version = 0
        self._reset(0)

    def __len__(self) -> int:
        return self._used - self._fallow

    def _reset(self, capacity: int) -> None:
        self._ids: Ids = np.full(capacity, -1, dtype=np.int64)
        self._words: Codes = np.zeros((-(-self._dim // 64), capacity), dtype=np.uint64)
        self._regions: dict[int, _Region] = {}
        self.recent.clear()
        self._used = self._fallow = 0

    def refresh(self, connection: Connection) -> None:
        """Take over what was written since the last time; only changed shards are read. Raises: StoreCorrupt."""
        newest = version(connection, self._number)
        if newest == self._version:
            return
        if newest < self._version or 4 * self._fallow > self._used:  # the codes were made anew, or should lie anew
            self._version = 0
        if self._version == 0:
            self._reset(count(connection, self._number) + SHARD)
        for shard, ids, codes in load(connection, self._number, self._dim, self._version):
            self._place(shard, ids, codes)
        self._version = newest

    def _place(self, shard: int, ids: Ids, codes: Codes) -> None:
        self.recent.forget(range(shard * SHARD, (shard + 1) * SHARD))
        region = self._regions.get(shard)
        if region is None or len(ids) > region.room:
            if region is not None:
                self._clear(region)
            region = self._append(len(ids) if self._version == 0 else SHARD)
            self._regions[shard] = region
        end = region.start + len(ids)
        self._ids[region.start : end] = ids
        self._ids[end : region.start + region.room] = -1
        self._words[:, region.start : end] = codes.T
        self._fallow += region.length - len(ids)
        region.length = len(ids)

    def _clear(self, region: _Region) -> None:
        self._ids[region.start : region.start + region.room] = -1
        self._fallow += region.length

    def _append(self, room: int) -> _Region:
        capacity = len(self._ids)
        if self._used + room > capacity:
            larger = max(self._used + room, capacity + capacity // 8 + SHARD)
            self._ids = np.concatenate([self._ids, np.full(larger - capacity, -1, dtype=np.int64)])
            self._words = np.concatenate(
                [self._words, np.zeros((len(self._words), larger - capacity), dtype=np.uint64)], axis=1
            )
        region = _Region(self._used, 0, room)
        self._used += room
        self._fallow += room
        return region

    def nearest(self, vector: NDArray[np.float32], count: int) -> tuple[Ids, Codes]:
        """The `count` chunks whose codes differ least from the vector's and all that differ as little as the last
        of them, or all there are, in no order: their ids, shape (n,), and codes, shape (words, n)."""
        distance = self._distances(encode(vector[None])[0])
        at = self._closest(distance, count)
        return self._ids.take(at), self._words.take(at, axis=1)

    def _distances(self, query: Codes) -> NDArray[np.uint16]:
        """In how many bits each code differs from the query's."""
        distance = np.empty(self._used, dtype=np.uint16)
        half = self._used // 2 // BLOCK * BLOCK
        if self._used < PARALLEL:
            self._compare(query, distance, 0, self._used)
            return distance
        with ThreadPoolExecutor(1) as pool:  # NumPy lets go of the interpreter while it counts
            other = pool.submit(self._compare, query, distance, 0, half)
            self._compare(query, distance, half, self._used)
            other.result()
        return distance

    def _compare(self, query: Codes, distance: NDArray[np.uint16], start: int, end: int) -> None:
        differing = np.empty(BLOCK, dtype=np.uint64)
        bits, some = np.empty(BLOCK, dtype=np.uint8), np.empty(BLOCK, dtype=np.uint8)
        for first in range(start, end, BLOCK):
            last = min(first + BLOCK, end)
            size, total = last - first, distance[first:last]
            total[:] = 0
            for group in range(0, len(query), BYTEFUL):
                some[:size] = 0
                for word, asked in zip(self._words[group : group + BYTEFUL], query[group:], strict=False):
                    np.bitwise_xor(word[first:last], asked, out=differing[:size])
                    np.bitwise_count(differing[:size], out=bits[:size])
                    np.add(some[:size], bits[:size], out=some[:size])
                np.add(total, some[:size], out=total)

    def _closest(self, distance: NDArray[np.uint16], count: int) -> NDArray[np.int64]:
        """Places of all codes within the smallest distance that holds `count`, or of all."""
        at = self._close(distance, count)
        near = distance[at]
        within = np.bincount(near).cumsum()
        closest: NDArray[np.int64] = at[near <= int(np.searchsorted(within, count))]
        return closest

    def _close(self, distance: NDArray[np.uint16], count: int) -> NDArray[np.int64]:
        """Places of at least `count` codes, all within some distance; the reach is guessed from a sample."""
        within = np.bincount(distance[:: max(1, len(distance) // SAMPLE)]).cumsum()  # of the sample, by distance
        size = int(within[-1]) if len(within) else 0
        expected = size * count / max(1, len(distance))
        rank = int(expected + 3 * np.sqrt(expected)) + 1
        while rank < size:
            reach = int(np.searchsorted(within, rank, side="right"))  # of NumPy's own, all would be widened to its type
            at = np.flatnonzero(distance <= reach)
            at = at[self._ids[at] >= 0]
            if len(at) >= count:
                return at
            rank *= 2
        return np.flatnonzero(self._ids[: self._used] >= 0)
