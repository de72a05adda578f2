"""Where optional packages come in: one import, or one clear line with the pip command."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from vstash.errors import MissingExtra


def require(module: str, extra: str) -> ModuleType:
    """The module, imported. Raises: MissingExtra when it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name and module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise MissingExtra(
            f"{module} is not installed", hint=f"install it with: pip install 'vstash[{extra}]'"
        ) from error
