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
ELSEWHERE = ("ALLOW_DOWNLOAD", "CACHE", "CONFIG")  # variables that are no settings: encode/ and this file read them
NEAR = 0.88  # likeness of two names (difflib's ratio) from which one is a slip of the pen for the other
GUESS = 0.6  # difflib's own


def _path(value: object) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise ValueError("should be a path")
    return Path(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("should be a text")
    return value


def _number(low: float, high: float) -> Callable[[object], float]:
    def read(value: object) -> float:
        try:
            number = float(value) if isinstance(value, str | int | float) and value is not True else None
        except ValueError:
            number = None
        if number is None or not low <= number <= high:
            raise ValueError(f"should be a number from {low:g} to {high:g}")
        return number

    return read


def _default_db() -> Path:
    return platformdirs.user_data_path("vstash") / "memory.db"


# Plain dataclass fields with a reader each: importing a validating library would cost a cold search a tenth of a
# second for the three of them.
@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting with its default; an unknown one is refused."""

    db: Path = field(default_factory=_default_db, metadata={"is": "the database file", "read": _path})
    encoder: str = field(
        default="default", metadata={"is": "default, hash, or a sentence-transformers model", "read": _text}
    )
    busy_wait: float = field(
        default=30.0, metadata={"is": "seconds to wait for another writer", "read": _number(0, 3600)}
    )


_FIELDS = {one.name: one for one in fields(Settings)}


def names() -> tuple[str, ...]:
    """The names of all settings."""
    return tuple(_FIELDS)


def load(arguments: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. Raises: ConfigError naming the setting, where it stands and what it may be."""
    given: dict[str, Any] = {}
    for origin, values in (
        (str(user_file(environment)), _from_file(user_file(environment))),
        ("the environment", _from_environment(environment)),
        ("the command", {name: value for name, value in (arguments or {}).items() if value is not None}),
    ):
        given |= {name: _read(name, value, origin) for name, value in values.items()}
    return Settings(**given)


def user_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the user's settings are kept."""
    named = environment.get(f"{PREFIX}CONFIG")
    return Path(named) if named else platformdirs.user_config_path("vstash") / "config.toml"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where what can be made again is kept: VSTASH_CACHE, or the platform's cache folder."""
    named = environment.get(f"{PREFIX}CACHE")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("vstash", appauthor=False)


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    toml = import_module("tomllib")
    try:
        return dict(toml.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", hint="mend the file or delete it") from None
    except (UnicodeDecodeError, toml.TOMLDecodeError) as error:
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
