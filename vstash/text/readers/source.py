"""Source code of any language: text as it is, with its definitions as headings where a grammar is known."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath

from vstash.text.decode import decode
from vstash.text.readers.base import LINES, Extract

PARSED = 4 << 20  # code points; what is larger was written by a program, and blank lines are structure enough

_SUFFIXES = {
    "python": ".py .pyi .pyx .pyw",
    "javascript": ".js .mjs .cjs .jsx",
    "typescript": ".ts .mts .cts",
    "tsx": ".tsx",
    "go": ".go",
    "rust": ".rs",
    "java": ".java",
    "c": ".c",
    "cpp": ".cc .cpp .cxx .h .hh .hpp .hxx",
    "c_sharp": ".cs",
    "ruby": ".rb",
    "php": ".php",
    "bash": ".sh .bash .zsh",
}
LANGUAGES = {suffix: language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}


def read(data: bytes, name: str) -> Extract:
    """The text as it is. Raises UnsupportedSource when it is binary."""
    text = decode(data, name)
    language = LANGUAGES.get(PurePath(name).suffix.lower())
    if not language or len(text) > PARSED:
        return Extract(text, "code", places=LINES)
    # the parser is loaded for code only: a folder of notes should not wait for it
    headings, atoms = import_module("vstash.text.readers.grammar").structure(text, language)
    return Extract(text, "code", headings=headings, atoms=atoms, places=LINES, metadata={"language": language})
