"""What must be done so that the memory equals a folder? New, changed, moved and deleted files, found by content.

A moved file is known by its hash: its passages keep their vectors and nothing is encoded again.
"""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from pathlib import Path, PurePath
from shlex import quote
from typing import Literal

from vstash.errors import InputError, StoreCorrupt
from vstash.filters import In
from vstash.history import History
from vstash.ingest import Ingest
from vstash.intake import PART_OF, Failure, Labels, Pending, from_file, keeping
from vstash.names import before_marks, path_of, uri_of
from vstash.parts import forget, parts_of, wholes_of
from vstash.passages import DEFAULT_WINDOW, Cutter, of_file, terms_of
from vstash.store.base import Renamed, Store, Stored
from vstash.store.companions import is_own
from vstash.text.formats import READERS
from vstash.text.passage import estimate_starts
from vstash.text.sandbox import Sandbox
from vstash.text.terms import name_terms
from vstash.types import AddResult, Status
from vstash.unmounted import emptied
from vstash.walk import Selection, absolute, files, is_folder, is_there, passed_over

BATCH = 256  # documents renamed in one transaction

Action = Literal["add", "change", "move", "delete", "keep", "fail"]
DONE: Mapping[Action, str] = {
    "add": "added",
    "change": "replaced",
    "move": "moved",
    "delete": "deleted",
    "keep": "unchanged",
    "fail": "failed",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One file, and what is to be done about it; `old` is where a moved file was, `error` why one cannot be read."""

    action: Action
    uri: str
    old: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A folder, or what was touched in it, beside the memory: the changes by uri, the files they are of, and
    what the memory knows there."""

    changes: tuple[Change, ...]
    pending: Mapping[str, Pending]
    known: Mapping[str, Stored]
    spared: Collection[str] = ()  # uris that nothing is forgotten of

    def of(self, *actions: Action) -> list[Change]:
        """The changes of these kinds."""
        return [change for change in self.changes if change.action in actions]

    def sparing(self, uris: Collection[str]) -> Comparison:
        """The same, but these are not deleted, nor forgotten when their files hold no text any more."""
        kept = (change for change in self.changes if change.action != "delete" or change.uri not in uris)
        return replace(self, changes=tuple(kept), spared=uris)


def compare(
    store: Store, folder: Path, labels: Labels, selection: Selection, touched: Collection[Path] | None = None
) -> Comparison:
    """What `apply` would do; nothing is written. With `touched`, absolute paths in the folder, only they and what
    is below them are looked at.

    Raises: InputError when there is no folder, or an empty one where the memory knows files: a disk that is
    not mounted looks like that, and would take everything with it.
    """
    if not os.path.isdir(folder):  # noqa: PTH112  (which raises where a name is too long for one)
        raise InputError(f"{folder} is no folder", hint="vstash sync takes one; for a single file: vstash add")
    top = absolute(folder)
    dated = History(top).date
    known = _files_known(store, [uri_of(path) for path in ([top] if touched is None else touched)])
    chosen = [path for path in files(top, selection, touched) if not is_own(path, store.path)]
    found = [from_file(path, labels, dated) for path in (*chosen, *_named(known, top, selection))]
    pending = {one.uri: one for one in found if isinstance(one, Pending)}
    failed = {one.uri: one for one in found if isinstance(one, Failure)}
    gone = {uri: one for uri, one in known.items() if uri not in pending and not _hidden(uri, failed)}
    texts = _remembered(store, gone)
    found_changes = _changes(pending, failed.values(), known, gone)
    changes = [one for one in found_changes if one.action != "delete" or one.uri not in texts]
    if any(one.action == "delete" for one in changes) and all(map(is_folder, chosen)):  # such as cannot be looked into
        _require_some(store, top, selection)
    changes = _mounted(changes, top, {uri_of(path) for path in touched or ()})
    for change in changes:
        if change.action == "move":
            old = known[change.old]
            pending[change.uri] = keeping(pending[change.uri], old.collection, old.tags)
    return Comparison(tuple(sorted(changes, key=lambda one: one.uri)), pending, known)


def _named(known: Iterable[str], top: Path, selection: Selection) -> Iterator[Path]:
    """The hidden files that the memory has all the same, as somebody named them: they are followed as any other."""
    wants = selection.wants()
    for path in map(path_of, known):
        if path != top and passed_over(path, top) and wants(path.relative_to(top).as_posix()) and is_there(path):
            yield path


def _mounted(changes: list[Change], top: Path, seen: Collection[str]) -> list[Change]:
    """The changes, but nothing is deleted in a folder that looks like a disk which is not mounted, other than what was
    `seen` to go."""
    gone = [one.uri for one in changes if one.action == "delete" and one.uri not in seen]
    spared = {uri_of(folder): count for folder, count in emptied(top, map(path_of, gone)).items()}
    kept = [one for one in changes if one.action != "delete" or one.uri in seen or not _hidden(one.uri, spared)]
    why = "it is empty, and the {:,} files that the memory has of it stay: mount its disk, or remove the folder"
    return [*kept, *(Change("fail", uri, error=why.format(count)) for uri, count in spared.items())]


def _remembered(store: Store, uris: Iterable[str]) -> set[str]:
    """Those that came of no file, and in none: texts that were remembered under such a name, and are nowhere else."""
    asked = store.documents(In("uri", tuple(uris)))
    return {one.uri for one in asked if one.modified_at is None and PART_OF not in one.metadata}


def _require_some(store: Store, top: Path, selection: Selection) -> None:
    if not all(map(is_folder, files(top, selection))):
        return
    has = f"but the memory has {len(store.within([uri_of(top)])):,} of it"
    if not all(map(is_folder, files(top))):
        raise InputError(
            f"no file in {top} is one that the patterns let through, {has}",
            hint=f"mend --include and --exclude; if they are to go: vstash forget --below {quote(str(top))}",
        )
    raise InputError(
        f"{top} holds no files, or none that is not ignored, {has}",
        hint=f"is the disk mounted? if they are gone on purpose: vstash forget --below {quote(str(top))}",
    )


def _changes(
    pending: Mapping[str, Pending],
    failed: Iterable[Failure],
    known: Mapping[str, Stored],
    gone: Mapping[str, Stored],
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
            yield Change("move", uri, old)
        else:
            yield Change("add", uri)
    for failure in failed:
        yield Change("fail", failure.uri, error=failure.error)
    for uri in gone.keys() - moved:
        yield Change("delete", uri)


def apply(store: Store, ingest: Ingest, comparison: Comparison) -> Iterator[AddResult | Change]:
    """Carry the changes out: an AddResult for what was read, a Change for what was only deleted.

    A moved file is stored under its new name before the old one goes, so that a crash between them leaves
    one too many, which the next sync removes. What became something that holds no text is forgotten:
    its old text is in the folder no more. What could not be read this time, or is over a limit, stays.
    """
    for change in comparison.of("fail"):
        yield AddResult(change.uri, "failed", error=change.error)
    renamed = yield from _rename(store, comparison, ingest.recipe)
    actions = {change.uri: change for change in comparison.changes}
    forgotten = []
    for result in ingest.add([comparison.pending[uri] for uri in _order(comparison) if uri not in renamed]):
        change = actions[result.uri]
        if change.action == "move" and result.status != "failed":
            forgotten.append(change.old)
        elif result.textless and result.uri not in comparison.spared and (outdated := _outdated(comparison, change)):
            forgotten.append(outdated)
            result = replace(result, error=f"{result.error} (what was stored of it is forgotten)")
        yield result
    deletions = comparison.of("delete")
    forget(store, [*forgotten, *(change.uri for change in deletions)])
    yield from deletions


def rehearse(comparison: Comparison) -> Iterator[AddResult]:
    """What `apply` would say of what is new or changed: it is read for that, and neither encoded nor stored."""
    cutter = Cutter(DEFAULT_WINDOW, estimate_starts)
    with Sandbox() as sandbox:
        for change in comparison.of("add", "change", "move"):
            if change.action == "move" and _alike(comparison, change, comparison.known[change.old].recipe):
                continue
            one = comparison.pending[change.uri]
            loaded = cutter.loaded(partial(one.load, sandbox), one.labels.limits)
            gone = loaded.textless and _outdated(comparison, change)
            error = f"{loaded.error}{' (what is stored of it would be forgotten)' if gone else ''}"
            status: Status = "failed" if error else "replaced" if change.action == "change" else "added"
            yield AddResult(change.uri, status, took=loaded.took, error=error or None)


def _outdated(comparison: Comparison, change: Change) -> str:
    """The uri under which the folder holds what is stored no more: the file has another name now, or another content;
    "" where only what is said of it has changed."""
    known = comparison.known.get(change.uri)
    rewritten = known is not None and known.content_hash != comparison.pending[change.uri].content_hash
    return change.old or (change.uri if rewritten else "")


def _rename(store: Store, comparison: Comparison, recipe: str) -> Generator[AddResult, None, set[str]]:
    """Rename what only moved, without reading it again: the new uris that are settled so. What another reader may
    read differently, for the name's ending, or would be cut differently today, is left to be read."""
    moves = [change for change in comparison.of("move") if _alike(comparison, change, recipe)]
    wholes = wholes_of(store, [change.old for change in moves])  # what came in these has their names in its own
    moves = [change for change in moves if change.old not in wholes]
    settled = set()
    for first in range(0, len(moves), BATCH):
        batch = moves[first : first + BATCH]
        started = time.perf_counter()
        found = [_renamed(store, comparison.pending[change.uri], change.old) for change in batch]
        done = store.rename([one for one in found if one is not None])
        for change in compress(compress(batch, found), done):
            settled.add(change.uri)
            yield AddResult(change.uri, "added", took=(time.perf_counter() - started) / len(batch))
    return settled


def _alike(comparison: Comparison, change: Change, recipe: str) -> bool:
    known, ending = comparison.known[change.old], PurePath(change.uri).suffix
    same = _same(known, comparison.pending[change.uri]) and known.recipe == recipe
    telling = bool(ending) and READERS.get(ending.lower()) != "gzipped"  # whose stem is the name of what is in it
    return same and telling and ending == PurePath(change.old).suffix


def _renamed(store: Store, one: Pending, old: str) -> Renamed | None:
    """With a title of its own a document changes its uri, and the terms of its name; a title that is the name of the
    file changes as well.

    None where that is not certain: a file may call itself by its name, a page also where only its title stood; and for
    a damaged one, which is read again.
    """
    document = None
    with suppress(StoreCorrupt):
        document = store.document(old)
    if document is None:
        return None
    name, title = old.rsplit("/", 1)[-1], one.uri.rsplit("/", 1)[-1]
    if document.title != name:
        if document.title == title:
            return None
        title = document.title
        if of_file(document) and name_terms(old, title) == name_terms(one.uri, title):
            return Renamed(old, one.uri, title, one.modified_at)
    elif document.kind == "html" or name in (document.text or "") or name in str(document.metadata):
        return None
    chunks = [passage.chunk for passage in store.passages(store.chunk_ids(document.id))]
    return Renamed(old, one.uri, title, one.modified_at, terms_of(chunks, title, one.uri))


def _order(comparison: Comparison) -> Iterator[str]:
    """What is read, such that a content has its new name before its old name gets another content: its vectors
    are found as long as it is stored. In a ring of names one comes first all the same."""
    yield from (change.uri for change in comparison.of("move", "add", "keep"))
    rest = dict.fromkeys(change.uri for change in comparison.of("change"))
    names = {comparison.known[uri].content_hash: uri for uri in rest}
    old = {uri: names.get(comparison.pending[uri].content_hash, uri) for uri in rest}  # where its content was
    takers = Counter(name for uri, name in old.items() if name != uri)
    ready = [uri for uri in rest if not takers[uri]]
    while rest:
        uri = ready.pop() if ready else next(iter(rest))
        if uri not in rest:
            continue
        del rest[uri]
        yield uri
        takers[old[uri]] -= 1
        if not takers[old[uri]]:
            ready.append(old[uri])


def _same(document: Stored, one: Pending) -> bool:
    labels = document.collection, document.tags
    return document.content_hash == one.content_hash and one.labels.over(*labels) == labels


def _files_known(store: Store, paths: Sequence[str]) -> dict[str, Stored]:
    """What is stored of these files and below these folders, without what came in a file: that goes with it."""
    known = store.within(paths)
    wholes = store.known(sorted({whole for uri in known for whole in before_marks(uri)}))
    for uri in parts_of(store, list(wholes)):
        known.pop(uri, None)
    return known


def _hidden(uri: str, failed: Collection[str]) -> bool:
    """Whether a file may still be there, in a folder that cannot be looked into now, or itself unreadable."""
    return bool(failed) and (uri in failed or any(str(parent) in failed for parent in PurePath(uri).parents))
