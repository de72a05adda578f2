"""What do changes of files mean for the memory? Real files, batches by hand, a clock that the test sets."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import apsw
import pytest

from tests.counting import Counting
from vstash import Memory
from vstash.watch.follow import BURST, GRACE, UNFINISHED, Batch, Choice, News, always, follow, outermost

Step = Callable[[], Batch]


@dataclass
class Stage:
    """A memory with the folder it follows. `play` runs steps, each of which changes files and gives a batch."""

    memory: Memory
    encoder: Counting
    top: Path
    now: float = 0.0
    choice: Choice = field(default_factory=Choice)

    def play(self, *steps: Step) -> list[str]:
        """What is said, each "status name", or "status name < old name"."""

        def batches() -> Iterator[Batch]:
            yield Batch(fresh=frozenset([self.top]))
            for step in steps:
                self.now += 1
                yield step()

        return [self.line(news) for news in follow(self.memory, [self.top], batches(), self.choice, lambda: self.now)]

    def line(self, news: News) -> str:
        old = f" < {self.name(news.old)}" if news.old else ""
        return f"{news.status} {self.name(news.uri)}{old}"

    def name(self, uri: str) -> str:
        return Path(uri).relative_to(self.top).as_posix()

    def touch(self, *names: str) -> Batch:
        return Batch(frozenset(str(self.top / name) for name in names))

    def later(self) -> Batch:
        self.now += GRACE
        return Batch()

    def documents(self) -> list[str]:
        return [self.name(one.uri) for one in self.memory.list()]


@pytest.fixture
def stage(database: Path, tmp_path: Path) -> Iterator[Stage]:
    top = tmp_path / "notes"
    (top / "sub").mkdir(parents=True)
    (top / "a.md").write_text("# Anchors\n\nIron holds the ship.\n")
    (top / "sub" / "b.txt").write_text("Ropes are made of hemp.\n")
    encoder = Counting()
    with Memory.open(database, encoder=encoder, busy_wait=0.01) as memory:
        yield Stage(memory, encoder, top)


START = ["added a.md", "added sub/b.txt", "current ."]


def test_it_begins_with_the_whole_folder(stage: Stage) -> None:
    assert stage.play() == START
    assert stage.play() == ["current ."]


def test_what_was_touched_is_read_and_nothing_else(stage: Stage) -> None:
    def edit() -> Batch:
        (stage.top / "a.md").write_text("Chain holds the ship.")
        (stage.top / "sub" / "b.txt").write_text("nobody says so")
        return stage.touch("a.md")

    assert stage.play(edit) == [*START, "replaced a.md"]
    assert stage.memory.search("chain")[0].title == "a.md"


def test_an_atomic_save_is_one_change(stage: Stage) -> None:
    """As vim does it: the old file becomes a backup, a new one is written, the backup goes."""

    def rename() -> Batch:
        (stage.top / "a.md").rename(stage.top / "a.md~")
        return stage.touch("a.md", "a.md~")

    def write() -> Batch:
        (stage.top / "a.md").write_text("# Anchors\n\nChain holds the ship.\n")
        (stage.top / "a.md~").unlink()
        return stage.touch("a.md", "a.md~")

    def both() -> Batch:
        rename()
        return write()

    assert stage.play(both, stage.later) == [*START, "replaced a.md"]
    assert stage.play(rename, write, stage.later)[-1] != "deleted a.md"
    assert stage.documents() == ["a.md", "sub/b.txt"]


def test_a_deletion_waits_for_the_other_half_of_a_move(stage: Stage) -> None:
    def away() -> Batch:
        (stage.top / "a.md").rename(stage.top.parent / "elsewhere")
        return stage.touch("a.md")

    def back() -> Batch:
        (stage.top.parent / "elsewhere").rename(stage.top / "sub" / "c.md")
        return stage.touch("sub/c.md")

    assert stage.play(away, back) == [*START, "moved sub/c.md < a.md"]
    assert stage.encoder.encoded == 2
    assert stage.documents() == ["sub/b.txt", "sub/c.md"]


def test_a_deletion_comes_when_nothing_followed(stage: Stage) -> None:
    def delete() -> Batch:
        (stage.top / "a.md").unlink()
        return stage.touch("a.md")

    assert stage.play(delete, Batch, stage.later) == [*START, "deleted a.md"]


def test_folders_that_move_come_and_go(stage: Stage) -> None:
    def move() -> Batch:
        (stage.top / "sub").rename(stage.top / "sub2")
        return stage.touch("sub", "sub2")

    def make() -> Batch:
        (stage.top / "new" / "deep").mkdir(parents=True)
        (stage.top / "new" / "deep" / "c.txt").write_text("said of the outer folder only")
        return stage.touch("new")

    def remove() -> Batch:
        shutil.rmtree(stage.top / "new")
        return stage.touch("new")

    assert stage.play(move, make, remove, stage.later) == [
        *START,
        "moved sub2/b.txt < sub/b.txt",
        "added new/deep/c.txt",
        "deleted new/deep/c.txt",
    ]


def test_a_file_becomes_a_folder_and_a_file_again(stage: Stage) -> None:
    def folder() -> Batch:
        (stage.top / "a.md").unlink()
        (stage.top / "a.md").mkdir()
        (stage.top / "a.md" / "inside.txt").write_text("inside")
        return stage.touch("a.md")

    def file() -> Batch:
        shutil.rmtree(stage.top / "a.md")
        (stage.top / "a.md").write_text("outside")
        return stage.touch("a.md")

    stage.play(folder, stage.later)
    assert stage.documents() == ["a.md/inside.txt", "sub/b.txt"]
    stage.play(file, stage.later)
    assert stage.documents() == ["a.md", "sub/b.txt"]


def test_a_file_with_several_names_changes_under_all_of_them(stage: Stage) -> None:
    (stage.top / "now").symlink_to("sub")
    (stage.top / "b.txt").symlink_to("sub/b.txt")

    def write() -> Batch:
        (stage.top / "sub" / "b.txt").write_text("Ropes are made of wire.\n")
        (stage.top / "sub" / "new.txt").write_text("Masts are made of steel.\n")
        return stage.touch("sub/b.txt", "sub/new.txt")

    def write_again() -> Batch:
        (stage.top / "sub" / "b.txt").write_text("Ropes are made of nylon.\n")
        return stage.touch("now/b.txt")

    said = stage.play(write, write_again)
    names = ["b.txt", "now/b.txt", "sub/b.txt"]
    assert sorted(said[5:]) == sorted(
        [
            *(f"replaced {name}" for name in [*names, *names]),
            "added now/new.txt",
            "added sub/new.txt",
        ]
    )


def test_what_comes_through_a_new_link_comes_under_all_its_names(stage: Stage) -> None:
    def link() -> Batch:
        (stage.top / "empty").mkdir()
        (stage.top / "now").symlink_to("empty")
        return stage.touch("empty", "now")

    def write() -> Batch:
        (stage.top / "empty" / "new.txt").write_text("Masts are made of steel.\n")
        return stage.touch("now/new.txt")

    assert sorted(stage.play(link, write)[3:]) == ["added empty/new.txt", "added now/new.txt"]


def test_hidden_files_are_passed_over_and_ignore_files_looked_into(stage: Stage) -> None:
    def hidden() -> Batch:
        (stage.top / ".git").mkdir()
        (stage.top / ".git" / "index").write_text("words")
        (stage.top / ".a.swp").write_text("words")
        return stage.touch(".git", ".git/index", ".a.swp")

    def ignore() -> Batch:
        (stage.top / "sub" / ".vstashignore").write_text("*.txt\n")
        return stage.touch("sub/.vstashignore")

    def wanted() -> Batch:
        (stage.top / "sub" / ".vstashignore").unlink()
        return stage.touch("sub/.vstashignore")

    assert stage.play(hidden) == START
    assert stage.play(ignore, stage.later, wanted) == ["current .", "deleted sub/b.txt", "added sub/b.txt"]


def test_a_hidden_file_that_was_named_is_followed(stage: Stage) -> None:
    (stage.top / ".plan").write_text("Caulk the deck.\n")
    stage.memory.add(stage.top / ".plan")

    def write() -> Batch:
        (stage.top / ".plan").write_text("Caulk the hull.\n")
        return stage.touch(".plan", ".other")

    assert stage.play(write) == [*START, "replaced .plan"]


def test_patterns_and_labels_hold(stage: Stage) -> None:
    stage.choice = Choice("work", ["x"], include=["*.md"], exclude=["draft*"])

    def write() -> Batch:
        for name in ("c.md", "d.txt", "draft.md"):
            (stage.top / name).write_text("words")
        return stage.touch("c.md", "d.txt", "draft.md")

    assert stage.play(write) == ["added a.md", "current .", "added c.md"]
    assert {(one.collection, one.tags) for one in stage.memory.list()} == {("work", ("x",))}


def test_a_file_that_cannot_be_read_is_said_once_and_ends_nothing(stage: Stage) -> None:
    def spoil() -> Batch:
        (stage.top / "c.bin").write_bytes(bytes(range(256)))
        return stage.touch("c.bin")

    def write() -> Batch:
        (stage.top / "d.txt").write_text("words")
        return stage.touch("d.txt")

    def mend() -> Batch:
        (stage.top / "c.bin").write_text("words again")
        return stage.touch("c.bin")

    said = stage.play(spoil, spoil, write, mend)
    assert said == [*START, "failed c.bin", "added d.txt", "added c.bin"]


def test_a_file_that_is_emptied_and_written_later_keeps_its_labels(stage: Stage) -> None:
    """As a program does whose output is sent to the file: the shell empties it first."""

    def empty() -> Batch:
        (stage.top / "a.md").write_text("")
        return stage.touch("a.md")

    def write() -> Batch:
        (stage.top / "a.md").write_text("Chain holds the ship.")
        return stage.touch("a.md")

    stage.memory.add(stage.top, tags=["sea"])
    assert stage.play(empty, stage.later, write) == ["current .", "failed a.md", "replaced a.md"]
    assert [one.tags for one in stage.memory.list()] == [("sea",), ("sea",)]


def test_a_file_that_stays_empty_is_forgotten_in_the_end(stage: Stage) -> None:
    def empty() -> Batch:
        (stage.top / "a.md").write_text("")
        return stage.touch("a.md")

    def much_later() -> Batch:
        stage.now += UNFINISHED
        return Batch()

    assert stage.play(empty, stage.later, much_later, much_later) == [*START, "failed a.md", "failed a.md"]
    assert stage.documents() == ["sub/b.txt"]


def test_a_folder_that_vanishes_takes_nothing_along(stage: Stage) -> None:
    def vanish() -> Batch:
        stage.top.rename(stage.top.parent / "unmounted")
        return stage.touch("a.md", "sub")

    def empty() -> Batch:
        stage.top.mkdir()
        return Batch(fresh=frozenset([stage.top]))

    def remount() -> Batch:
        stage.top.rmdir()
        (stage.top.parent / "unmounted").rename(stage.top)
        return Batch(fresh=frozenset([stage.top]))

    assert stage.play(vanish, stage.later, empty, stage.later, remount) == [
        *START,
        "delayed .",
        "delayed .",
        "current .",
    ]
    assert stage.documents() == ["a.md", "sub/b.txt"]


def test_a_folder_may_come_later(stage: Stage) -> None:
    waiting = stage.top / "not yet"
    stage.top = waiting

    def make() -> Batch:
        waiting.mkdir()
        (waiting / "a.txt").write_text("words")
        return Batch(fresh=frozenset([waiting]))

    assert stage.play(Batch, make) == ["delayed .", "added a.txt", "current ."]


def test_a_locked_database_is_waited_for(stage: Stage) -> None:
    stage.play()
    other = apsw.Connection(str(stage.memory._store.path))

    def lock() -> Batch:
        other.execute("BEGIN IMMEDIATE")
        (stage.top / "a.md").write_text("Chain holds the ship.")
        return stage.touch("a.md")

    def release() -> Batch:
        other.execute("ROLLBACK")
        return Batch()

    assert stage.play(lock, Batch, release) == ["current .", "delayed .", "replaced a.md", "current ."]
    other.close()


def test_a_database_that_is_deleted_is_made_again(database: Path, tmp_path: Path) -> None:
    top = tmp_path / "notes"
    top.mkdir()
    (top / "a.md").write_text("Iron holds the ship.")

    def batches() -> Iterator[Batch]:
        yield Batch()
        for path in database.parent.glob("notes.db*"):
            path.unlink()
        (top / "b.md").write_text("Ropes are made of hemp.")
        yield Batch(frozenset([str(top / "b.md")]))
        yield Batch()

    opened = partial(Memory.open, database, encoder="hash")
    said = [(news.status, Path(news.uri).name, news.error) for news in always(opened, [top], batches(), Choice())]
    gone = f"{database} was deleted, moved or replaced while it was open: beginning anew"
    again = [("added", "a.md", ""), ("added", "b.md", ""), ("current", "notes", "")]
    assert said == [again[0], again[2], ("delayed", "notes", gone), *again]
    with Memory.open(database, encoder="hash") as memory:
        assert len(memory.list()) == 2


def test_thousands_renamed_at_once_are_found_and_not_encoded(stage: Stage) -> None:
    names = [f"n{number}.txt" for number in range(BURST // 4)]

    def make() -> Batch:
        for name in names:
            (stage.top / name).write_text(f"note {name}")
        return stage.touch(*names)

    def rename() -> Batch:
        for name in names:
            (stage.top / name).rename(stage.top / f"r{name}")
        return stage.touch(*names[:700], *(f"r{name}" for name in names[:300]))

    def rest() -> Batch:
        assert stage.encoder.encoded == 2 + len(names)
        return stage.touch(*names[700:], *(f"r{name}" for name in names[300:]))

    said = stage.play(make, rename, rest, stage.later)
    assert sum(line.startswith("moved") for line in said) == len(names)
    assert not any(line.startswith("deleted") for line in said)
    assert stage.encoder.encoded == 2 + len(names)
    assert len(stage.documents()) == 2 + len(names)


def test_folders_inside_others_are_followed_once(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b" / ".." / "a" / "c", tmp_path / "a", tmp_path / "ab"]
    assert outermost(folders) == (tmp_path / "a", tmp_path / "ab")
