"""Is what --json prints exactly one value, of the contract's shape, whatever there is to say?"""

from __future__ import annotations

import re
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.cli.commandline import Run
from vstash.config import Limits, numbers

HIT = [
    "rank",
    "score",
    "chunk_id",
    "uri",
    "title",
    "heading",
    "seq",
    "start",
    "end",
    "place",
    "text",
    "collection",
    "tags",
    "added_at",
]
DOCUMENT = [
    "id",
    "uri",
    "title",
    "kind",
    "collection",
    "tags",
    "chunks",
    "content_hash",
    "added_at",
    "modified_at",
    "dated_at",
    "metadata",
]


def without_times(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: one[key] for key in one if key != "took_ms"} for one in value]


def test_add_lists_each_file_with_its_absolute_path(run: Run, docs: Path) -> None:
    (docs / "empty.txt").touch()
    ran = run("add", "docs", "--json")
    assert ran.code == 1
    assert sorted(without_times(ran.json), key=itemgetter("uri")) == [
        {"uri": str(docs / "cats.md"), "status": "added", "chunks": 1, "error": None},
        {"uri": str(docs / "dogs.txt"), "status": "added", "chunks": 1, "error": None},
        {
            "uri": str(docs / "empty.txt"),
            "status": "failed",
            "chunks": 0,
            "error": "empty.txt is empty: there is nothing in it to search for",
        },
        {"uri": str(docs / "tool.py"), "status": "added", "chunks": 1, "error": None},
    ]
    assert all(one["took_ms"] >= 0 for one in ran.json)


def test_add_lists_files_in_their_order_whatever_became_of_them(run: Run, docs: Path) -> None:
    run("add", "docs/dogs.txt")
    found = run("add", "docs", "--json").json
    assert [(Path(one["uri"]).name, one["status"]) for one in found] == [
        ("cats.md", "added"),
        ("dogs.txt", "unchanged"),
        ("tool.py", "added"),
    ]


def test_add_of_nothing_is_an_empty_list(run: Run, settings: Path) -> None:
    (settings / "hollow").mkdir()
    assert run("add", "hollow", "--json").json == []


def test_remember_is_a_list_of_one(run: Run) -> None:
    [one] = run("remember", "door code 4711", "--uri", "note:door", "--json").json
    assert (one["uri"], one["status"], one["chunks"], one["error"]) == ("note:door", "added", 1, None)


def test_search_has_the_fields_of_the_contract(run: Run, docs: Path) -> None:
    run("add", "docs", "--collection", "animals", "--tag", "b", "--tag", "a")
    found = run("search", "sleeping cat", "--json", "-n", "2").json
    assert list(found) == ["query", "confidence", "took_ms", "hits"]
    assert found["query"] == "sleeping cat"
    assert found["confidence"] in ("high", "medium", "low")
    assert [list(hit) for hit in found["hits"]] == [HIT, HIT]
    assert [hit["rank"] for hit in found["hits"]] == [1, 2]
    first = found["hits"][0]
    assert (first["uri"], first["title"], first["seq"]) == (str(docs / "cats.md"), "Cats", 0)
    assert (first["collection"], first["tags"]) == ("animals", ["a", "b"])
    assert first["text"] == (docs / "cats.md").read_text(encoding="utf-8")[first["start"] : first["end"]]
    assert datetime.fromisoformat(first["added_at"]).utcoffset() is not None


def test_a_search_without_hits_has_an_empty_list(run: Run, docs: Path) -> None:
    run("add", "docs")
    found = run("search", "cat", "--collection", "other", "--json").json
    assert (found["hits"], found["confidence"]) == ([], "low")


def test_plan_and_explanation_come_where_asked_for(run: Run, docs: Path) -> None:
    run("add", "docs")
    found = run("search", "sleeping cat", "--json", "--plan", "--explain").json
    assert list(found) == ["query", "confidence", "took_ms", "hits", "plan", "trace"]
    assert list(found["plan"]) == ["mode", "arms", "fusion", "stages", "reason"]
    assert [arm["kind"] for arm in found["plan"]["arms"]] == ["vector", "keyword"]
    assert list(found["trace"][0]) == ["step", "before", "after", "detail", "took_ms"]
    for hit in found["hits"]:
        assert sum(part["share"] for part in hit["why"]) == pytest.approx(hit["score"])


def test_get_gives_a_document_by_uri_or_file_and_a_passage_by_id(run: Run, docs: Path) -> None:
    run("add", "docs/cats.md")
    document = run("get", str(docs / "cats.md"), "--json").json
    assert list(document) == [*DOCUMENT, "text"]
    assert document["text"] == "# Cats\n\nA cat sleeps most of the day.\n"
    assert run("get", "docs/cats.md", "--json").json == document
    chunk_id = run("search", "cat", "--json").json["hits"][0]["chunk_id"]
    passage = run("get", str(chunk_id), "--json").json
    assert list(passage) == ["chunk_id", "uri", "title", "heading", "seq", "start", "end", "place", "open_at", "text"]
    assert run("get", "docs/cats.md", "--chunk", "0", "--json").json == passage
    assert passage["open_at"] == {"target": f"{docs / 'cats.md'}:1", "path": str(docs / "cats.md"), **passage["place"]}


def test_get_says_where_to_open_the_original(run: Run, docs: Path) -> None:
    run("add", "docs/tool.py")
    run("remember", "The door code is 4711", "--uri", "memory:code")
    assert run("get", "docs/tool.py", "--open-at").out == f"{docs / 'tool.py'}:1\n"
    assert run("get", "memory:code", "--chunk", "0", "--json").json["open_at"] is None
    assert run("get", "memory:code", "--open-at").code == 2
    assert run("get", "docs/tool.py", "--chunk", "1").code == 3


def test_list_gives_documents_without_texts(run: Run, docs: Path) -> None:
    run("add", "docs", "--tag", "x")
    assert [list(one) for one in run("list", "--json").json] == [DOCUMENT] * 3
    assert run("list", "--tag", "none", "--json").json == []


def test_what_a_document_says_of_itself_is_a_filter(run: Run, settings: Path) -> None:
    (settings / "a.md").write_text("---\nauthor: Ada\nyear: 2020\ndraft: yes\nteam: [Bob, Eve]\n---\nCats sleep.\n")
    (settings / "b.md").write_text("---\nauthor: Bob\nyear: 2021\n---\nCats purr.\n")
    run("add", "a.md", "b.md")
    for where, names in (
        (["author=Ada"], ["a.md"]),
        (["year=2021"], ["b.md"]),
        (["draft=true"], ["a.md"]),
        (["team=Eve"], ["a.md"]),
        (["author=Bob", "year=2021"], ["b.md"]),
        (["author=Ada", "year=2021"], []),
        (["author=ada"], []),
    ):
        given = [word for pair in where for word in ("--where", pair)]
        assert [Path(one["uri"]).name for one in run("list", *given, "--json").json] == names
        assert [Path(hit["uri"]).name for hit in run("search", "cats", *given, "--json").json["hits"]] == names
    lost = run("why", "cats", "a.md", "--where", "author=Bob")
    assert "search without --where author=Bob" in lost.out + lost.err


def test_forget_names_what_is_gone(run: Run, docs: Path) -> None:
    run("add", "docs")
    assert run("forget", "docs/cats.md", "--json").json == {"uri": str(docs / "cats.md"), "status": "forgotten"}
    assert len(run("list", "--json").json) == 2


def test_forget_names_all_of_several(run: Run, docs: Path) -> None:
    run("add", "docs")
    ran = run("forget", "docs/cats.md", str(docs / "dogs.txt"), str(docs / "cats.md"), "--json")
    assert ran.json == [{"uri": str(docs / name), "status": "forgotten"} for name in ("cats.md", "dogs.txt")]
    assert [one["uri"] for one in run("list", "--json").json] == [str(docs / "tool.py")]
    assert run("forget", "docs/tool.py", "docs/tool.py", "--json").json == [
        {"uri": str(docs / "tool.py"), "status": "forgotten"}
    ]


def test_stats_counts(run: Run, docs: Path, settings: Path) -> None:
    run("add", "docs", "--tag", "x")
    found = run("stats", "--json").json
    assert set(found) >= {"documents", "chunks", "bytes", "encoder", "schema", "db"}
    assert (found["documents"], found["chunks"], found["db"]) == (3, 3, str(settings / "notes.db"))
    assert found["bytes"] > 0


def test_check_lists_its_findings(run: Run, docs: Path) -> None:
    run("add", "docs")
    found = run("check", "--json").json
    assert found["ok"] is True
    assert len(found["findings"]) >= 5
    for finding in found["findings"]:
        assert list(finding) == ["check", "ok", "count", "sample", "repairable"]


def test_why_takes_what_decides_about_the_hits_of_a_search(run: Run, docs: Path) -> None:
    run("add", "docs")
    asked = ("sleeping cat", "--by-document", "--diversity", "0.5", "--recency", "30", "--min-confidence", "high")
    assert run("search", *asked, "--json").json["hits"] == []
    assert run("why", asked[0], "docs/cats.md", *asked[1:], "--json").json["stage"] == "confidence"
    own, searched = (
        {option for option in re.findall(r"--[a-z-]+", run(name, "--help").out) if option != "--help"}
        for name in ("why", "search")
    )
    assert searched - own == {"--window", "--plan", "--explain"}


def test_why_names_the_step_and_the_advice(run: Run, docs: Path) -> None:
    run("add", "docs")
    found = run("why", "sleeping cat", "docs/cats.md", "--json").json
    assert found == {"stage": "found", "detail": "it is hit 1 of 3", "advice": "", "rank": 1}
    lost = run("why", "sleeping cat", "docs/dogs.txt", "-n", "1", "--json").json
    assert lost["stage"] == "limit"
    assert lost["advice"]


def test_config_shows_every_setting(run: Run, settings: Path) -> None:
    assert run("config", "--json").json == {
        "db": str(settings / "notes.db"),
        "encoder": "hash",
        "busy_wait": 30.0,
        **numbers(Limits()),
        "file": str(settings / "config.toml"),
        "cache": str(settings / "cache"),
    }


def test_eval_gives_metrics_with_intervals(run: Run, judged: Path) -> None:
    found = run("eval", "judged", "--json").json
    assert list(found) == ["dataset", "documents", "queries", "fusion", "metrics"]
    assert (found["dataset"], found["documents"], found["queries"]) == ("judged", 3, 2)
    assert set(found["metrics"]) >= {"ndcg@10", "recall@100", "mrr@10"}
    assert found["metrics"]["recall@100"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert run("eval", "judged", "--json", "--fusion", "rrf").json["fusion"] == "rrf"


def test_eval_keeps_its_index_in_the_cache(run: Run, judged: Path, settings: Path) -> None:
    run("eval", "judged")
    [index] = (settings / "cache" / "eval").glob("*.db")
    before = index.stat().st_mtime_ns
    assert run("eval", "judged").code == 0
    assert index.stat().st_mtime_ns == before
    assert not (settings / "notes.db").exists()


def test_eval_makes_an_index_that_cannot_be_used_anew(run: Run, judged: Path, settings: Path) -> None:
    before = run("eval", "judged", "--json").json
    [index] = (settings / "cache" / "eval").glob("*.db")
    connection = apsw.Connection(str(index))
    connection.execute("UPDATE migration SET sha256 = 'of another version'")
    connection.close()
    assert run("eval", "judged", "--json").json == before
    index.write_bytes(b"no database" * 1000)
    assert run("eval", "judged", "--json").json == before


@pytest.fixture
def judged(settings: Path) -> Path:
    folder = settings / "judged"
    folder.mkdir()
    for name, content in {
        "corpus.jsonl": '{"_id": "a", "title": "Cats", "text": "cats sleep"}\n'
        '{"_id": "b", "title": "", "text": "dogs bark"}\n{"_id": "q1", "text": "cats"}\n',
        "queries.jsonl": '{"_id": "q1", "text": "cats"}\n{"_id": "q2", "text": "dogs"}\n{"_id": "q3", "text": "x"}\n',
        "qrels.tsv": "query-id\tcorpus-id\tscore\nq1\ta\t2\nq2\tb\t1\n",
    }.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_an_import_counts_every_status(run: Run, docs: Path) -> None:
    nothing = {"added": 0, "replaced": 0, "unchanged": 0, "failed": 0}
    run("add", "docs")
    run("export", "all.jsonl")
    assert run("--db", "other.db", "import", "all.jsonl", "--json").json == nothing | {"added": 3}
    assert run("--db", "other.db", "import", "all.jsonl", "--json").json == nothing | {"unchanged": 3}
