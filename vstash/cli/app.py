"""The command line: global options, the commands, and the one place that turns errors into exit codes.

Exit codes: 0 fine, 1 failure, 2 usage, 3 not found, 4 integrity findings, 130 interrupted, 141 unheard.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vstash.cli import render
from vstash.errors import (
    ConfigError,
    InputError,
    NotFound,
    SourceTooLarge,
    StoreReadOnly,
    UnsupportedSource,
    VstashError,
)

if TYPE_CHECKING:
    from vstash.config import Settings
    from vstash.memory import Memory

FAILURE, USAGE, MISSING, FINDINGS = 1, 2, 3, 4
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
UNHEARD = 141  # 128 + SIGPIPE, which ends other programs whose reader has left
GLOBAL_WITH_VALUE = ("--db", "--encoder")
GLOBAL_FLAGS = ("--quiet",)
TAKING_WORDS = ("search", "why", "remember")
_SHORT_OPTION = re.compile(r"No such option: -[^-]")

# What Typer raises for a command line it cannot read. Depending on its version that is its own class or
# Click's, and it names neither; both are what BadParameter is derived from.
UNREADABLE: type[Any] = typer.BadParameter.__mro__[1]

# Every command and its module, in the order of the help: only the module of the one that is called is loaded.
COMMANDS = {
    "add": "adding",
    "remember": "adding",
    "sync": "syncing",
    "watch": "watching",
    "search": "searching",
    "why": "searching",
    "get": "documents",
    "list": "documents",
    "forget": "documents",
    "stats": "documents",
    "check": "integrity",
    "config": "integrity",
    "backup": "keeping",
    "restore": "keeping",
    "export": "keeping",
    "import": "keeping",
    "eval": "measuring",
    "compact": "upkeep",
    "reindex": "upkeep",
    "doctor": "upkeep",
}


@dataclass(frozen=True, slots=True)
class Session:
    """What the global options said; settings are read when a command needs them."""

    db: str | None
    encoder: str | None
    quiet: bool

    @property
    def settings(self) -> Settings:
        """The settings in force. Raises: ConfigError."""
        from vstash.config import load

        return load({"db": self.db, "encoder": self.encoder})

    def open(self, *, create: bool = False, encode: bool = True, busy_wait: float | None = None) -> Memory:
        """The memory. Without `encode` no encoder is needed, one named all the same must fit. `busy_wait`,
        in seconds, is the longest wait for another writer, whatever the settings say."""
        from vstash.memory import Memory

        settings = self.settings
        path = settings.db.expanduser()
        if create:
            make_folder(path.parent)
        if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113  (which raise where we may not look)
            raise StoreReadOnly(f"{path} is no file", hint="name one: --db FOLDER/memory.db")
        memory = Memory.open(
            path,
            encoder=settings.encoder if encode or self.encoder else None,
            create=create,
            busy_wait=settings.busy_wait if busy_wait is None else min(busy_wait, settings.busy_wait),
            report=self.talk,
        )
        return memory.within(settings)

    def talk(self, text: str) -> None:
        """Say something that is no result, unless --quiet."""
        if not self.quiet:
            render.talk(text)


def make_folder(folder: Path) -> None:
    """A folder for the database. Raises: StoreReadOnly."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreReadOnly(
            f"the folder {folder} cannot be made: {error.strerror}", hint="choose another file with --db"
        ) from error


def _version(wanted: bool) -> None:
    if wanted:
        from vstash import __version__

        render.line(f"vstash {__version__}")
        raise typer.Exit


def start(
    context: typer.Context,
    db: Annotated[
        str | None, typer.Option(metavar="PATH", help="The database file (or VSTASH_DB).", show_default=False)
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="default, hash, or a sentence-transformers model (or VSTASH_ENCODER).",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but results and errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Remember the global options for the command that follows."""
    context.obj = Session(db, encoder, quiet)


def build(command: str | None = None) -> typer.Typer:
    """The command line with the commands of one command's module, or with all of them."""
    app = typer.Typer(
        name="vstash",
        help="A document memory that lives in one file: add what you read and write, find it by meaning and by word.",
        epilog="--db, --encoder and --quiet may also follow the command.",
        rich_markup_mode=None,  # plain help needs no rich, which would double the time to the first line
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(start)
    for module in [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values()):
        import_module(f"vstash.cli.{module}").register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    code = run(given) if given else run(["--help"]) or USAGE
    if arguments is None:
        _leave(code)
    sys.exit(code)


def run(given: Sequence[str]) -> int:
    """The exit code of a command line; whatever ends it early is said in one line, unless nobody reads."""
    try:
        return _ran(given)
    except BrokenPipeError as error:
        return _without_output(error)
    except SystemExit as ended:  # what Click and Typer make of a closed pipe themselves
        if isinstance(ended.__context__, BrokenPipeError):
            return _without_output(ended.__context__)
        raise


def _ran(given: Sequence[str]) -> int:
    with_json = "--json" in takewhile("--".__ne__, given)  # past that come words, whatever they look like
    arguments = globals_first(given)
    try:
        code = build(_command(arguments))(args=arguments, prog_name="vstash", standalone_mode=False)
    except VstashError as error:
        render.failure(error, with_json=with_json)
        return exit_code(error)
    except UNREADABLE as error:
        render.problem("UsageError", *_unreadable(error), with_json=with_json)
        return USAGE
    except OSError as error:
        if error.filename is None:
            return _without_output(error)
        said = f"{error.filename!s} cannot be used: {error.strerror}"
        render.problem(type(error).__name__, said, "check the path and its permissions", with_json=with_json)
        return FAILURE
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:  # newer Typers make this of Ctrl-C themselves
        render.problem(
            "Interrupted", "interrupted", "what was stored stays, run it again to go on", with_json=with_json
        )
    return code or 0


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
    waiting: Iterator[str] = iter(arguments)
    for argument in waiting:
        if argument == "--":
            return [*front, *rest, argument, *waiting]
        if argument in GLOBAL_WITH_VALUE:
            value = next(waiting, None)
            if value is None:
                return [argument]  # alone, so that it is this one which is found to lack its value
            front += [argument, value]
        elif argument in GLOBAL_FLAGS or argument.startswith(tuple(f"{name}=" for name in GLOBAL_WITH_VALUE)):
            front.append(argument)
        else:
            rest.append(argument)
    return [*front, *rest]


def _command(arguments: Sequence[str]) -> str | None:
    """The command that is called: the first argument that is neither a global option nor its value."""
    waiting = iter(arguments)
    for argument in waiting:
        if argument in GLOBAL_WITH_VALUE:
            next(waiting, None)
        elif not argument.startswith("-"):
            return argument
    return None


def _unreadable(error: Any) -> tuple[str, str]:
    """What is wrong, and what to do."""
    message = error.format_message().rstrip(".")
    advice = ""
    if error.ctx and error.ctx.info_name in TAKING_WORDS:
        several, dashed = 'put several words in "quotes", or ', "put -- before words that begin with a dash, or "
        advice = several if "extra argument" in message else dashed if _SHORT_OPTION.search(message) else ""
    return message, f"{advice}see {error.ctx.command_path if error.ctx else 'vstash'} --help"


def _leave(code: int) -> None:
    """End the process at once: everything is closed, and taking the modules apart costs a tenth of a search."""
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError as error:
        code = _without_output(error)
    os._exit(code)


def _without_output(error: OSError) -> int:
    """Output that cannot be written, to a full disk for one; without a reader there is nobody to tell."""
    unheard = isinstance(error, BrokenPipeError)
    if not unheard:
        render.talk(f"error: {render.oneline(error.strerror or str(error))}; give the output a place to go")
    if sys.stdout is not None:  # or else Python itself would try once more while it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNHEARD if unheard else FAILURE
