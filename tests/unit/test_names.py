"""Every file has a uri of its own, and every such uri leads back to its file."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from vstash import Memory
from vstash.names import path_of, uri_of

# made of what escapes are made of, so that look-alikes come up
BYTES = st.lists(
    st.sampled_from(
        [b"\\", b"x", b"f", b"5", b"c", b"5c", b"\\xff", b"\\x5c", b"\\x80", b"\xff", b"\x80", "é".encode()]
    )
)
NAMES = BYTES.map(b"".join).map(os.fsdecode)


@given(st.lists(NAMES, unique=True, max_size=40))
def test_no_two_names_are_one(names: list[str]) -> None:
    uris = [uri_of(f"/{name}") for name in names]
    assert len(set(uris)) == len(names)
    assert [str(path_of(uri)) for uri in uris] == [str(Path(f"/{name}")) for name in names]


def test_what_is_text_is_itself() -> None:
    for path in ("/a/b.txt", r"/a\b.txt", r"/a\x41.txt", r"/a\xa.txt", r"/a\x5.txt", "/é/東京.md", r"/C:\notes"):
        assert uri_of(path) == path


def test_a_name_of_odd_bytes_and_one_that_spells_them_are_two(memory: Memory, tmp_path: Path) -> None:
    top = tmp_path / "odd"
    top.mkdir()
    raw, spelt = top / os.fsdecode(b"bad\xff.txt"), top / r"bad\xff.txt"
    raw.write_text("the bytes")
    spelt.write_text("the letters")
    assert [one.status for one in memory.add(top)] == ["added", "added"]
    assert {one.action for one in memory.compare(top).changes} == {"keep"}
    assert {memory.get(uri_of(path)).text for path in (raw, spelt)} == {"the bytes", "the letters"}
    assert memory.get(str(spelt)).text == "the bytes"
    raw.unlink()
    compared = memory.compare(top, touched=[path_of(uri_of(raw))])
    assert [(one.action, one.uri) for one in compared.changes] == [("delete", uri_of(raw))]


def test_a_file_with_a_number_sign_in_its_name_is_titled_by_all_of_it(memory: Memory, tmp_path: Path) -> None:
    (tmp_path / "Issue #12.txt").write_text("Ropes are made of hemp.\n")
    [done] = memory.add(tmp_path / "Issue #12.txt")
    assert memory.get(done.uri).title == "Issue #12.txt"
