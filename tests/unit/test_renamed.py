"""A file under another name is what a fresh memory makes of it, also where only its old name told how to read it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from vstash import Memory
from vstash.types import Chunk, Document

PACKED = gzip.compress(b"# Ships\n\nWood and iron.\n", mtime=0)


def told(memory: Memory, file: Path) -> tuple[str, str, list[Chunk]]:
    found: Document = memory.get(str(file))
    return found.title, found.kind, [memory.passage(found.uri, seq).chunk for seq in range(found.chunks)]


@pytest.mark.parametrize(
    ("old", "new", "data"),
    [
        ("a.md.gz", "a.txt.gz", PACKED),
        ("a.md.gz", "b.md.gz", PACKED),
        ("a.md.gz", "a.tar.gz", PACKED),
        ("a.html", "b.html", b"<title>a.html</title><p>Wood and iron.</p>"),
    ],
    ids=["another format", "another member", "an archive", "a page called like its file"],
)
def test_it_is_read_again_where_its_name_says_more_than_its_ending(
    memory: Memory, tmp_path: Path, old: str, new: str, data: bytes
):
    top = tmp_path / "top"
    top.mkdir()
    (top / "always.txt").write_text("Sails are sewn in the loft.\n")
    (top / old).write_bytes(data)
    list(memory.sync(memory.compare(top)))
    (top / old).rename(top / new)
    list(memory.sync(memory.compare(top)))
    with Memory.open(":memory:", encoder="hash") as fresh:
        fresh.add(top)
        assert [one.uri for one in memory.list()] == [one.uri for one in fresh.list()]
        for document in fresh.list():
            assert told(memory, Path(document.uri)) == told(fresh, Path(document.uri))
