"""Does what would be published work by itself: built, installed in a bare venv, run from another folder?

Takes some minutes: the venv gets PyTorch and everything else from the package index, as a user's would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.cli.commandline import REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(REPOSITORY)]
    finished(command, cwd=out)
    [built] = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a venv that has the wheel, installed as the README says."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True)
    constraints = REPOSITORY / "constraints.txt"
    [torch] = [line for line in constraints.read_text(encoding="utf-8").splitlines() if line.startswith("torch==")]
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile"]
    finished([*pip, torch], cwd=folder)
    finished([*pip, "--constraint", str(constraints), str(wheel)], cwd=folder)
    return folder / "bin"


def finished(command: list[str], cwd: Path, **environment: str) -> str:
    """What a command that ended well said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("VSTASH_", "PYTHON"))}
    ran = subprocess.run(command, cwd=cwd, env={**clean, **environment}, capture_output=True, text=True, timeout=1800)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_wheel_holds_the_package_and_its_migrations(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for path in (REPOSITORY / "migrations" / "sqlite").glob("*.sql"):
        assert f"vstash/_migrations/{path.name}" in names
    for path in (REPOSITORY / "vstash").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(REPOSITORY).as_posix() in names
    assert not [name for name in names if name.startswith(("tests/", "scripts/"))]


def test_installed_bare_it_remembers_and_finds(bare: Path, tmp_path: Path) -> None:
    def vstash(*arguments: str) -> str:
        return finished([str(bare / "vstash"), *arguments], tmp_path, VSTASH_DB=str(tmp_path / "notes.db"))

    assert vstash("--version").startswith("vstash ")
    assert json.loads(vstash("remember", "door code 4711", "--title", "House", "--json"))[0]["status"] == "added"
    assert json.loads(vstash("search", "how do I unlock the entrance", "--json"))["hits"][0]["title"] == "House"
    assert json.loads(vstash("check", "--json"))["ok"]


def test_installed_bare_its_files_are_its_own(bare: Path, tmp_path: Path) -> None:
    code = "from vstash.store.sqlite.migrate import shipped; import vstash; print(len(shipped()), vstash.__file__)"
    count, file = finished([str(bare / "python"), "-c", code], tmp_path).split(maxsplit=1)
    assert int(count) == len(list((REPOSITORY / "migrations" / "sqlite").glob("[0-9]*.sql")))
    assert Path(file.strip()).is_relative_to(bare.parent)
