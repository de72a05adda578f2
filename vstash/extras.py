"""Where packages come in late: optional ones with one clear line when they are missing, our own when first used."""

from __future__ import annotations

import os
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from vstash.errors import MissingExtra

TELEMETRY = "ORT_DISABLE_TELEMETRY"  # what is set already stays: the person's own word


def require(module: str, extra: str) -> ModuleType:
    """The module, imported. Raises: MissingExtra when it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name and module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise MissingExtra(f"{module} is not installed", hint=f"install it with: {command(extra)}") from error


def installed(module: str) -> bool:
    """Whether it could be imported."""
    return find_spec(module) is not None


def command(extra: str) -> str:
    """What installs an extra."""
    return f"pip install 'vstash[{extra}]'"


def onnx_runtime() -> Any:
    """ONNX Runtime. From 1.29 on its wheels keep a number for this machine in the user's cache and send their maker
    what is run, unless they are told not to before they are loaded."""
    os.environ.setdefault(TELEMETRY, "1")
    return import_module("onnxruntime")


class Later:
    """Stands for a module and imports it when an attribute of it is first asked for, again if that was interrupted.

    Not importlib's LazyLoader: while one thread executes a module, that shows it to the others without its names, and
    an interrupted module stays without them.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @cached_property
    def _module(self) -> ModuleType:
        return import_module(self._name)

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._module, attribute)


def later(name: str) -> Any:
    """One of our modules, imported when an attribute of it is first used: a cold search needs a fifth of them."""
    return Later(name)
