"""The benchmark runs from texts to tables on a small corpus, and fails with one line without one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "scripts" / "bench"
PARTS = "search,recall,after-write,start,disk"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder of Markdown beside a judged collection, as the benchmark expects them."""
    folder, judged = tmp_path / "corpus", tmp_path / "judged" / "cisi"
    folder.mkdir()
    judged.mkdir(parents=True)
    for number in range(20):
        body = "\n\n".join(f"Of subject {number} part {part} tells what is known. " * 9 for part in range(2))
        (folder / f"{number}.md").write_text(f"# Subject {number}\n\n{body}", encoding="utf-8")
    asked = [json.dumps({"_id": str(at), "text": f"what is known of the subject {at}"}) for at in range(12)]
    (judged / "queries.jsonl").write_text("\n".join(asked), encoding="utf-8")
    return folder


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCH), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_from_texts_to_tables(corpus: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    options = ("--corpus", corpus, "--home", home, "--sample", 12, "--searches", 5, "--parts", PARTS)
    done = run(*options, "--sizes", "60,150", "--rivals", "plain")
    assert done.returncode == 0, done.stderr
    result = json.loads((home / "result.json").read_text(encoding="utf-8"))
    assert {size: set(systems) for size, systems in result["search"].items()} == {
        "60": {"ours", "plain"},
        "150": {"ours", "plain"},
    }
    assert result["recall"]["60"]["recall@10"] == 1.0
    assert result["disk"]["150"]["chunks"] == 150
    assert result["growth"]["vstash"] < 2
    assert "sqlite-vec + FTS5 + RRF" in done.stdout
    assert all(row in done.stdout for row in ("vector", "keyword", "hydrate"))


def test_without_a_corpus_it_says_so_in_one_line(tmp_path: Path) -> None:
    done = run("--corpus", tmp_path / "nowhere", "--home", tmp_path / "home")
    assert done.returncode == 1
    assert done.stderr == f"there is no folder {tmp_path / 'nowhere'}: name one with --corpus\n"
