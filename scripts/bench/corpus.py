"""Which texts and questions is everything measured with? Real ones, cut in pieces of about 1,000 characters."""

from __future__ import annotations

import json
import random
import re
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

CHUNK = 1000  # characters, about 240 tokens
SHORTEST = 300  # characters; shorter pieces are left out
SEED = 4
JUDGED = ("cosqa", "cranfield", "cisi", "medline", "scifact", "xquad_r_en", "lisa")
WORDS = range(4, 13)  # of a question


def texts(corpus: Path) -> list[str]:
    """Every piece of the corpus folder and of the judged collections beside it, shuffled.

    Raises: FileNotFoundError when the folder holds nothing to cut.
    """
    judged = (passage for name in JUDGED for passage in _passages(corpus.parent / "judged" / name / "corpus.jsonl"))
    pieces = [piece for text in (*_files(corpus), *judged) for piece in cut(text)]
    if not pieces:
        raise FileNotFoundError(f"{corpus} holds no text: name another folder with --corpus")
    unique = sorted(set(pieces))
    random.Random(SEED).shuffle(unique)  # noqa: S311  (nothing secret)
    return unique


def questions(corpus: Path, most: int) -> list[str]:
    """Natural questions of 4 to 12 words, taken in turn from each judged collection.

    Raises: FileNotFoundError when there is none.
    """
    found = []
    for name in JUDGED:
        path = corpus.parent / "judged" / name / "queries.jsonl"
        if path.exists():
            asked = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
            fitting = [text for text in asked if len(text.split()) in WORDS]
            random.Random(SEED).shuffle(fitting)  # noqa: S311
            found.append(fitting[: most // 4])
    if not any(found):
        raise FileNotFoundError(f"{corpus.parent / 'judged'} holds no questions: name another folder with --corpus")
    together = [text for texts in found for text in texts]
    random.Random(SEED).shuffle(together)  # noqa: S311
    return together[:most]


def markdown(corpus: Path) -> list[Path]:
    """The Markdown files of the corpus."""
    return sorted(corpus.rglob("*.md"))


def cut(text: str) -> Iterator[str]:
    """Paragraphs joined up to CHUNK characters; one that is longer is cut where a word ends."""
    held = ""
    for paragraph in re.split(r"\n\s*\n", text):
        for part in _short(paragraph):
            if len(held) >= SHORTEST and len(held) + len(part) > CHUNK:
                yield held
                held = ""
            held = f"{held}\n\n{part}" if held else part
    if len(held) >= SHORTEST:
        yield held


def _short(paragraph: str) -> Iterable[str]:
    part = paragraph.strip()
    while len(part) > CHUNK:
        end = part.rfind(" ", CHUNK // 2, CHUNK)
        end = end if end > 0 else CHUNK
        yield part[:end]
        part = part[end:].strip()
    if part:
        yield part


def _files(corpus: Path) -> Iterator[str]:
    for path in sorted(corpus.rglob("*")):
        if path.suffix in (".md", ".rst", ".txt"):
            yield path.read_text(encoding="utf-8", errors="replace")
        elif path.name.endswith(".tar.xz"):
            yield from _members(path)


def _members(path: Path) -> Iterator[str]:
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                yield file.read().decode("latin-1")


def _passages(path: Path) -> Iterator[str]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield f"{row.get('title', '')}\n\n{row['text']}".strip()
