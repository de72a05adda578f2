"""The benchmark measures what it says: same material for all, growth fitted, pieces as the model's, a true picture."""

from __future__ import annotations

import importlib
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from vstash.encode.minilm import MiniLM

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
TEXT = "The mayor didn't sign os.path.join(a_b, 3.14) before Tuesday's naïve café meeting — 東京, e-mail: x@y.org!"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the benchmark by name, as its own files do."""
    monkeypatch.syspath_prepend(str(SCRIPTS / "bench"))
    monkeypatch.syspath_prepend(str(SCRIPTS))

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    return load


@pytest.fixture
def material(bench: Any) -> Any:
    """Twelve texts, ten of them with vectors."""
    rng = np.random.default_rng(1)
    sample = rng.standard_normal((10, 16), dtype=np.float32)
    sample /= np.linalg.norm(sample, axis=1, keepdims=True)
    texts = [f"text {number} says\n\nsomething of its own kind about subject {number}" for number in range(12)]
    neighbours = bench("sample").nearest(sample, 3)
    return bench("material").Material(texts, sample, neighbours, ["what is it"], sample[:1])


def test_material_is_real_as_far_as_it_goes_and_then_varies(bench: Any, material: Any) -> None:
    [part] = bench("material").slices(material, 30)
    assert part.texts[:12] == material.texts
    assert not set(part.texts[12:]) & set(material.texts)
    assert np.array_equal(part.vectors[:10], material.sample)
    assert np.allclose(np.linalg.norm(part.vectors, axis=1), 1, atol=1e-5)


def test_a_run_that_goes_on_gets_the_same_material(bench: Any, material: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench("material"), "SLICE", 8)
    whole = [text for part in bench("material").slices(material, 30) for text in part.texts]
    rest = [text for part in bench("material").slices(material, 30, 13) for text in part.texts]
    assert rest == whole[13:]


def test_who_never_had_the_deleted_has_all_that_stays(bench: Any, material: Any) -> None:
    deleting = bench("deleting")
    [part] = bench("material").slices(material, 31)
    left = deleting.left(part)
    assert left.names == [name for name in part.names if deleting.stays(name)]
    assert len(left.names) == 15
    at = {name: number for number, name in enumerate(part.names)}
    assert left.texts == [part.texts[at[name]] for name in left.names]
    assert np.array_equal(left.vectors, part.vectors[[at[name] for name in left.names]])


def test_the_report_tells_what_deleting_costs(bench: Any) -> None:
    states = {"before": 9.5e6, "compacted": 5e6, "never": 5.1e6}
    took = {"singly": 10, "singly_s": 0.05, "together": 90, "together_s": 0.2, "compact_s": 1.5}
    peaks = {"delete_peak_mb": 64.0, "compact_peak_mb": 65.0}
    times = {name: dict.fromkeys(states, value) for name, value in (("p50", 7.25), ("p95", 9.75))}
    found = {**took, **peaks, **times, "bytes": {**states, "deleted": 11e6}}
    said = "\n".join(bench("report").lines({"delete": {"200": found}}))
    assert "Deleting 100 documents of 200" in said
    assert "5.00 ms each for 10 one by one, then 0.2 s for 90 together" in said
    assert [line.split()[-3:] for line in said.splitlines() if "never had" in line] == [["5.1", "7.2", "9.8"]]


def test_neighbours_are_the_nearest(material: Any) -> None:
    cosines = material.sample @ material.sample.T
    np.fill_diagonal(cosines, -2)
    expected = np.argsort(-cosines, axis=1)[:, :3]
    assert [set(row) for row in material.neighbours.tolist()] == [set(row) for row in expected.tolist()]


def test_truth_is_what_comparing_all_finds(bench: Any, material: Any, tmp_path: Path) -> None:
    [part] = bench("material").slices(material, 300)
    expected = np.argsort(-(part.vectors @ material.asked[0]), kind="stable")[:100]
    found = bench("exact").truth(tmp_path, material, 300)
    assert found.tolist() == [expected.tolist()]
    assert bench("exact").truth(tmp_path, material, 300).tolist() == [expected.tolist()], "kept"


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 1.7])
def test_growth_finds_the_exponent(bench: Any, power: float) -> None:
    sizes = [5_000, 50_000, 200_000, 1_000_000]
    assert bench("report").growth(sizes, [3e-4 * size**power for size in sizes]) == pytest.approx(power)


def test_every_question_is_asked_before_the_clock_runs(bench: Any) -> None:
    asked = list[str]()

    def search(question: str, vector: Any) -> dict[str, float]:
        asked.append(question)
        return {"stage": 0.25}

    questions = [f"question {number}" for number in range(30)]
    found = bench("measure").searches(search, questions, np.eye(30, dtype=np.float32), 45)
    assert asked == questions + questions + questions[:15]
    assert len(found["took"]) == len(found["worked"]) == 45
    assert found["stages"] == {"stage": 250.0}


def test_the_turns_of_a_system_count_as_one(bench: Any) -> None:
    rest = {"peak_mb": 5.0, "own_mb": 4.0, "open": 1.0}
    turns: list[dict[str, Any]] = [
        {"first": 9.0, "took": [1.0, 2.0], "worked": [1.0, 1.0], "stages": {"plan": 1.0}, **rest},
        {
            "first": 8.0,
            "took": [3.0, 4.0, 5.0],
            "worked": [2.0, 3.0, 3.0],
            "stages": {"plan": 2.0},
            **rest,
            "peak_mb": 7.0,
        },
    ]
    turns[1]["peak_mb"] = 7.0
    found = bench("measure").together(turns)
    assert (found["first"], found["p50"], found["cpu"], found["searches"]) == (9.0, 3.0, 2.0, 5)
    assert (found["peak_mb"], found["own_mb"], found["open"], found["stages"]) == (7.0, 4.0, 1.0, {"plan": 1.5})
    assert "took" not in found
    assert found["p50"] <= found["p95"] <= found["p99"]


def test_the_stub_names_the_pieces_that_the_model_names(bench: Any) -> None:
    stub, model = bench("stub").Given(), MiniLM()
    for text in (TEXT, TEXT.encode("ascii", "ignore").decode(), "x" * 120, "a\tb\n\n-- 12,5 %"):
        assert list(stub.pieces(text)) == list(model.pieces(text))


def test_cut_loses_nothing_but_a_short_end(bench: Any) -> None:
    corpus = bench("corpus")
    text = "\n\n".join(f"paragraph {number} " + "word " * (number % 300) for number in range(120))
    pieces = list(corpus.cut(text))
    assert max(map(len, pieces)) <= corpus.CHUNK + corpus.SHORTEST
    assert " ".join(text.split()).startswith(" ".join(" ".join(pieces).split()))
    assert len(" ".join(pieces).split()) > len(text.split()) - corpus.SHORTEST


def test_the_picture_shows_every_system(bench: Any) -> None:
    plot = bench("bench_plot")
    result = {"search": {"50000": {"ours": {"p50": 9.0}, "plain": {"p50": 90.0}}, "5000": {"ours": {"p50": 4.0}}}}
    picture = ElementTree.fromstring(plot.svg(plot.lines(json.loads(json.dumps(result)))))
    words = " ".join(element.text or "" for element in picture.iter())
    assert "vstash, 9 ms" in words
    assert "sqlite-vec + FTS5 + RRF, 90 ms" in words
