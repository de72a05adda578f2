"""What does a stranger's mistake get: one line that says what, where and what to do, and the right exit code?"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from tests.cli.commandline import Run
from vstash.store.sqlite.connection import connect, writing

# A command line, its exit code, and how its one line goes on after "error: ".
MISTAKES: tuple[tuple[tuple[str, ...], int, str], ...] = (
    (("search",), 2, "Missing argument 'QUERY'; see vstash search --help"),
    (("serch", "x"), 2, "No such command 'serch'. Did you mean 'search'? see vstash --help"),
    (("--bogus", "search", "x"), 2, "No such option: --bogus; see vstash --help"),
    (("search", "x", "--bogus"), 2, "No such option: --bogus; see vstash search --help"),
    (("search", "x", "--db"), 2, "Option '--db' requires an argument; see vstash --help"),
    (("search", "x", "-n", "many"), 2, "Invalid value for '--limit' / '-n': "),
    (("search", "-dash"), 2, "No such option: -d; put -- before words that begin with a dash, or see vstash search --"),
    (("check", "extra"), 2, "Got unexpected extra argument(s) (extra); see vstash check --help"),
    (("backup", "none/x"), 2, "there is no folder "),
    (("export", "none/x"), 2, "there is no folder "),
    (("search", "a", "b"), 2, 'Got unexpected extra argument(s) (b); put several words in "quotes", or see '),
    (("search", "  "), 2, "the query is blank; say what to look for"),
    (("search", "x", "-n", "0"), 2, "limit is 0, it must be 1 to 10,000; pass a limit in that range"),
    (("search", "x", "--mode", "fuzzy"), 2, "unknown mode 'fuzzy'; use one of hybrid, keyword, vector"),
    (("search", "x", "--fusion", "sum"), 2, "unknown fusion 'sum'; use one of "),
    (("search", "x", "--after", "yesterday"), 2, "after: 'yesterday' is no date; write it as 2024-05-01"),
    (("search", "x", "--before", "2024-13-01"), 2, "before: '2024-13-01' is no date; write it as 2024-05-01"),
    (("search", "y" * 20_001), 2, "the query has 20,001 characters, the limit is 20,000; "),
    (("why", "x", "absent"), 3, "there is no document 'absent'; see what there is: vstash list"),
    (("get", "absent"), 3, "there is no document 'absent'; see what there is: vstash list"),
    (("get", "999"), 3, "there is no chunk 999; search again: a changed document gets new ids"),
    (("forget", "absent"), 3, "there is no document 'absent'; see what there is: vstash list"),
    (("forget",), 2, "Missing argument 'URI'; see vstash forget --help"),
    (("add", ""), 2, "a path is blank; name a file or folder, or . for this folder"),
    (("sync", ""), 2, "a path is blank; name a file or folder, or . for this folder"),
    (("watch", " "), 2, "a path is blank; name a file or folder, or . for this folder"),
    (("backup", ""), 2, "a path is blank; name a file or folder, or . for this folder"),
    (("import", ""), 2, "a path is blank; name a file or folder, or . for this folder"),
    (("restore", "."), 2, ". is no file; name a backup"),
    (("backup", "-"), 2, "a backup is no stream; name a file, or ./- for one of that name"),
    (("export", "/dev/null", "--force"), 2, "/dev/null is no regular file; name a file"),
    (("export", ""), 2, "a path is blank; name a file or folder, or . for this folder"),
    (("restore", "", "--db", "new.db"), 2, "a path is blank; name a file or folder, or . for this folder"),
    (("restore", "absent", "--db", "new.db"), 3, "there is no backup at absent; check the path"),
    (("restore", "docs", "--db", "/dev/null/x/new.db"), 1, "the folder /dev/null/x cannot be made: Not a directory; "),
    (("search", "x", "--collection", ""), 2, "'' is no name of a collection or tag; leave it out, or name one"),
    (("list", "--tag", " "), 2, "' ' is no name of a collection or tag; leave it out, or name one"),
    (("list", "--where", "author"), 2, "'author' is no key and value; write it as author=Ada"),
    (("search", "x", "--where", " =x"), 2, "' =x' is no key and value; write it as author=Ada"),
    (("add", "docs", "--tag", " "), 2, "a collection or tag is blank; give it a name"),
    (("remember", " "), 1, "the text is blank; say what to remember"),
    (("stats", "--db", ""), 2, "db is blank in the command; give the database file"),
    (("stats", "--db", "absent.db"), 3, "there is no database at absent.db; add something first: vstash add FOLDER"),
    (("check", "--fast", "--repair"), 2, "a fast check repairs nothing; ask for one of both: fast, or repair"),
    (("remember", "x", "--uri", " "), 2, "a uri is blank; give it a name"),
    (("search", "x", "--db", "docs"), 1, "docs is no file; name one: --db FOLDER/memory.db"),
    (("add", "docs", "--db", "docs"), 1, "docs is no file; name one: --db FOLDER/memory.db"),
    (("stats", "--db", "docs/dogs.txt"), 1, "docs/dogs.txt is not a vstash database (file is not a database); "),
    (("add", "docs", "--db", "docs/dogs.txt"), 1, "docs/dogs.txt is not a vstash database (file is not a database); "),
    (("add", "docs", "--db", "docs/dogs.txt/x.db"), 1, "the folder docs/dogs.txt cannot be made: File exists; "),
    (("add", "docs", "--encoder", "absent-model"), 1, "the model absent-model is not on this machine; "),
    (("search", "x", "--encoder", "default"), 1, "{db} was made with the encoder hash (256 dimensions), not with "),
    (("stats", "--encoder", "default"), 1, "{db} was made with the encoder hash (256 dimensions), not with "),
    (("get", "1" * 5000), 3, "there is no document '1111"),
    (("eval", "docs"), 2, "docs/corpus.jsonl is missing; give a folder with corpus.jsonl, queries.jsonl and qrels.tsv"),
)


@pytest.mark.parametrize(("arguments", "code", "said"), MISTAKES)
def test_a_mistake_gets_one_line(
    run: Run, docs: Path, settings: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    run("add", "docs")
    ran = run(*arguments)
    assert ran.err.startswith("error: " + said.format(db=settings / "notes.db"))
    assert ran.err.count("\n") == 1
    assert (ran.code, ran.out) == (code, "")


@pytest.mark.parametrize(("arguments", "code", "said"), MISTAKES)
def test_a_mistake_with_json_gets_one_value(
    run: Run, docs: Path, settings: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    run("add", "docs")
    first, *rest = arguments
    ran = run(first, "--json", *rest) if not first.startswith("-") else run(*arguments, "--json")
    error = ran.json["error"]
    assert (ran.code, list(error)) == (code, ["type", "message", "hint"])
    assert error["message"]
    assert error["hint"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("docs/cats.md", "absent"), "there is no document 'absent'"),
        (("a", "docs/cats.md", "b"), "there are no documents 'a', 'b'"),
    ],
)
def test_where_one_is_not_there_nothing_is_forgotten(run: Run, docs: Path, names: tuple[str, ...], said: str) -> None:
    run("add", "docs")
    ran, as_json = run("forget", *names), run("forget", *names, "--json")
    hint = "nothing was forgotten; see what there is: vstash list"
    assert (ran.code, ran.err, ran.out) == (3, f"error: {said}; {hint}\n", "")
    error = {"type": "DocumentNotFound", "message": said, "hint": hint}
    assert (as_json.code, as_json.json) == (3, {"error": error})
    assert run("stats", "--json").json["documents"] == 3


def test_what_is_not_there_makes_no_database(run: Run, settings: Path) -> None:
    ran = run("add", "absent.md")
    assert (ran.code, ran.err.splitlines()[0]) == (
        1,
        f"failed {Path('absent.md').absolute()}: No such file or directory: check the path",
    )
    assert not (settings / "notes.db").exists()


def test_a_line_of_an_import_is_not_read_without_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSTASH_MAX_UNPACKED", "1")
    ran = run("import", "/dev/zero")
    assert ran.err.splitlines()[-1].startswith("error: line 1 of the export has 1 MiB, the limit is 1; ")


def test_nothing_given_shows_the_help_and_is_a_usage_error(run: Run) -> None:
    ran = run()
    assert (ran.code, ran.err) == (2, "")
    assert ran.out.startswith("Usage: vstash")


def test_a_file_that_fails_is_named_and_the_others_are_stored(run: Run, docs: Path) -> None:
    (docs / "junk.txt").write_bytes(bytes(range(256)) * 20)
    ran = run("add", "docs", "absent.md", "https://example.org/")
    assert ran.code == 1
    failures = sorted(ran.err.splitlines()[:-1])
    assert [row.split(": ")[0] for row in failures] == [
        f"failed {docs.parent / 'absent.md'}",
        f"failed {docs / 'junk.txt'}",
        "failed https://example.org/",
    ]
    assert "check the path" in failures[0]
    assert ran.err.splitlines()[-1].startswith("3 added, 3 failed: 3 chunks in ")


def test_what_is_named_twice_is_added_and_told_once(run: Run, docs: Path) -> None:
    (docs / "empty.md").touch()
    ran = run("add", "docs", "docs/cats.md", "./docs/../docs")
    assert ran.err.count("empty.md is empty") == 1
    assert ran.err.splitlines()[-1].startswith("3 added, 1 failed: 3 chunks in ")


def test_a_foreign_sqlite_file_is_refused_and_untouched(run: Run, settings: Path, docs: Path) -> None:
    foreign = settings / "other.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    before = foreign.read_bytes()
    for arguments in (("add", "docs"), ("search", "x"), ("check",)):
        ran = run(*arguments, "--db", str(foreign))
        assert (ran.code, ran.err.count("\n")) == (1, 1)
        assert "is another program's SQLite database; check the path" in ran.err
    assert foreign.read_bytes() == before


def test_an_empty_file_is_no_database_to_read_but_one_to_fill(run: Run, settings: Path, docs: Path) -> None:
    (settings / "empty.db").touch()
    assert run("stats", "--db", "empty.db").code == 3
    assert run("add", "docs", "--db", "empty.db").code == 0
    assert run("stats", "--db", "empty.db", "--json").json["documents"] == 3


def test_a_writer_elsewhere_is_waited_for_then_named_and_readers_do_not_care(
    run: Run, docs: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add", "docs")
    monkeypatch.setenv("VSTASH_BUSY_WAIT", "0.1")
    locked, done = threading.Event(), threading.Event()
    writer = threading.Thread(target=hold_the_lock, args=(settings / "notes.db", locked, done))
    writer.start()
    assert locked.wait(10)
    refused, found, counted = run("remember", "x"), run("search", "cat"), run("stats")
    done.set()
    writer.join()
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "is being written by process" in refused.err or "is locked by another process" in refused.err
    assert "try again" in refused.err
    assert (found.code, counted.code) == (0, 0)


def hold_the_lock(path: Path, locked: threading.Event, done: threading.Event) -> None:
    connection = connect(path, create=False)
    with writing(connection):
        locked.set()
        done.wait(30)
    connection.close()


def test_a_damaged_index_is_found_and_rebuilt(run: Run, docs: Path, settings: Path) -> None:
    run("add", "docs")
    connection = connect(settings / "notes.db", create=False)
    connection.execute("INSERT INTO chunk_fts (chunk_fts) VALUES ('delete-all')")
    connection.close()
    found = run("check")
    assert found.code == 4
    assert "FAILED  keyword_index" in found.out
    assert "vstash check --repair" in found.err
    assert run("check", "--json").json["ok"] is False
    assert run("check", "--repair").code == 0
    assert run("search", "cat", "--mode", "keyword", "--json").json["hits"][0]["title"] == "Cats"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('encodr = "hash"', "unknown setting 'encodr' in {file}; did you mean encoder?"),
        ("encoder = 3", "encoder in {file} should be a text, not 3; give default, hash, or a "),
        ("encoder = ", "{file} is no TOML: "),
        ("busy_wait = -1", "busy_wait in {file} should be a number from 0 to 3600, not -1; give seconds to wait"),
    ],
)
def test_a_wrong_settings_file_is_named(
    run: Run, settings: Path, monkeypatch: pytest.MonkeyPatch, content: str, said: str
) -> None:
    file = settings / "config.toml"
    file.write_text(content, encoding="utf-8")
    monkeypatch.delenv("VSTASH_ENCODER")  # it outranks the file
    ran = run("config")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert ran.err.startswith("error: " + said.format(file=file))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("VSTASH_ENCODR", "hash", "unknown setting VSTASH_ENCODR in the environment; did you mean VSTASH_ENCODER?"),
        ("VSTASH_BUSY_WAIT", "soon", "busy_wait in the environment should be a number"),
        ("VSTASH_ENCODER", " ", "encoder is blank in the environment; give default, hash, or a "),
    ],
)
def test_a_wrong_variable_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    ran = run("config")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert ran.err.startswith("error: " + said)


def test_a_variable_of_another_program_is_left_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSTASH_THEME", "dark")
    assert run("config").code == 0


def test_what_cannot_be_looked_at_is_a_finding(run: Run, docs: Path, settings: Path) -> None:
    run("add", "docs")
    with (settings / "notes.db").open("r+b") as file:
        file.truncate(8192)
    advice = "put the newest backup back: vstash restore --force FILE"
    for options in ((), ("--repair",), ("--fast",)):
        ran = run("check", *options)
        assert (ran.code, ran.err) == (4, f"{advice}\n")
        assert ran.out.startswith(f"FAILED  sqlite: 1 — {settings / 'notes.db'} is damaged (")
    found = run("check", "--json")
    assert (found.code, found.json["ok"]) == (4, False)
    assert [one["check"] for one in found.json["findings"]] == ["sqlite"]
    assert f"next: {advice}" in run("doctor").out


def test_an_empty_database_is_told_from_none(run: Run, settings: Path) -> None:
    assert run("doctor").code == 0
    (settings / "notes.db").touch()
    ran = run("check")
    assert (ran.code, ran.err.partition(";")[0]) == (3, f"error: {settings / 'notes.db'} is there, but empty")
    assert run("doctor").code == 1


def test_a_cut_off_export_is_told_by_its_line(run: Run, docs: Path, settings: Path) -> None:
    run("add", "docs")
    run("export", "all.jsonl")
    whole = Path("all.jsonl").read_bytes()
    Path("cut.jsonl").write_bytes(whole[: whole.index(b"\n") + 61])
    ran = run("--db", "other.db", "import", "cut.jsonl")
    assert (ran.code, ran.err.splitlines()[-1]) == (
        2,
        "error: line 2 of the export: Invalid JSON: EOF while parsing a string at column 60; export it again",
    )


def test_an_export_to_standard_output_is_json_enough(run: Run, docs: Path) -> None:
    run("add", "docs")
    assert (run("export", "--json").code, run("export", "all.jsonl", "--json").json) == (
        2,
        {"file": "all.jsonl", "documents": 3},
    )
