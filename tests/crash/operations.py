"""The operations that faults are injected into, and the trial: one operation, one fault, and how it ended."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import apsw

from tests.crash.faults import Faults, Kind
from vstash import HashEncoder, Memory
from vstash.errors import DocumentNotFound, VstashError
from vstash.store.sqlite.connection import connect, rows, translated
from vstash.store.sqlite.migrate import Migration, migrate, shipped
from vstash.store.sqlite.store import SqliteStore

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NEXT = Migration(len(shipped()) + 1, "next", "CREATE TABLE added (x INTEGER) STRICT; INSERT INTO added VALUES (7);")
Done = Callable[[], None]
BIRDS = ("heron", "stork", "crane", "ibis", "egret", "bittern")


def texts(what: str) -> list[str]:
    """A few documents of several chunks each."""
    return [f"# The {bird}\n\n" + f"the {bird} {what} in the reed. " * 60 for bird in BIRDS[:3]]


@dataclass(frozen=True)
class Operation:
    """Something that writes: `prepare` makes the state before, `run` does it through a VFS and calls what
    it is given once it has been told that all is stored, before the file is closed."""

    name: str
    prepare: Callable[[Path], None]
    run: Callable[[Path, str | None, Done], None]
    target: str = "notes.db"


@dataclass(frozen=True)
class Outcome:
    """How one trial ended; `wrong` says what broke a promise, "" when nothing did."""

    operation: str
    kind: Kind
    struck: str
    ending: str
    wrong: str = ""


def opened(path: Path, vfs: str | None, *, dim: int = 64) -> Memory:
    """A memory on a VFS that waits for nobody."""
    return Memory(SqliteStore(path, vfs=vfs, busy_wait=0.0, clock=lambda: NOW), HashEncoder(dim), lambda: NOW)


def ignore() -> None:
    """Nobody waits for this one."""


def nothing(path: Path) -> None:
    """No file yet."""


def filled(path: Path) -> None:
    """Three documents."""
    with opened(path, None) as memory:
        memory.add_texts(texts("stands"), [f"doc:{at}" for at in range(3)], tags=["bird"])


def letter(*attached: str) -> bytes:
    """A mail with these attachments."""
    message = EmailMessage()
    message["Subject"] = f"{len(attached)} birds"
    message.set_content("They are attached.")
    message.make_mixed(boundary="birds")  # or each time another, and the mail would not be the same
    for bird in attached:
        message.add_attachment(f"the {bird} stands in the reed", filename=f"{bird}.txt")
    return bytes(message)


def mailed(path: Path) -> None:
    """A mail with two attachments."""
    with opened(path, None) as memory:
        memory.add_bytes(letter("heron", "stork"), "birds.eml")


def damaged(path: Path) -> None:
    """Three documents whose derived structures are gone."""
    filled(path)
    connection = connect(path, create=False)
    connection.execute("INSERT INTO chunk_fts (chunk_fts) VALUES ('delete-all'); DELETE FROM code_1")
    connection.close()


def create(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs):
        done()


def add(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs) as memory:
        memory.add_texts(texts("flies"), [f"new:{at}" for at in range(3)], tags=["bird", "new"])
        done()


def replace(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs) as memory:
        memory.add_texts(texts("sleeps"), [f"doc:{at}" for at in range(3)])
        done()


def lose(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs) as memory:
        memory.add_bytes(letter("stork"), "birds.eml")
        done()


def forget(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs) as memory:
        memory.forget("doc:1")
        done()


def forget_all(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs) as memory:
        memory.forget_all(["doc:0", "doc:2"])
        done()


def repair(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs) as memory:
        memory.check(repair=True)
        done()


def upgrade(path: Path, vfs: str | None, done: Done) -> None:
    with translated(path):
        connection = connect(path, create=False, busy_wait=0.0, vfs=vfs)
        try:
            migrate(connection, (*shipped(), NEXT), NOW)
            done()
        finally:
            connection.close()


def reindex(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs) as memory:
        memory.reindex(HashEncoder(32))
        done()


def compact(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs) as memory:
        memory.compact()
        done()


def backup(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs) as memory:
        memory.backup(path.with_name("copy.db"), force=True)
        done()


def bring(path: Path, vfs: str | None, done: Done) -> None:
    with opened(path, vfs) as memory:
        assert all(result.status != "failed" for result in memory.import_(EXPORT))
        done()


def exported() -> tuple[str, ...]:
    """The lines of a small memory."""
    lines: list[str] = []
    with Memory.open(":memory:", encoder=HashEncoder(64), now=lambda: NOW) as memory:
        memory.add_texts(texts("wades"), [f"brought:{at}" for at in range(3)])
        memory.export(lines.append, vectors=True)
    return tuple(lines)


def holed(path: Path) -> None:
    """A database that is mostly free pages."""
    filled(path)
    with opened(path, None) as memory:
        memory.add_texts(texts("goes"), [f"gone:{at}" for at in range(3)])
        for at in range(3):
            memory.forget(f"gone:{at}")


EXPORT = exported()

OPERATIONS = (
    Operation("create", nothing, create),
    Operation("add", filled, add),
    Operation("replace", filled, replace),
    Operation("lose", mailed, lose),
    Operation("forget", filled, forget),
    Operation("forget_all", filled, forget_all),
    Operation("migrate", filled, upgrade),
    Operation("repair", damaged, repair),
    Operation("reindex", filled, reindex),
    Operation("compact", holed, compact),
    Operation("backup", filled, backup, target="copy.db"),
    Operation("import", filled, bring),
)


def state(path: Path) -> str:
    """A digest of everything stored, ids left out; "" for a database without a schema yet."""
    if not path.exists():
        return ""
    connection = connect(path, create=False)
    try:
        tables = {name for (name,) in rows(connection, "SELECT name FROM sqlite_schema")}
        if "document" not in tables:
            return ""
        said = [
            rows(connection, "SELECT uri, title, content_hash, added_at, chunks FROM document ORDER BY uri"),
            rows(connection, 'SELECT uri, seq, start, "end", text FROM chunk JOIN document ON document.id = document_id'
                 " ORDER BY uri, seq"),
            rows(connection, "SELECT name, uri FROM tag JOIN document ON document.id = document_id ORDER BY 1, 2"),
            rows(connection, "SELECT name FROM space WHERE active = 1"),
            rows(connection, "SELECT count(*) FROM chunk_fts_docsize"),
            [
                rows(connection, f"SELECT vector FROM vector_{number} ORDER BY chunk_id")
                for (number,) in rows(connection, "SELECT id FROM space WHERE active = 1")
            ],
            [
                rows(connection, f"SELECT count(*) FROM code_{number}")
                for (number,) in rows(connection, "SELECT id FROM space WHERE active = 1")
            ],
            "added" in tables,
        ]  # fmt: skip
        return hashlib.sha256(repr(said).encode()).hexdigest()
    finally:
        connection.close()


class Bench:
    """Runs trials of one operation in a folder of its own; what it starts from is made once."""

    def __init__(self, operation: Operation, folder: Path, vfs: Faults) -> None:
        self.operation = operation
        self.vfs = vfs
        self.start = folder / "start"
        self.work = folder / "work"
        self.start.mkdir()
        operation.prepare(self.start / "notes.db")
        self.before = state(self.start / operation.target)
        operation.run(self._fresh(), None, ignore)
        self.after = state(self.work / operation.target)

    def points(self, kind: Kind) -> int:
        """How many operations of the file system this kind of fault can strike."""
        path = self._fresh()
        self.vfs.arm(kind, 0)
        self.operation.run(path, self.vfs.name, ignore)
        seen = self.vfs.seen
        self.vfs.disarm()
        return seen

    def trial(self, kind: Kind, nth: int, seed: int) -> Outcome:
        """Run the operation with one fault, reopen, check, and run it again."""
        path = self._fresh()
        self.vfs.arm(kind, nth)
        told: list[bool] = []
        failure = self._attempt(path, self.vfs.name, lambda: told.append(True))
        struck = self.vfs.struck
        if kind == "power":
            self.vfs.power_returns(random.Random(seed))
        self.vfs.disarm()
        ending, wrong = self._judge(path, failure, told=bool(told))
        return Outcome(self.operation.name, kind, struck, ending, wrong)

    def _judge(self, path: Path, failure: VstashError | None, *, told: bool) -> tuple[str, str]:
        try:
            found = state(path.with_name(self.operation.target))
        except (apsw.Error, VstashError) as error:
            return "torn", f"cannot be read: {error}"
        ending = "after" if found == self.after else "before" if found == self.before else "torn"
        if ending == "torn":
            return ending, "neither as before nor as after"
        if told and ending != "after":
            return ending, "reported as done, and lost"
        said = "done" if failure is None else "done, then failed" if told else "failed"
        wrong = self._unclean(path)
        if not wrong:
            again = self._attempt(path, None, ignore)
            if again is not None and not (isinstance(again, DocumentNotFound) and ending == "after"):
                wrong = f"the repeat failed: {again}"
            elif state(path.with_name(self.operation.target)) != self.after:
                wrong = "the repeat led elsewhere"
        return f"{said}, as {ending}", wrong

    def _unclean(self, path: Path) -> str:
        """What check finds; what `repair` starts from and a file without a schema are not judged."""
        if self.operation.name in ("repair", "migrate", "create"):
            connection = connect(path, create=True)
            found = rows(connection, "PRAGMA integrity_check") if self.operation.name != "repair" else [("ok",)]
            connection.close()
            return "" if found == [("ok",)] else f"check: {found}"
        with opened(path, None) as memory:
            return "; ".join(f"{one.check}: {one.sample}" for one in memory.check().findings if not one.ok)

    def _attempt(self, path: Path, vfs: str | None, done: Done) -> VstashError | None:
        try:
            self.operation.run(path, vfs, done)
        except VstashError as error:
            return error
        return None

    def _fresh(self) -> Path:
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.start, self.work)
        return self.work / "notes.db"


def trials(bench: Bench, kinds: tuple[Kind, ...], *, step: int, seed: int) -> Iterator[Outcome]:
    """Every `step`th point of each kind of fault."""
    for kind in kinds:
        for nth in range(1, bench.points(kind) + 1, step):
            yield bench.trial(kind, nth, seed + nth)
