"""Are PDFs and old Office files read by one child, ahead of their turn, and is everything else as if they were not?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import docx
import pytest

from tests.unit.test_text_read import pdf
from vstash import Memory
from vstash.ingest import BATCH_FILES
from vstash.types import AddResult

ADDS = """
import json, sys
from vstash import HashEncoder, Memory
started = []
sys.addaudithook(lambda event, of: started.append(of[1]) if event == "subprocess.Popen" else None)
with Memory.open(sys.argv[1], encoder=HashEncoder()) as memory:
    results = memory.add(sys.argv[2])
print(json.dumps([len(started), [[one.uri, one.status] for one in results]]))
"""
READERS = """
import vstash.text.readers as readers
readers.__path__.insert(0, {folder!r})
"""
SLEEPS = """
import os, pathlib, time
def read(data, name, recogniser):
    pathlib.Path({noted!r}).write_text(str(os.getpid()))
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of both kinds: PDFs under their own and under another name, in an archive, damaged and empty."""
    made = tmp_path / "files"
    made.mkdir()
    for number in range(40):
        (made / f"{number:02}.md").write_text(f"# Ship {number}\n\nSailed in {1600 + number}.\n")
    for number in range(5, 40, 7):
        (made / f"{number:02}.pdf").write_bytes(pdf(f"Log of ship {number}", title=f"Log {number}"))
    (made / "06.pdf").write_bytes(b"%PDF-1.4 nothing")
    (made / "07.pdf").write_bytes(b"")
    (made / "08.txt").write_bytes(pdf("Of another name"))
    with zipfile.ZipFile(made / "09.zip", "w") as archive:
        archive.writestr("inner.pdf", pdf("Log within"))
    return made


def environment(*first: Path) -> dict[str, str]:
    paths = [*map(str, first), *filter(None, sys.path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def added(path: Path, database: str | Path = ":memory:") -> tuple[int, list[list[str]]]:
    """How many processes were started to add what is there, and what became of the files."""
    command = [sys.executable, "-c", ADDS, str(database), str(path)]
    done = subprocess.run(command, env=environment(), capture_output=True, check=True, timeout=60)
    processes, results = json.loads(done.stdout)
    return processes, results


def test_one_child_reads_them_all(folder: Path) -> None:
    processes, results = added(folder)
    assert processes == 1
    assert [Path(uri).name for uri, status in results if status == "failed"] == ["06.pdf", "07.pdf"]
    assert sum(status == "added" for _, status in results) == 40 + 5 + 2


def test_nothing_else_starts_one(folder: Path) -> None:
    for path in [*folder.glob("*.pdf"), folder / "08.txt", folder / "09.zip"]:
        path.unlink()
    assert added(folder)[0] == 0


@pytest.mark.parametrize(("others", "processes"), [(BATCH_FILES, 1), (BATCH_FILES // 2, 0)])
def test_much_is_read_by_a_process_beside(tmp_path: Path, others: int, processes: int) -> None:
    """Which is not worth its start for few files."""
    made = tmp_path / "files"
    made.mkdir()
    for number in range(others):
        (made / f"{number:02}.md").write_text(f"# Ship {number}\n")
    document = docx.Document()
    document.add_heading("Log")
    document.save(str(made / "00a.docx"))
    started, results = added(made)
    assert started == processes
    assert {status for _, status in results} == {"added"}


def test_what_is_stored_is_what_it_would_be_one_by_one(folder: Path, tmp_path: Path, memory: Memory) -> None:
    for number in range(100, 200):
        (folder / f"{number}.md").write_text(f"# Ship {number}\n\n“She” sailed – in {number}.\n")
    at_once = {one.uri: one for one in memory.add(folder)}
    with Memory.open(tmp_path / "single.db", encoder="hash") as single:
        one_by_one = [single.add(path)[0] for path in sorted(folder.iterdir())]
        assert [(one.uri, one.status, one.chunks, one.error) for one in one_by_one] == [
            (one.uri, one.status, one.chunks, one.error) for one in sorted(at_once.values(), key=lambda one: one.uri)
        ]
        for uri in [one.uri for one in single.list()]:
            assert memory.get(uri).text == single.get(uri).text


def in_order(results: list[AddResult]) -> bool:
    uris = [one.uri for one in results if one.status != "failed"]
    return uris == sorted(uris)


def test_results_come_in_the_order_of_the_files(folder: Path, memory: Memory) -> None:
    for number in range(100, 300):
        (folder / f"{number}.md").write_text(f"# Ship {number}\n")
    for number in range(110, 300, 50):
        (folder / f"{number}.pdf").write_bytes(pdf(f"Log {number}"))
    results = memory.add(folder)
    assert in_order(results)
    again = memory.add(folder)
    assert in_order(again)
    assert {one.status for one in again} == {"unchanged", "failed"}


def test_what_has_not_changed_is_not_read_again(folder: Path, tmp_path: Path) -> None:
    """Nor is a child started to find that out."""
    for name in ("06.pdf", "07.pdf"):
        (folder / name).unlink()
    database = tmp_path / "kept.db"
    first, _ = added(folder, database=database)
    again, results = added(folder, database=database)
    assert (first, again) == (1, 0)
    assert {status for _, status in results} == {"unchanged"}


def test_a_file_given_twice_is_stored_once(folder: Path, memory: Memory) -> None:
    results = memory.add([folder / "05.pdf", folder / "12.pdf", folder / "05.pdf", folder / "12.pdf"])
    assert [one.status for one in results] == ["added", "added", "unchanged", "unchanged"]
    assert len(memory.list()) == 2


@pytest.mark.parametrize("others", [0, BATCH_FILES], ids=["few files", "many"])
def test_ctrl_c_ends_an_add_and_its_child(folder: Path, tmp_path: Path, others: int) -> None:
    """Where there are many files it is the child of a child."""
    for number in range(100, 100 + others):
        (folder / f"{number}.md").write_text(f"# Ship {number}\n")
    noted = tmp_path / "child"
    readers = tmp_path / "readers"
    readers.mkdir()
    (readers / "pdf.py").write_text(SLEEPS.format(noted=str(noted)))
    (tmp_path / "sitecustomize.py").write_text(READERS.format(folder=str(readers)))
    command = [sys.executable, "-m", "vstash", "--db", str(tmp_path / "x.db"), "--encoder", "hash", "add", str(folder)]
    with subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0
    ) as adding:
        until = time.monotonic() + 30
        while not (noted.exists() and noted.read_text()) and time.monotonic() < until:
            time.sleep(0.02)
        os.killpg(adding.pid, signal.SIGINT)
        _, errors = adding.communicate(timeout=10)
    assert adding.returncode == 130
    assert b"Traceback" not in errors
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)
