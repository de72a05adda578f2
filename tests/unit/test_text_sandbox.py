"""Does a parser that runs away, eats memory or dies become one clear failure, within its limits?"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from vstash.config import Limits
from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text import sandbox
from vstash.text.readers import markdown

TEXT = b"---\ntitle: Birds\ndate: 2026-01-02\ntags: [a, b]\n---\n# Heron\n\ngrey \xc3\xa9\n\n```\ncode\n```\n"

RUNAWAY = {
    "runs": "while True: pass",
    "eats": "kept = []\n    while True: kept.append(bytearray(1 << 24))",
    "dies": "import os; os.abort()",
    "leaves": "raise SystemExit(0)",
    "fails": "raise RuntimeError('unforeseen')",
    "lies": "print('{\"text\": 7')",
}


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers that misbehave, where a child finds them among the others."""
    for name, body in RUNAWAY.items():
        (tmp_path / f"{name}.py").write_text(f"def read(data, name):\n    {body}\n")
    hook = f"import vstash.text.readers as r\nr.__path__.append({str(tmp_path)!r})\n"
    (tmp_path / "sitecustomize.py").write_text(hook)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_it_says_what_the_reader_says() -> None:
    assert sandbox.read("markdown", TEXT, "birds.md", Limits()) == markdown.read(TEXT, "birds.md")


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize("name", ["dies", "leaves", "fails", "lies"])
def test_a_reader_that_fails_is_one_clear_line(name: str) -> None:
    with pytest.raises(UnsupportedSource, match=r"notes\.pdf") as caught:
        sandbox.read(name, b"x", "notes.pdf", Limits())
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("readers")
def test_a_reader_that_never_ends_is_ended() -> None:
    started = time.monotonic()
    with pytest.raises(SourceTooLarge, match="1 s"):
        sandbox.read("runs", b"x", "notes.pdf", Limits(max_seconds=1))
    assert time.monotonic() - started < 10


@pytest.mark.usefixtures("readers")
def test_a_reader_that_eats_memory_is_stopped() -> None:
    with pytest.raises(SourceTooLarge, match="memory"):
        sandbox.read("eats", b"x", "notes.pdf", Limits(max_memory=512))


def test_its_own_errors_come_through() -> None:
    with pytest.raises(UnsupportedSource, match="damaged"):
        sandbox.read("pdf", b"%PDF-1.4 nothing", "notes.pdf", Limits())


def test_a_name_that_is_none_is_an_error() -> None:
    with pytest.raises(UnsupportedSource):
        sandbox.read("pdf", b"%PDF-1.4", "a\0b.pdf", Limits())
