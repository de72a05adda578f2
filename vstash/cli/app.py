"""The command line: global options, the commands, and the one place that turns errors into exit codes.

Exit codes: 0 fine, 1 failure, 2 usage, 3 not found, 4 integrity findings.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vstash.cli import render
from vstash.errors import ConfigError, InputError, NotFound, SourceTooLarge, UnsupportedSource, VstashError

if TYPE_CHECKING:
    from vstash.config import Settings
    from vstash.memory import Memory

FAILURE, USAGE, MISSING, FINDINGS = 1, 2, 3, 4
GLOBAL_WITH_VALUE = ("--db", "--encoder")
GLOBAL_FLAGS = ("--quiet",)

app = typer.Typer(
    name="vstash",
    help="A document memory that lives in one file: add what you read and write, find it by meaning and by word.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help needs no rich, which would double the time to the first line
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@dataclass(frozen=True, slots=True)
class Session:
    """What the global options said; settings are read when a command needs them."""

    db: Path | None
    encoder: str | None
    quiet: bool

    @property
    def settings(self) -> Settings:
        """The settings in force. Raises: ConfigError."""
        from vstash.config import load

        return load({"db": self.db, "encoder": self.encoder})

    def open(self, *, create: bool = False, encode: bool = True) -> Memory:
        """The memory. Without `encode` no encoder is needed, one named all the same must fit."""
        from vstash.memory import Memory

        settings = self.settings
        if create:
            settings.db.expanduser().parent.mkdir(parents=True, exist_ok=True)
        wanted = settings.encoder if encode or self.encoder else None
        return Memory.open(settings.db, encoder=wanted, create=create, busy_wait=settings.busy_wait)


def _version(wanted: bool) -> None:
    if wanted:
        from vstash import __version__

        render.line(f"vstash {__version__}")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    db: Annotated[Path | None, typer.Option(help="The database file (or VSTASH_DB).", show_default=False)] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="default, hash, or a sentence-transformers model (or VSTASH_ENCODER).", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but results and errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Remember the global options for the command that follows."""
    context.obj = Session(db, encoder, quiet)


for name in ("adding", "searching", "documents", "integrity", "keeping", "measuring", "upkeep"):
    import_module(f"vstash.cli.{name}").register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app(args=globals_first(given), prog_name="vstash")
    except VstashError as error:
        render.failure(error, as_json="--json" in given)
        sys.exit(exit_code(error))


def exit_code(error: VstashError) -> int:
    """Which exit code an error that ends a command has."""
    if isinstance(error, NotFound):
        return MISSING
    if isinstance(error, InputError | ConfigError) and not isinstance(error, UnsupportedSource | SourceTooLarge):
        return USAGE
    return FAILURE


def globals_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with the global options moved to the front: people write them at either end."""
    front: list[str] = []
    rest: list[str] = []
    waiting: Any = iter(arguments)
    for argument in waiting:
        if argument == "--":
            return [*front, *rest, argument, *waiting]
        if argument in GLOBAL_WITH_VALUE:
            front += [argument, *[value for value in [next(waiting, None)] if value is not None]]
        elif argument in GLOBAL_FLAGS or argument.startswith(tuple(f"{name}=" for name in GLOBAL_WITH_VALUE)):
            front.append(argument)
        else:
            rest.append(argument)
    return [*front, *rest]
