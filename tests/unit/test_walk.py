"""Which files does a path stand for?"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from vstash import HashEncoder, Memory
from vstash.walk import files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "notes"
    made.mkdir()
    return made


def write(folder: Path, *names: str, text: str = "words") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def found(folder: Path, top: Path | None = None) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in files(top or folder)]


def test_a_file_stands_for_itself_whatever_it_is(folder: Path) -> None:
    write(folder, ".hidden", "ignored.log")
    write(folder, ".gitignore", text="*.log")
    for name in (".hidden", "ignored.log", "missing.txt"):
        assert list(files(folder / name)) == [folder / name]


def test_a_folder_stands_for_its_files_in_order(folder: Path) -> None:
    write(folder, "b.txt", "a/z.txt", "a/y/x.txt", "c")
    assert found(folder) == ["a/y/x.txt", "a/z.txt", "b.txt", "c"]


def test_paths_are_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "a.txt")
    monkeypatch.chdir(folder.parent)
    assert list(files(Path("notes/../notes"))) == [folder / "a.txt"]


def test_hidden_files_and_folders_are_left_out(folder: Path) -> None:
    write(folder, ".env", ".git/config", "a/.secret/key", "a/b.txt")
    assert found(folder) == ["a/b.txt"]


def test_gitignore_is_honoured(folder: Path) -> None:
    write(folder, ".gitignore", text="# comment\n*.log\nbuild/\n/top.txt\n")
    write(folder, "a.log", "build/x.txt", "top.txt", "a.txt", "deep/top.txt", "deep/b.log", "deep/build", "buildx/y")
    assert found(folder) == ["a.txt", "buildx/y", "deep/build", "deep/top.txt"]


def test_the_last_pattern_decides(folder: Path) -> None:
    write(folder, ".gitignore", text="*.log\n!keep.log\n")
    write(folder, "a.log", "keep.log", "deep/keep.log")
    assert found(folder) == ["deep/keep.log", "keep.log"]


def test_lines_that_are_no_patterns_are_passed_over(folder: Path) -> None:
    write(folder, "note.md", "app.log", "[1] draft.txt")
    write(folder, ".gitignore", text="!\n*.log\ntrailing\\\n[z-a]\n[[]*.txt\n")
    assert found(folder) == ["note.md"]


def test_the_nearest_ignore_file_decides(folder: Path) -> None:
    write(folder, ".gitignore", text="*.log\n")
    write(folder, "deep/.gitignore", text="!*.log\nsecret.txt\n")
    write(folder, "a.log", "deep/b.log", "deep/secret.txt", "secret.txt", "deep/deeper/c.log")
    assert found(folder) == ["deep/b.log", "deep/deeper/c.log", "secret.txt"]


def test_an_ignore_file_is_read_as_git_reads_it(folder: Path) -> None:
    (folder / ".gitignore").write_bytes("\ufeff*.log\r\nIcon\r\r\n# one\x0ctwo\n".encode() + b"# caf\xe9\n")
    write(folder, "a.log", "Icon/a.txt", "two", "Icon\r")
    assert found(folder) == ["Icon/a.txt", "two"]


def test_a_folder_that_comes_back_brings_nothing_that_is_ignored_itself(folder: Path) -> None:
    write(folder, ".gitignore", text="dist/\n*.log\n")
    write(folder, "deep/.gitignore", text="!dist/\n")
    write(folder, "dist/a.txt", "deep/dist/a.txt", "deep/dist/a.log", "deep/dist/dist/a.txt")
    assert found(folder) == ["deep/dist/a.txt", "deep/dist/dist/a.txt"]


def test_nothing_comes_back_below_an_ignored_folder(folder: Path) -> None:
    write(folder, ".gitignore", text="build/\n!build/keep.txt\n")
    write(folder, "build/keep.txt", "a.txt")
    assert found(folder) == ["a.txt"]


def test_ignore_files_above_count_up_to_the_top_of_the_checkout(folder: Path) -> None:
    write(folder.parent, ".gitignore", text="*.txt\n")
    write(folder, "sub/a.txt", "sub/b.log", "sub/c.md")
    assert found(folder, folder / "sub") == ["sub/a.txt", "sub/b.log", "sub/c.md"]
    write(folder, ".git", text="gitdir: elsewhere\n")  # as in a worktree or a submodule
    write(folder, ".gitignore", text="*.log\n")
    assert found(folder, folder / "sub") == ["sub/a.txt", "sub/c.md"]
    write(folder, "sub/.gitignore", text="!*.log\n")
    write(folder, "sub/deep/d.log")
    assert found(folder, folder / "sub/deep") == ["sub/deep/d.log"]
    write(folder, "sub/.gitignore", text="deep/*\n")
    assert found(folder, folder / "sub/deep") == []
    (folder / "sub/deep/.git").mkdir()
    assert found(folder, folder / "sub/deep") == ["sub/deep/d.log"]


def test_an_ignored_folder_that_is_named_is_wanted(folder: Path) -> None:
    (folder / ".git").mkdir()
    write(folder, ".gitignore", text="build/\n*.log\n")
    write(folder, "build/a.log", "build/sub/b.log", "build/sub/b.txt")
    assert found(folder) == []
    assert found(folder, folder / "build") == ["build/a.log", "build/sub/b.log", "build/sub/b.txt"]
    assert found(folder, folder / "build/sub") == ["build/sub/b.log", "build/sub/b.txt"]


def test_only_what_is_asked_for_is_looked_at(folder: Path) -> None:
    write(folder, "a.txt", "b.txt", "sub/c.txt", "sub/deep/d.txt", "other/e.txt")
    for asked, names in {
        ("a.txt", "sub/deep/d.txt", "gone"): ["a.txt", "sub/deep/d.txt"],
        ("sub",): ["sub/c.txt", "sub/deep/d.txt"],
        (".",): found(folder),
    }.items():
        walked = files(folder, None, [folder / name for name in asked])
        assert [path.relative_to(folder).as_posix() for path in walked] == names


def test_links_inside_are_followed_and_those_that_lead_out_are_not(folder: Path) -> None:
    write(folder.parent, "outside/secret.txt")
    write(folder, "a/b.txt")
    (folder / "inside").symlink_to("a")
    (folder / "file").symlink_to("a/b.txt")
    (folder / "out").symlink_to(folder.parent / "outside")
    (folder / "out.txt").symlink_to(folder.parent / "outside" / "secret.txt")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "past").symlink_to("a/b.txt/nowhere")
    (folder / "long").symlink_to("n" * 300)
    assert found(folder) == ["a/b.txt", "file", "inside/b.txt"]


def test_links_that_go_round_end(folder: Path) -> None:
    write(folder, "a/b.txt", "c.txt")
    (folder / "itself").symlink_to("itself")
    (folder / "a" / "up").symlink_to("..")
    (folder / "a" / "here").symlink_to(".")
    assert found(folder) == ["a/b.txt", "c.txt"]
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert list(files(link)) == [link / "a/b.txt", link / "c.txt"]


def test_a_link_that_is_named_is_followed(folder: Path) -> None:
    write(folder, "a.txt")
    link = folder.parent / "link"
    link.symlink_to(folder)
    (folder / "b.txt").symlink_to("a.txt")
    assert list(files(link)) == [link / "a.txt", link / "b.txt"]


def test_pipes_are_left_out(folder: Path) -> None:
    write(folder, "a.txt")
    os.mkfifo(folder / "pipe")
    assert found(folder) == ["a.txt"]


def test_names_that_are_no_text_are_walked(folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("words")
    assert [os.fsencode(path.name) for path in files(folder)] == [b"caf\xe9.txt"]


def test_a_folder_that_cannot_be_read_is_reported_and_the_rest_is_added(folder: Path) -> None:
    """The folder goes away while the walk is on: scanning it fails as for one without permission."""
    write(folder, "a.txt", "b/c.txt", "d.txt")
    with Memory.open(":memory:", encoder=HashEncoder()) as memory:
        walk = files(folder)
        seen = [next(walk)]
        shutil.rmtree(folder / "b")
        seen.extend(walk)
        assert seen == [folder / "a.txt", folder / "b", folder / "d.txt"]
        assert [(result.uri, result.status) for result in memory.add(seen)] == [
            (str(folder / "a.txt"), "added"),
            (str(folder / "b"), "failed"),
            (str(folder / "d.txt"), "added"),
        ]


def test_a_line_that_is_no_pattern_is_passed_over_as_in_git(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("!\n*.log\n")
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.log").write_text("b")
    assert [path.name for path in files(tmp_path)] == ["a.txt"]
