"""Where nothing can be written, or not all be read, does every command do what it can, and say in one line
what not?"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.commandline import REPOSITORY, Ran
from vstash import HashEncoder, Memory
from vstash.store.sqlite.connection import connect

READING = (["search", "heron"], ["list"], ["stats"], ["check"], ["check", "--fast"], ["get", "bird"], ["doctor"])
WRITING = (["remember", "white stork"], ["forget", "bird"], ["compact"])
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2  # linux/prctl.h, linux/capability.h


def bound() -> None:
    """Let permissions bind this process, even when it is root's; for others it is nothing new."""
    if sys.platform != "linux":
        return  # a test is rarely root's elsewhere
    libc = ctypes.CDLL(None)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def full() -> None:
    """Let no file grow: what a full disk does, without one."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


CHILD = """
import contextlib, io, json, sys
from vstash.cli.app import run
for arguments in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


def ran(database: Path, *commands: list[str], limit: Callable[[], None] = bound) -> list[Ran]:
    """What each command leaves behind, all of them in one process."""
    given = json.dumps([["--encoder", "hash", "--db", str(database), *arguments] for arguments in commands])
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "VSTASH_CONFIG": os.devnull}
    said = subprocess.check_output([sys.executable, "-c", CHILD, given], env=environment, text=True, preexec_fn=limit)
    return [Ran(*json.loads(line)) for line in said.splitlines()]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    """A memory in a folder of its own, which gets its permissions back."""
    path = tmp_path / "kept" / "notes.db"
    path.parent.mkdir()
    with Memory.open(path, encoder=HashEncoder()) as memory:
        memory.add_texts(["grey heron"], ["bird"])
    yield path
    path.parent.chmod(0o755)


@pytest.fixture
def logged(kept: Path, tmp_path: Path) -> Iterator[Path]:
    """One whose last document is in the log only, as a process that was killed leaves it."""
    path = tmp_path / "logged" / kept.name
    path.parent.mkdir()
    with Memory.open(kept, encoder=HashEncoder()) as memory:
        memory.add_texts(["white stork"], ["late"])
        for end in ("", "-wal"):
            shutil.copy(f"{kept}{end}", f"{path}{end}")
    yield path
    path.parent.chmod(0o755)


def answered(found: Ran) -> bool:
    return found.code == 0 and bool(found.out) and not found.err


def one_line(found: Ran) -> bool:
    return found.code == 1 and found.err.startswith("error: ") and found.err.count("\n") == 1 and "; " in found.err


@pytest.mark.parametrize(("folder", "file"), [(0o755, 0o444), (0o555, 0o644), (0o555, 0o444)])
def test_what_can_be_read_is_answered(kept: Path, folder: int, file: int) -> None:
    kept.chmod(file)
    kept.parent.chmod(folder)
    assert [one for one in ran(kept, *READING) if not answered(one)] == []
    for found in ran(kept, *WRITING):
        assert one_line(found)
        assert "cannot be written" in found.err


def test_a_check_that_cannot_write_still_finds_what_is_wrong(kept: Path) -> None:
    connection = connect(kept, create=False)
    connection.execute("INSERT INTO chunk_fts (chunk_fts) VALUES ('delete-all')")
    connection.close()
    kept.chmod(0o444)
    kept.parent.chmod(0o555)
    [found] = ran(kept, ["check"])
    assert found.code == 4
    assert "keyword_index" in found.out


def test_a_read_only_file_is_read_with_its_log(logged: Path) -> None:
    for end in ("", "-wal"):
        Path(f"{logged}{end}").chmod(0o444)
    listed, checked = ran(logged, ["list"], ["check"])
    assert "late" in listed.out
    assert checked.code == 0


def test_a_log_in_a_read_only_folder_is_said_to_be_in_the_way(logged: Path) -> None:
    logged.parent.chmod(0o555)
    *refused, doctor = ran(logged, *READING)
    assert all(one_line(found) and "log" in found.err for found in refused)
    assert doctor.out.splitlines()[-1].startswith("next: copy it")


@pytest.mark.parametrize("size", [0, 5000])
def test_a_log_cut_short_leaves_what_was_folded_in(logged: Path, size: int) -> None:
    log = Path(f"{logged}-wal")
    log.write_bytes(log.read_bytes()[:size])
    found = ran(logged, *READING)
    assert [one for one in found if not answered(one)] == []
    assert "bird" in found[1].out


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_may_not_be_read_is_one_line(kept: Path, what: str) -> None:
    (kept if what == "file" else kept.parent).chmod(0)
    *reading, doctor = ran(kept, *READING)
    for found in (*reading, *ran(kept, *WRITING)):
        assert one_line(found)
        assert str(kept) in found.err
    assert doctor.out.splitlines()[-1].startswith("next: check ")
    assert "permissions" in doctor.out.splitlines()[-1]


def test_a_full_disk_is_said_to_be_full(kept: Path) -> None:
    for found in ran(kept, *READING[:-1], *WRITING, limit=full):
        assert one_line(found)
        assert "full" in found.err
    [checked] = ran(kept, ["check"])
    assert checked.code == 0


@pytest.fixture
def barred(tmp_path: Path) -> Iterator[Path]:
    """A folder with one that may not be entered, one that may only be listed, one whose rules may not be read, and
    a note beside them; they get their permissions back."""
    top = tmp_path / "barred"
    for name in ("locked", "listed", "ruled"):
        (top / name).mkdir(parents=True)
        (top / name / "note.txt").write_text(f"{name} heron")
    (top / "note.txt").write_text("grey heron")
    (top / "ruled" / ".gitignore").write_text("*.log")
    yield top
    for name in ("locked", "listed"):
        (top / name).chmod(0o755)


@pytest.mark.parametrize("patterns", [[], ["--include", "*.txt"]], ids=["all", "included"])
def test_what_may_not_be_read_of_a_folder_is_a_line_and_the_rest_is_added(
    barred: Path, tmp_path: Path, patterns: list[str]
) -> None:
    database, listing = tmp_path / "notes.db", ["list", "--json"]
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.add(barred)
    for name, mode in (("locked", 0), ("listed", 0o444), ("ruled/.gitignore", 0)):
        (barred / name).chmod(mode)
    (barred / "new.txt").write_text("white heron")
    failed = {
        str(barred / "locked"): "Permission denied: check the path and its permissions",
        str(barred / "listed"): "Permission denied: check the path and its permissions",
        str(barred / "ruled"): ".gitignore: Permission denied: check the path and its permissions",
    }
    for command in (["add", "--json", str(barred)], ["sync", "--json", str(barred), *patterns]):
        [done, stored] = ran(database, command, listing)
        assert done.code == 1
        assert {one["uri"]: one["error"] for one in done.json if one["error"]} == failed
        assert {Path(one["uri"]).relative_to(barred).as_posix() for one in stored.json} == {
            "note.txt", "new.txt", "locked/note.txt", "listed/note.txt", "ruled/note.txt",
        }  # fmt: skip


def test_what_a_link_leads_to_is_kept_while_it_may_not_be_looked_at(barred: Path, tmp_path: Path) -> None:
    (barred / "link.txt").symlink_to(Path("locked", "note.txt"))
    database = tmp_path / "notes.db"
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.add(barred)
    (barred / "locked").chmod(0)
    [done, stored] = ran(database, ["sync", "--json", str(barred)], ["list", "--json"])
    assert {one["uri"] for one in done.json if one["error"]} == {str(barred / "locked"), str(barred / "link.txt")}
    assert str(barred / "link.txt") in {one["uri"] for one in stored.json}


def test_a_file_in_a_folder_that_may_not_be_entered_is_a_line(barred: Path, tmp_path: Path) -> None:
    (barred / "locked").chmod(0)
    [done] = ran(
        tmp_path / "notes.db", ["add", "--json", str(barred / "locked" / "note.txt"), str(barred / "note.txt")]
    )
    assert done.code == 1
    assert [one["status"] for one in done.json] == ["failed", "added"]


def test_folders_that_may_not_be_entered_are_no_files(barred: Path, tmp_path: Path) -> None:
    database = tmp_path / "notes.db"
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.add(barred)
    (barred / "locked").chmod(0)
    [none_like_it] = ran(database, ["sync", str(barred), "--include", "*.pdf"])
    assert "one that the patterns let through" in none_like_it.err
    for name in ("note.txt", "ruled/note.txt", "listed/note.txt"):
        (barred / name).unlink()
    [not_mounted, stored] = ran(database, ["sync", str(barred)], ["list", "--json"])
    assert "holds no files" in not_mounted.err
    assert len(stored.json) == 4


def test_rules_above_a_folder_that_may_not_be_read_are_named(barred: Path, tmp_path: Path) -> None:
    (barred / ".git").mkdir()
    (barred / ".gitignore").touch(mode=0)
    [done] = ran(tmp_path / "notes.db", ["add", "--json", str(barred / "listed")])
    assert (done.code, [one["error"] for one in done.json]) == (
        1, [f"{barred / '.gitignore'}: Permission denied: check the path and its permissions"]
    )  # fmt: skip


def test_a_hidden_file_that_was_named_is_kept_while_it_may_not_be_looked_at(barred: Path, tmp_path: Path) -> None:
    note = barred / ".hidden" / "note.txt"
    note.parent.mkdir()
    note.write_text("night heron")
    database = tmp_path / "notes.db"
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.add(note)
    note.parent.chmod(0)
    [done, stored] = ran(database, ["sync", "--json", str(barred)], ["list", "--json"])
    note.parent.chmod(0o755)
    assert {one["uri"] for one in done.json if one["error"]} == {str(note)}
    assert str(note) in {one["uri"] for one in stored.json}


def test_what_is_excluded_need_not_be_readable(barred: Path, tmp_path: Path) -> None:
    (barred / "locked").chmod(0)
    [done] = ran(tmp_path / "notes.db", ["sync", "--json", str(barred), "--exclude", "locked/"])
    assert (done.code, {one["status"] for one in done.json}) == (0, {"added"})


def test_a_copy_needs_a_folder_that_may_be_written_and_not_one_that_may_be_listed(kept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    for mode in (0o555, 0o333):
        folder.chmod(mode)
        found = ran(kept, *(["--quiet", kind, str(folder / kind)] for kind in ("backup", "export")))
        assert all(one_line(one) if mode == 0o555 else one == Ran(0, "", "") for one in found), found
    folder.chmod(0o755)
    assert {path.name for path in folder.iterdir()} == {"backup", "export"}
