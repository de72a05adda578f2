"""Which settings hold: arguments over environment over the user's file over defaults."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

import platformdirs

from vstash.errors import ConfigError

PREFIX = "VSTASH_"
_NAMED = f"{PREFIX}CONFIG"
ELSEWHERE = ("ALLOW_DOWNLOAD", "CACHE", "CONFIG")  # variables that are no settings: encode/ and this file read them
NEAR = 0.88  # likeness of two names (difflib's ratio) from which one is a slip of the pen for the other
GUESS = 0.6  # difflib's own


def _path(value: object) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise ValueError("should be a path")
    path = Path(value)
    try:
        path.expanduser()
    except RuntimeError:
        raise ValueError("should begin with the home of somebody known here") from None
    return path


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("should be a text")
    return value


def _number(low: float, high: float) -> Callable[[object], float]:
    def read(value: object) -> float:
        try:
            number = float(value) if isinstance(value, str | int | float) and value is not True else None
        except (ValueError, OverflowError):
            number = None
        if number is None or not low <= number <= high:
            raise ValueError(f"should be a number from {low:.15g} to {high:.15g}")
        return number

    return read


def _default_db() -> Path:
    return platformdirs.user_data_path("vstash") / "memory.db"


def _whole(low: int, high: int) -> Callable[[object], int]:
    number = _number(low, high)

    def read(value: object) -> int:
        found = number(value)
        if found != int(found):
            raise ValueError(f"should be a whole number from {low} to {high}")
        return int(found)

    return read


def _limit(default: int, low: int, high: int, meaning: str) -> int:
    """A field with a default; dataclasses want it to look like its value."""
    chosen: int = field(default=default, metadata={"is": meaning, "read": _whole(low, high)})
    return chosen


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one source may be, and what reading it may take: what is over is SourceTooLarge, a query InvalidQuery.

    Seconds and memory bind the readers that run in a process of their own. Raises: ConfigError.
    """

    max_file: int = _limit(64, 1, 1024, "MiB of one file")
    max_unpacked: int = _limit(512, 1, 65536, "MiB that an archive or office file may unpack to")
    max_ratio: int = _limit(100, 1, 100_000, "how many times its size a file may unpack to, from 64 MiB on")
    max_parts: int = _limit(50_000, 1, 10_000_000, "parts of an archive or office file")
    max_chunks: int = _limit(50_000, 1, 10_000_000, "passages of one document")
    max_scans: int = _limit(1_000, 0, 100_000, "pages of one file, or pictures, whose words are recognised")
    max_query: int = _limit(20_000, 1, 20_000, "characters of a query")
    max_seconds: int = _limit(60, 1, 86_400, "seconds for reading one file, four times as many for a scanned page")
    max_memory: int = _limit(2048, 256, 1 << 20, "MiB of memory for reading one file")

    def __post_init__(self) -> None:
        for name, value in numbers(self).items():
            object.__setattr__(self, name, _read(name, value, "Limits"))


# Plain dataclass fields with a reader each: importing a validating library would cost a cold search a tenth of a
# second for the three of them.
@dataclass(frozen=True, kw_only=True)
class Settings(Limits):
    """Every setting with its default; an unknown one is refused."""

    db: Path = field(default_factory=_default_db, metadata={"is": "the database file", "read": _path})
    encoder: str = field(
        default="default", metadata={"is": "default, hash, or a sentence-transformers model", "read": _text}
    )
    busy_wait: float = field(
        default=30.0, metadata={"is": "seconds to wait for another writer", "read": _number(0, 3600)}
    )


_FIELDS = {one.name: one for one in fields(Settings)}


def numbers(limits: Limits) -> dict[str, int]:
    """The limits by name, of settings too."""
    return {one.name: getattr(limits, one.name) for one in fields(Limits)}


def names() -> tuple[str, ...]:
    """The names of all settings."""
    return tuple(_FIELDS)


def load(arguments: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. Raises: ConfigError naming the setting, where it stands and what it may be."""
    given: dict[str, Any] = {}
    for origin, values in (
        (str(user_file(environment)), _from_file(user_file(environment), named=bool(environment.get(_NAMED)))),
        ("the environment", _from_environment(environment)),
        ("the command", {name: value for name, value in (arguments or {}).items() if value is not None}),
    ):
        given |= {name: _read(name, value, origin) for name, value in values.items()}
    return Settings(**given)


def user_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the user's settings are kept."""
    named = environment.get(_NAMED)
    return Path(named) if named else platformdirs.user_config_path("vstash") / "config.toml"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where what can be made again is kept: VSTASH_CACHE, or the platform's cache folder. Raises: ConfigError."""
    named = environment.get(f"{PREFIX}CACHE")
    if not named:
        return platformdirs.user_cache_path("vstash", appauthor=False)
    try:
        return _path(named).expanduser()
    except ValueError as error:
        raise ConfigError(f"{PREFIX}CACHE {error}, not {named!r:.60}", hint="give a folder") from None


def _from_file(path: Path, *, named: bool) -> dict[str, Any]:
    """What the file sets; only one that was not named may be missing."""
    try:
        content = path.read_text(encoding="utf-8-sig")  # as some editors write it
    except (FileNotFoundError, NotADirectoryError):  # the home of one who has none may be /dev/null
        if not named:
            return {}
        raise ConfigError(f"there is no settings file {path}", hint=f"make it, or unset {_NAMED}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", hint="mend the file or delete it") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no TOML: {error}", hint="mend the file or delete it") from None
    try:
        return dict(import_module("tomllib").loads(content))
    except (ValueError, RecursionError) as error:  # its own is a ValueError, as that of a number too long for Python is
        raise ConfigError(f"{path} is no TOML: {error}", hint="mend the file or delete it") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    for name in environment:
        _require_no_slip(name)
    return {name: environment[PREFIX + name.upper()] for name in names() if environment.get(PREFIX + name.upper())}


def _require_no_slip(variable: str) -> None:
    """Refuse VSTASH_ENCODR; a variable that is like none of ours may be another program's."""
    if not variable.startswith(PREFIX):
        return
    ours = [PREFIX + name.upper() for name in names()] + [PREFIX + name for name in ELSEWHERE]
    near = "" if variable in ours else _nearest(variable, ours, NEAR)
    if near:
        raise ConfigError(f"unknown setting {variable} in the environment", hint=f"did you mean {near}?")


def _read(name: str, value: object, origin: str) -> Any:
    """What a setting is set to. Raises: ConfigError; a blank path would silently mean the folder one is in."""
    if name not in _FIELDS:
        near = _nearest(name, names(), GUESS)
        raise ConfigError(
            f"unknown setting {name!r} in {origin}",
            hint=f"did you mean {near}?" if near else f"use one of {', '.join(names())}",
        )
    how = _FIELDS[name].metadata
    if isinstance(value, str) and not value.strip():
        raise ConfigError(f"{name} is blank in {origin}", hint=f"give {how['is']}")
    try:
        return how["read"](value)
    except ValueError as error:
        raise ConfigError(f"{name} in {origin} {error}, not {value!r:.60}", hint=f"give {how['is']}") from None


def _nearest(name: str, known: Iterable[str], likeness: float) -> str:
    found = get_close_matches(name, list(known), 1, likeness)
    return found[0] if found else ""
