"""A folder and the memory are made equal; what only moved is not encoded again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from vstash import HashEncoder, InputError, Memory
from vstash.cli.app import build
from vstash.types import Space


class Counting:
    """A hash encoder that counts what it is given."""

    def __init__(self) -> None:
        self._inner = HashEncoder()
        self.encoded = 0

    @property
    def space(self) -> Space:
        return self._inner.space

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += len(texts)
        return self._inner.documents(texts)

    def query(self, text: str) -> NDArray[np.float32]:
        return self._inner.query(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three notes and a folder inside."""
    top = tmp_path / "notes"
    (top / "sub").mkdir(parents=True)
    (top / "a.md").write_text("# Anchors\n\nIron holds the ship.\n")
    (top / "b.txt").write_text("Ropes are made of hemp.\n")
    (top / "sub" / "c.txt").write_text("Sails are sewn in the loft.\n")
    return top


def run(memory: Memory, folder: Path, **options: Sequence[str]) -> dict[str, str]:
    """Sync, and the action of each file by its name."""
    compared = memory.compare(folder, **options)
    list(memory.sync(compared))
    return {Path(one.uri).relative_to(folder).as_posix(): one.action for one in compared.changes}


def contents(memory: Memory) -> list[tuple[str, str, str | None, str]]:
    found = [memory.get(one.uri) for one in memory.list()]
    return [(one.uri, one.title, one.text, one.content_hash) for one in found]


def test_a_second_sync_keeps_everything(memory: Memory, folder: Path):
    assert run(memory, folder) == {"a.md": "add", "b.txt": "add", "sub/c.txt": "add"}
    assert set(run(memory, folder).values()) == {"keep"}


def test_new_changed_moved_and_deleted(database: Path, folder: Path):
    encoder = Counting()
    with Memory.open(database, encoder=encoder) as memory:
        run(memory, folder)
        (folder / "a.md").write_text("# Anchors\n\nChain holds the ship.\n")
        (folder / "b.txt").rename(folder / "sub" / "ropes.txt")
        (folder / "sub" / "c.txt").unlink()
        (folder / "d.txt").write_text("Masts are of pine.\n")
        before = encoder.encoded
        assert run(memory, folder) == {
            "a.md": "change",
            "d.txt": "add",
            "sub/c.txt": "delete",
            "sub/ropes.txt": "move",
        }
        assert encoder.encoded == before + 2
        assert memory.search("hemp", mode="keyword")[0].title == "ropes.txt"
        assert memory.check().ok
        with Memory.open(":memory:", encoder=encoder) as fresh:
            fresh.add(folder)
            assert contents(memory) == contents(fresh)


def test_many_files_under_new_names_are_not_encoded_again(database: Path, tmp_path: Path):
    top = tmp_path / "many"
    top.mkdir()
    for number in range(300):
        (top / f"{number}.txt").write_text(f"note {number} " + "words and more words " * 120)
    encoder = Counting()
    with Memory.open(database, encoder=encoder) as memory:
        run(memory, top)
        before = encoder.encoded
        for path in list(top.iterdir()):
            path.rename(top / f"a much longer name than before {path.name}")
        assert set(run(memory, top).values()) == {"move"}
        assert encoder.encoded == before
        assert memory.stats()["documents"] == 300


def test_equal_files_move_one_by_one(memory: Memory, folder: Path):
    (folder / "twin.txt").write_text("Ropes are made of hemp.\n")
    run(memory, folder)
    (folder / "b.txt").rename(folder / "e.txt")
    assert run(memory, folder)["e.txt"] == "move"
    assert len(memory.list()) == 4


def test_ignore_files_and_patterns(memory: Memory, folder: Path):
    (folder / ".vstashignore").write_text("sub/\n")
    assert set(run(memory, folder)) == {"a.md", "b.txt"}
    assert set(run(memory, folder, include=["*.md"])) == {"a.md", "b.txt"}  # b.txt is deleted now
    assert [Path(one.uri).name for one in memory.list()] == ["a.md"]
    assert run(memory, folder, exclude=["a.*"]) == {"a.md": "delete", "b.txt": "add"}


def test_documents_elsewhere_are_left_alone(memory: Memory, folder: Path, tmp_path: Path):
    (tmp_path / "notes2").mkdir()
    other = tmp_path / "notes2" / "x.txt"
    other.write_text("elsewhere")
    memory.add(other)
    memory.remember("a thought")
    run(memory, folder)
    assert len(memory.list()) == 5


def test_an_empty_folder_does_not_empty_the_memory(memory: Memory, folder: Path):
    run(memory, folder)
    for path in [*folder.glob("*.*"), *folder.glob("sub/*")]:
        path.unlink()
    with pytest.raises(InputError, match="holds no files") as caught:
        memory.compare(folder)
    assert "mounted" in caught.value.hint


def test_what_is_no_folder_is_refused(memory: Memory, folder: Path):
    with pytest.raises(InputError, match="is no folder"):
        memory.compare(folder / "gone")


def test_the_command_shows_and_does(database: Path, folder: Path):
    base = ["--db", str(database), "--encoder", "hash"]
    runner = CliRunner()
    done = runner.invoke(build(), [*base, "sync", str(folder), "--json"])
    assert {one["status"] for one in json.loads(done.stdout)} == {"added"}
    (folder / "b.txt").rename(folder / "z.txt")
    shown = runner.invoke(build(), [*base, "sync", str(folder), "--dry-run", "--json"])
    moved = [one for one in json.loads(shown.stdout) if one["status"] == "moved"]
    assert [(Path(one["uri"]).name, Path(one["old"]).name) for one in moved] == [("z.txt", "b.txt")]
    again = runner.invoke(build(), [*base, "sync", str(folder), "--dry-run", "--json"])
    assert again.stdout == shown.stdout
    assert runner.invoke(build(), [*base, "sync", str(folder)]).exit_code == 0
