"""Does the nightly script back up, rotate, and say in one paragraph what is wrong?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vstash import HashEncoder, Memory
from vstash.store.sqlite.connection import connect

ROOT = Path(__file__).resolve().parents[2]


def run(database: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VSTASH": f"{sys.executable} -m vstash", "PYTHONPATH": str(ROOT)}
    command = [str(ROOT / "scripts" / "integrity-cron"), str(database), str(folder), *more]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def bare(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """As cron calls it: of the environment there is next to nothing."""
    command = [str(ROOT / "scripts" / "integrity-cron"), *arguments]
    given = {"PATH": "/usr/bin:/bin", **environment}
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)


def test_it_is_quiet_backs_up_and_keeps_as_many_as_asked(database: Path, tmp_path: Path) -> None:
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.remember("grey heron")
    folder = tmp_path / "kept"
    folder.mkdir()
    for day in range(1, 5):
        (folder / f"{database.name}.2020-01-0{day}").touch()
    (folder / "letter.txt").touch()
    done = run(database, folder, "2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    kept = sorted(file.name for file in folder.iterdir())
    assert len(kept) == 3
    assert kept[:2] == ["letter.txt", f"{database.name}.2020-01-04"]
    with Memory.open(folder / kept[2], encoder=None) as memory:
        assert memory.list()


def test_findings_are_one_paragraph_and_exit_code_four(database: Path, tmp_path: Path) -> None:
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.remember("grey heron")
    connection = connect(database, create=False)
    connection.execute("DELETE FROM code_1")
    connection.close()
    done = run(database, tmp_path / "kept")
    assert done.returncode == 4
    assert len(done.stdout.splitlines()) == 1
    assert "sign_codes" in done.stdout
    assert "--repair" in done.stdout
    assert not (tmp_path / "kept").exists()


def test_it_works_with_the_environment_of_cron_and_odd_names(tmp_path: Path) -> None:
    program = tmp_path / "a folder" / "vstash"
    database, folder = tmp_path / "my [1]* notes.db", tmp_path / "back ups"
    for made in (program.parent, folder):
        made.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m vstash "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.remember("grey heron")
    for name in (database.name, "my 1 notes.db"):
        (folder / f"{name}.2020-01-01").touch()
    for _ in range(2):
        done = bare(str(database), str(folder), "1", VSTASH=str(program))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    kept = sorted(file.name for file in folder.iterdir())
    assert kept[0] == "my 1 notes.db.2020-01-01"  # another database's
    assert len(kept) == 2


def test_a_check_that_cannot_be_made_is_not_called_damage(database: Path, tmp_path: Path) -> None:
    missing = bare(str(database), str(tmp_path / "kept"), VSTASH=str(tmp_path / "nothing"))
    assert missing.returncode == 1
    assert "VSTASH=" in missing.stdout
    absent = run(database, tmp_path / "kept")
    assert absent.returncode == 3
    assert "there is no database" in absent.stdout
    for said in (missing.stdout, absent.stdout):
        assert len(said.splitlines()) == 1
        assert "whole" not in said
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    "given", [(), ("a.db",), ("a.db", "kept", "0"), ("a.db", "kept", "x"), ("a.db", "kept", "1", "2")]
)
def test_a_wrong_call_is_told_how(given: tuple[str, ...]) -> None:
    done = bare(*given)
    assert done.returncode == 2
    assert "usage" in done.stderr
