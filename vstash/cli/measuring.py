"""vstash eval."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from vstash.cli import render
from vstash.cli.app import Session
from vstash.cli.options import Fusion, InMode, Json
from vstash.cli.progress import progress
from vstash.errors import StoreReadOnly

if TYPE_CHECKING:
    from vstash.evaluate import Dataset, Interval
    from vstash.memory import Memory
    from vstash.types import Mode


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("eval")(evaluate)


def evaluate(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Holds corpus.jsonl, queries.jsonl and qrels.tsv.")],
    fusion: Fusion = None,
    mode: InMode = "hybrid",
    json: Json = False,
) -> None:
    """Measure how well judged questions are answered."""
    from vstash import evaluate as line
    from vstash.plan import DEFAULT_FUSION
    from vstash.types import Query

    session: Session = context.obj
    dataset = line.load(folder)
    asked = Query("?", line.DEPTH + 1, cast("Mode", mode), fusion=fusion, by_document=True)
    with _opened(session, dataset) as memory:
        _index(memory, dataset, session)
        values = line.measure(dataset, lambda text: [hit.uri for hit in memory.search(replace(asked, text=text))])
        documents = memory.stats()["documents"]
    metrics = {name: line.summary(by_query.values()) for name, by_query in values.items()}
    if json:
        render.as_json(_as_json(dataset, documents, fusion or DEFAULT_FUSION, metrics))
        return
    render.line(f"{render.oneline(dataset.name)}: {documents:,} documents, {len(dataset.queries):,} queries")
    for name, interval in metrics.items():
        render.line(f"{name:12} {interval.mean:.4f}  [{interval.low:.4f}, {interval.high:.4f}]")


def _opened(session: Session, dataset: Dataset) -> Memory:
    """A memory for the dataset, kept between runs under the content of corpus and encoder."""
    from vstash import evaluate as line
    from vstash.config import cache_folder
    from vstash.memory import Memory

    settings = session.settings
    folder = cache_folder() / "eval"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreReadOnly(
            f"{folder} cannot be made: {error.strerror}", hint="name another cache folder with VSTASH_CACHE"
        ) from error
    name = "".join(char if char.isalnum() else "-" for char in settings.encoder)
    path = folder / f"{line.fingerprint(dataset)[:16]}-{name}.db"
    return Memory.open(path, encoder=settings.encoder, busy_wait=settings.busy_wait, report=session.talk)


def _index(memory: Memory, dataset: Dataset, session: Session) -> None:
    """Add what the memory lacks of the dataset; nothing in a second run."""
    from vstash import evaluate as line

    with progress(sum(1 for _ in line.sources(dataset)), quiet=session.quiet) as advance:
        for result in memory.add_sources(line.sources(dataset)):
            advance(result)


def _as_json(dataset: Dataset, documents: int, fusion: str, metrics: dict[str, Interval]) -> dict[str, Any]:
    return {
        "dataset": dataset.name,
        "documents": documents,
        "queries": len(dataset.queries),
        "fusion": fusion,
        "metrics": {name: {"mean": one.mean, "low": one.low, "high": one.high} for name, one in metrics.items()},
    }
