"""The bundled encoder: prepared once, by one process, whole or not at all; then light to start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from vstash.encode import minilm
from vstash.encode import prepare as preparing
from vstash.encode.graph import FLOAT, write_graph
from vstash.encode.minilm import MAX_TOKENS, SPACE, MiniLM, model_folder, prepare
from vstash.encode.onnx import DATA, GRAPH, MANIFEST, OnnxModel, complete, load_session
from vstash.encode.prepare import MIN_COSINE, Trial, _fastest, _verified, agreement, make
from vstash.encode.tokens import Tokens
from vstash.errors import ModelUnavailable

ROOT = Path(__file__).resolve().parents[2]
PREPARE = "import sys; from pathlib import Path; from vstash.encode.minilm import prepare; "
PREPARE += "prepare(Path(sys.argv[1]), lambda line: print(line, flush=True))"
HEAVY = {"torch", "sentence_transformers", "transformers", "onnx"}


def start(code: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that two processes made at the same moment; their lines are kept beside it."""
    folder = tmp_path_factory.mktemp("encoders")
    pair = [start(PREPARE, str(folder / "cache")) for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], outputs
    (folder / "lines.json").write_text(json.dumps([out for out, _ in outputs]))
    return folder / "cache"


@pytest.fixture
def copied(cache: Path, tmp_path: Path) -> Path:
    """The prepared folder within a cache of this test's own."""
    prepared = prepare(cache)
    own = tmp_path / "cache" / prepared.name
    own.mkdir(parents=True)
    for name in (GRAPH, DATA, MANIFEST):
        (own / name).write_bytes((prepared / name).read_bytes())
    return own


def test_of_two_processes_one_does_the_work(cache: Path):
    outputs = json.loads((cache.parent / "lines.json").read_text())
    assert sum("quantising" in output for output in outputs) == 1
    assert sum("is ready" in output for output in outputs) == 1
    assert sorted(path.suffix for path in cache.iterdir() if path.is_file()) == [".lock"]
    assert [path.name for path in cache.iterdir() if path.is_dir()] == [prepare(cache).name]


def test_a_killed_preparation_leaves_nothing_half_made(tmp_path: Path):
    process = start(PREPARE, str(tmp_path))
    assert process.stdout is not None
    while "quantising" not in process.stdout.readline():
        assert process.poll() is None
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*.part-*/model.onnx")):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(list(tmp_path.glob("*.part-*"))) == 1
    folder = prepare(tmp_path)
    assert complete(folder)
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, f"{folder.name}.lock"}
    assert {path.name for path in folder.iterdir()} == {GRAPH, DATA, MANIFEST}


@pytest.mark.parametrize("name", [GRAPH, DATA])
def test_a_truncated_graph_is_made_anew(cache: Path, copied: Path, name: str):
    whole = (copied / name).read_bytes()
    (copied / name).write_bytes(whole[: len(whole) // 2])
    assert not complete(copied)
    assert MiniLM(copied.parent).query("hello") @ MiniLM(cache).query("hello") > 0.95
    assert complete(copied)


def test_a_graph_damaged_in_its_own_size_is_made_anew(cache: Path, copied: Path):
    whole = (copied / GRAPH).read_bytes()
    (copied / GRAPH).write_bytes(b"\xff" * len(whole))
    assert complete(copied)
    assert MiniLM(copied.parent).query("hello") @ MiniLM(cache).query("hello") > 0.95


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": {}}', '{"files": 3}', '{"files": {"nix": 1}}'])
def test_a_bad_manifest_is_not_trusted(tmp_path: Path, content: str):
    (tmp_path / MANIFEST).write_text(content)
    assert not complete(tmp_path)


def test_with_a_prepared_cache_nothing_heavy_is_imported(cache: Path):
    code = (
        "import sys; from vstash.encode.registry import load; e = load('default'); e.space; light = list(sys.modules)"
    )
    code += "; e.documents(['a', 'b']); e.query('c'); e.token_starts('d'); import json"
    code += "; print(json.dumps([light, list(sys.modules)]))"
    prepared_under = cache.parent / "home"
    prepared_under.mkdir()
    (prepared_under / "encoders").symlink_to(cache, target_is_directory=True)
    process = start(code, VSTASH_CACHE=str(prepared_under))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    before, after = map(set, json.loads(out))
    assert not before & (HEAVY | {"onnxruntime", "tokenizers"})
    assert not after & HEAVY
    assert {"onnxruntime", "tokenizers"} <= after


def test_the_runtime_keeps_and_sends_nothing_about_its_user(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)  # some of which keep it quiet by themselves
    code = "import sys; from pathlib import Path; from vstash.encode.minilm import MiniLM; "
    code += "MiniLM(Path(sys.argv[1])).query('a private question')"
    process = start(code, str(cache), HOME=str(tmp_path))
    assert (process.communicate(timeout=60)[1], process.returncode) == ("", 0)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_serves_this_run(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    lines: list[str] = []
    assert MiniLM(tmp_path / "file" / "encoders", lines.append).query("hello").shape == (SPACE.dim,)
    assert "for this run only" in lines[0]


def test_a_full_disk_is_told_before_anything_is_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    needed = preparing.ROOM
    monkeypatch.setattr(preparing, "ROOM", 10**12)
    lines: list[str] = []
    with pytest.raises(ModelUnavailable, match="No space left") as refused:
        MiniLM(tmp_path, lines.append).query("hello")
    assert f"{needed} MB" in refused.value.hint
    assert [line for line in lines if line.startswith("preparing the encoder")] == []


def test_the_room_that_is_asked_for_is_enough(tmp_path: Path):
    weights = _verified(model_folder() / "model.safetensors", SPACE)
    for bits in (8, 7, FLOAT):  # all that are ever tried on one machine
        (tmp_path / str(bits)).mkdir()
        write_graph(weights, bits, MAX_TOKENS, tmp_path / str(bits) / GRAPH, DATA)
    assert sum(file.stat().st_size for file in tmp_path.rglob("model.*")) < preparing.ROOM * 10**6


def test_other_weights_are_refused_and_nothing_is_left(tmp_path: Path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ModelUnavailable, match="SHA-256") as refused:
        make(tmp_path / "cache" / "x", tmp_path / "model", SPACE, minilm.silent)
    assert "reinstall" in refused.value.hint
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["x.lock"]


def test_a_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package_at_all")
    with pytest.raises(ModelUnavailable) as refused:
        model_folder()
    assert "pip install" in refused.value.hint


def test_vectors_do_not_depend_on_the_batch_at_all(cache: Path):
    encoder = MiniLM(cache)
    texts = ["short", "a text of middling length, for company", "a long one " * 100]
    assert np.array_equal(encoder.documents(texts), np.stack([encoder.query(text) for text in texts]))


@pytest.mark.parametrize(("bits", "least"), [(7, MIN_COSINE), (FLOAT, 0.9998)])
def test_other_widths_would_pass_too(tmp_path: Path, bits: int, least: float):
    weights = _verified(model_folder() / "model.safetensors", SPACE)
    write_graph(weights, bits, MAX_TOKENS, tmp_path / GRAPH, DATA)
    model = OnnxModel(load_session(tmp_path), Tokens(model_folder() / "tokenizer.json"), MAX_TOKENS)
    assert agreement(model) > least


def test_what_was_tried_is_recorded_and_only_the_fastest_kept(cache: Path):
    (manifest,) = cache.rglob(MANIFEST)
    known = json.loads(manifest.read_text())
    assert [one["bits"] for one in known["tried"]][-1] == FLOAT
    assert known["texts_per_second"] == max(one["texts_per_second"] for one in known["tried"])
    assert sorted(path.name for path in manifest.parent.iterdir()) == [MANIFEST, DATA, GRAPH]


def test_the_fastest_that_agrees_is_chosen():
    agreeing, fast = Trial(FLOAT, 0.9999, 30.0), Trial(8, 0.995, 60.0)
    assert _fastest([fast, agreeing]) == fast
    assert _fastest([fast._replace(texts_per_second=20.0), agreeing]) == agreeing
    assert _fastest([fast._replace(cosine=0.98), agreeing]) == agreeing
    with pytest.raises(ModelUnavailable, match=r"0\.980 only"):
        _fastest([fast._replace(cosine=0.98)])


@pytest.mark.parametrize(
    "text",
    [
        "兵马俑？",
        "🦆!",
        "Москва",
        "Кто был президентом?",
        "كم عدد النقاط",
        "แนวรับของแพนเธอร์สเสียไปกี่คะแนน",
        "何点失ったか",
        "몇 점을",
    ],
)
def test_it_can_tell_what_it_cannot_read(text: str) -> None:
    assert not MiniLM().reads(text)
    assert MiniLM().reads(f"a grey heron stands in the reeds by the lake, {text}")


@pytest.mark.parametrize(
    "text", ["", "heron", "naïve café", "¿Cuántos puntos?", "Příliš žluťoučký kůň", "Größe", "hàng phòng ngự"]
)
def test_it_reads_what_is_in_latin_letters(text: str) -> None:
    assert MiniLM().reads(text)
