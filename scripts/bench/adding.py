"""How fast are texts added? `hash FOLDER SCRATCH`, `default FOLDER SCRATCH` or `reference FOLDER SCRATCH`.

`default` splits the time by stage; `reference` is sentence-transformers in fp32 on the very same chunks.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import measure
from material import load

from vstash import Memory
from vstash.encode.minilm import MiniLM, model_folder

Value = TypeVar("Value")

FILES = 1000  # Markdown files for the stub encoder, PARTS texts in each
PARTS = 5
ENCODED = 200  # Markdown files for the real encoder, about 20 s of work


class Timed:
    """Notes how long an encoder's methods work, and what it was given. The encoder stays one that vstash knows by
    name, so that files are cut in a process beside, as they are for users."""

    def __init__(self, encoder: MiniLM) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.texts: list[str] = []
        for name in ("documents", "token_starts", "pieces"):
            setattr(encoder, name, self._noted(name, getattr(encoder, name)))

    def _noted(self, name: str, act: Callable[[Any], Value]) -> Callable[[Any], Value]:
        def noted(given: Any) -> Value:
            if name == "documents":
                self.texts += given
            begun = time.perf_counter()
            try:
                return act(given)
            finally:
                self.spent[name] += time.perf_counter() - begun

        return noted


def with_hash(folder: Path, scratch: Path) -> dict[str, Any]:
    """Markdown files end to end with the hash encoder."""
    where = markdown(folder, scratch / "markdown", FILES)
    with Memory.open(_fresh(scratch / "hash.db"), encoder="hash") as memory:
        return _rate(memory, where)


def with_default(folder: Path, scratch: Path) -> dict[str, Any]:
    """Markdown files end to end with the default encoder, its share of the time, and its chunks for `reference`."""
    where = markdown(folder, scratch / "markdown-few", ENCODED)
    encoder = MiniLM()
    timed = Timed(encoder)
    with Memory.open(_fresh(scratch / "default.db"), encoder=encoder) as memory:
        memory.remember("the model is loaded and the space calibrated before the clock starts")
        timed.spent.clear()
        timed.texts.clear()
        found = _rate(memory, where)
    (scratch / "chunks.json").write_text(json.dumps(timed.texts), encoding="utf-8")
    stages = {**timed.spent, "other": found["seconds"] - sum(timed.spent.values())}
    return {**found, "stages": stages, "model_share": timed.spent["documents"] / found["seconds"]}


def reference(folder: Path, scratch: Path) -> dict[str, Any]:
    """The chunks that `default` encoded, with sentence-transformers as it comes."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from sentence_transformers import SentenceTransformer  # its import takes seconds

    texts = json.loads((scratch / "chunks.json").read_text(encoding="utf-8"))
    model = SentenceTransformer(str(model_folder()), device="cpu")
    model.encode(texts[:4])
    begun = time.perf_counter()
    model.encode(texts, normalize_embeddings=True)
    seconds = time.perf_counter() - begun
    return {"chunks": len(texts), "seconds": seconds, "per_second": len(texts) / seconds}


def markdown(folder: Path, where: Path, files: int) -> Path:
    """A folder of Markdown files, each of some real texts under headings; made once."""
    if not where.exists():
        texts = load(folder).texts
        where.mkdir(parents=True)
        for number in range(files):
            own = texts[number * PARTS : (number + 1) * PARTS]
            body = "\n\n".join(f"## Part {at}\n\n{text}" for at, text in enumerate(own, 1))
            (where / f"{number:05}.md").write_text(f"# File {number}\n\n{body}\n", encoding="utf-8")
    return where


def _rate(memory: Memory, where: Path) -> dict[str, Any]:
    begun = time.perf_counter()
    results = memory.add(where)
    seconds = time.perf_counter() - begun
    chunks = sum(result.chunks for result in results)
    return {"files": len(results), "chunks": chunks, "seconds": seconds, "per_second": chunks / seconds}


def _fresh(database: Path) -> Path:
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    return database


COMMANDS = {"hash": with_hash, "default": with_default, "reference": reference}

if __name__ == "__main__":
    measure.answer(COMMANDS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3])))
