"""Word-pieces as rows: what is packed comes back, and what is torn is known for it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vstash.store.sqlite.pieces import _packed, sound, unpacked

IDS = st.one_of(st.integers(0, 300), st.integers(0, 2**32 - 1))
SETS = st.lists(st.sets(IDS, max_size=30).map(sorted), max_size=6)


@given(sets=SETS)
def test_pieces_come_back(sets: list[list[int]]) -> None:
    blobs = _packed([np.array(ids, np.uint32) for ids in sets])
    assert all(map(sound, blobs))
    assert [ids.tolist() for ids in unpacked(blobs)] == sets
    assert all(ids.dtype == np.uint32 for ids in unpacked(blobs))


@given(ids=st.sets(IDS, min_size=1, max_size=30).map(sorted), data=st.data())
def test_a_torn_row_is_not_sound(ids: list[int], data: st.DataObject) -> None:
    [blob] = _packed([np.array(ids, np.uint32)])
    cut = data.draw(st.integers(0, len(blob) - 1))
    assert not sound(blob[:cut])


def test_a_torn_row_spoils_no_other() -> None:
    """Not where its last number runs on into the next row, whose first step then looks like a count, nor where one of
    its own is wider than any piece."""
    [whole] = _packed([np.array([2, 5, 9], np.uint32)])
    for torn in (b"\x01\x85", b"\x01\x80\x80\x80\x80\x80\x01"):
        assert not sound(torn)
        assert [ids.tolist() for ids in unpacked([torn, whole])] == [[2, 5, 9]]


@given(blob=st.binary(max_size=40))
def test_whatever_is_sound_can_be_unpacked(blob: bytes) -> None:
    if sound(blob):
        assert len(unpacked([blob])) == 1
