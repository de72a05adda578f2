"""Models by folder and by name: known before they are loaded, absent in one line and at once."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from vstash.encode.minilm import model_folder
from vstash.encode.transformer import Transformer, _dimension, _window
from vstash.errors import ModelUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The settings of a model, with stand-in weights."""
    own = tmp_path / "model"
    shutil.copytree(model_folder(), own, ignore=shutil.ignore_patterns("*.safetensors"))
    (own / "model.safetensors").write_bytes(b"weights")
    return own


def test_the_space_is_known_from_the_files(folder: Path):
    space = Transformer(str(folder)).space
    assert (space.dim, space.max_tokens, space.model) == (384, 256, str(folder))
    assert space.id == f"model/384/{str(space.fingerprint)[:12]}"
    assert Transformer(str(folder)).space == space


def test_other_weights_are_another_space(folder: Path):
    before = Transformer(str(folder)).space
    (folder / "model.safetensors").write_bytes(b"tuned")
    assert Transformer(str(folder)).space.id != before.id


def test_a_moved_folder_is_the_same_space(folder: Path):
    before = Transformer(str(folder)).space
    moved = folder.parent / "elsewhere" / folder.name
    shutil.move(folder, moved)
    assert Transformer(str(moved)).space.id == before.id


def test_broken_weights_are_one_line(folder: Path):
    with pytest.raises(ModelUnavailable, match="cannot be loaded") as refused:
        Transformer(str(folder)).query("hello")
    assert "\n" not in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize("name", ["no-such-model", "nobody/no-such-model", "not a name!", "./nowhere", "/a/b/c"])
def test_an_unknown_model_is_refused_at_once(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VSTASH_ALLOW_DOWNLOAD", raising=False)
    started = time.monotonic()
    with pytest.raises(ModelUnavailable) as refused:
        Transformer(name)
    assert time.monotonic() - started < 10
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.hint


def test_a_folder_without_a_model_is_refused(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="holds no model"):
        Transformer(str(tmp_path))


@pytest.mark.parametrize(
    ("modules", "dim"),
    [
        ([("Transformer", "", {}), ("Pooling", "1", {"word_embedding_dimension": 8})], 8),
        ([("Pooling", "1", {"embedding_dimension": 8, "pooling_mode": ["cls", "mean"]})], 16),
        ([("Pooling", "1", {"word_embedding_dimension": 8, "pooling_mode_cls_token": True})], 8),
        ([("Pooling", "1", {"embedding_dimension": 8}), ("Dense", "2", {"out_features": 5})], 5),
        ([("Pooling", "1", {"embedding_dimension": 8}), ("Surprise", "2", {})], None),
        ([], None),
    ],
)
def test_the_last_module_that_changes_it_gives_the_dimension(
    tmp_path: Path, modules: list[tuple[str, str, dict[str, object]]], dim: int | None
):
    for _, path, settings in modules:
        (tmp_path / path).mkdir(exist_ok=True)
        (tmp_path / path / "config.json").write_text(json.dumps(settings))
    listed = [{"type": f"package.{kind}", "path": path} for kind, path, _ in modules]
    (tmp_path / "modules.json").write_text(json.dumps(listed))
    assert _dimension(tmp_path) == dim


def test_a_tokenizer_without_a_limit_does_not_widen_the_window(tmp_path: Path):
    (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": 1e30}')
    assert _window(tmp_path) is None
    (tmp_path / "config.json").write_text('{"max_position_embeddings": 512}')
    assert _window(tmp_path) == 512
