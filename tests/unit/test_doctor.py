"""Does the doctor see what is wrong, and does the fast check find rows that are gone?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from vstash import HashEncoder, Memory
from vstash.config import Settings
from vstash.doctor import examine, file_system, is_network
from vstash.encode.minilm import SPACE
from vstash.store.sqlite.connection import connect

GONE = {
    "keyword_row": ("DELETE FROM chunk_fts_docsize WHERE id = 2", "keyword_index"),
    "keyword_rows": ("INSERT INTO chunk_fts (chunk_fts) VALUES ('delete-all')", "keyword_index"),
    "vector": ("DELETE FROM vector_1 WHERE chunk_id = 2", "vectors_present"),
    "codes": ("DELETE FROM code_1", "sign_codes"),
    "torn_codes": ("UPDATE code_1 SET codes = substr(codes, 1, 13)", "sign_codes"),
    "chunk": ("DELETE FROM chunk WHERE id = 2", "documents"),
    "document": ("DELETE FROM document WHERE id = 2", "orphans"),
    "count": ("UPDATE meta SET value = 77 WHERE key = 'chunks'", "chunk_count"),
    "migration": ("UPDATE migration SET name = name, sha256 = sha256", ""),
}


@pytest.fixture
def filled(database: Path) -> Path:
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.add_texts(["grey heron", "white stork", "black crane"], ["a", "b", "c"])
    return database


def tampered(path: Path, sql: str) -> None:
    connection = connect(path, create=False)
    connection.pragma("foreign_keys", False)
    connection.execute(sql)
    connection.close()


@pytest.mark.parametrize(("sql", "check"), GONE.values(), ids=GONE.keys())
def test_the_fast_check_finds_what_is_gone(filled: Path, sql: str, check: str) -> None:
    tampered(filled, sql)
    with Memory.open(filled, encoder=None) as memory:
        found = [finding.check for finding in memory.check(fast=True).findings if not finding.ok]
    assert (check in found) if check else found == []


def test_all_is_well(filled: Path) -> None:
    found = examine(Settings(db=filled, encoder="hash"))
    assert found.ok
    assert {
        "vstash",
        "engine",
        "encoder",
        "file system",
        "free space",
        "size",
        "log",
        "vectors",
        "last check",
        "check",
    } <= {fact.name for fact in found.facts}
    assert len(found.facts) < 20


def test_before_anything_is_added_it_says_what_to_do(database: Path) -> None:
    found = examine(Settings(db=database, encoder="hash"))
    assert found.ok
    assert "vstash add" in found.advice
    assert not database.exists()


def test_a_damaged_file_is_bad_and_has_advice(filled: Path) -> None:
    tampered(filled, GONE["codes"][0])
    found = examine(Settings(db=filled, encoder="hash"))
    assert not found.ok
    assert "check" in found.advice


def test_another_encoder_is_bad_and_has_two_ways_out(filled: Path) -> None:
    found = examine(Settings(db=filled, encoder="default"))
    assert "reindex" in found.advice
    assert "--encoder hash" in found.advice


def test_the_default_encoder_is_advised_by_the_name_it_is_loaded_by(database: Path) -> None:
    original = HashEncoder(SPACE.dim)
    alike = SimpleNamespace(space=SPACE, documents=original.documents, query=original.query)
    with Memory.open(database, encoder=alike) as memory:
        memory.remember("grey heron")
    advice = examine(Settings(db=database, encoder="hash")).advice
    assert "--encoder default," in advice


def test_what_is_no_database_is_bad(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(b"no database" * 1000)
    found = examine(Settings(db=path, encoder="hash"))
    assert not found.ok
    assert found.advice


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\nshare {tmp_path.resolve()}/net nfs rw 0 0\nshort\n")
    assert file_system(tmp_path, mounts) == "ext4"
    assert file_system(tmp_path / "net" / "deep", mounts) == "nfs"
    assert file_system(tmp_path, tmp_path / "none") == ""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "smb3", "cifs", "9p", "fuse.sshfs", "virtiofs"])
def test_shares_are_told_by_their_kind(kind: str) -> None:
    assert is_network(kind)


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "apfs", "tmpfs", "fuseblk", "overlay", ""])
def test_disks_are_no_shares(kind: str) -> None:
    assert not is_network(kind)


def test_without_its_encoder_the_file_is_looked_at_all_the_same(filled: Path) -> None:
    found = {fact.name: fact for fact in examine(Settings(db=filled, encoder="no such model")).facts}
    assert not found["encoder"].ok
    assert not found["vectors"].ok
    assert found["check"].ok
    assert "file" not in found


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    found = examine(Settings(db=tmp_path, encoder="hash"))
    assert not found.ok
    assert "FOLDER/memory.db" in found.advice


def test_it_says_when_the_last_check_was(filled: Path) -> None:
    def said() -> tuple[str, bool, str]:
        found = examine(Settings(db=filled, encoder="hash"))
        return next((fact.said, fact.ok, fact.advice) for fact in found.facts if fact.name == "last check")

    assert said() == ("never", True, "run: vstash check")
    with Memory.open(filled, encoder=None) as memory:
        memory.check()
    when, ok, advice = said()
    assert "clean" in when
    assert (ok, advice) == (True, "")
    with Memory.open(filled, encoder=None, now=lambda: datetime(2026, 5, 1, 12, tzinfo=UTC)) as memory:
        memory.check()
    assert said()[0].startswith("2026-05-01 12:00 UTC")
    assert said()[2] == "run: vstash check"  # long ago
    tampered(filled, GONE["codes"][0])
    with Memory.open(filled, encoder=None) as memory:
        memory.check()
    assert "sign_codes" in said()[0]
    assert said()[1:] == (False, "run: vstash check --repair")
