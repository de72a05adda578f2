"""Metrics against trec_eval itself, paired differences, and questions about a memory of one's own."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import pytrec_eval

from vstash import evaluate
from vstash.errors import InputError
from vstash.evaluate import Dataset, Run

NAMES = {"ndcg@10": "ndcg_cut_10", "recall@100": "recall_100", "p@5": "P_5", "success@1": "success_1"}


def dataset(judgements: dict[str, dict[str, int]]) -> Dataset:
    return Dataset("made", None, {query: query for query in judgements}, judgements)


@pytest.mark.parametrize("seed", range(5))
def test_metrics_are_those_of_trec_eval(seed: int) -> None:
    rng = random.Random(seed)
    pool = [f"d{at}" for at in range(150)]
    judgements = {
        f"q{at}": {uri: rng.choice([-1, 0, 1, 2, 3]) for uri in rng.sample(pool, 20)} | {"d0": 1} for at in range(30)
    }
    rankings = {query: rng.sample(pool, rng.randint(0, 120)) for query in judgements}
    ours = evaluate.measure(dataset(judgements), lambda text: rankings[text])
    theirs = pytrec_eval.RelevanceEvaluator(judgements, {*NAMES.values(), "recip_rank"}).evaluate(
        {query: {uri: float(-rank) for rank, uri in enumerate(found[:100])} for query, found in rankings.items()}
    )
    for query, expected in theirs.items():
        for name, foreign in NAMES.items():
            assert ours[name][query] == pytest.approx(expected[foreign], abs=1e-6)
        first = expected["recip_rank"]
        assert ours["mrr@10"][query] == pytest.approx(first if first >= 0.1 else 0.0, abs=1e-6)


def test_a_document_with_the_querys_own_id_is_dropped() -> None:
    values = evaluate.measure(dataset({"d1": {"d2": 1}}), lambda text: ["d1", "d2"])
    assert values["success@1"]["d1"] == 1.0


def run(**values: float) -> Run:
    return Run("gated", "hybrid", {"ndcg@10": values})


def test_differences_are_paired_and_counted() -> None:
    found = evaluate.difference(run(a=1.0, b=0.5, c=0.2), run(a=0.5, b=0.5, c=0.3))
    assert found.mean == pytest.approx((0.5 + 0.0 - 0.1) / 3)
    assert (found.wins, found.losses) == (1, 1)
    assert found.low <= found.mean <= found.high


def test_runs_without_a_common_query_are_refused() -> None:
    with pytest.raises(InputError, match="share no query"):
        evaluate.difference(run(a=1.0), run(b=1.0))


def test_what_moved_comes_worst_first_and_from_both_ends() -> None:
    better = run(**{f"q{at}": at / 10 for at in range(10)})
    even = run(**{f"q{at}": 0.45 for at in range(10)})
    assert [query for query, _ in evaluate.moved(better, even, 2)] == ["q0", "q1", "q8", "q9"]
    assert evaluate.moved(even, even, 2) == []


def test_saved_runs_come_back(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(evaluate.dumped(dataset({"a": {"x": 1}}), [run(a=0.5)]), encoding="utf-8")
    assert evaluate.loaded(path) == [run(a=0.5)]


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "[" * 100_000, '{"runs": [{}]}']
    + [f'{{"runs": [{{"fusion": "rrf", "mode": "hybrid", "values": {values}}}]}}'
       for values in ("[]", "{}", '{"ndcg@10": []}', '{"ndcg@10": {"q": []}}')],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_saved_run_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="no saved evaluation"):
        evaluate.loaded(path)


def test_an_evaluation_without_a_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"runs": []}', encoding="utf-8")
    with pytest.raises(InputError, match="without a run"):
        evaluate.loaded(path)


def test_questions_about_an_own_memory(tmp_path: Path) -> None:
    path = tmp_path / "asked.jsonl"
    rows = [{"query": "herons", "relevant": ["doc:1", "doc:2"]}, {"query": "nothing", "relevant": []}]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = evaluate.load(path)
    assert (found.documents, dict(found.queries)) == (None, {"1": "herons"})
    assert found.judgements == {"1": {"doc:1": 1, "doc:2": 1}}
    assert list(evaluate.sources(found)) == []


def test_a_question_without_its_answers_is_told_how_to_name_them(tmp_path: Path) -> None:
    path = tmp_path / "asked.jsonl"
    path.write_text('{"query": "x"}', encoding="utf-8")
    with pytest.raises(InputError) as refused:
        evaluate.load(path)
    assert refused.value.hint == 'a line is {"query": …, "relevant": …}'


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"query": "x"}', "is missing"),
        ("no json", "line 1"),
        ('{"query": "x", "relevant": "doc:1"}', "no list"),
        ('{"query": "x", "relevant": []}', "no query"),
    ],
)
def test_questions_that_cannot_be_read_are_named(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "asked.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        evaluate.load(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("corpus.jsonl", b'{"_id": "1", "text": "caf\xe9"}\n', "corpus.jsonl, line 1: 'utf-8' codec"),
        ("queries.jsonl", b'{"_id": "1", "text": "caf\xe9"}\n', "queries.jsonl, line 1: 'utf-8' codec"),
        ("queries.jsonl", b"[" * 100_000, "queries.jsonl, line 1: maximum recursion depth"),
        ("qrels.tsv", b"q\tcaf\xe9\t1\n", "qrels.tsv is no UTF-8"),
        ("qrels.tsv", b"query\tcorpus\tscore\nq\t1\t--1\n", "qrels.tsv, line 2: 'q.*' is no judgement"),
        ("qrels.tsv", "query\tcorpus\tscore\nq\t1\t²\n".encode(), "qrels.tsv, line 2: 'q.*' is no judgement"),
    ],
)
def test_a_folder_that_cannot_be_read_names_the_file(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / "corpus.jsonl").write_text('{"_id": "1", "text": "herons"}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "birds"}\n')
    (tmp_path / "qrels.tsv").write_text("q\t1\t1\n")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        list(evaluate.sources(evaluate.load(tmp_path)))


def test_the_interval_holds_the_mean_and_repeats() -> None:
    first = evaluate.summary([0.1, 0.5, 0.9, 0.3])
    assert first.low <= first.mean <= first.high
    assert evaluate.summary([0.1, 0.5, 0.9, 0.3]) == first
