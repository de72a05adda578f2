"""A disk that is not mounted in a synced folder costs nothing, and what a person deletes is still forgotten."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vstash import Memory
from vstash.cli.app import build
from vstash.unmounted import MANY, emptied


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three notes and a folder inside."""
    top = tmp_path / "notes"
    (top / "sub").mkdir(parents=True)
    for name in ("a.md", "b.txt", "sub/c.txt"):
        (top / name).write_text(f"what {name} says\n")
    return top


def run(memory: Memory, folder: Path) -> dict[str, str]:
    """Sync, and the action of each file by its name."""
    compared = memory.compare(folder)
    list(memory.sync(compared))
    return {Path(one.uri).relative_to(folder).as_posix(): one.action for one in compared.changes}


@pytest.fixture
def disk(memory: Memory, folder: Path) -> Path:
    """A disk mounted in the folder, and synced with it."""
    mounted = folder / "sub" / "disk"
    (mounted / "year" / "month").mkdir(parents=True)
    for number in range(MANY):
        (mounted / "year" / "month" / f"{number}.txt").write_text(f"letter {number}\n")
    run(memory, folder)
    return mounted


def test_a_disk_that_is_not_mounted_keeps_what_the_memory_has_of_it(memory: Memory, folder: Path, disk: Path):
    elsewhere = disk.rename(folder.parent / "disk")
    disk.mkdir()
    (folder / "b.txt").unlink()
    assert run(memory, folder) == {"a.md": "keep", "b.txt": "delete", "sub/c.txt": "keep", "sub/disk": "fail"}
    assert len(memory.list()) == MANY + 2
    disk.rmdir()
    elsewhere.rename(disk)
    assert set(run(memory, folder).values()) == {"keep"}


def test_what_was_deleted_with_its_folder_or_is_little_is_forgotten(memory: Memory, folder: Path, disk: Path):
    (disk / "year" / "month" / "0.txt").unlink()
    assert list(run(memory, folder).values()).count("delete") == 1
    for path in (disk / "year" / "month").iterdir():
        path.unlink()
    assert list(run(memory, folder).values()).count("delete") == MANY - 1


def test_many_deleted_beside_one_that_stays_are_forgotten(memory: Memory, folder: Path, disk: Path):
    (disk / "index.txt").write_text("what else there is\n")
    for path in (disk / "year" / "month").iterdir():
        path.rename(disk / path.name)
    run(memory, folder)
    for number in range(MANY):
        (disk / f"{number}.txt").unlink()
    assert list(run(memory, folder).values()).count("delete") == MANY


def test_the_folders_of_a_disk_count_together(memory: Memory, folder: Path, disk: Path):
    (disk / "other").mkdir()
    for path in list((disk / "year" / "month").iterdir())[: MANY // 2]:
        path.rename(disk / "other" / path.name)
    run(memory, folder)
    shutil.rmtree(disk)
    disk.mkdir()
    assert run(memory, folder)["sub/disk"] == "fail"


def test_only_folders_below_the_top_that_can_be_asked_are_found(tmp_path: Path):
    top = tmp_path / "top"
    for name in ("top", "beside"):
        (tmp_path / name).mkdir()
    for parent in (top, top / "gone", tmp_path / "beside", top / "a\0b", top / ("x" * 300)):
        assert emptied(top, [parent / f"{number}" for number in range(MANY)]) == {}


def test_what_moved_out_of_a_folder_or_is_gone_with_it_is_not_missed(memory: Memory, folder: Path, disk: Path):
    (folder / "letters").mkdir()
    for path in (disk / "year" / "month").iterdir():
        path.rename(folder / "letters" / path.name)
    assert list(run(memory, folder).values()).count("move") == MANY
    shutil.rmtree(folder / "letters")
    assert list(run(memory, folder).values()).count("delete") == MANY


def test_what_was_seen_to_go_is_forgotten_though_it_leaves_an_empty_folder(memory: Memory, folder: Path, disk: Path):
    gone = list((disk / "year" / "month").iterdir())
    for path in gone:
        path.unlink()
    assert {one.action for one in memory.compare(folder, touched=[disk]).changes} == {"fail"}
    compared = memory.compare(folder, touched=gone)
    assert [one.action for one in compared.changes] == ["delete"] * MANY


def test_the_command_tells_of_a_disk_that_is_not_mounted(database: Path, memory: Memory, folder: Path, disk: Path):
    shutil.rmtree(disk)
    disk.mkdir()
    for option in (["--dry-run"], []):
        command = ["--db", str(database), "--encoder", "hash", "sync", str(folder), "--json", *option]
        done = CliRunner().invoke(build(), command)
        [told] = [one for one in json.loads(done.stdout) if one["status"] != "unchanged"]
        assert (told["uri"], told["status"], done.exit_code) == (str(disk), "failed", 1)
        assert f"{MANY} files that the memory has of it stay" in told["error"]
    assert len(memory.list()) == MANY + 3
