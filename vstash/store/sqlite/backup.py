"""Copies of the file: taken while others write, verified, and put back; and giving freed space back."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vstash import publish
from vstash.errors import DatabaseNotFound, InputError, StoreCorrupt
from vstash.store.companions import destination
from vstash.store.sqlite import checks, holder, migrate
from vstash.store.sqlite.connection import (
    Connection,
    Locked,
    absent,
    connect,
    copy,
    discard,
    fold,
    path_of,
    translated,
    writing,
)
from vstash.store.sqlite.replica import replicate


def backup(connection: Connection, target: Path, *, force: bool) -> None:
    """Write the state of this moment to `target`; readers and writers go on meanwhile.

    Raises: InputError when there is a file already and `force` is off, or what is no file, StoreCorrupt when the
    copy fails a check, StoreError.
    """
    _replicate(connection, destination(target, force=force, database=path_of(connection)))


def restore(source: Path, target: Path, *, force: bool, busy_wait: float) -> None:
    """Make `target` what the backup `source` holds, in one transaction where there is a database already.

    A target that is too damaged to be opened is set aside as NAME.damaged. Raises: DatabaseNotFound, InputError
    when there is a file already and `force` is off, or what is no file, StoreCorrupt when the backup is damaged or
    fails a check, StoreError.
    """
    _require_file(source)
    real = destination(target, force=force, database=source)
    opened = connect(source, create=False, busy_wait=busy_wait)
    try:
        with translated(source):
            _require_sound(opened, source)
        if absent(real):
            _replicate(opened, real)
        elif not _overwrite(opened, real, busy_wait):
            _replicate(opened, real, _set_aside)
    finally:
        discard(opened)


def compact(connection: Connection) -> None:
    """Give the space of what was removed back to the file system.

    Others can read meanwhile, not write. It takes as much free space again as the file will have.
    """
    with writing(connection):
        connection.execute("INSERT INTO chunk_fts (chunk_fts) VALUES ('optimize')")
    connection.pragma("temp_store", 1)  # the new file is built in a temporary one: on disk, not in memory
    try:
        connection.execute("VACUUM")
    finally:
        connection.pragma("temp_store", 2)
    with suppress(Locked):  # somebody reads an older state; the next to write folds it
        fold(connection)  # the log holds the whole new file


def _require_file(source: Path) -> None:
    if absent(source) and not source.exists():
        raise DatabaseNotFound(f"there is no backup at {source}", hint="check the path")
    if not source.is_file():
        raise InputError(f"{source} is no file", hint="name a backup")
    if absent(source):
        raise StoreCorrupt(f"{source} is empty", hint="choose another backup")


def _replicate(source: Connection, target: Path, yielding: Callable[[Path], object] | None = None) -> None:
    replicate(source, target, lambda written: _require_sound(written, path_of(source)), yielding)


def _overwrite(source: Connection, target: Path, busy_wait: float) -> bool:
    """Replace the content of a database that others may have open; False when it is too damaged for that."""
    try:
        opened = connect(target, create=False, busy_wait=busy_wait)
        try:
            with translated(target):
                migrate.version(opened)
                holder.require_sole(target)
                copy(source, opened)
        finally:
            discard(opened)
    except StoreCorrupt:
        return False
    return True


def _set_aside(target: Path) -> None:
    """Give a database another name and its log with it, which may hold what was stored last; the log first, as a copy
    that takes the name would remove it. Where a file can have two names it keeps its own until the copy takes it."""
    aside = publish.spare(target.with_name(target.name + ".damaged"))
    for suffix in ("-wal", "-journal"):
        log = target.with_name(target.name + suffix)
        if log.exists():
            publish.rename(log, aside.with_name(aside.name + suffix))
    try:
        os.link(target, aside)
    except OSError:
        publish.rename(target, aside)


def _require_sound(connection: Connection, path: Path) -> None:
    if migrate.version(connection) == 0:
        raise StoreCorrupt(f"{path} is empty", hint="choose another backup")
    migrate.pending(connection, migrate.shipped())
    wrong = [finding for finding in checks.run(connection) if not finding.ok]
    if wrong:
        named = "; ".join(f"{finding.check}: {', '.join(finding.sample)}" for finding in wrong)
        raise StoreCorrupt(f"{path} fails its checks ({named})", hint="run: vstash check --repair")
