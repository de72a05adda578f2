"""Is a database of every schema there ever was opened, upgraded whole or not at all, and never when it is newer?"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.legacy import FIXTURES, NEXT, STEPS, unpacked, upgrade
from vstash import HashEncoder, Memory, SchemaTooNew
from vstash.store.sqlite.connection import connect, rows, value
from vstash.store.sqlite.migrate import shipped

KILLS = 8  # moments spread over an upgrade
ENCODER = HashEncoder(32)

pytestmark = pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.name.split(".")[0])


def content(path: Path) -> tuple[list[object], ...]:
    """Every document, tag, passage and vector."""
    connection = connect(path, create=False)
    try:
        return (
            rows(connection, "SELECT uri, title, collection, content_hash, added_at FROM document ORDER BY uri"),
            rows(connection, "SELECT name, document_id FROM tag ORDER BY 1, 2"),
            rows(connection, "SELECT id, text, terms FROM chunk ORDER BY id"),
            rows(connection, "SELECT * FROM vector_1 ORDER BY chunk_id"),
        )
    finally:
        connection.close()


def version(path: Path) -> int:
    connection = connect(path, create=False)
    try:
        assert value(connection, "PRAGMA integrity_check") == "ok"
        assert rows(connection, "PRAGMA foreign_key_check") == []
        return int(connection.pragma("user_version"))
    finally:
        connection.close()


def killed(path: Path, nth: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.crash.upgrading", str(path), str(nth)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_there_is_a_fixture_for_every_schema(fixture: Path) -> None:
    assert [path.name for path in FIXTURES] == [f"schema-{step.number:04}.db.gz" for step in shipped()]
    assert fixture.stat().st_size < 1 << 16


def test_it_opens_answers_and_can_be_added_to(fixture: Path, tmp_path: Path) -> None:
    with Memory.open(unpacked(fixture, tmp_path), encoder=ENCODER) as memory:
        assert memory.check().ok
        assert memory.search("grey heron", limit=1)[0].uri == "heron:short"
        assert memory.search("over the sea", collection="long")
        assert len(memory.list(tags=["bird"])) == 3
        assert memory.stats()["schema"] == len(shipped())
        assert memory.remember("one more").status == "added"
        memory.forget("heron.md")
        assert memory.check().ok


def test_an_upgrade_changes_what_it_says_and_keeps_a_copy(fixture: Path, tmp_path: Path) -> None:
    path = unpacked(fixture, tmp_path)
    before, old = content(path), version(path)
    upgrade(path, None, STEPS)
    assert version(path) == NEXT.number
    assert content(path) == before
    copy = path.with_name(f"{path.name}.schema-{old}")
    assert (content(copy), version(copy)) == (before, old)
    upgraded = path.read_bytes()
    upgrade(path, None, STEPS)
    assert path.read_bytes() == upgraded


def test_an_upgrade_killed_at_any_step_is_whole_or_not_begun(fixture: Path, tmp_path: Path) -> None:
    counted = tmp_path / "counted"
    counted.mkdir()
    points = int(killed(unpacked(fixture, counted), 10**9).stdout)
    before = content(unpacked(fixture, tmp_path))
    versions = set()
    for nth in sorted({1, points, *range(1, points, max(1, points // KILLS))}):
        folder = tmp_path / str(nth)
        folder.mkdir()
        path = unpacked(fixture, folder)
        assert killed(path, nth).returncode == -signal.SIGKILL
        versions.add(version(path))
        assert content(path) == before
        upgrade(path, None, STEPS)
        assert (version(path), content(path)) == (NEXT.number, before)
    assert versions == {len(shipped()), NEXT.number}


def test_a_newer_one_is_refused_untouched(fixture: Path, tmp_path: Path) -> None:
    path = unpacked(fixture, tmp_path)
    upgrade(path, None, STEPS)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for create in (True, False):
        with pytest.raises(SchemaTooNew):
            Memory.open(path, encoder=ENCODER, create=create)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_reader_goes_on_across_an_upgrade(fixture: Path, tmp_path: Path) -> None:
    path = unpacked(fixture, tmp_path)
    with Memory.open(path, encoder=ENCODER) as memory:
        found = [(hit.uri, hit.score) for hit in memory.search("grey heron")]
        with memory._store.reading():
            assert memory.stats()["schema"] == len(shipped())  # the snapshot is taken by the first read
            upgrade(path, None, STEPS)
            assert [(hit.uri, hit.score) for hit in memory.search("grey heron")] == found
            assert memory.stats()["schema"] == len(shipped())  # the state before, whole
        assert [(hit.uri, hit.score) for hit in memory.search("grey heron")] == found
        assert memory.stats()["schema"] == NEXT.number
        assert len(memory.list(tags=["bird"])) == 3
