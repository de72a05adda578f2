"""The one way in for programs, the command line and every other interface: what a memory can do."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vstash import arguments, asking, search
from vstash.config import Limits
from vstash.encode.base import Encoder
from vstash.encode.minilm import silent
from vstash.encode.registry import for_space, given, ways_out
from vstash.encode.registry import load as load_encoder
from vstash.errors import ChunkNotFound, DocumentNotFound, InputError, SpaceMismatch
from vstash.extras import later
from vstash.names import uri_of
from vstash.store import open_store, restore
from vstash.store.base import Passage, Store, utc_now
from vstash.types import AddResult, Document, Mode, Query, Report, Results, Source, Space

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from vstash import check, exchange, gather, handed, ingest, intake, parts, reindex, sync, walk, why
    from vstash.filters import Filter
else:  # what a search does without
    check, exchange, gather, handed, ingest, intake, parts, reindex, sync, walk, why = map(later, (
        "vstash.check", "vstash.exchange", "vstash.gather", "vstash.handed", "vstash.ingest",
        "vstash.intake", "vstash.parts", "vstash.reindex", "vstash.sync", "vstash.walk", "vstash.why",
    ))  # fmt: skip

DEFAULT = Limits()
Clock = Callable[[], datetime]
Tags = Sequence[str] | None
Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def _silent(done: int) -> None:
    """Nobody watches."""


class Memory:
    """A document memory: `Memory.open(path)`, best as a context manager. Threads may share one.

    Every method raises StoreError where the file cannot be reached, and says so in one line.
    """

    def __init__(
        self, store: Store, encoder: Encoder | None = None, now: Clock = utc_now, limits: Limits = DEFAULT
    ) -> None:
        self._store = arguments.opened(store)
        self._encoders = [given(encoder)]  # the last is the one that a reindex is about to change to
        self._now = now
        self._limits = limits

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        encoder: str | Encoder | None = "default",
        create: bool = True,
        busy_wait: float = 30.0,
        now: Clock = utc_now,
        report: Callable[[str], None] = silent,
    ) -> Memory:
        """Open the memory in the file at `path`, made if need be; ":memory:" keeps it in the process.

        `encoder` is "default", "hash", a sentence-transformers model by name or folder, or an Encoder;
        None opens without one, for everything but adding and searching. `busy_wait` is in seconds.
        `report` gets a line for each step of the default encoder's preparation, once for a machine.

        Raises: SpaceMismatch when the file's vectors are of another encoder, before anything is read or
        written; DatabaseNotFound when there is no file and `create` is off; ModelUnavailable; StoreError.
        """
        named, wait = arguments.path(path), arguments.wait(busy_wait)
        chosen = None if encoder is None else load_encoder(encoder, arguments.function("report", report))
        store = open_store(
            named, create=arguments.flag("create", create), busy_wait=wait, now=arguments.function("now", now)
        )
        try:
            _require_same_space(store, chosen, path)
            return cls(store, chosen, now)
        except BaseException:
            store.close()
            raise

    def within(self, limits: Limits) -> Memory:
        """The same memory under other limits for what is added and asked; closing one closes both."""
        other = copy(self)
        other._limits = arguments.instance("limits", limits, Limits)
        return other

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._store.close()

    def add(
        self,
        paths: Paths,
        *,
        collection: str | None = None,
        tags: Tags = None,
        allow_private: bool = False,
    ) -> list[AddResult]:
        """Add files, folders and web pages, one result for each, in order; what is unchanged is not read again.

        A file that cannot be read is a result with status "failed"; the others are stored. Web addresses need the
        extra `web`, and `allow_private` where they lead into a private network. Here and in all that adds, None
        leaves the collection or tags of what is stored, and gives what is new "default" and none.
        """
        return self._ingest().added(self._found(paths, self._labels(collection, tags), allow_private))

    def files(self, path: str | os.PathLike[str]) -> list[Path | str]:
        """What `add` would look at under a path, in its order."""
        return list(gather.names(arguments.path(path), self._store.path))

    def adding(
        self, paths: Paths, *, collection: str | None = None, tags: Tags = None, allow_private: bool = False
    ) -> Iterator[AddResult]:
        """Like `add`, one result after another, as they are certain: what has been yielded as added is stored."""
        return self._ingest().add(self._found(paths, self._labels(collection, tags), allow_private))

    def compare(
        self,
        folder: str | os.PathLike[str],
        *,
        collection: str | None = None,
        tags: Tags = None,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        touched: Collection[Path] | None = None,
    ) -> sync.Comparison:
        """What `sync` would do with a folder: files to add, change, move, delete and keep; nothing is written.

        `include` and `exclude` are patterns as in .gitignore. With `touched`, absolute paths in the folder,
        only these are compared, and what is below them. Raises: InputError.
        """
        selection = walk.Selection(arguments.words("include", include), arguments.words("exclude", exclude))
        top, only = Path(arguments.path(folder)), arguments.places("touched", touched)
        return sync.compare(self._store, top, self._labels(collection, tags), selection, only)

    def sync(self, comparison: sync.Comparison) -> Iterator[AddResult | sync.Change]:
        """Make the memory equal to the folder that was compared; moved files are not encoded again."""
        return sync.apply(self._store, self._ingest(), arguments.instance("comparison", comparison, sync.Comparison))

    def remember(
        self,
        text: str,
        *,
        title: str = "",
        uri: str | None = None,
        collection: str | None = None,
        tags: Tags = None,
    ) -> AddResult:
        """Store a text, however short. Without a uri the same text and title are stored once.

        Raises: UnsupportedSource for a blank text, InputError for a blank name.
        """
        arguments.texts(text=text)
        arguments.names(title=title, uri="" if uri is None else uri)
        pending = intake.from_text(text, uri, title, self._labels(collection, tags))
        [result] = self._ingest().add([pending])
        return result

    def add_bytes(self, data: bytes, uri: str, *, collection: str | None = None, tags: Tags = None) -> AddResult:
        """Store the content of a file that is not one, such as standard input; the uri's ending names the format."""
        arguments.names(uri=uri)
        [result] = self._ingest().add([intake.from_bytes(arguments.content(data), uri, self._labels(collection, tags))])
        return result

    def add_texts(
        self,
        texts: Sequence[str],
        uris: Sequence[str] | None = None,
        titles: Sequence[str] | None = None,
        vectors: ArrayLike | None = None,
        collection: str | None = None,
        tags: Tags = None,
    ) -> list[AddResult]:
        """Store texts, with results in order; with `vectors`, shape (len(texts), dim), each is one chunk, unsplit.

        Raises: InputError when the lengths differ, UnsupportedSource for a blank text, BadVectors.
        """
        labels = self._labels(collection, tags)
        several = arguments.several("texts", texts)
        own = (arguments.column(name, values, several) for name, values in (("uris", uris), ("titles", titles)))
        columns = list(zip(several, *own, strict=True))
        for text, uri, title in columns:
            arguments.texts(text=text)
            arguments.names(uri="" if uri is None else uri, title="" if title is None else title)
        if vectors is None:
            pending = [intake.from_text(text, uri, title or "", labels) for text, uri, title in columns]
            return self._ingest().added(pending)
        sources = [intake.of_text(text, uri, title or "", labels) for text, uri, title in columns]
        return self._ingest().add_vectors(sources, vectors, labels)

    def add_sources(self, sources: Iterable[Source]) -> Iterator[AddResult]:
        """Store documents read elsewhere; their `content_hash`, or the content itself where it is blank, decides
        whether they are unchanged. Raises: InputError for one that cannot be stored; those before it are."""
        return handed.added(sources, self._limits, self._ingest().add)

    def search(
        self,
        question: str | Query,
        *,
        limit: int | None = None,
        mode: Mode | None = None,
        fusion: str | None = None,
        vector: ArrayLike | None = None,
        filter: Filter | None = None,  # noqa: A002  (the word of the contract)
        collection: str | None = None,
        tags: Sequence[str] = (),
        after: str | datetime | None = None,
        before: str | datetime | None = None,
        **options: Any,
    ) -> Results:
        """The passages that answer a question, best first: 5 in hybrid mode if nothing else is said.

        `vector` takes the place of encoding the question. `options` are the further fields of Query:
        weights, recency, diversity, window, by_document, unfinished, min_confidence. A Query can be passed
        whole instead, without any of these beside it.

        Raises: InputError for an unknown option, of its kinds InvalidQuery and InvalidFilter; BadVectors.
        """
        rule = asking.rule(filter, tags, collection=collection, after=after, before=before)
        query = asking.query(question, {"limit": limit, "mode": mode, "fusion": fusion, "filter": rule, **options})
        asking.require_short(query, self._limits)
        try:
            return search.search(self._store, self._needed(), query, now=self._now(), vector=vector)
        except SpaceMismatch:
            changed = self._known(self._store.space())
            if vector is not None or changed is None:
                raise
            return search.search(self._store, changed, query, now=self._now())  # a reindex came between

    def why(self, query: str | Query, uri: str) -> why.Loss:
        """Why a document is not among a query's hits, or where it stands. Raises: DocumentNotFound, InvalidQuery."""
        wanted = query if isinstance(query, Query) else Query(query)
        asking.require_short(wanted, self._limits)
        return why.explain(self._store, self._needed(), wanted, self.get(uri), self._now())

    def get(self, uri: str) -> Document:
        """A document with its text; a web page also by the address it was asked for. Raises: DocumentNotFound."""
        arguments.names(uri=uri)
        found = self._store.document(uri) or gather.page(self._store, uri)
        if found is None:
            raise DocumentNotFound(f"there is no document {uri!r}", hint="see what there is: vstash list")
        return found

    def chunk(self, chunk_id: int) -> Passage:
        """A passage by its id, as named in a hit. Raises: ChunkNotFound."""
        found = self._store.passages([arguments.whole("chunk_id", chunk_id)])
        if not found:
            raise ChunkNotFound(f"there is no chunk {chunk_id}", hint="search again: a changed document gets new ids")
        return found[0]

    def passage(self, uri: str, seq: int) -> Passage:
        """A passage of a document by its number there, from 0. Raises: DocumentNotFound, ChunkNotFound."""
        ids = self._store.chunk_ids(self.get(uri).id)
        if not 0 <= arguments.whole("seq", seq) < len(ids):
            raise ChunkNotFound(f"{uri} has no passage {seq}", hint=f"they are numbered 0 to {len(ids) - 1}")
        return self.chunk(ids[seq])

    def below(self, folder: str | os.PathLike[str]) -> list[str]:
        """The uris of what was added of a folder, which is there or gone, in order."""
        top = uri_of(os.path.abspath(arguments.path(folder)))  # noqa: PTH100
        return sorted(self._store.within([top]).keys() - {top})

    def list(
        self,
        *,
        collection: str | None = None,
        tags: Sequence[str] = (),
        filter: Filter | None = None,  # noqa: A002
    ) -> list[Document]:
        """The documents, by uri, without their texts."""
        return list(self._store.documents(asking.rule(filter, tags, collection=collection)))

    def forget(self, uri: str) -> None:
        """Remove a document and all that hangs on it, attachments too. Raises: DocumentNotFound; InputError for an
        attachment, which goes with its mail."""
        arguments.names(uri=uri)
        if not parts.forget_wholes(self._store, [uri]):
            raise DocumentNotFound(f"there is no document {uri!r}", hint="see what there is: vstash list")

    def forget_all(self, uris: Sequence[str]) -> int:
        """Remove documents and all that hangs on them, hundreds in a transaction; how many went, attachments too.
        Raises: InputError, before any is removed, for an attachment without its mail."""
        return parts.forget_wholes(self._store, arguments.words("uris", uris))

    def stats(self) -> dict[str, Any]:
        """Counts and sizes: documents, chunks, bytes, encoder, schema, collections, tags."""
        space = self._store.space()
        return {**self._store.statistics(), "encoder": space.id if space else None}

    def check(self, *, repair: bool = False, fast: bool = False, report: Callable[[str], object] = str) -> Report:
        """Verify what is stored; `repair` rebuilds what is derived and never touches documents. Vectors that are gone
        or damaged are made again by the encoder they were made with, loaded for it if need be.

        `fast` compares counts and keys only: seconds where verifying every byte takes minutes. `report` is told
        the name of each check before it starts.
        """
        loaded, told = self._fitting if arguments.flag("repair", repair) else None, arguments.function("report", report)
        return check.run(self._store, loaded, fast=arguments.flag("fast", fast), now=self._now, report=told)

    def backup(self, target: str | os.PathLike[str], *, force: bool = False) -> None:
        """Copy the memory as it is now to a file, while others go on; the copy is verified before it has its name.

        Raises: InputError when the file is there already and `force` is off.
        """
        self._store.backup(arguments.file(target), force=arguments.flag("force", force))

    @staticmethod
    def restore(
        backup: str | os.PathLike[str], path: str | os.PathLike[str], *, force: bool = False, busy_wait: float = 30.0
    ) -> None:
        """Make the memory at `path` what a backup holds. Raises: InputError when there is one and `force` is off,
        DatabaseNotFound when there is no backup."""
        source, target = arguments.file(backup), arguments.file(path)
        restore(source, target, force=arguments.flag("force", force), busy_wait=arguments.wait(busy_wait))

    def export(self, write: Callable[[str], object], *, vectors: bool = False) -> int:
        """Hand every document to `write` as lines of JSON, from one snapshot; how many there were."""
        return exchange.export(self._store, write, vectors=arguments.flag("vectors", vectors))

    def import_(self, lines: Iterable[str]) -> Iterator[AddResult]:
        """Store the documents of an export, one result after another; vectors it brings are used where they fit the
        memory and its encoder, any in an empty memory without one. Where it brings none, all is encoded anew.

        Raises: InputError naming the line that cannot be read; what came before it is stored.
        """
        return exchange.Import(self._store, self._encoders[0], self._limits).run(lines)

    def compact(self) -> None:
        """Give the space of what was forgotten back to the file system; searches go on, writers wait."""
        self._store.compact()

    def reindex(self, encoder: str | Encoder, *, report: Callable[[int], None] = _silent) -> reindex.Reindexed:
        """Encode every passage anew and change to the new vectors when all are there; searches go on.

        Interrupted, it goes on from where it was when it is run again. `report` is told how many are done.
        """
        told, chosen = arguments.function("report", report), load_encoder(encoder)
        self._encoders[1:] = [chosen]
        try:
            return reindex.reindex(self._store, chosen, self._now, told)
        finally:  # also where it was changed over, and what is old could not be dropped
            active = self._store.space()
            if active is not None and active.id == chosen.space.id:
                self._encoders[:] = [chosen]

    def _found(self, paths: Paths, labels: intake.Labels, private: bool) -> Iterator[intake.Pending | intake.Failure]:
        private = arguments.flag("allow_private", private)
        return gather.pending(arguments.paths(paths), labels, self._store, allow_private=private)

    def _labels(self, collection: str | None, tags: Tags) -> intake.Labels:
        return intake.labels(collection, tags, self._limits)

    def _ingest(self) -> ingest.Ingest:
        return ingest.Ingest(self._store, self._needed(), self._now)

    def _fitting(self, space: Space) -> Encoder:
        return self._known(space) or load_encoder(for_space(space))

    def _known(self, space: Space | None) -> Encoder | None:
        """The encoder of this memory, or of a reindex of it, that makes such vectors."""
        name = space and space.id
        return next((one for one in tuple(self._encoders) if one is not None and one.space.id == name), None)

    def _needed(self) -> Encoder:
        encoder = self._encoders[0]
        if encoder is None:
            raise InputError("this memory was opened without an encoder", hint="open it with encoder=…")
        return encoder


def _require_same_space(store: Store, encoder: Encoder | None, path: str | os.PathLike[str]) -> None:
    stored = store.space()
    if encoder is None or stored is None:
        return
    asked = encoder.space
    if stored.id != asked.id or stored.dim != asked.dim:
        raise SpaceMismatch(
            f"{os.fspath(path)} was made with the encoder {stored.model} ({stored.dim} dimensions),"
            f" not with {asked.model} ({asked.dim})",
            hint=ways_out(stored, asked),
        )
