"""How is a prepared model run? One text at a time, unpadded, on one core each.

Activations are quantised by the range of the whole tensor, so a text's vector would depend on its
neighbours in a batch; alone, it depends on the text only. It is also the fastest way on CPUs:
nothing is spent on padding, and texts run in parallel without waiting for each other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from vstash.encode.tokens import Tokens
from vstash.errors import EncoderError, ModelUnavailable
from vstash.extras import onnx_runtime

if TYPE_CHECKING:
    from vstash.encode.base import Vectors

GRAPH, DATA = "model.onnx", "model.data"
MANIFEST = "manifest.json"  # {"files": {name: bytes}, …}, written last
ERRORS_ONLY = 3  # ONNX Runtime's severity: its warnings are about hardware that is not there


def complete(folder: Path) -> bool:
    """Whether the folder holds a prepared model, every file in its recorded size."""
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return bool(files) and all((folder / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def runtime_version() -> str:
    """ONNX Runtime's major.minor; a prepared model is kept for each."""
    return ".".join(str(onnx_runtime().__version__).split(".")[:2])


class OnnxModel:
    """A session from token ids (1, tokens) to one unit vector (1, dim), and its tokenizer.

    Safe to use from several threads.
    """

    def __init__(self, session: Any, tokens: Tokens, max_tokens: int) -> None:
        self._tokens = tokens
        self._max_tokens = max_tokens
        self._failures = _failures()
        self._session = session
        self._dim = int(self._session.get_outputs()[0].shape[1])

    def vector(self, text: str) -> Vectors:
        """The unit vector of a text, shape (dim,). Raises: EncoderError."""
        ids = np.array([self._tokens.ids(text, self._max_tokens)], np.int64)
        try:
            return cast("Vectors", self._session.run(None, {"input_ids": ids})[0][0])
        except self._failures as error:
            raise EncoderError(
                f"ONNX Runtime failed on a text of {len(text)} characters: {_line(error)}",
                hint="free some memory and try again",
            ) from error

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors in the texts' order, shape (len(texts), dim). Raises: EncoderError."""
        out = np.empty((len(texts), self._dim), np.float32)
        longest_first = sorted(range(len(texts)), key=lambda row: -len(texts[row]))  # no core idles at the end
        with ThreadPoolExecutor(available_cores()) as pool:
            for row, vector in zip(
                longest_first, pool.map(self.vector, map(texts.__getitem__, longest_first)), strict=True
            ):
                out[row] = vector
        return out


def load_session(folder: Path) -> Any:
    """The prepared model of a folder, ready to run. Raises: ModelUnavailable when its graph cannot be loaded."""
    runtime = onnx_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    # The graph is written in fused operators already; looking for more costs start-up time.
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    graph = folder / GRAPH
    try:
        return runtime.InferenceSession(os.fspath(graph), options, providers=["CPUExecutionProvider"])
    except _failures() as error:
        raise ModelUnavailable(
            f"the prepared model {graph} cannot be loaded: {_line(error)}",
            hint=f"delete {graph.parent}; it is prepared anew on the next run",
        ) from error


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises; its classes have no base of their own."""
    state = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    names = "EPFail Fail InvalidArgument InvalidGraph InvalidProtobuf NoSuchFile NotImplemented RuntimeException"
    return tuple(getattr(state, name) for name in names.split())


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
