"""What can be added, and under which name? A file, bytes or a text, in line until `ingest` loads it."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from vstash import arguments
from vstash.config import Limits
from vstash.errors import InputError, SourceTooLarge, SourceUnavailable, UnsupportedSource, VstashError
from vstash.names import before_marks, printable, uri_of
from vstash.text.dates import stamped
from vstash.text.formats import HOLDING_PARTS
from vstash.text.read import Extract, extract
from vstash.text.sandbox import Sandbox
from vstash.types import Source
from vstash.walk import is_folder, obstacle

PART_OF = "part_of"  # metadata: the uri of the document that this one came in
DEFAULT = "default"  # the collection of a document that none was named for


@dataclass(frozen=True, slots=True)
class Labels:
    """What the caller says of everything it adds: where it belongs, and how much one source may be.

    None where nothing is said: what is stored already keeps its own.
    """

    collection: str | None = None
    tags: tuple[str, ...] | None = None
    limits: Limits = field(default=Limits(), repr=False)

    def over(self, collection: str = DEFAULT, tags: tuple[str, ...] = ()) -> tuple[str, tuple[str, ...]]:
        """The collection and tags of a document that has these now, or of a new one."""
        return (
            collection if self.collection is None else self.collection,
            tags if self.tags is None else self.tags,
        )


def labels(collection: str | None, tags: Sequence[str] | None, limits: Limits) -> Labels:
    """The labels that were given. Raises: InputError for what is none, or blank."""
    named = arguments.labels(DEFAULT if collection is None else collection, () if tags is None else tags)
    return Labels(collection, None if tags is None else named, limits)


@dataclass(frozen=True, slots=True)
class File:
    """A file to read. Plain values, so that another process can read it too."""

    path: Path
    uri: str
    labels: Labels

    def load(self, sandbox: Sandbox) -> Source:
        """What it says. Raises: UnsupportedSource, SourceTooLarge."""
        try:
            data = self.path.read_bytes()
            modified = stamped(self.path.stat().st_mtime)
        except OSError as error:
            raise SourceUnavailable(_unreadable(error, self.path)) from error
        return replace(from_bytes(data, self.uri, self.labels).load(sandbox), modified_at=modified)


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """A source on its way: `load` reads and parses it when its turn comes, unless `stored` shows that
    nothing has changed. A `file` of `size` bytes can be loaded before its turn; `dated` gives the date of a
    source that names none itself."""

    uri: str
    content_hash: str
    labels: Labels
    load: Callable[[Sandbox], Source]
    modified_at: datetime | None = None
    file: File | None = None
    size: int = 0
    dated: Callable[[], datetime | None] = lambda: None


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that could not be read, and why."""

    uri: str
    error: str


def from_file(path: Path, labels: Labels, dated: Callable[[Path], datetime | None]) -> Pending | Failure:
    """A file to add; its uri is its absolute path. Here it is only hashed, so that many can wait in line.

    `dated` gives the date of one that names none itself.
    """
    uri = uri_of(path)
    whole = _seeming_whole(str(path))
    if whole:
        return Failure(uri, f"it is called like something in {printable(whole)}: rename it")
    try:
        if not _ends(path):
            return Failure(uri, "it is a device or a pipe, no file: pass what it gives to standard input, and add -")
        with path.open("rb") as opened:
            status = os.fstat(opened.fileno())
            _require_size(status.st_size, labels.limits)
            content_hash = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        return Failure(uri, _unreadable(obstacle(path) if is_folder(path) else error, path))
    except SourceTooLarge as error:
        return Failure(uri, reason(error))

    file = File(path, uri, labels)
    modified_at = stamped(status.st_mtime)
    return Pending(uri, content_hash, labels, file.load, modified_at, file, status.st_size, partial(dated, path))


def _seeming_whole(path: str) -> str:
    """The file whose part would have this uri, if there is one: "m.eml" of "m.eml#letter.txt"; "" for most."""
    return next((one for one in before_marks(path) if one.lower().endswith(HOLDING_PARTS) and os.path.isfile(one)), "")  # noqa: PTH113


def keeping(one: Pending, collection: str, tags: tuple[str, ...]) -> Pending:
    """A file in line that keeps these where nothing else is said of it: it had them under another name."""
    if one.file is None:
        return one
    collection, tags = one.labels.over(collection, tags)
    labels = replace(one.labels, collection=collection, tags=tags)
    file = replace(one.file, labels=labels)
    return replace(one, labels=labels, file=file, load=file.load)


def from_bytes(data: bytes, uri: str, labels: Labels) -> Pending:
    """Bytes to add under a uri; its last part names the format and stands in for a missing title.

    Raises: InputError for a blank uri.
    """
    _require_name(uri)
    content_hash = hashlib.sha256(data).hexdigest()
    name = uri.rsplit("/", 1)[-1]

    def load(sandbox: Sandbox) -> Source:
        _require_size(len(data), labels.limits)
        found = extract(data, name, labels.limits, sandbox)
        parts = (
            replace(
                _source(part, f"{uri}#{inner}", re.split("[/#]", inner)[-1], content_hash, labels),
                metadata={**part.metadata, PART_OF: uri},
            )
            for inner, part in found.parts.items()
        )
        return replace(_source(found, uri, name, content_hash, labels), parts=tuple(parts))

    return Pending(uri, content_hash, labels, load)


def _source(found: Extract, uri: str, name: str, content_hash: str, labels: Labels) -> Source:
    collection, tags = labels.over()
    return Source(
        uri=uri,
        text=found.text,
        title=found.title or name,
        kind=found.kind,
        content_hash=content_hash,
        dated_at=found.dated_at,
        tags=tags,
        collection=collection,
        metadata=found.metadata,
        headings=found.headings,
        atoms=found.atoms,
        places=found.places,
    )


def of_text(text: str, uri: str | None, title: str, labels: Labels) -> Source:
    """A text as it is; without a uri it gets one from its content, so that the same text and title are one
    memory.

    Raises: UnsupportedSource for a blank text, InputError for a blank uri.
    """
    _require_name(uri or "memory:")
    clean = text.encode("utf-8", "replace").decode().replace("\0", " ")
    if not clean.strip():
        raise UnsupportedSource("the text is blank", hint="say what to remember")
    content_hash = hashlib.sha256(f"{title}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
    uri = uri or f"memory:{content_hash[:16]}"
    collection, tags = labels.over()
    return Source(uri, clean, title, content_hash=content_hash, tags=tags, collection=collection)


def from_text(text: str, uri: str | None, title: str, labels: Labels) -> Pending:
    """A text to add, as `of_text` makes it. Raises: UnsupportedSource."""
    source = of_text(text, uri, title, labels)
    return Pending(source.uri, source.content_hash, labels, lambda _: source)


def _require_name(uri: object) -> None:
    if not isinstance(uri, str) or not uri.strip():
        raise InputError("a uri is blank" if isinstance(uri, str) else f"{uri!r:.60} is no uri", hint="give it a name")


def _require_size(size: int, limits: Limits) -> None:
    if size > limits.max_file << 20:
        raise too_large(f"{size / 2**20:,.1f} MiB", f"{limits.max_file:,} MiB", "max_file")


def too_large(has: str, limit: str, setting: str) -> SourceTooLarge:
    """A source that has more of something than a setting allows."""
    return SourceTooLarge(f"it has {has}, the limit is {limit}", hint=f"split it, or raise {setting}")


def _ends(path: Path) -> bool:
    """Whether reading ends: devices and pipes may have no end, or nobody who writes. A folder fails at once."""
    mode = path.stat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _unreadable(error: OSError, path: Path) -> str:
    """Why, naming what cannot be read where it is not the path itself."""
    named = Path(error.filename or path)
    what = "" if named == path else f"{printable(str(named.relative_to(path) if path in named.parents else named))}: "
    return f"{what}{error.strerror or error}: check the path and its permissions"


def from_source(source: Source, limits: Limits) -> Pending:
    """A document that was read elsewhere. Raises: InputError for what is none, or has no uri."""
    if not isinstance(source, Source):
        raise InputError(f"{source!r:.60} is no Source", hint="pass vstash.Source(uri, text, …)")
    _require_name(source.uri)
    return Pending(source.uri, source.content_hash, Labels(source.collection, source.tags, limits), lambda _: source)


def reason(error: VstashError) -> str:
    """An error and its hint in one line."""
    return f"{error}: {error.hint}" if error.hint else str(error)
