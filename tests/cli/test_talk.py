"""What does a person read, and is nothing from a document ever a command to their terminal?"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.commandline import Ran, Run
from vstash.store.sqlite.connection import connect

HOSTILE = "Evil \x1b[31m red \x07 bell \x9b31m and \u202e turned, studies of caf\u00e9s \u6771\u4eac\u306e\u5929\u6c17"


def test_an_add_is_summed_up_on_stderr(run: Run, docs: Path) -> None:
    first, second = run("add", "docs"), run("add", "docs")
    (docs / "cats.md").write_text("# Cats\n\nThey purr.\n", encoding="utf-8")
    third = run("add", "docs")
    assert first.err.startswith("3 added: 3 chunks in ")
    assert second.err == "3 unchanged\n"
    assert third.err.startswith("1 replaced, 2 unchanged: 1 chunk in ")
    assert first.out == second.out == third.out == ""


def test_quiet_says_nothing_but_results_and_errors(run: Run, docs: Path) -> None:
    assert run("--quiet", "add", "docs").err == ""
    assert run("search", "zzzqqqxxx", "--quiet").err == ""
    assert run("check", "--quiet").out == ""
    assert run("forget", "docs/cats.md", "--quiet").err == ""
    assert run("add", "absent", "--quiet").err.startswith("failed ")
    assert run("search", "cat", "--quiet").out


def test_hits_show_title_heading_place_and_snippet(run: Run, settings: Path) -> None:
    food = "Food is given in the morning. " * 60
    text = f"# Guide\n\n## Food\n\n{food}\n\n## Sleep\n\nA cat sleeps most of the day.\n"
    (settings / "guide.md").write_text(text, encoding="utf-8")
    run("add", "guide.md")
    ran = run("search", "sleeping cats", "-n", "1")
    head, where, *rest = ran.out.splitlines()
    assert head.startswith("1. Guide › ")
    assert head.endswith("Sleep")
    assert where.startswith(f"   {settings / 'guide.md'}  line 7–9  ")
    assert "score " in where
    assert any("A cat sleeps most of the day." in row for row in rest)


def test_a_question_about_something_else_is_doubted(run: Run, docs: Path) -> None:
    run("add", "docs")
    assert run("search", "zzzqqqxxx").err == "low confidence: nothing in the memory seems to be about this\n"
    assert run("search", "cat", "--tag", "absent").err == "nothing found: no document passes --tag absent\n"
    assert run("search", "zzzqqqxxx", "--mode", "keyword").err == "nothing found\n"


def test_hits_that_are_held_back_are_not_passed_over_in_silence(run: Run, docs: Path) -> None:
    run("add", "docs")
    for level in ("medium", "high"):
        ran = run("search", "zzzqqqxxx", "--min-confidence", level)
        assert ran.out == ""
        assert ran.err.startswith(f"nothing found: the confidence is low, {level} was asked for; ")
        assert run("search", "zzzqqqxxx", *ran.err.split("see it with ")[1].split()).out


def test_an_empty_memory_says_how_to_fill_it(run: Run) -> None:
    run("remember", "a cat", "--uri", "cat")
    run("forget", "cat")
    assert run("search", "cat").err == "the memory is empty; add something first: vstash add FOLDER\n"
    assert run("list").err == "no documents\n"


def test_plan_and_explanation_are_for_people_too(run: Run, docs: Path) -> None:
    run("add", "docs")
    ran = run("search", "sleeping cat", "--plan", "--explain")
    planned, *_ = ran.out.split("\n\n")
    assert [row.split()[0] for row in planned.splitlines()][:2] == ["encode", "plan"]
    assert "→" not in ran.err
    assert "   vector: rank 1, score " in ran.out
    assert "   keyword: rank 1, score " in ran.out
    explained = run("search", "sleeping cat", "--recency", "9", "--explain").out
    [row, *_] = [row.strip() for row in explained.splitlines() if row.strip().startswith("recency")]
    assert row.startswith("recency: adds +")


def test_global_options_are_read_at_either_end(run: Run, docs: Path, settings: Path) -> None:
    for number, arguments in enumerate(
        (
            ("--db", "{db}", "--quiet", "add", "docs"),
            ("add", "docs", "--db", "{db}", "--quiet"),
            ("add", "--db={db}", "docs", "--quiet"),
        )
    ):
        database = settings / f"{number}.db"
        assert run(*(argument.format(db=database) for argument in arguments)).err == ""
        assert database.is_file()
    assert run("remember", "--", "--db").code == 0
    assert run("search", "--json", "--", "--db").json["query"] == "--db"


def test_standard_input_is_stored_once_for_each_content(run: Run) -> None:
    assert run("add", "-", stdin=b"# Door\n\nThe code is 4711.").code == 0
    assert run("add", "-", stdin=b"The key is under the mat.").code == 0
    assert run("add", "-", "-", stdin=b"The key is under the mat.").err == "1 unchanged\n"
    assert run("remember", "-", stdin=b"caf\xc3\xa9 \xff").code == 0
    assert [one["uri"].split(":")[0] for one in run("list", "--json").json] == ["memory", "stdin", "stdin"]
    assert run("search", "door code", "--json").json["hits"][0]["text"].endswith("4711.")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_what_is_piped_in_to_be_remembered_is_read_in_its_encoding(run: Run, encoding: str) -> None:
    text = "Das Café hat für größere Gesellschaften geöffnet, natürlich auch früh.\n"
    assert run("remember", "-", "--uri", "cafe", stdin=text.encode(encoding)).code == 0
    assert run("get", "cafe").out.strip() == text.strip()


def test_what_is_piped_in_to_be_remembered_is_a_text(run: Run) -> None:
    ran = run("remember", "-", stdin=bytes(range(256)) * 4)
    assert (ran.code, ran.err.partition(",")[0]) == (1, "error: standard input is binary")


def test_the_number_of_a_passage_needs_a_document(run: Run, docs: Path) -> None:
    run("add", "docs")
    assert run("get", "1").code == 0
    ran = run("get", "1", "--chunk", "0")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: 1 is the id of a passage already; leave --chunk out, or name a document\n"


@pytest.mark.parametrize("command", ["stats", "doctor", "config", "list"])
def test_the_home_of_nobody_is_a_setting_that_cannot_be(run: Run, command: str) -> None:
    ran = run(command, "--db", "~nobody-of-this-name/notes.db")
    assert ran.code == 2
    assert ran.err.startswith("error: db in the command should begin with the home of somebody known here, not '~nob")


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("add", 1, "failed -: standard input is empty: pipe a text or a file into it"),
        ("remember", 1, "the text is blank"),
    ],
)
def test_empty_standard_input_is_a_failure(run: Run, command: str, code: int, said: str) -> None:
    ran = run(command, "-", stdin=b"")
    assert ran.code == code
    assert said in ran.err


def test_the_database_in_an_added_folder_is_no_document(run: Run, docs: Path) -> None:
    inside = str(docs / "memory.db")
    assert run("add", "docs", "--db", inside).code == 0
    again = run("add", "docs", "--db", inside)
    assert (again.code, again.err) == (0, "3 unchanged\n")
    assert run("add", inside, "--db", inside).code == 1


def test_control_characters_are_spelt_out(run: Run, settings: Path) -> None:
    (settings / "evil.txt").write_text(HOSTILE, encoding="utf-8")
    run("add", "evil.txt", "--tag", "a\x1b[2Jb")
    for arguments in (("search", "red bell"), ("get", "evil.txt"), ("list",), ("stats",), ("get", "1", "--json")):
        for options in ((), ("--json",)):
            ran = run(*arguments, *options)
            assert ran.code == 0
            assert not set("\x1b\x07\x9b\u202e") & set(ran.out + ran.err)
    assert "\\u202e" in run("search", "red bell").out
    assert "\u6771\u4eac" in run("search", "red bell").out


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"line\nbreak.md", "line\\nbreak.md"),
        (b"esc\x1b[31m.md", "esc\\u001b[31m.md"),
        (b"[bold]x.md", "[bold]x.md"),
        (b"no\xfftext.md", "no\\xfftext.md"),
        (b"-n.md", "-n.md"),
    ],
)
def test_odd_file_names_are_stored_shown_and_found_again(run: Run, settings: Path, name: bytes, shown: str) -> None:
    (settings / "odd").mkdir()
    path = settings / "odd" / os.fsdecode(name)
    path.write_text("A cat sleeps.", encoding="utf-8")
    assert run("add", "odd").code == 0
    assert run("list").out.startswith(str(settings / "odd" / shown) + "  1 chunk")
    assert shown in run("search", "cat").out
    assert run("get", str(path)).out == "A cat sleeps.\n"
    assert run("why", "cat", str(path)).out.startswith("found: ")
    assert run("forget", str(path)).code == 0
    assert run("list", "--json").json == []


def test_a_query_of_bytes_that_are_no_text_is_searched_for(run: Run, docs: Path) -> None:
    run("add", "docs")
    ran = run("search", os.fsdecode(b"cat \xff \x00"), "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["hits"]


def test_a_text_without_a_title_goes_by_its_first_words(run: Run) -> None:
    run(
        "remember", "The door code is 4711.\nAsk the neighbour, who has kept a second key since the summer of the flood"
    )
    run("remember", "grey heron", "--title", "Birds")
    shown = run("search", "door code", "-n", "1").out.splitlines()
    assert shown[0] == "1. The door code is 4711. Ask the neighbour, who has kept a…"
    assert shown[1].startswith("   memory:")
    assert run("search", "heron", "-n", "1").out.startswith("1. Birds\n")
    assert run("search", "door code", "-n", "1", "--json").json["hits"][0]["title"] == ""


def test_a_check_says_what_to_do_about_what_a_repair_leaves(run: Run, docs: Path, settings: Path) -> None:
    run("add", "docs")
    [database] = settings.rglob("*.db")
    connection = connect(database, create=False)
    connection.pragma("foreign_keys", False)
    connection.execute("DELETE FROM chunk WHERE id = 1")
    connection.close()
    assert "check --repair" in run("check").err
    left = run("check", "--repair")
    assert left.code == 4
    assert "check --repair" not in left.err
    assert "forget and add again" in left.err


def test_labels_stay_until_others_are_given(run: Run, docs: Path) -> None:
    def labels() -> set[tuple[str, tuple[str, ...]]]:
        return {(one["collection"], tuple(one["tags"])) for one in run("list", "--json").json}

    run("add", str(docs), "--collection", "work", "--tag", "draft")
    assert {one["status"] for one in run("sync", str(docs), "--json").json} == {"unchanged"}
    assert labels() == {("work", ("draft",))}
    run("sync", str(docs), "--tag", "")
    assert labels() == {("work", ())}
    run("add", str(docs), "--collection", "default", "--tag", "a")
    assert labels() == {("default", ("a",))}
    assert run("add", str(docs), "--tag", "", "--tag", "b").code == 2


def test_a_sync_says_what_it_did_with_the_files_that_are_wanted(run: Run, docs: Path) -> None:
    wanted = ("sync", "docs", "--include", "*.md", "--include", "*.txt", "--exclude", "dogs.*", "--collection", "work")
    told = run(*wanted, "--dry-run")
    lines = told.err.splitlines()
    assert (told.out, len(lines)) == (f"added     {docs / 'cats.md'}\n", 2)
    assert (lines[0].split(" at ")[0], lines[1].split(", ")[0]) == ("there is no database", "would be: 1 added")
    assert run("--quiet", *wanted, "--dry-run") == Ran(0, "", "")
    done = run(*wanted)
    assert (done.code, done.out, done.err.split(", ")[0]) == (0, told.out, "1 added")
    assert [(one["uri"], one["collection"]) for one in run("list", "--json").json] == [(str(docs / "cats.md"), "work")]
    (docs / "cats.md").write_text("Cats purr.\n", encoding="utf-8")
    (docs / "empty.md").touch()
    failed = f"failed {docs / 'empty.md'}: empty.md is empty: there is nothing in it to search for\n"
    assert run("--quiet", *wanted, "--dry-run") == run("--quiet", *wanted) == Ran(1, "", failed)


def test_a_dry_run_keeps_to_the_limits_where_there_is_no_database_yet(
    run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSTASH_MAX_FILE", "1")
    (docs / "large.txt").write_bytes(b"word " * (1 << 18))
    told, done = run("sync", "docs", "--dry-run", "--json"), run("sync", "docs", "--json")
    assert (told.code, told.json) == (done.code, done.json)
    assert [Path(one["uri"]).name for one in done.json if one["status"] == "failed"] == ["large.txt"]


def test_what_came_in_a_file_is_found_by_the_name_of_the_file_as_seen_from_here(run: Run, settings: Path) -> None:
    (settings / "m.eml").write_text(
        'Subject: Cats\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n--x\n\nSee.\n--x\n'
        'Content-Disposition: attachment; filename="a#t.txt"\n\nA cat sleeps.\n--x--\n'
    )
    assert run("add", "m.eml").code == 0
    part = str(settings / "m.eml#a#t.txt")
    assert part in [one["uri"] for one in run("list", "--json").json]
    assert run("get", "m.eml#a#t.txt").out.startswith("A cat sleeps.")
    assert run("why", "cat", "./m.eml#a#t.txt").out.startswith("found: ")
    refused = run("forget", "m.eml#a#t.txt")
    assert (refused.code, f"{part} goes with the file it came in" in refused.err) == (2, True)
    assert run("get", "m.eml#none").code == run("get", "m.eml#a\udcff.txt").code == 3
    assert run("get", "#").code == 3
    run("remember", "A dog barks.", "--uri", "dog")
    both = run("forget", "dog", "m.eml#a#t.txt")
    assert (both.code, both.err) == (2, refused.err)
    forgotten = run("forget", "dog", "m.eml", "m.eml#a#t.txt")
    assert (forgotten.code, forgotten.err.count("forgotten: "), run("list", "--json").json) == (0, 3, [])


def test_what_why_advises_can_be_done(run: Run, docs: Path) -> None:
    (docs / "copy.md").write_bytes((docs / "cats.md").read_bytes())
    run("add", "docs")
    lost = run("why", "cat sleeps", "docs/copy.md").out
    option, uri = lost.split()[-2:]
    assert (option, uri) == ("--in", str(docs / "copy.md"))
    assert [hit["uri"] for hit in run("search", "cat sleeps", option, uri, "--json").json["hits"]] == [uri]
    assert "hit 1 of 1" in run("why", "cat sleeps", uri, option, "docs/copy.md").out


def test_a_search_in_what_is_not_there_says_so(run: Run, docs: Path) -> None:
    run("add", "docs")
    lost = run("search", "cat", "--in", "docs/gone.md")
    assert (lost.code, lost.out) == (3, "")
    assert "'docs/gone.md'" in lost.err


def test_a_folder_that_is_gone_is_forgotten_as_the_sync_advises(run: Run, docs: Path, settings: Path) -> None:
    (settings / "docs of others.md").write_text("Others have cats too.\n", encoding="utf-8")
    run("add", "docs", "docs of others.md")
    for path in docs.iterdir():
        path.unlink()
    refused = run("sync", "docs")
    assert refused.code == 2
    assert refused.err.rstrip().endswith(f"vstash forget --below {docs}")
    docs.rmdir()
    done = run("forget", "--below", "docs", "--json")
    assert [(Path(one["uri"]).parent, one["status"]) for one in done.json] == [(docs, "forgotten")] * 3
    assert [Path(one["uri"]).name for one in run("list", "--json").json] == ["docs of others.md"]


@pytest.mark.parametrize("folder", ["docs/cats.md", "elsewhere", ""])
def test_nothing_is_forgotten_below_what_held_nothing(run: Run, docs: Path, folder: str) -> None:
    run("add", "docs")
    refused = run("forget", "--below", "docs", folder)
    assert (refused.code, refused.out) == (3, "")
    assert "nothing was forgotten" in refused.err
    assert len(run("list", "--json").json) == 3
