"""How well a memory answers judged questions: metrics with confidence intervals, through the product's own line.

Metrics follow trec_eval: gain is the judged relevance, discount log2(rank + 1), documents are ranked by
their best passage.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vstash.errors import InputError
from vstash.types import Source

DEPTH = 100  # documents ranked for each query
RESAMPLES = 2000  # bootstrap samples of the queries for an interval
LEVEL = 0.95  # of the interval
TIE = 1e-9  # differences below this are rounding
COMPARED = "ndcg@10"  # the metric by which runs are set against each other
SEED = 20_260_415  # fixed, so that a run repeated gives the same interval
_GRADE = re.compile(r"-?[0-9]{1,9}")

Judgements = Mapping[str, Mapping[str, int]]
Metric = Callable[[Sequence[str], Mapping[str, int]], float]
Search = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Documents and questions with judgements: query id → document id → relevance, 0 for none.

    `documents` is None for questions about a memory that is there already.
    """

    name: str
    documents: Path | None
    queries: Mapping[str, str]
    judgements: Judgements


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over the queries with its bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Run:
    """One setting measured: metric → query id → value."""

    fusion: str
    mode: str
    values: Mapping[str, Mapping[str, float]]

    @property
    def name(self) -> str:
        """How it is called in a table."""
        return self.fusion if self.mode == "hybrid" else self.mode


@dataclass(frozen=True, slots=True)
class Difference:
    """One run less another, query by query: the mean with its interval, and how many queries won and lost."""

    mean: float
    low: float
    high: float
    wins: int
    losses: int


def load(path: Path) -> Dataset:
    """A folder in BEIR layout: corpus.jsonl, queries.jsonl and qrels.tsv (or qrels/test.tsv); or a file of lines
    {"query": …, "relevant": [uri, …]} about a memory that is there.

    Queries without a relevant document are left out. Raises: InputError naming file and line.
    """
    return _from_lines(path) if path.is_file() else _from_folder(path)


def _from_lines(path: Path) -> Dataset:
    rows = list(_lines(path, ("query", "relevant")))
    for number, row in enumerate(rows, 1):
        if not isinstance(row["relevant"], list) or not all(isinstance(uri, str) for uri in row["relevant"]):
            raise InputError(f"{path}, question {number}: relevant is no list of uris", hint='write ["uri", …]')
    asked = {str(number): row for number, row in enumerate(rows, 1) if row["relevant"]}
    if not asked:
        raise InputError(f"no query of {path} has a relevant document", hint='a line is {"query": …, "relevant": […]}')
    return Dataset(
        path.name,
        None,
        {number: str(row["query"]) for number, row in asked.items()},
        {number: dict.fromkeys(row["relevant"], 1) for number, row in asked.items()},
    )


def _from_folder(folder: Path) -> Dataset:
    qrels = next((path for path in (folder / "qrels.tsv", folder / "qrels" / "test.tsv") if path.is_file()), None)
    for path in (folder / "corpus.jsonl", folder / "queries.jsonl", qrels or folder / "qrels.tsv"):
        if not path.is_file():
            raise InputError(f"{path} is missing", hint="give a folder with corpus.jsonl, queries.jsonl and qrels.tsv")
    assert qrels is not None
    judgements = _judgements(qrels)
    queries = {
        str(row["_id"]): str(row["text"])
        for row in _lines(folder / "queries.jsonl", ("_id", "text"))
        if any(grade > 0 for grade in judgements.get(str(row["_id"]), {}).values())
    }
    if not queries:
        raise InputError(f"no query of {folder} has a relevant document", hint="check the ids in qrels.tsv")
    return Dataset(folder.resolve().name, folder / "corpus.jsonl", queries, judgements)


def sources(dataset: Dataset) -> Iterator[Source]:
    """The documents as they are stored: the id is the uri."""
    for row in () if dataset.documents is None else _lines(dataset.documents, ("_id", "text")):
        title, text = str(row.get("title") or ""), str(row["text"])
        if not (title + text).strip():
            continue
        content_hash = hashlib.sha256(f"{title}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
        yield Source(str(row["_id"]), text if text.strip() else title, title, content_hash=content_hash)


def fingerprint(dataset: Dataset) -> str:
    """SHA-256 of the documents' file, in hexadecimal: names an index that can be used again."""
    assert dataset.documents is not None
    with dataset.documents.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def measure(dataset: Dataset, search: Search) -> dict[str, dict[str, float]]:
    """Every metric for every query: metric → query id → value. `search` ranks document ids, best first."""
    values: dict[str, dict[str, float]] = {name: {} for name in METRICS}
    for query_id, text in dataset.queries.items():
        ranked = [uri for uri in search(text) if uri != query_id][:DEPTH]
        for name, metric in METRICS.items():
            values[name][query_id] = metric(ranked, dataset.judgements[query_id])
    return values


def summary(values: Iterable[float]) -> Interval:
    """Mean and percentile bootstrap interval over the queries (Efron 1979)."""
    sample = np.fromiter(values, np.float64)
    drawn = np.random.default_rng(SEED).integers(0, len(sample), (RESAMPLES, len(sample)))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(sample[drawn].mean(axis=1), [tail, 1 - tail])
    return Interval(float(sample.mean()), float(low), float(high))


def difference(run: Run, base: Run) -> Difference:
    """What the run has over the base on the queries that both answered. Raises: InputError when there are none."""
    shared = sorted(run.values[COMPARED].keys() & base.values[COMPARED].keys())
    if not shared:
        raise InputError("the two runs share no query", hint="compare runs of the same dataset")
    gains = [run.values[COMPARED][query] - base.values[COMPARED][query] for query in shared]
    interval = summary(gains)
    wins, losses = sum(gain > TIE for gain in gains), sum(gain < -TIE for gain in gains)
    return Difference(interval.mean, interval.low, interval.high, wins, losses)


def moved(run: Run, base: Run, count: int) -> list[tuple[str, float]]:
    """The queries that lost and gained most against the base, worst first: (query id, gain)."""
    gains = {query: value - base.values[COMPARED].get(query, 0.0) for query, value in run.values[COMPARED].items()}
    ordered = sorted((item for item in gains.items() if abs(item[1]) > TIE), key=lambda item: (item[1], item[0]))
    return ordered if len(ordered) <= 2 * count else [*ordered[:count], *ordered[-count:]]


def dumped(dataset: Dataset, runs: Sequence[Run]) -> str:
    """Runs as JSON, to be compared with later."""
    rows = [{"fusion": run.fusion, "mode": run.mode, "values": run.values} for run in runs]
    return json.dumps({"vstash": "evaluation", "dataset": dataset.name, "runs": rows})


def loaded(path: Path) -> list[Run]:
    """Runs that were saved. Raises: InputError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        runs = [Run(row["fusion"], row["mode"], _values(row["values"])) for row in found["runs"]]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="make one with --save") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is no saved evaluation: {error}", hint="make one with --save") from None
    if not runs:
        raise InputError(f"{path} is an evaluation without a run", hint="make one with --save")
    return runs


def _values(said: Any) -> dict[str, dict[str, float]]:
    """The metrics, that of comparisons among them, for each query. Raises what the parts of anything else raise."""
    found = {name: {query: float(value) for query, value in by_query.items()} for name, by_query in said.items()}
    return {COMPARED: found[COMPARED], **found}


def ndcg(ranked: Sequence[str], judged: Mapping[str, int], depth: int = 10) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002)."""
    gains = (max(judged.get(uri, 0), 0) for uri in ranked[:depth])
    ideal = sorted((grade for grade in judged.values() if grade > 0), reverse=True)[:depth]
    best = _discounted(ideal)
    return _discounted(gains) / best if best else 0.0


def recall(ranked: Sequence[str], judged: Mapping[str, int], depth: int = 100) -> float:
    """The share of the relevant documents among the first `depth`."""
    relevant = _relevant(judged)
    return len(relevant & set(ranked[:depth])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranked: Sequence[str], judged: Mapping[str, int], depth: int = 10) -> float:
    """One over the rank of the first relevant document, 0 beyond `depth`."""
    relevant = _relevant(judged)
    return next((1 / rank for rank, uri in enumerate(ranked[:depth], 1) if uri in relevant), 0.0)


def precision(ranked: Sequence[str], judged: Mapping[str, int], depth: int = 5) -> float:
    """The share of relevant documents in the first `depth`."""
    return len(_relevant(judged) & set(ranked[:depth])) / depth


METRICS: Mapping[str, Metric] = {
    "ndcg@10": ndcg,
    "recall@100": recall,
    "mrr@10": reciprocal_rank,
    "p@5": precision,
    "success@1": lambda ranked, judged: precision(ranked, judged, 1),
}


def _relevant(judged: Mapping[str, int]) -> set[str]:
    return {uri for uri, grade in judged.items() if grade > 0}


def _discounted(gains: Iterable[int]) -> float:
    return math.fsum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def _judgements(path: Path) -> Judgements:
    found: dict[str, dict[str, int]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no UTF-8: {error}", hint="query-id, corpus-id, score") from None
    for number, line in enumerate(lines, 1):
        fields = line.split("\t")
        if number == 1 and not _GRADE.fullmatch(fields[-1].strip()):
            continue  # the header
        if not line.strip():
            continue
        if len(fields) != 3 or not _GRADE.fullmatch(fields[2].strip()):
            raise InputError(f"{path}, line {number}: {line!r:.60} is no judgement", hint="query-id, corpus-id, score")
        found.setdefault(fields[0], {})[fields[1]] = int(fields[2])
    return found


def _lines(path: Path, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}, line {number}: {error}", hint="one JSON object a line") from None
            if not isinstance(row, dict) or any(key not in row for key in keys):
                shape = ", ".join(f'"{key}": …' for key in keys)
                raise InputError(
                    f"{path}, line {number}: {' or '.join(keys)} is missing", hint=f"a line is {{{shape}}}"
                )
            yield row
