"""Copies of the file: taken while others write, verified, and put back; and giving freed space back.

A copy is written beside its target and renamed when it has passed every check, so that a name never
stands for half a copy.
"""

from __future__ import annotations

import os
from pathlib import Path

from vstash.errors import DatabaseNotFound, InputError, StoreCorrupt, StoreError
from vstash.store.sqlite import checks, migrate
from vstash.store.sqlite.connection import Connection, absent, connect, copy, discard, translated, writing


def backup(connection: Connection, target: Path, *, force: bool) -> None:
    """Write the state of this moment to `target`; readers and writers go on meanwhile.

    Raises: InputError when there is a file already and `force` is off, StoreCorrupt when the copy fails
    a check, StoreError.
    """
    _refuse(target, force=force, own=Path(connection.filename))
    _publish(connection, target)


def restore(source: Path, target: Path, *, force: bool, busy_wait: float) -> None:
    """Make `target` what the backup `source` holds, in one transaction where there is a database already.

    A target that is too damaged to be opened is set aside as NAME.damaged. Raises: DatabaseNotFound, InputError
    when there is a file already and `force` is off, StoreCorrupt when the backup fails a check, StoreError.
    """
    if absent(source):
        raise DatabaseNotFound(f"there is no backup at {source}", hint="check the path")
    _refuse(target, force=force, own=source)
    opened = connect(source, create=False, busy_wait=busy_wait)
    try:
        with translated(source):
            _require_sound(opened, source)
        if _empty(target) or not _overwrite(opened, target, busy_wait):
            _publish(opened, target)
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
    connection.pragma("wal_checkpoint", "truncate")  # the log holds the whole new file


def _refuse(target: Path, *, force: bool, own: Path) -> None:
    if target.exists() and own.exists() and target.samefile(own):
        raise InputError(f"{target} is the database itself", hint="name another file")
    if target.is_dir():
        raise InputError(f"{target} is a folder", hint="name a file in it")
    if not force and not _empty(target):
        raise InputError(f"{target} is there already", hint="choose another name, or pass --force to replace it")


def _empty(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


def _publish(source: Connection, target: Path) -> None:
    """Copy beside the target, verify, rename over it."""
    partial = target.with_name(target.name + ".partial")
    with translated(partial):
        _remove(partial)
        written = connect(partial, create=True, vfs=source.open_vfs)
        try:
            copy(source, written)
            _require_sound(written, partial)
        except BaseException:
            discard(written)
            _remove(partial)
            raise
        written.close()
    _remove_log(target)  # of another database that had this name: it must not be played into this one
    _rename(partial, target)


def _overwrite(source: Connection, target: Path, busy_wait: float) -> bool:
    """Replace the content of a database that others may have open; False when it had to be set aside."""
    try:
        opened = connect(target, create=False, busy_wait=busy_wait)
        try:
            with translated(target):
                migrate.version(opened)
                copy(source, opened)
        finally:
            discard(opened)
    except StoreCorrupt:
        aside = target.with_name(target.name + ".damaged")
        _rename(target, aside)
        return False
    return True


def _require_sound(connection: Connection, path: Path) -> None:
    if migrate.version(connection) == 0:
        raise StoreCorrupt(f"{path} is empty", hint="choose another backup")
    migrate.pending(connection, migrate.shipped())
    wrong = [finding for finding in checks.run(connection) if not finding.ok]
    if wrong:
        named = "; ".join(f"{finding.check}: {', '.join(finding.sample)}" for finding in wrong)
        raise StoreCorrupt(f"{path} fails its checks ({named})", hint="run: vstash check --repair")


def _rename(path: Path, target: Path) -> None:
    """Rename so that it survives a power cut."""
    try:
        path.replace(target)
        if os.name == "posix":
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}", hint="check the folder") from error


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _remove_log(path)


def _remove_log(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
