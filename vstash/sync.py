"""What must be done so that the memory equals a folder? New, changed, moved and deleted files, found by content.

A moved file is known by its hash: its passages keep their vectors and nothing is encoded again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from vstash.errors import InputError
from vstash.history import History
from vstash.ingest import PART_OF, Failure, Ingest, Labels, Pending, from_file, parts_of, printable
from vstash.store.base import Store
from vstash.types import AddResult, Document
from vstash.walk import Selection, files

Action = Literal["add", "change", "move", "delete", "keep", "fail"]


@dataclass(frozen=True, slots=True)
class Change:
    """One file, and what is to be done about it; `old` is where a moved file was and `title` what it was called,
    `error` why one cannot be read."""

    action: Action
    uri: str
    old: str = ""
    title: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A folder beside the memory: the changes by uri, and the files they are of."""

    changes: tuple[Change, ...]
    pending: Mapping[str, Pending]

    def of(self, *actions: Action) -> list[Change]:
        """The changes of these kinds."""
        return [change for change in self.changes if change.action in actions]


def compare(store: Store, folder: Path, labels: Labels, selection: Selection) -> Comparison:
    """What `apply` would do; nothing is written.

    Raises: InputError when there is no folder, or an empty one where the memory knows files: a disk that is
    not mounted looks like that, and would take everything with it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder", hint="vstash sync takes one; for a single file: vstash add")
    top = Path(folder).absolute()
    dated = History(top).date
    found = [from_file(path, labels, dated) for path in files(top, selection)]
    known = {document.uri: document for document in store.documents() if _is_file_below(document, top)}
    if known and not found:
        raise InputError(
            f"{folder} holds no files, but the memory has {len(known):,} of it",
            hint="is the disk mounted? if they are gone on purpose: vstash forget",
        )
    pending = {one.uri: one for one in found if isinstance(one, Pending)}
    failed = [one for one in found if isinstance(one, Failure)]
    gone = {uri: one for uri, one in known.items() if uri not in pending and not _hidden(uri, failed)}
    return Comparison(tuple(sorted(_changes(pending, failed, known, gone), key=lambda one: one.uri)), pending)


def _changes(
    pending: Mapping[str, Pending],
    failed: Iterable[Failure],
    known: Mapping[str, Document],
    gone: Mapping[str, Document],
) -> Iterator[Change]:
    orphans: defaultdict[str, list[str]] = defaultdict(list)
    for uri, document in sorted(gone.items(), reverse=True):
        orphans[document.content_hash].append(uri)
    moved = set()
    for uri, one in sorted(pending.items()):
        if uri in known:
            yield Change("keep" if _same(known[uri], one) else "change", uri)
        elif orphans[one.content_hash]:
            old = orphans[one.content_hash].pop()
            moved.add(old)
            yield Change("move", uri, old, known[old].title)
        else:
            yield Change("add", uri)
    for failure in failed:
        yield Change("fail", failure.uri, error=failure.error)
    for uri in gone.keys() - moved:
        yield Change("delete", uri)


def apply(store: Store, ingest: Ingest, comparison: Comparison) -> Iterator[AddResult | Change]:
    """Carry the changes out: an AddResult for what was read, a Change for what was only deleted.

    A moved file is stored under its new name before the old one goes, so that a crash between them leaves
    one too many, which the next sync removes.
    """
    for change in comparison.of("fail"):
        yield AddResult(change.uri, "failed", error=change.error)
    moves = comparison.of("move")
    wanted = [comparison.pending[change.uri] for change in comparison.of("add", "change", "keep")]
    results = ingest.add([*(_moved(comparison, change) for change in moves), *wanted])
    old = {change.uri: change.old for change in moves}
    forgotten = []
    for result in results:
        if result.uri in old and result.status != "failed":
            forgotten.append(old[result.uri])
        yield result
    deletions = comparison.of("delete")
    gone = [*forgotten, *(change.uri for change in deletions)]
    store.forget_all([*gone, *parts_of(store, gone)])
    yield from deletions


def _moved(comparison: Comparison, change: Change) -> Pending:
    return replace(comparison.pending[change.uri], encoded_title=change.title)


def _same(document: Document, one: Pending) -> bool:
    return (document.content_hash, document.collection, document.tags) == (
        one.content_hash,
        one.labels.collection,
        one.labels.tags,
    )


def _is_file_below(document: Document, top: Path) -> bool:
    """Whether it is a file of the folder; what came in a file goes with that."""
    uri = document.uri
    if uri.startswith(f"{document.metadata.get(PART_OF)}#"):
        return False
    return uri.startswith(printable(str(top)).rstrip("/\\") + ("\\" if "\\" in str(top) else "/"))


def _hidden(uri: str, failed: Sequence[Failure]) -> bool:
    """Whether a file may still be there, in a folder that cannot be looked into now, or itself unreadable."""
    return any(uri == one.uri or uri.startswith(f"{one.uri}/") for one in failed)
