"""Does a parser that runs away, eats memory or dies become one clear failure, within its limits, and the next file
another chance?"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from vstash.config import Limits
from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text.readers import markdown
from vstash.text.sandbox import Sandbox

TEXT = b"---\ntitle: Birds\ndate: 2026-01-02\ntags: [a, b]\n---\n# Heron\n\ngrey \xc3\xa9\n\n```\ncode\n```\n"

PROCESS = "from vstash.text.readers.base import Extract\n    return Extract(str(os.getpid()), 'text')"
ANSWER = "os.write(3, len(said).to_bytes(8, 'big') + said)\n    os._exit(0)"
LEFT = """from resource import RLIMIT_CPU, getrlimit
    left = getrlimit(RLIMIT_CPU)[0] - time.process_time()
    until = time.process_time() + 1.2
    while time.process_time() < until: pass
    from vstash.text.readers.base import Extract
    return Extract(str(left), 'text')"""
MISBEHAVED = {
    "works": LEFT,
    "runs": "while True: pass",
    "sleeps": "time.sleep(60)",
    "eats": "kept = []\n    while True: kept.append(bytearray(1 << 24))",
    "keeps": f"import sys; sys.kept = bytearray(b'x') * (700 << 20)\n    {PROCESS}",
    "prints": f"print('x' * 100_000); os.write(1, b'x')\n    {PROCESS}",
    "tells": PROCESS,
    "dies": "os.abort()",
    "leaves": "raise SystemExit(0)",
    "fails": "raise RuntimeError('unforeseen')",
    "lies": f'said = b\'{{"found": {{"text": 7\'\n    {ANSWER}',
    "mistypes": f'said = b\'{{"found": {{"text": 7, "kind": "text", "title": ""}}}}\'\n    {ANSWER}',
    "lists": f"said = b'[1]'\n    {ANSWER}",
    "nests": f"said = b'[' * 1_000_000\n    {ANSWER}",
    "begins": "while True: os.write(3, bytes(8))",  # a page, and another one
    "boasts": "os.write(3, b'\\xff' * 100)\n    os._exit(0)",
}


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers that misbehave, where a child finds them among the others."""
    for name, body in MISBEHAVED.items():
        (tmp_path / f"{name}.py").write_text(f"import os\nimport time\n\n\ndef read(data, name):\n    {body}\n")
    hook = f"import vstash.text.readers as r\nr.__path__.append({str(tmp_path)!r})\n"
    (tmp_path / "sitecustomize.py").write_text(hook)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


def process(sandbox: Sandbox) -> int:
    """The child that reads now."""
    return int(sandbox.read("tells", b"x", "x.pdf", Limits()).text)


def alive(number: int) -> bool:
    """Whether a process runs. One that nobody has waited for yet has ended: whose parent is gone may stay so."""
    try:
        os.kill(number, 0)
        return not re.search(r"^State:\s+Z", Path(f"/proc/{number}/status").read_text(), re.MULTILINE)
    except (ProcessLookupError, FileNotFoundError):
        return False


def ends(number: int) -> bool:
    """Whether a process is gone within seconds."""
    until = time.monotonic() + 10
    while alive(number) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(number)


def test_it_says_what_the_reader_says(sandbox: Sandbox) -> None:
    assert sandbox.read("markdown", TEXT, "birds.md", Limits()) == markdown.read(TEXT, "birds.md")


@pytest.mark.usefixtures("readers")
def test_one_child_reads_many_files_and_ends_with_its_sandbox() -> None:
    with Sandbox() as sandbox:
        child = process(sandbox)
        assert child != os.getpid()
        with pytest.raises(UnsupportedSource, match="damaged"):
            sandbox.read("pdf", b"%PDF-1.4 nothing", "notes.pdf", Limits())
        assert sandbox.read("prints", b"x", "x.pdf", Limits()).text == str(child)
        assert [process(sandbox) for _ in range(3)] == [child] * 3
    assert not alive(child)


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize("name", ["dies", "leaves", "fails", "lies", "mistypes", "lists", "nests", "boasts"])
def test_a_reader_that_fails_is_one_clear_line_and_the_next_file_is_read(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(UnsupportedSource, match=r"notes\.pdf made its reader fail") as caught:
        sandbox.read(name, b"x", "notes.pdf", Limits())
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert sandbox.read("markdown", TEXT, "birds.md", Limits()).title == "Birds"


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize("name", ["runs", "sleeps"])
def test_a_reader_that_never_ends_is_ended(sandbox: Sandbox, name: str) -> None:
    child = process(sandbox)
    started = time.monotonic()
    with pytest.raises(SourceTooLarge, match="1 s"):
        sandbox.read(name, b"x", "notes.pdf", Limits(max_seconds=1))
    assert time.monotonic() - started < 10
    assert not alive(child)
    assert process(sandbox) != child


@pytest.mark.usefixtures("readers")
def test_a_reader_that_only_begins_pages_is_ended(sandbox: Sandbox) -> None:
    child = process(sandbox)
    with pytest.raises(SourceTooLarge, match=r"a page of notes\.pdf could not be read in 4 s"):
        sandbox.read("begins", b"x", "notes.pdf", Limits(max_seconds=1, max_scans=2))
    assert not alive(child)


@pytest.mark.usefixtures("readers")
def test_a_file_larger_than_a_pipe_does_not_stall_a_child_that_never_reads_it(sandbox: Sandbox) -> None:
    child = process(sandbox)
    os.kill(child, signal.SIGSTOP)
    with pytest.raises(SourceTooLarge, match="1 s"):
        sandbox.read("tells", bytes(1 << 22), "notes.pdf", Limits(max_seconds=1))


@pytest.mark.usefixtures("readers")
def test_a_reader_that_eats_memory_is_stopped_and_its_child_replaced(sandbox: Sandbox) -> None:
    child = process(sandbox)
    with pytest.raises(SourceTooLarge, match="memory"):
        sandbox.read("eats", b"x", "notes.pdf", Limits(max_memory=512))
    assert process(sandbox) != child


@pytest.mark.usefixtures("readers")
def test_a_child_that_holds_on_to_memory_is_replaced(sandbox: Sandbox) -> None:
    child = process(sandbox)
    assert sandbox.read("keeps", b"x", "notes.pdf", Limits()).text == str(child)
    assert process(sandbox) != child


@pytest.mark.usefixtures("readers")
def test_a_child_that_died_between_two_files_is_replaced(sandbox: Sandbox) -> None:
    child = process(sandbox)
    os.kill(child, signal.SIGKILL)
    time.sleep(0.1)
    assert process(sandbox) != child


@pytest.mark.usefixtures("readers")
def test_each_file_has_processor_time_of_its_own(sandbox: Sandbox) -> None:
    """What the first one took is not taken from the second."""
    seconds = [float(sandbox.read("works", b"x", "x.pdf", Limits(max_seconds=60)).text) for _ in range(2)]
    assert all(61 <= left <= 62 for left in seconds)


def test_its_own_errors_come_through(sandbox: Sandbox) -> None:
    with pytest.raises(UnsupportedSource, match="damaged"):
        sandbox.read("pdf", b"%PDF-1.4 nothing", "notes.pdf", Limits())


def test_a_name_of_any_characters_is_taken(sandbox: Sandbox) -> None:
    for name in ("a\0b.pdf", "\udcff.pdf", "a\nb.pdf"):
        with pytest.raises(UnsupportedSource):
            sandbox.read("pdf", b"%PDF-1.4", name, Limits())


@pytest.mark.usefixtures("readers")
def test_closing_ends_a_file_that_is_being_read(sandbox: Sandbox) -> None:
    timer = Timer(0.5, sandbox.close)
    timer.start()
    started = time.monotonic()
    with pytest.raises(UnsupportedSource, match="fail"):
        sandbox.read("sleeps", b"x", "notes.pdf", Limits())
    assert time.monotonic() - started < 10
    with pytest.raises(RuntimeError, match="closed"):
        sandbox.read("tells", b"x", "notes.pdf", Limits())
    timer.join()


OWNER = """
import sys
from vstash.config import Limits
from vstash.text.sandbox import Sandbox
with Sandbox() as sandbox:
    print(sandbox.read("tells", b"x", "x.pdf", Limits()).text, flush=True)
    sandbox.read(sys.argv[1], b"x", "x.pdf", Limits(max_seconds=int(sys.argv[2])))
    sys.stdin.read()
"""


def owner(reader: str, seconds: int) -> tuple[subprocess.Popen[bytes], int]:
    """A process that reads with a child, and the child."""
    paths = os.pathsep.join(path for path in sys.path if path)
    started = subprocess.Popen(
        [sys.executable, "-c", OWNER, reader, str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
        process_group=0,
    )
    assert started.stdout
    return started, int(started.stdout.readline())


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize("reader", ["tells", "runs"])
def test_an_orphan_ends(reader: str) -> None:
    """At once when it waits; a runaway at the end of its processor time."""
    parent, child = owner(reader, 1)
    time.sleep(0.3)
    parent.kill()
    parent.communicate()
    assert ends(child)


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize("reader", ["tells", "sleeps"])
def test_ctrl_c_ends_both_and_is_the_parents_to_report(reader: str) -> None:
    parent, child = owner(reader, 60)
    time.sleep(0.3)
    os.killpg(parent.pid, signal.SIGINT)
    _, errors = parent.communicate(timeout=10)
    assert parent.returncode == -signal.SIGINT
    assert errors.count(b"Traceback") == 1
    assert not alive(child)
