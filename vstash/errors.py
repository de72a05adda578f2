"""Every error that vstash raises, as one tree; each says what to do next in `.hint`.

VstashError
├ ConfigError
├ InputError      InvalidQuery  InvalidFilter  SourceTooLarge  UnsupportedSource ─ SourceUnavailable
├ NotFound        DocumentNotFound  ChunkNotFound  DatabaseNotFound
├ StoreError      StoreBusy  StoreFull  StoreGone  StoreReadOnly  StoreCorrupt ─ ForeignFile
│                 SchemaTooNew  MigrationChanged  ExtensionMissing
├ EncoderError    ModelUnavailable  SpaceMismatch  BadVectors
└ MissingExtra
"""

from __future__ import annotations


class VstashError(Exception):
    """The root. `str(error)` says what and where in one line, `error.hint` what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(VstashError):
    """A setting is unknown or has a value it cannot have."""


class InputError(VstashError):
    """What the caller handed over cannot be used as it is."""


class InvalidQuery(InputError):
    """A search that cannot be run: blank, too long, or with options out of range."""


class InvalidFilter(InputError):
    """A filter with an unknown field or operator, or a date that is none."""


class UnsupportedSource(InputError):
    """A source that holds no text vstash can read."""


class SourceUnavailable(UnsupportedSource):
    """A source that could not be read this time: nothing is known of what it holds."""


class SourceTooLarge(InputError):
    """A source over one of the size limits."""


class NotFound(VstashError):
    """What was asked for by name is not there."""


class DocumentNotFound(NotFound):
    """No document has this uri."""


class ChunkNotFound(NotFound):
    """No chunk has this id, or this number in its document."""


class DatabaseNotFound(NotFound):
    """There is no database file at the path, and the command would not make one."""


class StoreError(VstashError):
    """The database could not do what was asked; nothing was half-written."""


class StoreBusy(StoreError):
    """Another process held the write lock for longer than the wait allowed."""


class StoreFull(StoreError):
    """The disk is full."""


class StoreGone(StoreError):
    """The database was deleted, moved or replaced while it was open; nothing more is read of it, or written."""


class StoreReadOnly(StoreError):
    """The file or its folder cannot be written."""


class StoreCorrupt(StoreError):
    """The file is damaged; or is no vstash database, which is a ForeignFile."""


class ForeignFile(StoreCorrupt):
    """The file is another program's, or no database at all."""


class SchemaTooNew(StoreError):
    """The file was written by a newer vstash; it was not touched."""


class MigrationChanged(StoreError):
    """A migration that was applied differs from the one shipped."""


class ExtensionMissing(StoreError):
    """sqlite-vec or FTS5 could not be loaded."""


class EncoderError(VstashError):
    """Texts could not be turned into vectors."""


class ModelUnavailable(EncoderError):
    """The named model cannot be loaded on this machine."""


class SpaceMismatch(EncoderError):
    """The encoder's vectors cannot be compared with those in the database."""


class BadVectors(EncoderError):
    """Vectors of the wrong shape, not finite, or of zero length."""


class MissingExtra(VstashError):
    """An optional package is needed; the hint is the pip line."""
