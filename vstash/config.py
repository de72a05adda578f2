"""Which settings hold: arguments over environment over the user's file over defaults."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vstash.errors import ConfigError

PREFIX = "VSTASH_"
ELSEWHERE = ("ALLOW_DOWNLOAD", "CACHE", "CONFIG")  # variables that are no settings: encode/ and this file read them
NEAR = 0.88  # likeness of two names (difflib's ratio) from which one is a slip of the pen for the other


class Settings(BaseModel):
    """Every setting with its default; an unknown one is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    db: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("vstash") / "memory.db", description="the database file"
    )
    encoder: str = Field(default="default", description="default, hash, or a sentence-transformers model")
    busy_wait: float = Field(default=30.0, ge=0, le=3600, description="seconds to wait for another writer")


def load(arguments: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. Raises: ConfigError naming the setting, where it stands and what it may be."""
    given: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, values in (
        (str(user_file(environment)), _from_file(user_file(environment))),
        ("the environment", _from_environment(environment)),
        ("the command", {name: value for name, value in (arguments or {}).items() if value is not None}),
    ):
        for name, value in values.items():
            _require_known(name, origin)
            _require_content(name, value, origin)
        given.update(values)
        origins.update(dict.fromkeys(values, origin))
    try:
        return Settings(**given)
    except ValidationError as error:
        raise _refused(error, origins) from None


def user_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the user's settings are kept."""
    named = environment.get(f"{PREFIX}CONFIG")
    return Path(named) if named else platformdirs.user_config_path("vstash") / "config.toml"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where what can be made again is kept: VSTASH_CACHE, or the platform's cache folder."""
    named = environment.get(f"{PREFIX}CACHE")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("vstash", appauthor=False)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", hint="mend the file or delete it") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}", hint="mend the file or delete it") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    for name in environment:
        _require_no_slip(name)
    return {
        name: environment[PREFIX + name.upper()]
        for name in Settings.model_fields
        if environment.get(PREFIX + name.upper())
    }


def _require_no_slip(variable: str) -> None:
    """Refuse VSTASH_ENCODR; a variable that is like none of ours may be another program's."""
    ours = [PREFIX + name.upper() for name in Settings.model_fields] + [PREFIX + name for name in ELSEWHERE]
    near = difflib.get_close_matches(variable, ours, 1, NEAR) if variable.startswith(PREFIX) else []
    if near and variable not in ours:
        raise ConfigError(f"unknown setting {variable} in the environment", hint=f"did you mean {near[0]}?")


def _require_known(name: str, origin: str) -> None:
    if name not in Settings.model_fields:
        near = difflib.get_close_matches(name, Settings.model_fields, 1)
        known = ", ".join(Settings.model_fields)
        raise ConfigError(
            f"unknown setting {name!r} in {origin}", hint=f"did you mean {near[0]}?" if near else f"use one of {known}"
        )


def _require_content(name: str, value: object, origin: str) -> None:
    """A blank path would silently mean the folder one is in."""
    if isinstance(value, str) and not value.strip():
        raise ConfigError(f"{name} is blank in {origin}", hint=f"give {_meaning(name)}")


def _refused(error: ValidationError, origins: Mapping[str, str]) -> ConfigError:
    first = error.errors()[0]
    name = str(first["loc"][0])
    reason = str(first["msg"]).lower().removeprefix("input ")
    where = origins.get(name, "the defaults")
    return ConfigError(f"{name} in {where} {reason}, not {first['input']!r:.60}", hint=f"give {_meaning(name)}")


def _meaning(name: str) -> str:
    return Settings.model_fields[name].description or name
