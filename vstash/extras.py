"""Where packages come in late: optional ones with one clear line when they are missing, our own when first used."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec
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


def later(name: str) -> ModuleType:
    """One of our modules, executed when an attribute of it is first used: a cold search needs a fifth of them."""
    if name in sys.modules:
        return sys.modules[name]
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"there is no module {name}", name=name)
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
