"""Which part of its vocabulary does a BERT tokenizer need for a text? Loading all of it takes longer than a search.

A word's pieces are those of the longest names that start in it, so that names which stand nowhere in the text
change nothing. What is asked for a question is little; a text that is not takes the whole vocabulary.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from functools import cached_property
from importlib import import_module
from itertools import compress
from pathlib import Path
from typing import Any

ENOUGH = 500  # code points asked for in parts; past them the whole pays
LONGEST = 100  # code points of a name: BERT's rules know no longer word
INNER = "##"  # in front of a name that does not begin a word
_KEY, _END = b'"vocab":', b"}}}"
_RULES = 1 << 16  # bytes in which the rules end and the vocabulary begins


class Sparing:
    """The tokenizer of `file`, a tokenizer.json in which the vocabulary comes last, its names also in the file `names`,
    line by line in the order of their ids. It answers as the whole one does.

    Raises: OSError, ValueError when a file cannot be read or is laid out otherwise.
    """

    def __init__(self, file: Path, names: Path) -> None:
        self._file = file
        self._head = _head(file)
        self._names = names.read_text(encoding="utf-8").split("\n")
        self._special = frozenset(one["content"] for one in json.loads(self._definition({}))["added_tokens"])
        self._asked = 0

    def encode(self, text: str, add_special_tokens: bool = True) -> Any:
        """The library's encoding of a text."""
        self._asked += len(text)
        tokenizer = self.whole if self._asked > ENOUGH else self._with(self._within(text))
        return tokenizer.encode(text, add_special_tokens=add_special_tokens)

    @cached_property
    def whole(self) -> Any:
        """The tokenizer with all of its vocabulary."""
        return load(self._file.read_text(encoding="utf-8"))

    @cached_property
    def rules(self) -> Any:
        """The tokenizer without its vocabulary, but for the special tokens."""
        return self._with(())

    def _within(self, text: str) -> set[str]:
        """What may be a name of the text's words, as the rules change them."""
        words = self.rules.normalizer.normalize_str(text).split()
        parts = {
            word[start:end]
            for word in words
            for start in range(len(word))
            for end in range(start + 1, min(start + LONGEST, len(word)) + 1)
        }
        return parts | {INNER + part for part in parts}

    def _with(self, names: Iterable[str]) -> Any:
        wanted = self._special.union(names)
        known = compress(enumerate(self._names), map(wanted.__contains__, self._names))
        return load(self._definition({name: id_ for id_, name in known}))

    def _definition(self, ids: dict[str, int]) -> str:
        return f"{self._head}{json.dumps(ids)}{_END.decode()[1:]}"


def load(definition: str) -> Any:
    """The library's tokenizer, set to give a text all of its own tokens and no others."""
    tokenizer = import_module("tokenizers").Tokenizer.from_str(definition)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _head(file: Path) -> str:
    """What stands before the vocabulary."""
    with file.open("rb") as stream:
        head, found, _ = stream.read(_RULES).partition(_KEY)
        stream.seek(-len(_END), os.SEEK_END)
        if not found or stream.read() != _END:
            raise ValueError("the vocabulary does not come last")
    return (head + found).decode()
