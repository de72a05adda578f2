"""Ranking quality on the judged collections, as the tables of the README: `make quality`, --readme writes them there.

Every figure goes through the product's own line: documents are added, split, encoded and searched as a user's are.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import apsw
import numpy as np

from vstash import evaluate
from vstash.cli.app import Session
from vstash.cli.measuring import _index, _opened  # the very index that `vstash eval` keeps
from vstash.memory import Memory
from vstash.types import Query

ROOT = Path(__file__).parents[1]
JUDGED = ROOT.parent / "shared" / "judged"
ENGLISH = ("scifact", "cranfield", "cisi", "medline", "lisa", "cosqa", "xquad_r_en")
OTHERS = ("xquad_r_es", "xquad_r_zh")  # in other languages, which the encoder does not know
COLUMNS = {  # heading → (fusion, mode) as vstash eval names them
    "BM25": ("raw", "keyword"),
    "vectors": ("raw", "vector"),
    "published": ("adaptive", "hybrid"),
    "RRF": ("rrf", "hybrid"),
    "z-score": ("zscore", "hybrid"),
    "vstash": ("gated", "hybrid"),
}
TOKENIZER = "porter unicode61 remove_diacritics 2"
ASKED = 100  # own and as many foreign questions of each collection, for the confidence


def measured(name: str, folder: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Every setting's metrics on one collection."""
    settings = ["--fusion", "adaptive,rrf,zscore,gated", "--mode", "keyword,vector,hybrid"]
    done = subprocess.run(
        [sys.executable, "-m", "vstash", "--quiet", "eval", str(folder / name), "--json", *settings],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    runs = json.loads(done.stdout)["runs"]
    return {
        (run["fusion"], run["mode"]): {metric: one["mean"] for metric, one in run["metrics"].items()} for run in runs
    }


def table(found: dict[str, dict[tuple[str, str], dict[str, float]]], metric: str) -> str:
    """One metric as a Markdown table, with a mean over the collections."""
    lines = [f"| {metric} | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    rows = [(name, [runs[key][metric] for key in COLUMNS.values()]) for name, runs in found.items()]
    rows.append(("**mean**", np.mean([values for _, values in rows], axis=0).tolist()))
    for name, values in rows:
        lines.append(f"| {name} | " + " | ".join(f"{value:.3f}".lstrip("0") for value in values) + " |")
    return "\n".join(lines)


def other_languages(folder: Path) -> str:
    """The ranking by words in other languages, and the size of the keyword index beside one without extra terms."""
    found = []
    for name in OTHERS:
        ndcg = measured(name, folder)["raw", "keyword"]["ndcg@10"]
        dataset, session = evaluate.load(folder / name), Session(None, None, quiet=True)
        with _opened(session, dataset) as memory:
            growth = _index_growth(memory._store.path)
        found.append(f"{name} {ndcg:.3f} ({growth:.2f} times)")
    return f"Other languages, ndcg@10 by words (size of the index beside one of the texts alone): {', '.join(found)}."


def _index_growth(path: Path) -> float:
    """How many times the bytes of an index of titles and texts as they are the one in a database has."""
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    both = apsw.Connection(":memory:")
    for name, view in (
        ("full", "SELECT id, text, title FROM chunk_fields"),
        ("bare", "SELECT f.id, chunk.text, f.title FROM chunk_fields f JOIN chunk USING (id)"),
    ):
        both.execute(f"CREATE VIRTUAL TABLE {name} USING fts5 (text, title, content = '', tokenize = '{TOKENIZER}')")
        both.executemany(f"INSERT INTO {name} (rowid, text, title) VALUES (?, ?, ?)", database.execute(view))  # noqa: S608
        both.execute(f"INSERT INTO {name} ({name}) VALUES ('optimize')")  # noqa: S608
    full, bare = (both.execute(f"SELECT sum(length(block)) FROM {name}_data").get for name in ("full", "bare"))  # noqa: S608
    return float(full / bare)


def off_topic(folder: Path) -> dict[str, float]:
    """F1 of "low confidence" for each collection, asked its own and as many of the others' questions."""
    datasets = {name: evaluate.load(folder / name) for name in ENGLISH}
    rng = random.Random(1)  # noqa: S311  (a sample, not a secret)
    found = {}
    for name, dataset in datasets.items():
        own = rng.sample(sorted(dataset.queries.values()), min(ASKED, len(dataset.queries)))
        others = [
            text for other in ENGLISH if other != name for text in sorted(datasets[other].queries.values())[:ASKED]
        ]
        foreign = rng.sample(others, len(own))
        session = Session(None, None, quiet=True)
        with _opened(session, dataset) as memory:
            _index(memory, dataset, session)
            missed, caught = _low(memory, own), _low(memory, foreign)
        found[name] = 2 * caught / (2 * caught + missed + len(foreign) - caught)
    return found


def _low(memory: Memory, questions: list[str]) -> int:
    return sum(memory.search(Query(text)).confidence == "low" for text in questions)


def report(folder: Path) -> str:
    """All tables."""
    found = {name: measured(name, folder) for name in ENGLISH}
    confidence = off_topic(folder)
    low = ", ".join(f"{name} {value:.2f}" for name, value in confidence.items())
    mean = np.mean(list(confidence.values()))
    return "\n\n".join(
        [
            table(found, "ndcg@10"),
            table(found, "recall@100"),
            f"Off-topic questions, F1 of low confidence: {low}; mean {mean:.3f}.",
            other_languages(folder),
        ]
    )


def main() -> None:
    """Print the tables, or put them between the marks in the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judged", type=Path, default=JUDGED, help="the folder with the collections")
    parser.add_argument("--readme", action="store_true", help="write the tables into README.md")
    given = parser.parse_args()
    if not given.judged.is_dir():
        sys.exit(f"{given.judged} is missing: name the folder with the judged collections with --judged")
    text = report(given.judged)
    print(text)
    if given.readme:
        path = ROOT / "README.md"
        marked = re.sub(
            r"(?s)(<!-- quality -->\n).*?(<!-- /quality -->)",
            lambda found: found[1] + text + "\n\n" + found[2],
            path.read_text(encoding="utf-8"),
        )
        path.write_text(marked, encoding="utf-8")


if __name__ == "__main__":
    main()
