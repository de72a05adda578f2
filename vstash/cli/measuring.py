"""vstash eval."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from vstash.cli import render
from vstash.cli.app import Session
from vstash.cli.options import Json
from vstash.cli.progress import progress
from vstash.errors import InputError, MigrationChanged, SchemaTooNew, StoreCorrupt, StoreReadOnly, VstashError

if TYPE_CHECKING:
    from vstash.evaluate import Dataset, Run
    from vstash.memory import Memory
    from vstash.types import Mode, Query

MOVED = 5  # queries shown at either end


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("eval")(evaluate)


def evaluate(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="Holds corpus.jsonl, queries.jsonl and qrels.tsv; or a file of questions about your own memory.",
        ),
    ],
    fusion: Annotated[
        str | None,
        typer.Option(metavar="FUSIONS", help="gated, zscore, rrf, adaptive, or several with commas."),
    ] = None,
    mode: Annotated[str, typer.Option(metavar="MODES", help="hybrid, keyword, vector, or several.")] = "hybrid",
    per_query: Annotated[bool, typer.Option("--per-query", help="Show the queries that moved most, and why.")] = False,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the result for later.")] = None,
    against: Annotated[Path | None, typer.Option(metavar="FILE", help="Compare with a result kept before.")] = None,
    json: Json = False,
) -> None:
    """Measure how well judged questions are answered, with one setting or several side by side."""
    from vstash import evaluate as line

    session: Session = context.obj
    dataset = line.load(folder)
    settings = _settings(fusion, mode)
    earlier = line.loaded(against) if against else []
    if save:
        _require_free(save, session)
    with _opened(session, dataset) as memory:
        _index(memory, dataset, session)
        runs = [_run(memory, dataset, setting) for setting in settings]
        documents = memory.stats()["documents"]
        base = earlier[0] if earlier else runs[0]
        moved = _moved(memory, dataset, settings[-1], runs[-1], base) if per_query else []
    if save:
        _save(save, line.dumped(dataset, runs))
    found = _as_json(dataset, documents, runs, base, moved)
    if json:
        render.as_json(found)
    else:
        _show(found)


def _settings(fusions: str | None, modes: str) -> list[Query]:
    """One query template for each setting; the fusion matters where both sides are asked. Raises: InvalidQuery."""
    from vstash.evaluate import DEPTH
    from vstash.plan import DEFAULT_FUSION
    from vstash.types import Query

    found = []
    for mode in modes.split(","):
        for fusion in (fusions or DEFAULT_FUSION).split(",") if mode == "hybrid" else [None]:
            found.append(Query("?", DEPTH + 1, cast("Mode", mode), fusion=fusion, by_document=True))  # noqa: PERF401
    return found


def _run(memory: Memory, dataset: Dataset, setting: Query) -> Run:
    from vstash import evaluate as line

    values = line.measure(dataset, lambda text: [hit.uri for hit in memory.search(replace(setting, text=text))])
    return line.Run(setting.fusion or "raw", setting.mode, values)


def _moved(memory: Memory, dataset: Dataset, setting: Query, run: Run, base: Run) -> list[dict[str, Any]]:
    """The queries that moved most against the base, or stand worst without one, and where their best document is."""
    from vstash import evaluate as line

    nothing = line.Run("", "", {name: dict.fromkeys(values, 1.0) for name, values in run.values.items()})
    rows = line.moved(run, base if base is not run else nothing, MOVED)
    found = []
    for query_id, gain in rows:
        text = dataset.queries[query_id]
        grades = dataset.judgements[query_id]
        best = max(sorted(grades), key=lambda uri: grades[uri])
        try:
            why = memory.why(replace(setting, text=text, limit=10), best)
            reason = f"{best}: {why.stage}, {why.detail}"
        except VstashError as error:
            reason = str(error)
        found.append({"id": query_id, "query": text, "gain": gain, "why": reason})
    return found


def _opened(session: Session, dataset: Dataset) -> Memory:
    """A memory for the dataset, kept between runs under the content of corpus and encoder; the person's own
    for questions that bring no documents."""
    from vstash import evaluate as line
    from vstash.config import cache_folder
    from vstash.memory import Memory

    if dataset.documents is None:
        return session.open()
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
    opened = partial(Memory.open, path, encoder=settings.encoder, busy_wait=settings.busy_wait, report=session.talk)
    try:
        return opened()
    except (StoreCorrupt, SchemaTooNew, MigrationChanged) as error:  # of another version, or damaged
        session.talk(f"{error}: it is made anew")
        for kept in folder.glob(f"{path.name}*"):
            kept.unlink(missing_ok=True)
        return opened()


def _index(memory: Memory, dataset: Dataset, session: Session) -> None:
    """Add what the memory lacks of the dataset; nothing in a second run."""
    from vstash import evaluate as line

    with progress(sum(1 for _ in line.sources(dataset)), quiet=session.quiet) as advance:
        for result in memory.add_sources(line.sources(dataset)):
            advance(result)


def _require_free(path: Path, session: Session) -> None:
    """Raises: InputError where something is there that is no saved evaluation: measuring again replaces only that."""
    from vstash import evaluate as line
    from vstash.store.companions import destination

    real = destination(path, force=True, database=session.settings.db.expanduser())
    if real.exists() and real.stat().st_size:
        try:
            line.loaded(real)
        except InputError as error:
            raise InputError(f"{path} is there already and no saved evaluation", hint="name another file") from error


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreReadOnly(f"{path} cannot be written: {error.strerror}", hint="choose another file") from error


def _as_json(
    dataset: Dataset, documents: int, runs: list[Run], base: Run, moved: list[dict[str, Any]]
) -> dict[str, Any]:
    """The first run as the contract has it; several, or a comparison, as a list beside it."""
    rows = [_run_json(run, base) for run in runs]
    found: dict[str, Any] = {
        "dataset": dataset.name,
        "documents": documents,
        "queries": len(dataset.queries),
        "fusion": runs[0].fusion,
        "metrics": rows[0]["metrics"],
    }
    if len(runs) > 1 or base is not runs[0]:
        found["runs"] = rows
    return {**found, "per_query": moved} if moved else found


def _run_json(run: Run, base: Run) -> dict[str, Any]:
    from vstash import evaluate as line

    metrics = {name: line.summary(by_query.values()) for name, by_query in run.values.items()}
    found: dict[str, Any] = {
        "fusion": run.fusion,
        "mode": run.mode,
        "metrics": {name: {"mean": one.mean, "low": one.low, "high": one.high} for name, one in metrics.items()},
    }
    if run is not base:
        gain = line.difference(run, base)
        found["against"] = {
            "name": base.name,
            "mean": gain.mean,
            "low": gain.low,
            "high": gain.high,
            "wins": gain.wins,
            "losses": gain.losses,
        }
    return found


def _show(found: dict[str, Any]) -> None:
    """The same for a person."""
    name = render.oneline(found["dataset"])
    render.line(f"{name}: {found['documents']:,} documents, {found['queries']:,} queries")
    for run in found.get("runs", [found]):
        if "runs" in found:
            render.line(f"\n{run['fusion'] if run['mode'] == 'hybrid' else run['mode']}")
        for metric, one in run["metrics"].items():
            render.line(f"{metric:12} {one['mean']:.4f}  [{one['low']:.4f}, {one['high']:.4f}]")
        if gain := run.get("against"):
            render.line(
                f"{'ndcg@10':12} {gain['mean']:+.4f}  [{gain['low']:+.4f}, {gain['high']:+.4f}] against {gain['name']}:"
                f" {gain['wins']} won, {gain['losses']} lost"
            )
    for row in found.get("per_query", []):
        render.line(f"\n{row['gain']:+.4f}  {render.oneline(row['query'])}")
        render.line(f"         {render.oneline(row['why'])}")
