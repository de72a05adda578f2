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
    for origin, values in (
        (str(user_file(environment)), _from_file(user_file(environment))),
        ("the environment", _from_environment(environment)),
        ("the command", {name: value for name, value in (arguments or {}).items() if value is not None}),
    ):
        for name in values:
            _known(name, origin)
        given.update(values)
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"{name}: {first['msg'].lower()}", hint=Settings.model_fields[name].description or ""
        ) from None


def user_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the user's settings are kept."""
    named = environment.get(f"{PREFIX}CONFIG")
    return Path(named) if named else platformdirs.user_config_path("vstash") / "config.toml"


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="mend the file or delete it") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: environment[PREFIX + name.upper()]
        for name in Settings.model_fields
        if environment.get(PREFIX + name.upper())
    }


def _known(name: str, origin: str) -> None:
    if name not in Settings.model_fields:
        near = difflib.get_close_matches(name, Settings.model_fields, 1)
        known = ", ".join(Settings.model_fields)
        raise ConfigError(
            f"unknown setting {name!r} in {origin}", hint=f"did you mean {near[0]}?" if near else f"use one of {known}"
        )
