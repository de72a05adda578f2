"""A file packed by gzip is read as what it is unpacked, within bounds."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from vstash import SourceTooLarge, UnsupportedSource
from vstash.config import Limits
from vstash.text.read import extract

NOTES = b"# Ships\n\nWood and iron.\n"


def test_it_is_what_it_is_unpacked():
    found = extract(gzip.compress(NOTES), "notes.md.gz")
    assert (found.text, found.kind, found.title) == (NOTES.decode(), "markdown", "Ships")
    assert dict(found.places[0].labels) == {"member": "notes.md", "line": 1}


def test_members_follow_each_other_as_in_logs():
    assert extract(gzip.compress(b"one\n") + gzip.compress(b"two\n"), "x.log.gz").text == "one\ntwo\n"


def test_it_may_hold_a_package_but_not_for_ever():
    data = gzip.compress(b"words")
    assert extract(gzip.compress(data), "x.txt.gz.gz").text == "words"
    for _ in range(4):
        data = gzip.compress(data)
    with pytest.raises(UnsupportedSource, match="lies in more than 3 files"):
        extract(data, "x.txt.gz.gz.gz.gz.gz")


@pytest.mark.parametrize(
    ("data", "said"),
    [(gzip.compress(NOTES)[:-9], "damaged"), (b"no gzip", "damaged"), (gzip.compress(b""), "empty")],
)
def test_damaged_or_empty(data: bytes, said: str):
    with pytest.raises(UnsupportedSource, match=said):
        extract(data, "x.txt.gz")


@pytest.mark.parametrize("name", ["ships.gz", "ships.tar.gz"])
def test_an_archive_of_files_is_left_to_others(name: str):
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as packed:
        packed.addfile(tarfile.TarInfo("a.txt"))
    with pytest.raises(UnsupportedSource, match="is an archive, which"):
        extract(written.getvalue(), name)


@pytest.mark.parametrize(
    ("limits", "over"), [(Limits(max_file=1), "max_file"), (Limits(max_file=100, max_ratio=2), "max_ratio")]
)
def test_a_bomb_is_not_unpacked(limits: Limits, over: str):
    with pytest.raises(SourceTooLarge) as caught:
        extract(gzip.compress(bytes(65 << 20)), "x.txt.gz", limits)
    assert over in caught.value.hint
