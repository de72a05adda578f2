"""The command line with the default encoder, as prepared in the cache of whoever runs the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.commandline import REPOSITORY, Ran, Run
from vstash.cli.app import main
from vstash.config import cache_folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and working folder of its own; of the person who runs the tests only the prepared encoder."""
    cache = cache_folder()
    for name in [name for name in os.environ if name.startswith("VSTASH_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "VSTASH_CONFIG": os.devnull,
        "VSTASH_CACHE": str(cache),
        "COLUMNS": "80",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def ran(*arguments: str, stdin: bytes = b"") -> Ran:
        assert not stdin
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return ran
