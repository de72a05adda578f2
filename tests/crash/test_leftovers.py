"""What a killed backup or export left beside its target, does the next one take it away, and nothing else?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vstash import HashEncoder, Memory
from vstash.claims import publishing

ROOT = Path(__file__).resolve().parents[2]
WAIT = 60.0  # seconds; far more than any step below takes
KINDS = ("backup", "export")
# writes beside the target and waits to be killed, or for a line on its standard input
WRITING = """
import sys
from pathlib import Path
from vstash.claims import publishing
with publishing(Path(sys.argv[1])) as partial:
    for suffix in ("", "-wal", "-shm", "-journal"):
        partial.with_name(partial.name + suffix).write_text("half a copy")
    print(partial.name, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    with Memory.open(path, encoder=HashEncoder()) as memory:
        memory.add_texts(f"the heron of pond {at}" for at in range(3000))  # type: ignore[arg-type]
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the copies go."""
    made = tmp_path / "copies"
    made.mkdir()
    return made


@pytest.fixture
def writers() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that are ended with the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for one in started:
        one.kill()
        one.communicate(timeout=WAIT)


def started(code: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "VSTASH_CONFIG": os.devnull}
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *code], env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def vstash(database: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    return started(["-m", "vstash", "--encoder", "hash", "--db", str(database), *map(str, arguments)])


def writing(target: Path, writers: list[subprocess.Popen[str]]) -> str:
    """Start a process that writes to the target; the name under which it does."""
    writers.append(started(["-c", WRITING, str(target)]))
    assert writers[-1].stdout
    return writers[-1].stdout.readline().strip()


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=WAIT)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_killed_run_left_goes_with_the_next(database: Path, folder: Path, kind: str) -> None:
    target = folder / "copy (1)"
    process = vstash(database, kind, target)
    deadline = time.monotonic() + WAIT
    while not any(name.endswith(".partial") for name in names(folder)):
        assert process.poll() is None
        assert time.monotonic() < deadline
    killed(process)
    assert [name for name in names(folder) if name.endswith(".partial")]
    again = vstash(database, kind, target)
    assert (again.communicate(timeout=WAIT)[0], again.returncode) == ("", 0)
    assert names(folder) == {"copy (1)"}


def test_journals_and_the_leftovers_of_several_runs_go_too(folder: Path, writers: list[subprocess.Popen[str]]) -> None:
    for _ in range(3):
        writing(folder / "copy", writers)
        killed(writers.pop())
    assert len(names(folder)) == 3 * 5 - 2 * 5  # each has swept up before it began
    (folder / "copy").write_text("old")
    with publishing(folder / "copy") as partial:
        assert names(folder) == {"copy", f"{partial.name}-lock"}
        partial.write_text("new")
    assert names(folder) == {"copy"}
    assert (folder / "copy").read_text() == "new"


def test_what_a_living_process_writes_is_left_alone(
    database: Path, folder: Path, writers: list[subprocess.Popen[str]]
) -> None:
    """And what the dead left of another target, whose name begins the same."""
    other = writing(folder / "copy.db", writers)
    killed(writers.pop())
    living = writing(folder / "copy", writers)
    left = names(folder)
    assert {living, other} < left
    for kind in KINDS:
        assert vstash(database, kind, "--force", folder / "copy").communicate(timeout=WAIT)[0] == ""
        assert (folder / "copy").stat().st_size > 100_000
        assert names(folder) == left | {"copy"}
    assert writers[-1].communicate("go on\n", timeout=WAIT)[1] == ""
    assert (folder / "copy").read_text() == "half a copy"
    assert not any(name.startswith(living + "-lock") for name in names(folder))


def test_two_threads_of_a_process_do_not_sweep_each_other(folder: Path) -> None:
    with publishing(folder / "copy") as first:
        first.write_text("first")
        with publishing(folder / "copy") as second:
            second.write_text("second")
        assert first.read_text() == "first"
    assert (names(folder), (folder / "copy").read_text()) == ({"copy"}, "first")


def test_what_only_looks_like_a_leftover_stays(folder: Path, writers: list[subprocess.Popen[str]]) -> None:
    partial = writing(folder / "copy", writers)
    killed(writers.pop())
    claim = (folder / f"{partial}-lock").read_bytes()
    like = {
        "copy.0a1b2c3d.partial": b"something dear",  # without a claim
        "copy.1a1b2c3d.partial": b"something dear",  # with what is none
        "copy.1a1b2c3d.partial-lock": b"my own words",
        "copy.2a1b2c3d.partial": b"something dear",  # with a copy of another's
        "copy.2a1b2c3d.partial-lock": claim,
        "copy.3a1b2c3d.partial": b"something dear",
        "copy.3a1b2c3d.partial-lock": b"",
        "copy.partial": b"something dear",
        "copy.partial-lock": b"vstash writes copy.partial\n",
    }
    for name, content in like.items():
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "copy.4a1b2c3d.partial-lock")
    (folder / "copy.5a1b2c3d.partial-lock").mkdir()
    with publishing(folder / "copy") as beside:
        beside.write_text("new")
    assert {name: (folder / name).read_bytes() for name in like} == like
    assert names(folder) - set(like) == {"copy", "copy.4a1b2c3d.partial-lock", "copy.5a1b2c3d.partial-lock"}


def test_after_an_error_nothing_is_left(folder: Path) -> None:
    with publishing(folder / "copy") as partial:
        partial.write_text("whole")
    with pytest.raises(FileExistsError), publishing(folder / "copy") as partial:
        (partial.write_text("half"), folder.mkdir())
    with pytest.raises(KeyboardInterrupt), publishing(folder / "copy") as partial:
        (partial.write_text("half"), signal.raise_signal(signal.SIGINT))
    assert (names(folder), (folder / "copy").read_text()) == ({"copy"}, "whole")
