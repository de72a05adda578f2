"""vstash: a document memory that lives in one SQLite file.

Importing this package loads nothing; each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "vstash.config": ("Limits",),
    "vstash.encode.base": ("Encoder",),
    "vstash.encode.hash": ("HashEncoder",),
    "vstash.errors": (
        "BadVectors",
        "ChunkNotFound",
        "ConfigError",
        "DatabaseNotFound",
        "DocumentNotFound",
        "EncoderError",
        "ExtensionMissing",
        "ForeignFile",
        "InputError",
        "InvalidFilter",
        "InvalidQuery",
        "MigrationChanged",
        "MissingExtra",
        "ModelUnavailable",
        "NotFound",
        "SchemaTooNew",
        "SourceTooLarge",
        "SourceUnavailable",
        "SpaceMismatch",
        "StoreBusy",
        "StoreCorrupt",
        "StoreError",
        "StoreFull",
        "StoreGone",
        "StoreReadOnly",
        "UnsupportedSource",
        "VstashError",
    ),
    "vstash.filters": ("After", "And", "Before", "Eq", "Filter", "In", "Not", "Or", "Tag"),
    "vstash.memory": ("Memory",),
    "vstash.types": (
        "AddResult",
        "Chunk",
        "Document",
        "Finding",
        "Hit",
        "Plan",
        "Query",
        "Report",
        "Results",
        "Source",
        "Space",
    ),
}
_HOME = {name: module for module, names in _WHERE.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'vstash' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


if TYPE_CHECKING:
    from vstash.config import Limits as Limits
    from vstash.encode.base import Encoder as Encoder
    from vstash.encode.hash import HashEncoder as HashEncoder
    from vstash.errors import *  # noqa: F403
    from vstash.filters import After as After
    from vstash.filters import And as And
    from vstash.filters import Before as Before
    from vstash.filters import Eq as Eq
    from vstash.filters import Filter as Filter
    from vstash.filters import In as In
    from vstash.filters import Not as Not
    from vstash.filters import Or as Or
    from vstash.filters import Tag as Tag
    from vstash.memory import Memory as Memory
    from vstash.types import AddResult as AddResult
    from vstash.types import Chunk as Chunk
    from vstash.types import Document as Document
    from vstash.types import Finding as Finding
    from vstash.types import Hit as Hit
    from vstash.types import Plan as Plan
    from vstash.types import Query as Query
    from vstash.types import Report as Report
    from vstash.types import Results as Results
    from vstash.types import Source as Source
    from vstash.types import Space as Space
