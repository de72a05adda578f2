"""vstash backup, vstash restore, vstash export, vstash import."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from vstash import arguments, claims
from vstash.cli import render
from vstash.cli.app import FAILURE, Session, make_folder
from vstash.cli.options import Json
from vstash.cli.progress import add_failure
from vstash.errors import InputError, VstashError
from vstash.names import printable
from vstash.types import Status

if TYPE_CHECKING:
    from vstash.memory import Memory

STANDARD = "-"  # standard input, or output
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(backup)
    app.command()(restore)
    app.command()(export)
    app.command("import")(import_)


def backup(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="Where to put the copy.")],
    force: Force = False,
    json: Json = False,
) -> None:
    """Copy the memory to a file while it is in use; the copy is verified before it gets its name."""
    session: Session = context.obj
    if file == STANDARD:
        raise InputError("a backup is no stream", hint=f"name a file, or ./{STANDARD} for one of that name")
    with session.open(encode=False) as memory:
        memory.backup(file, force=force)
    _said(session, {"file": printable(file), "bytes": Path(file).stat().st_size}, f"backed up to {file}", json=json)


def restore(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A backup.")],
    force: Force = False,
    json: Json = False,
) -> None:
    """Make the memory what a backup holds; one that is there is only replaced with --force."""
    from vstash.memory import Memory

    session: Session = context.obj
    settings = session.settings
    target = settings.db.expanduser()
    make_folder(target.parent)
    Memory.restore(file, target, force=force, busy_wait=settings.busy_wait)
    _said(session, {"file": printable(file), "db": printable(str(target))}, f"restored {target} from {file}", json=json)


def export(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="Where to put the lines; - is standard output.")] = "-",
    vectors: Annotated[bool, typer.Option("--vectors", help="Put the vectors in, so that none must be made.")] = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write every document as a line of JSON."""
    session: Session = context.obj
    if json and file == STANDARD:
        raise InputError("the lines are JSON themselves", hint="name a file, or leave --json out")
    with session.open(encode=False) as memory:
        if file == STANDARD:
            count = memory.export(render.in_utf8(render.output()).write, vectors=vectors)
        else:
            real = _destination(session, file, force=force)
            count = _export(memory, real, vectors=vectors)
    said = f"{render.counted(count, 'document')} exported"
    _said(session, {"file": printable(file), "documents": count}, said, json=json)


def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="An export; - is standard input.")],
    json: Json = False,
) -> None:
    """Store the documents of an export; one that is there already is left alone if it is the same, else replaced."""
    session: Session = context.obj
    counts: Counter[str] = Counter()
    with _lines(file, session.settings.max_unpacked << 20) as lines, _fitting(session, lines) as (memory, all_lines):
        try:
            for result in memory.import_(all_lines):
                counts[result.status] += 1
                if result.status == "failed":
                    add_failure(result)
        except VstashError:
            session.talk(f"{counts['added'] + counts['replaced']:,} stored before the end")
            raise
    said = ", ".join(f"{count:,} {status}" for status, count in counts.items()) or "nothing to import"
    _said(session, dict.fromkeys(get_args(Status), 0) | counts, said, json=json)
    if counts["failed"]:
        raise typer.Exit(FAILURE)


@contextmanager
def _fitting(session: Session, lines: Iterator[str]) -> Iterator[tuple[Memory, Iterator[str]]]:
    """The memory, with an encoder only when the lines bring no vectors; and the lines, from the first on."""
    from itertools import chain, islice

    first = list(islice(lines, 2))
    brought = len(first) > 1 and '"vector":' in first[1]
    with session.open(create=True, encode=not brought) as memory:
        yield memory, chain(first, lines)


@contextmanager
def _lines(file: str, most: int) -> Iterator[Iterator[str]]:
    """The lines; of one that is longer than `most` characters come pieces, the first too long to be taken."""
    if file == STANDARD and sys.stdin is None:
        raise InputError("standard input is closed", hint="pipe an export into it")
    path = Path(arguments.path(file))
    try:
        with nullcontext(render.in_utf8(sys.stdin)) if file == STANDARD else path.open(encoding="utf-8") as stream:
            yield iter(partial(stream.readline, most + 1), "")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no export: it is not UTF-8", hint="make one with: vstash export FILE") from error
    except BrokenPipeError:  # of what is written meanwhile
        raise
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}", hint="check the path") from error


def _destination(session: Session, file: str, *, force: bool) -> Path:
    from vstash.store.companions import destination

    return destination(Path(arguments.path(file)), force=force, database=session.settings.db.expanduser())


def _export(memory: Memory, path: Path, *, vectors: bool) -> int:
    try:
        with claims.publishing(path) as beside, beside.open("x", encoding="utf-8", newline="\n") as stream:
            return memory.export(stream.write, vectors=vectors)
    except OSError as error:
        raise VstashError(
            f"{path} cannot be written: {error.strerror}", hint="check the folder and its space"
        ) from error


def _said(session: Session, value: Mapping[str, object], text: str, *, json: bool) -> None:
    if json:
        render.as_json(dict(value))
    elif not session.quiet:
        render.talk(render.oneline(text))
