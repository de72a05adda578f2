"""What a person sees of hits, plans, documents and checks."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vstash.cli import snippet
from vstash.cli.render import BOLD, DIM, END, MARK, RED, coloured, counted, line, named, oneline, paint, talk
from vstash.text.places import words

if TYPE_CHECKING:
    from vstash.types import Contribution, Document, Hit, Report, Results
    from vstash.why import Loss

WIDEST = 120  # columns; longer lines are hard to read
NARROWEST = 20  # columns
SIDES = ("vector", "keyword")  # contributions that come from a ranking; the others are of stages
TITLE = 60  # characters of a text that has no title


def results(found: Results, *, explain: bool) -> None:
    """The hits: title, heading path, where, and a snippet with the query's words marked."""
    terms = [term for arm in found.plan.arms for term in (*arm.terms, *arm.counted)]
    for rank, hit in enumerate(found, 1):
        line(f"{paint(f'{rank}.', DIM)} {paint(_title(hit), BOLD)}{_heading(hit)}")
        line(f"   {paint(_where(hit), DIM)}")
        for row in _wrapped(snippet.excerpt(oneline(hit.text), terms)):
            line(f"   {snippet.marked(row, terms, MARK, END) if coloured(sys.stdout) else row}")
        for part in hit.why if explain else ():
            line(f"   {paint(_explained(part), DIM)}")
        line()


def plan(found: Results) -> None:
    """What each step of the search did: data, as it was asked for."""
    for note in found.trace:
        line(f"{note.step:10} {note.before:>6} → {note.after:<6} {note.took * 1000:8.2f} ms  {oneline(note.detail)}")
    line()


def loss(found: Loss) -> None:
    """Why a document is not among the hits."""
    line(f"{found.stage}: {oneline(found.detail)}")
    if found.advice:
        line(f"advice: {oneline(found.advice)}")


def documents(found: Sequence[Document]) -> None:
    """One line for each document."""
    for one in found:
        about = ", ".join([counted(one.chunks, "chunk"), one.collection, *(f"#{tag}" for tag in one.tags)])
        line(f"{named(one.uri)}  {paint(named(about), DIM)}")


def report(found: Report, *, repaired: bool, advice: str = "") -> None:
    """One line for each check, and what to do about what it found, or about what a repair has left; `advice`, where
    there is one, goes before."""
    for one in found.findings:
        if one.ok:
            line(f"ok      {one.check}")
        else:
            line(f"{paint('FAILED', RED)}  {one.check}: {one.count} — {oneline('; '.join(one.sample))}")
    if advice:
        talk(advice)
    elif repaired and not found.ok:
        talk("this is left: forget and add again what is named; a damaged file: vstash restore --force BACKUP")
    elif any(one.repairable for one in found.findings if not one.ok):
        talk("what is derived can be rebuilt: vstash check --repair")


def _title(hit: Hit) -> str:
    """What to call a hit: its document's title, or else the first words of the passage, which say more than the
    number that stands for a remembered text."""
    title = oneline(hit.title)
    return title or textwrap.shorten(oneline(hit.text), TITLE, placeholder="…") or named(hit.uri)


def _heading(hit: Hit) -> str:
    return f" › {oneline(hit.heading)}" if hit.heading else ""


def _where(hit: Hit) -> str:
    return f"{named(hit.uri)}  {_place(hit)}  score {hit.score:.3f}  id {hit.chunk_id}"


def _place(hit: Hit) -> str:
    """In words; offsets where the format has no places."""
    return oneline(words(hit.place)) or f"[{hit.start}:{hit.end}]"


def _explained(part: Contribution) -> str:
    if part.arm not in SIDES:
        return f"{part.arm}: adds {part.share:+.4f}"
    rank = f"rank {part.rank}" if part.rank else "outside its candidates"
    score = "" if part.score is None else f", score {part.score:.4f}"
    return f"{part.arm}: {rank}{score}, adds {part.share:+.4f}"


def _wrapped(text: str) -> list[str]:
    columns = min(shutil.get_terminal_size((100, 24)).columns, WIDEST)
    return textwrap.wrap(text, max(NARROWEST, columns - 4)) or [""]
