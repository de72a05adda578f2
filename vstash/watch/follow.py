"""What does a change of files mean for the memory? Batches of touched paths come in, what was done goes out.

Only what was touched is compared. A document outlives its file for a moment, and the file's text for a minute,
because the other half of a move, or of the way a program saves, may come with a later batch.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from vstash.errors import InputError, StoreBusy, StoreFull, StoreGone
from vstash.intake import reason
from vstash.memory import Memory
from vstash.names import path_of
from vstash.sync import DONE, Change, Comparison
from vstash.types import AddResult
from vstash.walk import IGNORE_FILES, absolute, passed_over

GRACE = 1.5  # seconds that a document outlives its file
UNFINISHED = 60.0  # seconds that it outlives the text of its file: who writes it may empty it first, and take a while
BURST = 8192  # paths in one batch; of more than twice that, Linux drops some, so the whole folder is compared


@dataclass(frozen=True, slots=True)
class Batch:
    """Paths that something happened to, absolute, and folders that are under watch only since now."""

    touched: frozenset[str] = frozenset()
    fresh: frozenset[Path] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """Which files of the folders are wanted, and what is said of them; as for `Memory.compare`."""

    collection: str | None = None
    tags: Sequence[str] | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class News:
    """What became of a file: added, replaced, moved from `old`, deleted, failed; or of a folder: delayed,
    current. `error` says why."""

    status: str
    uri: str
    old: str = ""
    error: str = ""


def outermost(folders: Iterable[Path]) -> tuple[Path, ...]:
    """The folders, absolute, without those that lie in another one."""
    tops = dict.fromkeys(absolute(folder) for folder in folders)
    return tuple(top for top in tops if not any(parent in tops for parent in top.parents))


def follow(
    memory: Memory,
    folders: Sequence[Path],
    batches: Iterable[Batch],
    choice: Choice,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[News]:
    """Keep the memory equal to folders for as long as batches come; an empty one says that time has passed.

    Files and folders that cannot be read, a database that is locked or a full disk are news, and tried again.
    Raises: StoreError otherwise, EncoderError.
    """
    followed = [_Followed(top) for top in outermost(folders)]
    for batch in batches:
        for one in followed:
            one.note(batch)
            if one.due(clock()):
                yield from one.catch_up(memory, choice, clock)


def _links(top: Path, files: Iterable[Path]) -> Iterator[Path]:
    """The links that lead to these files from inside of the folder, and where in it they lead."""
    real = Path(os.path.realpath(top))
    passed = {path for file in files for path in (file, *file.parents)}
    for link in filter(os.path.islink, passed - {top, *top.parents}):
        target = Path(os.path.realpath(link))
        if target.is_relative_to(real):
            yield from (link, top / target.relative_to(real))


def always(
    opened: Callable[[], Memory], folders: Sequence[Path], batches: Iterator[Batch], choice: Choice
) -> Iterator[News]:
    """Like `follow`, with a memory that is opened, and again when its file was deleted, moved or replaced."""
    gone = True
    while gone:
        with opened() as memory:
            try:
                yield from follow(memory, folders, batches, choice)
                gone = False
            except StoreGone as error:
                yield from (News("delayed", str(top), error=f"{error}: beginning anew") for top in outermost(folders))


@dataclass(slots=True)
class _Followed:
    """A folder, and what is still to be done about it."""

    top: Path
    touched: set[Path] = field(default_factory=set)
    whole: bool = True
    current: bool = False
    missing: dict[str, float] = field(default_factory=dict)  # uris without a file, and since when
    emptied: dict[str, float] = field(default_factory=dict)  # uris whose file was written and holds no text, likewise
    links: set[Path] = field(default_factory=set)  # and what they lead to: changes are reported under one name only
    named: set[Path] = field(default_factory=set)  # hidden files that the memory has all the same
    failing: dict[str, str] = field(default_factory=dict)  # what was said already
    trouble: str = ""  # likewise

    def note(self, batch: Batch) -> None:
        """Take in what happened below this folder."""
        paths = {place for path in batch.touched if (place := self._place(path)) is not None}
        self.whole = self.whole or self.top in batch.fresh or self.top in paths or len(paths) > BURST
        self.touched |= paths

    def _place(self, path: str) -> Path | None:
        """Where to look because of a path: there; in the whole folder of an ignore file; nowhere when it is hidden
        and was not named."""
        found = Path(path)
        if found == self.top or not found.is_relative_to(self.top):
            return None
        *parents, name = found.relative_to(self.top).parts
        if found in self.named:
            return found
        if any(parent.startswith(".") for parent in parents):
            return None
        if name in IGNORE_FILES:
            return found.parent
        return None if name.startswith(".") else found

    def due(self, now: float) -> bool:
        """Whether there is something to compare."""
        late = any(now - since >= GRACE for since in self.missing.values())
        late = late or any(now - since >= UNFINISHED for since in self.emptied.values())
        return self.whole or bool(self.touched) or late

    def catch_up(self, memory: Memory, choice: Choice, clock: Callable[[], float]) -> Iterator[News]:
        """Compare and apply; what could not be done stays to be done."""
        self.links.update(_links(self.top, self.touched))
        paths = None if self.whole else {*self.touched, *self.links, *map(path_of, (*self.missing, *self.emptied))}
        try:
            self._require_folder()
            comparison = memory.compare(self.top, touched=paths, **asdict(choice))
            files = [path_of(change.uri) for change in comparison.changes]
            self.links.update(_links(self.top, files))
            self.named.update(file for file in files if passed_over(file, self.top))
            yield from self._applied(memory, comparison.sparing(self._young(comparison, clock())), clock)
        except (InputError, StoreBusy, StoreFull) as error:
            if reason(error) != self.trouble:
                self.trouble, self.current = reason(error), False
                yield News("delayed", str(self.top), error=self.trouble)
            return
        self.trouble, self.whole = "", False
        self.touched.clear()
        if not self.current:
            self.current = True
            yield News("current", str(self.top))

    def _require_folder(self) -> None:
        if not self.top.is_dir():
            raise InputError("there is no such folder now", hint="waiting for it; what the memory has of it stays")

    def _young(self, comparison: Comparison, now: float) -> set[str]:
        """Documents whose file went so lately that it may come up under another name, or was written so lately that
        who writes it may not be done."""
        self.missing = {change.uri: self.missing.get(change.uri, now) for change in comparison.of("delete")}
        written = [change.uri for change in comparison.of("change")]
        self.emptied = {uri: now if path_of(uri) in self.touched else self.emptied.get(uri, now) for uri in written}
        young = {uri for uri, since in self.missing.items() if now - since < GRACE}
        return young.union(uri for uri, since in self.emptied.items() if now - since < UNFINISHED)

    def _applied(self, memory: Memory, comparison: Comparison, clock: Callable[[], float]) -> Iterator[News]:
        changes = {change.uri: change for change in comparison.changes}
        for done in memory.sync(comparison):
            change = changes[done.uri]
            if isinstance(done, Change):
                del self.missing[done.uri]
                yield News("deleted", done.uri)
                continue
            if not done.textless or done.uri not in comparison.spared:
                self.emptied.pop(done.uri, None)
            if done.status != "failed":
                self.failing.pop(done.uri, None)
                if done.status != "unchanged":
                    yield News(done.status if change.action == "keep" else DONE[change.action], done.uri, change.old)
            else:
                if change.action == "move":  # its new file went as well
                    self.missing[change.old] = clock()
                yield from self._failed(done)

    def _failed(self, done: AddResult) -> Iterator[News]:
        """A failure, unless it was said before."""
        error = done.error or "unknown reason"
        if self.failing.get(done.uri) != error:
            self.failing[done.uri] = error
            yield News("failed", done.uri, error=error)
