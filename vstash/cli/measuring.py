"""vstash eval."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from vstash.cli import render
from vstash.cli.app import Session
from vstash.cli.options import Json
from vstash.types import FUSIONS, Mode, Query

if TYPE_CHECKING:
    from vstash.evaluate import Dataset, Interval
    from vstash.memory import Memory


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("eval")(evaluate)


def evaluate(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="corpus.jsonl, queries.jsonl and qrels.tsv.")],
    fusion: Annotated[str | None, typer.Option(help="zscore, rrf or adaptive.", show_default=False)] = None,
    mode: Annotated[str, typer.Option(help="hybrid, keyword or vector.")] = "hybrid",
    json: Json = False,
) -> None:
    """Measure how well judged questions are answered."""
    from vstash import evaluate as line

    session: Session = context.obj
    dataset = line.load(folder)
    asked = Query("?", line.DEPTH + 1, cast(Mode, mode), fusion=fusion, by_document=True)
    with _indexed(session, dataset) as memory:
        values = line.measure(dataset, lambda text: [hit.uri for hit in memory.search(replace(asked, text=text))])
        documents = memory.stats()["documents"]
    metrics = {name: line.summary(by_query.values()) for name, by_query in values.items()}
    if json:
        render.as_json(_as_json(dataset, documents, fusion, metrics))
        return
    render.line(f"{dataset.name}: {documents:,} documents, {len(dataset.queries):,} queries")
    for name, interval in metrics.items():
        render.line(f"{name:12} {interval.mean:.4f}  [{interval.low:.4f}, {interval.high:.4f}]")


def _indexed(session: Session, dataset: Dataset) -> Memory:
    """A memory of the dataset's documents, kept between runs under the content of corpus and encoder."""
    import platformdirs

    from vstash import evaluate as line
    from vstash.memory import Memory

    settings = session.settings
    folder = platformdirs.user_cache_path("vstash") / "eval"
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(char if char.isalnum() else "-" for char in settings.encoder)
    memory = Memory.open(folder / f"{line.fingerprint(dataset)[:16]}-{name}.db", encoder=settings.encoder)
    with render.progress(sum(1 for _ in line.sources(dataset)), quiet=session.quiet) as advance:
        for result in memory.add_sources(line.sources(dataset)):
            advance(result)
    return memory


def _as_json(dataset: Dataset, documents: int, fusion: str | None, metrics: dict[str, Interval]) -> dict[str, Any]:
    return {
        "dataset": dataset.name,
        "documents": documents,
        "queries": len(dataset.queries),
        "fusion": fusion or FUSIONS[0],
        "metrics": {name: {"mean": one.mean, "low": one.low, "high": one.high} for name, one in metrics.items()},
    }
