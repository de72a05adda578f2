"""Does a synced memory equal a fresh one of the same folder, through any run of what people do to files?"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from vstash import HashEncoder, Memory
from vstash.store.base import Entry

NAMES = st.sampled_from(["a.md", "b.txt", "c", "sub/a.md", "sub/b.txt", "sub/deep/c.txt", "other/a.md", "c/d.txt"])
FOLDERS = st.sampled_from(["sub", "sub/deep", "other", "c", "new"])
NAMED = "# a.md\n\n"  # as a file in a.md, and elsewhere
TITLED = "# Birds of the shore\n\n## Herons\n\n"
LONG = " ".join(f"filler{at}" for at in range(300))  # several passages
WORDS = st.lists(st.sampled_from(["heron", "stork", "reed", "marsh", "salt"]), min_size=1, max_size=4).map(" ".join)
TEXTS = st.builds("".join, st.tuples(st.sampled_from(["", TITLED, NAMED]), WORDS, st.sampled_from(["", f" {LONG}"])))


class AFolder(RuleBasedStateMachine):
    """A folder that changes, and a memory that is synced now and then."""

    @initialize()
    def start(self) -> None:
        self.temporary = TemporaryDirectory()
        self.top = Path(self.temporary.name) / "notes"
        self.top.mkdir()
        (self.top / "always.txt").write_text("there is always a file\n")
        self.memory = Memory.open(Path(self.temporary.name) / "notes.db", encoder=HashEncoder(32))

    def teardown(self) -> None:
        self.memory.close()
        self.temporary.cleanup()

    def files(self) -> list[Path]:
        return sorted(path for path in self.top.rglob("*") if path.is_file())

    @rule(name=NAMES, text=TEXTS)
    def write(self, name: str, text: str) -> None:
        path = self.top / name
        for parent in path.parents:  # a file becomes a folder
            if parent.is_file():
                parent.unlink()
        if path.is_dir():  # and a folder a file
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.files())).unlink()
        (self.top / "always.txt").write_text("there is always a file\n")

    @rule(
        data=st.data(),
        name=st.sampled_from(["x.md", "y.txt", "sub2/z.txt", "sub2/a.md"]),
        more=st.sampled_from(["", " more"]),
    )
    def move(self, data: st.DataObject, name: str, more: str) -> None:
        old, new = data.draw(st.sampled_from(self.files())), self.top / name
        new.parent.mkdir(exist_ok=True)
        old.rename(new)
        with new.open("a") as file:
            file.write(more)

    @rule(data=st.data())
    def swap(self, data: st.DataObject) -> None:
        first, second = (data.draw(st.sampled_from(self.files())) for _ in range(2))
        one, other = first.read_text(), second.read_text()
        first.write_text(other)
        second.write_text(one)

    @rule(old=FOLDERS, new=FOLDERS)
    def move_folder(self, old: str, new: str) -> None:
        if (self.top / old).is_dir() and not (self.top / new).exists() and not new.startswith(f"{old}/"):
            (self.top / new).parent.mkdir(exist_ok=True)
            (self.top / old).rename(self.top / new)

    @rule(data=st.data())
    def becomes_unreadable(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.files())).write_bytes(b"\x00\x01\x02" * 50)

    @rule()
    def synced_equals_fresh(self) -> None:
        list(self.memory.sync(self.memory.compare(self.top)))
        with Memory.open(":memory:", encoder=HashEncoder(32)) as fresh:
            fresh.add(self.top)
            same(self.memory, fresh)
        assert self.memory.check().ok


def same(memory: Memory, other: Memory) -> None:
    """Documents, passages and vectors, one by one."""
    assert [one.uri for one in memory.list()] == [one.uri for one in other.list()]
    for document in other.list():
        found, expected = memory._store.entry(document.uri), other._store.entry(document.uri)
        assert found is not None
        assert expected is not None
        assert told(found) == told(expected)
        assert np.array_equal(found.vectors, expected.vectors)


def told(entry: Entry) -> tuple[object, ...]:
    """All but the vectors, and the time of the file, which is of its last saving."""
    return replace(entry.source, modified_at=None), entry.recipe, entry.chunks, entry.terms, entry.keys


TestAFolder = AFolder.TestCase
TestAFolder.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
