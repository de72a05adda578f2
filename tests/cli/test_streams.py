"""What happens to the command line's streams, terminal and signals, in processes of its own?"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.commandline import REPOSITORY, Run, process
from vstash import Memory

PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def seen_on_a_terminal(*arguments: str, columns: int) -> str:
    """What a terminal of that width is sent, stdout and stderr alike."""
    master, slave = pty.openpty()
    environment = {"COLUMNS": str(columns), "TERM": "xterm-256color"}
    child = process(*arguments, environment=environment, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    parts: list[bytes] = []
    while True:
        try:
            parts.append(os.read(master, 65536))
        except OSError:  # Linux says so when the other end is closed
            break
        if not parts[-1]:
            break
    os.close(master)
    assert child.wait(60) == 0
    return b"".join(parts).decode()


def test_on_a_terminal_words_are_marked_and_lines_fit(run: Run, docs: Path) -> None:
    run("add", "docs")
    seen = seen_on_a_terminal("search", "sleeping cat", "-n", "1", columns=30)
    assert "\x1b[1;33mcat\x1b[0m" in seen
    assert "\x1b[1;33msleeps\x1b[0m" in seen
    assert "\x1b[1mCats\x1b[0m" in seen
    snippet = [row for row in seen.replace("\r", "").split("\n") if row.startswith("   ") and "docs/cats.md" not in row]
    assert snippet
    assert all(len(row.replace("\x1b[1;33m", "").replace("\x1b[0m", "")) <= 30 for row in snippet)


def test_on_a_terminal_an_add_shows_its_progress(docs: Path) -> None:
    seen = seen_on_a_terminal("add", "docs", columns=60)
    assert "3/3" in seen
    assert "3 added: 3 chunks in " in seen


def test_no_colour_means_none(run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("add", "docs")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in seen_on_a_terminal("search", "sleeping cat", columns=80)


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}])
def test_an_output_without_unicode_gets_escapes_and_valid_json(run: Run, environment: dict[str, str]) -> None:
    run("remember", "Das Café hat geöffnet, 東京 🎉")
    for arguments in (("search", "Café"), ("search", "Café", "--json"), ("list", "--json")):
        child = process(*arguments, environment=environment, **PIPES)
        out, err = child.communicate(timeout=60)
        assert (child.returncode, b"Traceback" in err) == (0, False)
        if "--json" in arguments:
            json.loads(out)
    assert "東京" in run("search", "Café", "--json").json["hits"][0]["text"]


def test_an_export_is_utf_8_on_streams_of_any_encoding(run: Run) -> None:
    run("remember", "Das Café hat geöffnet, 東京")
    for encoding in ("latin-1", "utf-16", "ascii"):
        environment = {"PYTHONIOENCODING": encoding}
        written, _ = process("export", environment=environment, **PIPES).communicate(timeout=60)
        assert "geöffnet, 東京" in written.decode("utf-8")
        reader = process(
            "--db", f"{encoding}.db", "import", "-", environment=environment, stdin=subprocess.PIPE, **PIPES
        )
        reader.communicate(written, timeout=60)
        assert reader.returncode == 0
        assert "東京" in run("--db", f"{encoding}.db", "search", "Café", "--json").json["hits"][0]["text"]


def test_what_is_no_utf_8_is_no_export(run: Run) -> None:
    ran = run("import", "-", stdin=b"\xff\n")
    assert (ran.code, ran.err) == (2, "error: - is no export: it is not UTF-8; make one with: vstash export FILE\n")


def test_a_reader_that_leaves_early_is_no_error(run: Run, docs: Path) -> None:
    for number in range(300):
        (docs / f"{number}.txt").write_text(f"cat number {number}", encoding="utf-8")
    run("add", "docs")
    with process("list", "--json", **PIPES) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == b"[\n"
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 141


@pytest.mark.parametrize(
    "command",
    [
        "--help", "--version", "search --help", "list", "list --json", "search cat", "search cat --json",
        "why cat docs/cats.md", "get docs/cats.md", "stats", "check", "check --json", "config", "doctor", "export",
        "add docs --json", "sync docs --json", "remember x --json", "import all.jsonl --json", "backup copy.db --json",
        "compact --json", "forget docs/cats.md --json", "get nothing --json", "list --nothing --json",
    ],
)  # fmt: skip
def test_every_command_ends_as_others_do_when_nobody_reads(run: Run, docs: Path, command: str) -> None:
    """`cat` and `git log` die of SIGPIPE, which a shell tells as 141."""
    run("add", "docs")
    run("export", "all.jsonl")
    reader, writer = os.pipe()
    os.close(reader)
    with process(*command.split(), stdout=writer, stderr=subprocess.PIPE) as child:
        os.close(writer)
        assert child.stderr is not None
        said = child.stderr.read().decode()
    assert child.returncode == 141, said
    assert "Traceback" not in said
    assert "pipe" not in said.lower()


@pytest.mark.parametrize("command", ["get nothing", "list --nothing", "add docs", "import broken.jsonl"])
def test_talk_that_nobody_reads_ends_a_command_alike(docs: Path, settings: Path, command: str) -> None:
    (settings / "broken.jsonl").write_text("no export\n")
    reader, writer = os.pipe()
    os.close(reader)
    with process(*command.split(), stdout=subprocess.PIPE, stderr=writer) as child:
        os.close(writer)
        assert child.stdout is not None
        assert child.stdout.read() == b""
    assert child.returncode == 141


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">&-", 1, "error: standard output is closed; give the output a place to go\n"),
        (">/dev/full", 1, "error: No space left on device; give the output a place to go\n"),
        ("2>&- >/dev/full", 1, ""),
        ("2>&-", 0, ""),
    ],
)
def test_output_that_cannot_be_written_is_one_line(
    run: Run, docs: Path, redirection: str, code: int, said: str
) -> None:
    run("add", "docs")
    line = f'exec "{sys.executable}" -m vstash list --json {redirection}'
    ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (code, said)


def test_an_export_to_closed_standard_output_is_one_line(run: Run, docs: Path) -> None:
    run("add", "docs")
    line = f'exec "{sys.executable}" -m vstash export - >&-'
    ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (1, "error: standard output is closed; give the output a place to go\n")


def test_closed_standard_input_is_one_line(settings: Path) -> None:
    line = f'exec "{sys.executable}" -m vstash remember - <&-'
    ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (2, "error: standard input is closed; pipe a text into it\n")


def test_an_interrupted_add_keeps_what_it_stored(docs: Path, settings: Path, run: Run) -> None:
    """After the files comes standard input, which never ends: Ctrl-C meets it there."""
    child = process("add", "docs", "-", stdin=subprocess.PIPE, **PIPES)
    deadline = time.monotonic() + 60
    while stored(settings / "notes.db") < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, b"")
    assert err == b"error: interrupted; what was stored stays, run it again to go on\n"
    assert run("check").code == 0
    assert run("add", "docs").err == "3 unchanged\n"


def test_an_interrupted_export_leaves_nothing(docs: Path, settings: Path, run: Run) -> None:
    """And nothing of the file that another program keeps under a name of ours."""
    for number in range(3000):
        (docs / f"{number}.txt").write_text(f"cat number {number}", encoding="utf-8")
    run("add", "docs")
    dear = settings / "all.jsonl.partial"
    dear.write_text("something dear", encoding="utf-8")
    before = set(settings.iterdir())
    child = process("export", "all.jsonl", **PIPES)
    deadline = time.monotonic() + 60
    while not any(path.suffix == ".partial" for path in set(settings.iterdir()) - before):
        assert time.monotonic() < deadline
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert {path.name for path in set(settings.iterdir()) - before} <= {"notes.db-wal", "notes.db-shm"}
    assert dear.read_text(encoding="utf-8") == "something dear"


def stored(path: Path) -> int:
    """How many documents there are by now."""
    if not path.exists() or not path.stat().st_size:
        return 0
    with Memory.open(path, encoder=None) as memory:
        return int(memory.stats()["documents"])


def test_the_default_folder_is_made(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VSTASH_DB")
    monkeypatch.setenv("XDG_DATA_HOME", str(settings / "data"))
    monkeypatch.setenv("HOME", str(settings))
    child = process("remember", "x", **PIPES)
    _, err = child.communicate(timeout=60)
    assert (child.returncode, err.startswith(b"1 added")) == (0, True)
    assert [path.name for path in settings.rglob("memory.db")] == ["memory.db"]


LAZY = """
import sys
from vstash.cli.app import run
assert run({arguments}) == 0
loaded = sorted({{name.partition('.')[0] for name in sys.modules}}.union(sys.modules) & set({forbidden}))
sys.exit(f'loaded: {{loaded}}' if loaded else 0)
"""


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["--help"], ["numpy", "apsw", "pydantic", "rich", "onnxruntime", "sqlite_vec", "tokenizers", "platformdirs"]),
        (["search", "--help"], ["numpy", "apsw", "pydantic", "rich", "onnxruntime", "torch"]),
        (["--version"], ["numpy", "apsw", "pydantic", "rich", "onnxruntime", "torch"]),
        (["list"], ["torch", "transformers", "onnxruntime", "pydantic", "rich", "onnx", "lxml"]),
        (
            ["search", "cat"],
            [
                "torch",
                "sentence_transformers",
                "transformers",
                "pydantic",
                "rich",
                "onnx",
                "lxml",
                "filelock",
                "vstash.filters",
            ],
        ),
    ],
)
def test_nothing_is_loaded_that_is_not_needed(run: Run, docs: Path, arguments: list[str], forbidden: list[str]) -> None:
    run("add", "docs")
    code = LAZY.format(arguments=arguments, forbidden=forbidden)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")


THREADS = """
import os, sys
from pathlib import Path
from vstash.__main__ import main
os._exit = lambda code: sys.exit(code or len(list(Path("/proc/self/task").iterdir())))
sys.argv = ["vstash", "search", "cat"]
main()
"""


def test_a_search_starts_no_threads(run: Run, docs: Path) -> None:
    """NumPy's would wait for work by running."""
    run("add", "docs")
    assert (
        subprocess.run([sys.executable, "-c", THREADS], capture_output=True, cwd=REPOSITORY, timeout=60).returncode == 1
    )


def test_a_check_says_on_a_terminal_that_it_is_at_it(run: Run, docs: Path) -> None:
    run("add", "docs")
    assert "checking" in seen_on_a_terminal("check", columns=80)
    assert "checking" not in seen_on_a_terminal("check", "--quiet", columns=80)
    assert run("check").err == ""


def test_what_has_no_end_is_not_read(docs: Path) -> None:
    """A device, a pipe with a name that nobody writes to, and a pipe without one."""
    os.mkfifo(docs / "pipe")
    child = process("add", "/dev/zero", "docs/pipe", "/dev/stdin", "docs/cats.md", stdin=subprocess.PIPE, **PIPES)
    try:
        _, err = child.communicate(b"heron", timeout=30)
    finally:
        child.kill()
    said = err.decode().splitlines()
    assert [line.split(":")[0] for line in said[:3]] == [
        f"failed {path}" for path in ("/dev/zero", docs / "pipe", "/dev/stdin")
    ]
    assert all("standard input" in line for line in said[:3])
    assert said[3].startswith("1 added")
    assert child.returncode == 1
