"""Does a folder that holds the memory give all its files, and none of the memory's own?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vstash import Memory
from vstash.cli.app import build
from vstash.errors import InputError
from vstash.publish import beside, spare
from vstash.store.companions import is_own

NOTES = [
    "memo.md",
    "memo-notes.txt",
    "memorandum.txt",
    "memo.partial",
    "memo.partial.md",
    "memo.schema-1.md",
    "memo-lock",
]
PARTIAL = beside(Path("memo")).name
OWN = [
    "memo.damaged",
    "memo.damaged-2",
    "memo.damaged-2-wal",
    PARTIAL,
    f"{PARTIAL}-journal",
    f"{PARTIAL}-lock",
    "memo.schema-1",
    beside(Path("memo.schema-1")).name,
    "memo-journal",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A memory named as the notes beside it begin, in use, so that its log is there."""
    top = tmp_path / "docs"
    top.mkdir()
    for name in NOTES:
        (top / name).write_text(f"the heron of {name}")
    for name in OWN:
        (top / name).write_text("the stork")
    return top


def names(uris: list[str]) -> list[str]:
    return sorted(Path(uri).name for uri in uris)


def test_a_sync_takes_what_only_begins_like_the_memory(folder: Path) -> None:
    with Memory.open(folder / "memo", encoder="hash") as memory:
        assert (folder / "memo-wal").exists()
        assert names([change.uri for change in memory.compare(folder).changes]) == sorted(NOTES)


def test_an_add_takes_what_only_begins_like_the_memory(folder: Path) -> None:
    with Memory.open(folder / "memo", encoder="hash") as memory:
        assert names([str(file) for file in memory.files(folder)]) == sorted(NOTES)
        assert names([one.uri for one in memory.add(folder)]) == sorted(NOTES)
        assert [one.status for one in memory.add(folder / "memo.damaged")] == ["added"]  # named, so it is wanted


def test_the_command_takes_what_only_begins_like_the_memory(folder: Path) -> None:
    base = ["--db", str(folder / "memo"), "--encoder", "hash"]
    done = CliRunner().invoke(build(), [*base, "add", str(folder), "--json"])
    assert names([one["uri"] for one in json.loads(done.stdout)]) == sorted(NOTES)


def test_the_next_copy_that_is_set_aside_is_the_memorys_too(folder: Path) -> None:
    (folder / "memo.damaged-2").unlink()
    assert is_own(spare(folder / "memo.damaged"), folder / "memo")


def test_what_lies_elsewhere_is_not_the_memory(tmp_path: Path) -> None:
    assert is_own(tmp_path / "memo-wal", tmp_path / "memo")
    assert not is_own(tmp_path / "sub" / "memo-wal", tmp_path / "memo")


def test_a_folder_that_a_link_leads_to_is_the_same(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    for way, other in ((link, folder), (folder, link)):
        with Memory.open(other / "memo", encoder="hash") as memory:
            assert names([str(file) for file in memory.files(way)]) == sorted(NOTES)


@pytest.mark.parametrize("name", ["memo", "memo-wal", "linked", "hard"])
@pytest.mark.parametrize(
    "command", ["backup NAME", "backup NAME --force", "export NAME --force", "eval judged --save NAME"]
)
def test_nothing_is_written_over_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, name: str):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VSTASH_CACHE", str(tmp_path / "cache"))
    judged(tmp_path / "judged")
    with Memory.open("memo", encoder="hash") as memory:  # in use, so that its log is there
        memory.remember("the heron")
        Path("linked").symlink_to("memo")
        Path("hard").hardlink_to("memo")
        ran = CliRunner().invoke(
            build(),
            ["--db", "memo", "--encoder", "hash", *command.replace("NAME", name).split()],
            catch_exceptions=True,
        )
        assert isinstance(ran.exception, InputError)
        assert "the database" in str(ran.exception)
        assert memory.search("heron")[0].text == "the heron"
        assert memory.check().ok


def test_a_saved_evaluation_takes_the_place_of_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VSTASH_CACHE", str(tmp_path / "cache"))
    judged(tmp_path / "judged")
    base = ["--db", "memo", "--encoder", "hash", "eval", "judged", "--save"]
    assert [CliRunner().invoke(build(), [*base, "run.json"]).exit_code for _ in range(2)] == [0, 0]
    Path("notes.md").write_text("the heron")
    refused = CliRunner().invoke(build(), [*base, "notes.md"])
    assert str(refused.exception) == "notes.md is there already and no saved evaluation"
    assert Path("notes.md").read_text() == "the heron"


def judged(folder: Path) -> None:
    folder.mkdir()
    (folder / "corpus.jsonl").write_text('{"_id": "1", "text": "the heron"}')
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "heron"}')
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\t1\t1")
