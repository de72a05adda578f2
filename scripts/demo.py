"""Index this repository's own text and source, and ask three questions: one that only vectors can answer, one
that only keywords can, one that needs both. Exits with 1 if a document expected first is not, or a claim fails."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vstash import Memory, Query, VstashError
from vstash.cli.app import run
from vstash.cli.progress import add_failure, add_summary, progress
from vstash.encode.minilm import MiniLM
from vstash.types import Mode

if TYPE_CHECKING:
    from vstash.encode.base import Vectors

ROOT = Path(__file__).resolve().parents[1]
DATABASE = ROOT / ".demo" / "memory.db"
PLACES = ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml", "migrations", "scripts", "vstash")
ENDINGS = ("", ".md", ".py", ".sql", ".toml")  # text and source; the encoder's tables of numbers are neither
DEPTH = 1000  # documents ranked, more than there are: a document without a rank was not found at all


class Counting(MiniLM):
    """The default encoder, counting the passages that it encodes."""

    encoded = 0

    def documents(self, texts: Sequence[str]) -> Vectors:
        """As the default encoder does."""
        self.encoded += len(texts)
        return super().documents(texts)


@dataclass(frozen=True)
class Question:
    """A question, the document that answers it, and the sides that must not find that by themselves."""

    kind: str
    text: str
    answer: str
    why: str
    blind: tuple[Mode, ...]


QUESTIONS = (
    Question(
        kind="only vectors can answer",
        text="sudden electricity outage",
        answer="vstash/store/sqlite/connection.py",
        why='It says "survives a power cut": not a word of the question stands in it.',
        blind=("keyword",),
    ),
    Question(
        kind="only keywords can answer",
        text="0x9E3779B97F4A7C15",
        answer="vstash/encode/hash.py",
        why="A number means nothing; it stands in one place.",
        blind=("vector",),
    ),
    Question(
        kind="needs both",
        text="VACUUM shrinking after erasing",
        answer="vstash/store/sqlite/backup.py",
        why="One file speaks of what shrinks, others give space back: only this one does so by VACUUM.",
        blind=("keyword", "vector"),
    ),
)


def sources(memory: Memory) -> Iterator[Path]:
    """What to index; not this file, in which the questions stand."""
    for place in PLACES:
        for file in map(Path, memory.files(ROOT / place)):
            if file.suffix in ENDINGS and file != Path(__file__).resolve():
                yield file


def index(memory: Memory, encoder: Counting) -> bool:
    """Add what is new or changed, forget what is gone, and say what it cost. Whether all went well."""
    started = time.perf_counter()
    files = list(sources(memory))
    for gone in {document.uri for document in memory.list()} - set(map(str, files)):
        memory.forget(gone)
    results = []
    with progress(len(files), quiet=False) as advance:
        for result in memory.adding(files):
            results.append(result)
            advance(result)
    failed = [result for result in results if result.status == "failed"]
    for result in failed:
        add_failure(result)
    took = time.perf_counter() - started
    add_summary(results, took)
    say(f"{encoder.encoded:,} passages encoded in {took:.1f} s")
    return not failed


def ask(memory: Memory, question: Question) -> bool:
    """Show a question's hits and where each side alone puts its answer. Whether it is as claimed."""
    say(f"\nA question that {question.kind}. {question.why}\n")
    say(f'$ vstash search "{question.text}" -n 2')
    ended = run(["--quiet", "--db", str(DATABASE), "search", question.text, "-n", "2"])
    modes: tuple[Mode, ...] = ("keyword", "vector", "hybrid")
    ranks = {mode: rank(memory, question, mode) for mode in modes}
    told = ", ".join(f"{mode} {place or 'not found'}" for mode, place in ranks.items())
    right = ended == 0 and ranks["hybrid"] == 1 and all(ranks[mode] != 1 for mode in question.blind)
    say(f"{'as expected' if right else 'NOT AS EXPECTED'}: rank of {question.answer}: {told}")
    return right


def rank(memory: Memory, question: Question, mode: Mode) -> int | None:
    """The rank of the answer among the documents, from 1; None when it is not found."""
    found = memory.search(Query(question.text, DEPTH, mode, by_document=True))
    answer = str(ROOT / question.answer)
    return next((place for place, hit in enumerate(found, 1) if hit.uri == answer), None)


def say(text: str) -> None:
    """A line on the screen, at once."""
    print(text, flush=True)


def main() -> int:
    """Run the demonstration; its exit code."""
    os.environ.pop("VSTASH_ENCODER", None)  # the demonstration is of the default
    DATABASE.parent.mkdir(exist_ok=True)
    encoder = Counting(report=say)
    say(f"indexing {ROOT.name} into {DATABASE.relative_to(ROOT)}")
    with Memory.open(DATABASE, encoder=encoder) as memory:
        fine = [index(memory, encoder), *[ask(memory, question) for question in QUESTIONS]]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except VstashError as error:
        sys.exit(f"error: {error}; {error.hint}; or start afresh: rm -r {DATABASE.parent.relative_to(ROOT)}")
