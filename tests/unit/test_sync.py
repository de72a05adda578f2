"""A folder and the memory are made equal; what only moved is not encoded again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.counting import Counting
from vstash import AddResult, InputError, Limits, Memory, Source
from vstash.cli.app import build
from vstash.sync import rehearse


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three notes and a folder inside."""
    top = tmp_path / "notes"
    (top / "sub").mkdir(parents=True)
    (top / "a.md").write_text("# Anchors\n\nIron holds the ship.\n")
    (top / "b.txt").write_text("Ropes are made of hemp.\n")
    (top / "sub" / "c.txt").write_text("Sails are sewn in the loft.\n")
    return top


def run(memory: Memory, folder: Path, **options: Sequence[str]) -> dict[str, str]:
    """Sync, and the action of each file by its name."""
    compared = memory.compare(folder, **options)
    list(memory.sync(compared))
    return {Path(one.uri).relative_to(folder).as_posix(): one.action for one in compared.changes}


def contents(memory: Memory) -> list[tuple[str, str, str | None, str]]:
    found = [memory.get(one.uri) for one in memory.list()]
    return [(one.uri, one.title, one.text, one.content_hash) for one in found]


def test_a_second_sync_keeps_everything(memory: Memory, folder: Path):
    assert run(memory, folder) == {"a.md": "add", "b.txt": "add", "sub/c.txt": "add"}
    assert set(run(memory, folder).values()) == {"keep"}


def test_new_changed_moved_and_deleted(database: Path, folder: Path):
    encoder = Counting()
    with Memory.open(database, encoder=encoder) as memory:
        run(memory, folder)
        (folder / "a.md").write_text("# Anchors\n\nChain holds the ship.\n")
        (folder / "b.txt").rename(folder / "sub" / "ropes.txt")
        (folder / "sub" / "c.txt").unlink()
        (folder / "d.txt").write_text("Masts are of pine.\n")
        before = encoder.encoded
        assert run(memory, folder) == {
            "a.md": "change",
            "d.txt": "add",
            "sub/c.txt": "delete",
            "sub/ropes.txt": "move",
        }
        assert encoder.encoded == before + 2
        assert memory.search("hemp", mode="keyword")[0].title == "ropes.txt"
        assert memory.check().ok
        with Memory.open(":memory:", encoder=encoder) as fresh:
            fresh.add(folder)
            assert contents(memory) == contents(fresh)


def test_many_files_under_new_names_are_not_encoded_again(database: Path, tmp_path: Path):
    top = tmp_path / "many"
    top.mkdir()
    for number in range(300):
        (top / f"{number}.txt").write_text(f"note {number} " + "words and more words " * 120)
    encoder = Counting()
    with Memory.open(database, encoder=encoder) as memory:
        run(memory, top)
        before = encoder.encoded
        for path in list(top.iterdir()):
            path.rename(top / f"a much longer name than before {path.name}")
        assert set(run(memory, top).values()) == {"move"}
        assert encoder.encoded == before
        assert memory.stats()["documents"] == 300


def test_a_file_that_moves_again_and_again_is_encoded_once(database: Path, folder: Path):
    encoder = Counting()
    with Memory.open(database, encoder=encoder) as memory:
        run(memory, folder)
        before = encoder.encoded
        for old, new in [("b.txt", "c.txt"), ("c.txt", "sub/d.md"), ("sub/d.md", "b.txt")]:
            (folder / old).rename(folder / new)
            assert run(memory, folder)[new] == "move"
        assert encoder.encoded == before
        assert memory.search("hemp")[0].title == "b.txt"


def test_only_what_changed_in_a_moved_file_is_encoded(database: Path, folder: Path):
    text = "\n\n".join(f"# Part {number}\n\n" + f"number {number} " * 150 for number in range(6))
    (folder / "long.md").write_text(f"# Book\n\n{text}")
    encoder = Counting()
    with Memory.open(database, encoder=encoder) as memory:
        run(memory, folder)
        before = encoder.encoded
        (folder / "long.md").unlink()
        (folder / "moved.md").write_text(f"# Book\n\n{text}".replace("number 5", "number five"))
        assert run(memory, folder) == {
            "a.md": "keep",
            "b.txt": "keep",
            "long.md": "delete",
            "moved.md": "add",
            "sub/c.txt": "keep",
        }
        assert 0 < encoder.encoded - before <= 3


def test_files_that_take_each_others_names_are_not_encoded_again(database: Path, tmp_path: Path):
    """As logs are rotated: more of them than one batch holds."""
    top = tmp_path / "logs"
    top.mkdir()
    for number in range(700):
        (top / f"{number:03}.txt").write_text(f"log {number}\n")
    encoder = Counting()
    with Memory.open(database, encoder=encoder) as memory:
        run(memory, top)
        before = encoder.encoded
        for number in reversed(range(700)):
            (top / f"{number:03}.txt").rename(top / f"{number + 1:03}.txt")
        (top / "000.txt").write_text("the new one\n")
        run(memory, top)
        assert encoder.encoded == before + 1
        (top / "100.txt").rename(top / "swap")
        (top / "200.txt").rename(top / "100.txt")
        (top / "swap").rename(top / "200.txt")
        assert sorted(run(memory, top).values())[:2] == ["change", "change"]
        assert encoder.encoded == before + 1


def test_a_folder_is_the_same_by_any_path(memory: Memory, folder: Path, monkeypatch: pytest.MonkeyPatch):
    run(memory, folder)
    monkeypatch.chdir(folder / "sub")
    (folder / "b.txt").unlink()
    compared = memory.compare("../../notes/")
    assert [(Path(one.uri).name, one.action) for one in compared.changes if one.action != "keep"] == [
        ("b.txt", "delete")
    ]


def test_the_database_may_lie_in_its_own_folder(folder: Path):
    with Memory.open(folder / "notes.db", encoder="hash") as memory:
        assert set(run(memory, folder)) == {"a.md", "b.txt", "sub/c.txt"}
        assert set(run(memory, folder)) == {"a.md", "b.txt", "sub/c.txt"}


def test_what_can_no_longer_be_read_is_not_found_by_its_old_text(memory: Memory, folder: Path):
    run(memory, folder)
    (folder / "b.txt").write_bytes(bytes(range(256)))
    run(memory, folder)
    assert [Path(one.uri).name for one in memory.list()] == ["a.md", "c.txt"]


def test_what_is_there_but_cannot_be_read_is_not_deleted(memory: Memory, folder: Path):
    run(memory, folder)
    small = memory.within(Limits(max_file=1))
    (folder / "b.txt").write_bytes(b"x" * (1 << 20 | 1))
    assert run(small, folder) == {"a.md": "keep", "b.txt": "fail", "sub/c.txt": "keep"}
    assert memory.get(str(folder / "b.txt")).text == "Ropes are made of hemp.\n"


def test_what_moved_is_read_again_for_another_ending_and_labelled_as_is_said(memory: Memory, folder: Path):
    run(memory, folder)
    (folder / "a.md").rename(folder / "a.txt")
    (folder / "b.txt").rename(folder / "sub" / "b.txt")
    list(memory.sync(memory.compare(folder, tags=["x"])))
    assert memory.get(str(folder / "a.txt")).title == "a.txt"
    assert memory.get(str(folder / "sub" / "b.txt")).tags == ("x",)


def test_what_is_spared_is_neither_deleted_nor_forgotten(memory: Memory, folder: Path):
    run(memory, folder)
    (folder / "a.md").unlink()
    (folder / "b.txt").write_bytes(bytes(range(256)))
    list(memory.sync(memory.compare(folder).sparing([str(folder / "a.md"), str(folder / "b.txt")])))
    assert len(memory.list()) == 3


def failed(memory: Memory, folder: Path, **options: Sequence[str]) -> list[str]:
    """Sync, and what is said of files that could not be stored."""
    done = list(memory.sync(memory.compare(folder, **options)))
    return [one.error or "" for one in done if isinstance(one, AddResult) and one.status == "failed"]


def test_what_has_no_text_any_more_is_said_to_be_forgotten(memory: Memory, folder: Path):
    run(memory, folder)
    (folder / "b.txt").write_text("")
    [error] = failed(memory, folder)
    assert error.endswith("(what was stored of it is forgotten)")


def test_what_has_a_name_now_under_which_it_cannot_be_read_is_not_found_by_the_old_one(memory: Memory, folder: Path):
    run(memory, folder)
    (folder / "b.txt").rename(folder / "b.docx")
    [said] = [one.error or "" for one in rehearse(memory.compare(folder))]
    assert said.endswith("(what is stored of it would be forgotten)")
    assert run(memory, folder) == {"a.md": "keep", "b.docx": "move", "sub/c.txt": "keep"}
    assert [Path(one.uri).name for one in memory.list()] == ["a.md", "c.txt"]


def test_what_changed_and_is_over_a_limit_stays_as_it_was(memory: Memory, folder: Path):
    run(memory, folder)
    (folder / "b.txt").write_text("Ropes are made of jute.\n\n" * 500)
    [error] = failed(memory.within(Limits(max_chunks=2)), folder)
    assert "max_chunks" in error
    assert "forgotten" not in error
    assert memory.get(str(folder / "b.txt")).text == "Ropes are made of hemp.\n"


def test_what_changed_and_cannot_be_reached_when_its_turn_comes_stays_as_it_was(memory: Memory, folder: Path):
    run(memory, folder)
    (folder / "b.txt").write_text("Ropes are made of jute.\n")
    compared = memory.compare(folder)
    (folder / "b.txt").rename(folder / "elsewhere")
    done = [one for one in memory.sync(compared) if isinstance(one, AddResult)]
    assert [one.status for one in done].count("failed") == 1
    assert memory.get(str(folder / "b.txt")).text == "Ropes are made of hemp.\n"


def test_what_only_has_another_label_is_not_forgotten_when_its_reader_refuses_it(memory: Memory, folder: Path):
    """As with a newer vstash, which takes less for text than an older one."""
    binary = bytes(range(256))
    (folder / "b.txt").write_bytes(binary)
    source = Source(str(folder / "b.txt"), "Ropes", content_hash=sha256(binary).hexdigest())
    list(memory.add_sources([source]))
    assert len(failed(memory, folder, tags=["sea"])) == 1
    assert memory.get(source.uri).text == "Ropes"


def test_only_what_was_touched_is_compared(memory: Memory, folder: Path):
    run(memory, folder)
    (folder / "a.md").write_text("changed")
    (folder / "b.txt").write_text("changed too")
    (folder / "sub" / "d.txt").write_text("new")
    compared = memory.compare(folder, touched=[folder / "b.txt", folder / "sub", folder / "never.txt"])
    assert {Path(one.uri).name: one.action for one in compared.changes} == {
        "b.txt": "change",
        "c.txt": "keep",
        "d.txt": "add",
    }


@pytest.mark.parametrize("pattern", ["!", "[z-a]"])
def test_a_pattern_that_is_none_is_refused(memory: Memory, folder: Path, pattern: str):
    with pytest.raises(InputError, match="is no pattern"):
        memory.compare(folder, include=[pattern])


def test_equal_files_move_one_by_one(memory: Memory, folder: Path):
    (folder / "twin.txt").write_text("Ropes are made of hemp.\n")
    run(memory, folder)
    (folder / "b.txt").rename(folder / "e.txt")
    assert run(memory, folder)["e.txt"] == "move"
    assert len(memory.list()) == 4


def test_ignore_files_and_patterns(memory: Memory, folder: Path):
    (folder / ".vstashignore").write_text("sub/\n")
    assert set(run(memory, folder)) == {"a.md", "b.txt"}
    assert set(run(memory, folder, include=["*.md"])) == {"a.md", "b.txt"}  # b.txt is deleted now
    assert [Path(one.uri).name for one in memory.list()] == ["a.md"]
    assert run(memory, folder, exclude=["a.*"]) == {"a.md": "delete", "b.txt": "add"}


def test_a_hidden_file_that_was_named_is_followed(memory: Memory, folder: Path):
    named = folder / ".plans" / "d.md"
    named.parent.mkdir()
    named.write_text("Masts are of pine.\n")
    (folder / ".other.md").write_text("nobody named it")
    memory.add(named)
    assert run(memory, folder)[".plans/d.md"] == "keep"
    named.write_text("Masts are of fir.\n")
    assert run(memory, folder)[".plans/d.md"] == "change"
    assert memory.get(str(named)).text == "Masts are of fir.\n"
    assert run(memory, folder, exclude=["d.md"])[".plans/d.md"] == "delete"
    memory.add(named)
    named.rename(folder / "d.md")
    assert run(memory, folder)["d.md"] == "move"
    assert len(memory.list()) == 4


def test_a_hidden_file_that_was_named_and_is_gone_is_forgotten(memory: Memory, folder: Path):
    (folder / ".d.md").write_text("Masts are of pine.\n")
    memory.add(folder / ".d.md")
    (folder / ".d.md").unlink()
    assert run(memory, folder)[".d.md"] == "delete"


def test_what_was_remembered_under_a_hidden_name_is_no_file(memory: Memory, folder: Path):
    for name in (".idea", f".{'x' * 300}", ".a\0b"):
        memory.remember(f"nowhere else {name[1]}", uri=f"{folder}/{name}")
    assert set(run(memory, folder).values()) == {"add"}
    assert len(memory.list()) == 6


def test_an_ignored_file_stays_where_the_ignore_file_of_the_memory_lets_it_through(memory: Memory, folder: Path):
    (folder / ".gitignore").write_text("b.*\n")
    memory.add(folder / "b.txt")
    assert run(memory, folder)["b.txt"] == "delete"
    memory.add(folder / "b.txt")
    (folder / ".vstashignore").write_text("!b.txt\n")
    assert run(memory, folder)["b.txt"] == "keep"


def test_documents_elsewhere_are_left_alone(memory: Memory, folder: Path, tmp_path: Path):
    (tmp_path / "notes2").mkdir()
    other = tmp_path / "notes2" / "x.txt"
    other.write_text("elsewhere")
    memory.add(other)
    memory.remember("a thought")
    run(memory, folder)
    assert len(memory.list()) == 5


def test_what_was_remembered_under_a_name_in_the_folder_is_kept(memory: Memory, folder: Path):
    memory.remember("nowhere else", uri=str(folder / "idea.md"))
    memory.add_texts(["nor this"], uris=[str(folder / "sub" / "plan.md")])
    assert set(run(memory, folder)) == {"a.md", "b.txt", "sub/c.txt"}
    (folder / "b.txt").unlink()
    assert run(memory, folder)["b.txt"] == "delete"
    assert {Path(one.uri).name for one in memory.list()} == {"a.md", "c.txt", "idea.md", "plan.md"}


def test_an_attachment_whose_mail_is_nowhere_goes(memory: Memory, folder: Path):
    mail = str(folder / "a.eml")
    list(memory.add_sources([Source(f"{mail}#x.txt", "Sails.", content_hash="1", metadata={"part_of": mail})]))
    assert run(memory, folder)["a.eml#x.txt"] == "delete"


def test_an_empty_folder_does_not_empty_the_memory(memory: Memory, folder: Path):
    run(memory, folder)
    for path in [*folder.glob("*.*"), *folder.glob("sub/*")]:
        path.unlink()
    with pytest.raises(InputError, match="holds no files") as caught:
        memory.compare(folder)
    assert "mounted" in caught.value.hint


def test_patterns_that_let_nothing_through_do_not_empty_the_memory(memory: Memory, folder: Path):
    run(memory, folder)
    for patterns in ({"include": ["*.pdf"]}, {"exclude": ["*"]}):
        with pytest.raises(InputError, match=r"the patterns let through, but the memory has 3 of it") as caught:
            memory.compare(folder, **patterns)
        assert "--include" in caught.value.hint


def test_what_is_no_folder_is_refused(memory: Memory, folder: Path):
    with pytest.raises(InputError, match="is no folder"):
        memory.compare(folder / "gone")


def test_the_command_shows_and_does(database: Path, folder: Path):
    base = ["--db", str(database), "--encoder", "hash"]
    runner = CliRunner()
    done = runner.invoke(build(), [*base, "sync", str(folder), "--json"])
    assert {one["status"] for one in json.loads(done.stdout)} == {"added"}
    (folder / "b.txt").rename(folder / "z.txt")
    shown = runner.invoke(build(), [*base, "sync", str(folder), "--dry-run", "--json"])
    moved = [one for one in json.loads(shown.stdout) if one["status"] == "moved"]
    assert [(Path(one["uri"]).name, Path(one["old"]).name) for one in moved] == [("z.txt", "b.txt")]
    again = runner.invoke(build(), [*base, "sync", str(folder), "--dry-run", "--json"])
    assert again.stdout == shown.stdout
    assert runner.invoke(build(), [*base, "sync", str(folder)]).exit_code == 0


def test_a_dry_run_says_what_the_first_sync_would_do_and_makes_no_database(database: Path, folder: Path):
    base = ["--db", str(database), "--encoder", "hash", "sync", str(folder)]
    (folder / "empty.md").touch()
    runner = CliRunner()
    shown = runner.invoke(build(), [*base, "--dry-run", "--json"])
    assert not database.exists()
    done = runner.invoke(build(), [*base, "--json"])
    assert (shown.exit_code, shown.stdout) == (done.exit_code, done.stdout)
    assert "is empty" in shown.stdout


def test_a_dry_run_names_what_would_be_forgotten_as_its_file_holds_no_text(database: Path, folder: Path):
    base = ["--db", str(database), "--encoder", "hash"]
    runner = CliRunner()
    runner.invoke(build(), [*base, "sync", str(folder)])
    (folder / "b.txt").write_text("")
    shown = runner.invoke(build(), [*base, "sync", str(folder), "--dry-run", "--json"])
    [emptied] = [one for one in json.loads(shown.stdout) if one["status"] != "unchanged"]
    assert (emptied["status"], emptied["uri"]) == ("failed", str(folder / "b.txt"))
    assert "would be forgotten" in emptied["error"]
    assert shown.exit_code == 1
    with Memory.open(database, encoder=None) as memory:
        assert memory.get(str(folder / "b.txt")).text
