"""Does the nightly script back up, rotate, and say in one paragraph what is wrong?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from vstash import HashEncoder, Memory
from vstash.store.sqlite.connection import connect

ROOT = Path(__file__).resolve().parents[2]


def run(database: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VSTASH": f"{sys.executable} -m vstash", "PYTHONPATH": str(ROOT)}
    command = [str(ROOT / "scripts" / "integrity-cron"), str(database), str(folder), *more]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


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


def test_a_wrong_call_is_told_how(tmp_path: Path) -> None:
    done = subprocess.run([str(ROOT / "scripts" / "integrity-cron")], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage" in done.stderr
