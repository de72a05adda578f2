"""The command line as a function: in this process, in a folder of its own, with the hash encoder."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from tests.cli.commandline import REPOSITORY, Ran, Run
from vstash.cli.app import main


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the person who runs the tests: the folder that everything happens in."""
    for name in [name for name in os.environ if name.startswith("VSTASH_")]:
        monkeypatch.delenv(name)
    here = tmp_path / "here"
    here.mkdir()
    (here / "config.toml").touch()
    for name, value in {
        "VSTASH_DB": str(here / "notes.db"),
        "VSTASH_ENCODER": "hash",
        "VSTASH_CONFIG": str(here / "config.toml"),
        "VSTASH_CACHE": str(here / "cache"),
        "COLUMNS": "80",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "",
        "PYTHONWARNINGS": "error",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def ran(*arguments: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return ran


@pytest.fixture
def docs(settings: Path) -> Path:
    """Three documents: Markdown with a heading, plain text, Python."""
    folder = settings / "docs"
    folder.mkdir()
    (folder / "cats.md").write_text("# Cats\n\nA cat sleeps most of the day.\n", encoding="utf-8")
    (folder / "dogs.txt").write_text("Dogs guard the door.\n", encoding="utf-8")
    (folder / "tool.py").write_text("def parse_config(path):\n    return path\n", encoding="utf-8")
    return folder
