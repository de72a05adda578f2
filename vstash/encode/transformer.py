"""Any sentence-transformers model, by folder or by name, from this machine alone.

A name is looked up in the local model cache; the network is used only with VSTASH_ALLOW_DOWNLOAD=1.
The space is read from the model's files; the model itself is loaded at the first text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cached_property
from hashlib import file_digest, sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vstash.encode.tokens import Tokens, encodable, estimated_starts
from vstash.errors import EncoderError, ModelUnavailable
from vstash.types import Space

if TYPE_CHECKING:
    from vstash.encode.base import Vectors

ALLOW_DOWNLOAD = "VSTASH_ALLOW_DOWNLOAD"
ORGANISATION = "sentence-transformers"  # whose models may be named without it
OTHER_FORMATS = ["onnx/*", "openvino/*", "*.onnx", "*.h5", "*.ot", "*.msgpack", "*.tflite"]  # not ours to run
DOWNLOAD_PATIENCE = 10.0  # seconds to wait for the hub's answer
UNBOUNDED = 1_000_000  # tokens; tokenizers without a limit name 1e30


class Transformer:
    """A model run by sentence-transformers, in float32, with its own prompts for queries and documents.

    `name` is a folder, or a model's name as the hub knows it. Raises: ModelUnavailable when it is not
    on this machine (and may not or cannot be downloaded), here or when it is first used.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._folder = _find(name)

    @cached_property
    def space(self) -> Space:
        """Which vectors these can be compared with; the fingerprint covers the weights and the settings."""
        named = Path(self._name).expanduser()
        local = named.is_dir()
        fingerprint = _fingerprint(self._folder)
        dim = _dimension(self._folder) or _loaded_dimension(self._model)
        return Space(
            id=f"{self._folder.name if local else self._name}/{dim}/{fingerprint[:12]}",
            model=str(self._folder) if local else self._name,
            dim=dim,
            max_tokens=_window(self._folder),
            fingerprint=fingerprint,
        )

    def documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, shape (len(texts), dim). Raises: ModelUnavailable, EncoderError."""
        if not texts:
            return np.empty((0, self.space.dim), np.float32)
        return self._encode("document", [encodable(text) for text in texts])

    def query(self, text: str) -> Vectors:
        """The vector of a question, shape (dim,). Raises: ModelUnavailable, EncoderError."""
        vector: Vectors = self._encode("query", [encodable(text)])[0]
        return vector

    def token_starts(self, text: str) -> list[int]:
        """The offset, in code points, at which each token starts; estimated without a tokenizer.json."""
        return self._tokens.starts(text) if self._tokens else estimated_starts(text)

    def _encode(self, role: str, texts: list[str]) -> Vectors:
        model = self._model
        options: dict[str, Any] = {"normalize_embeddings": True, "show_progress_bar": False}
        encode = getattr(model, f"encode_{role}", None)  # since sentence-transformers 5
        if encode is None:
            encode = model.encode
            options["prompt_name"] = role if role in model.prompts else None
        try:
            return np.ascontiguousarray(encode(texts, **options), np.float32)
        except (RuntimeError, ValueError, IndexError) as error:
            raise EncoderError(
                f"{self._name} failed on {len(texts)} texts: {_line(error)}", hint="try another model"
            ) from error

    @cached_property
    def _tokens(self) -> Tokens | None:
        file = self._folder / "tokenizer.json"
        return Tokens(file) if file.is_file() else None

    @cached_property
    def _model(self) -> Any:
        package = import_module("sentence_transformers")
        import_module("transformers.utils.logging").disable_progress_bar()
        broken = import_module("safetensors").SafetensorError
        try:
            return package.SentenceTransformer(os.fspath(self._folder), local_files_only=True)
        except (OSError, ValueError, RuntimeError, ImportError, LookupError, TypeError, broken) as error:
            raise ModelUnavailable(
                f"the model {self._name} cannot be loaded: {_line(error)}",
                hint="check that the folder holds a whole sentence-transformers model",
            ) from error


def _find(name: str) -> Path:
    """The folder with the model's files. Raises: ModelUnavailable."""
    folder = Path(os.path.expanduser(name))  # noqa: PTH111  (which raises where there is no such person)
    said = f"{' '.join(name.split()):.300}".encode("utf-8", "backslashreplace").decode()
    if os.path.isdir(folder):  # noqa: PTH112  (which raises where a name is too long for one)
        found: Path | None = folder.resolve()
    elif name.startswith((".", "~", os.sep)) or name.count("/") > 1:
        raise ModelUnavailable(f"there is no folder {said}", hint="name a folder with a sentence-transformers model")
    else:
        found = _from_hub(name)
    if found and any((found / file).is_file() for file in ("modules.json", "config.json")):
        return found
    if found and folder.is_dir():
        raise ModelUnavailable(
            f"{said} holds no model: it has no modules.json or config.json",
            hint="name the folder that has them",
        )
    raise ModelUnavailable(
        f"the model {said} is not on this machine",
        hint=f"use the default encoder, name a model's folder, or set {ALLOW_DOWNLOAD}=1 to download it",
    )


def _from_hub(name: str) -> Path | None:
    """The model in the hub's local cache; downloaded first only where that is allowed."""
    hub = import_module("huggingface_hub")
    repositories = [name] if "/" in name else [f"{ORGANISATION}/{name}", name]
    attempts: list[dict[str, Any]] = [{"local_files_only": True}]
    if os.environ.get(ALLOW_DOWNLOAD) == "1":
        attempts.append({"etag_timeout": DOWNLOAD_PATIENCE, "ignore_patterns": OTHER_FORMATS})
    for options in attempts:
        for repository in repositories:
            try:
                return Path(hub.snapshot_download(repository, **options))
            except (OSError, ValueError):  # not there, no network, or no name of a model
                continue
    return None


def _fingerprint(folder: Path) -> str:
    """SHA-256 over the settings, vocabularies and weights, by relative path; the same on every machine."""
    files = sorted(
        file
        for file in folder.rglob("*")
        if file.suffix in {".json", ".txt", ".model", ".safetensors", ".bin"}
        and not {"onnx", "openvino"} & set(file.relative_to(folder).parts)
    )
    if any(file.suffix == ".safetensors" for file in files):
        files = [file for file in files if file.suffix != ".bin"]  # an older copy of the same weights
    total = sha256()
    for file in files:
        total.update(f"{file.relative_to(folder).as_posix()}\n{_digest(file)}\n".encode())
    return total.hexdigest()


def _digest(file: Path) -> str:
    """The file's SHA-256; the hub's cache names large files by it already."""
    target = file.resolve()
    if target.parent.name == "blobs" and len(target.name) == sha256().digest_size * 2:
        return target.name
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _dimension(folder: Path) -> int | None:
    """The dimension by the settings of the last module that changes it; None when they do not say."""
    dim: int | None = None
    for module in _json(folder / "modules.json", []):
        settings = _json(folder / module.get("path", "") / "config.json", {})
        kind = module.get("type", "").rsplit(".", 1)[-1]
        if kind == "Pooling":
            width = settings.get("word_embedding_dimension") or settings.get("embedding_dimension")
            dim = width * _pooled(settings) if width else None
        elif kind == "Dense":
            dim = settings.get("out_features")
        elif kind not in {"Transformer", "Normalize", "Dropout"}:
            return None
    return dim


def _pooled(settings: dict[str, Any]) -> int:
    """How many pooled vectors are put one after another."""
    mode = settings.get("pooling_mode")
    if mode is None:
        return sum(value is True for key, value in settings.items() if key.startswith("pooling_mode_")) or 1
    return 1 if isinstance(mode, str) else len(mode)


def _loaded_dimension(model: Any) -> int:
    ask = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
    return int(ask())


def _window(folder: Path) -> int | None:
    """The encoder's window in tokens, special ones included: the smallest that its settings name."""
    named = (
        _json(folder / "sentence_bert_config.json", {}).get("max_seq_length"),
        _json(folder / "tokenizer_config.json", {}).get("model_max_length"),
        _json(folder / "config.json", {}).get("max_position_embeddings"),
    )
    return min((int(size) for size in named if size and size < UNBOUNDED), default=None)


def _json(file: Path, otherwise: Any) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return otherwise


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
