"""Which files a path stands for: a file itself, or what a folder holds that a person would want remembered.

Folders are walked in sorted order; hidden files, what .gitignore excludes and symbolic links that lead out
of the folder are left out. A file that is named itself is always taken.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pathspec

IGNORE_FILES = (".gitignore", ".vstashignore")  # the later one has the last word


@dataclass(frozen=True, slots=True)
class Rules:
    """The patterns of one folder's ignore files, which hold below that folder."""

    folder: Path
    spec: pathspec.GitIgnoreSpec

    def excludes(self, path: Path, *, is_folder: bool) -> bool | None:
        """True or False where a pattern speaks of the path, None where none does."""
        name = path.relative_to(self.folder).as_posix() + ("/" if is_folder else "")
        return self.spec.check_file(name).include


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files of a folder are wanted, as patterns in the manner of .gitignore, relative to the folder.

    Without `include` all are; `exclude` wins over it.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def wants(self) -> Callable[[str], bool]:
        """A test for the names of files."""
        wanted = pathspec.GitIgnoreSpec.from_lines(self.include or ("*",))
        unwanted = pathspec.GitIgnoreSpec.from_lines(self.exclude)
        return lambda name: wanted.match_file(name) and not unwanted.match_file(name)


def files(path: Path, selection: Selection | None = None) -> Iterator[Path]:
    """The files below a folder, or the path itself when it is no folder; absolute, sorted.

    Raises: InputError for a pattern that cannot be read.
    """
    if selection is None or not path.is_dir():
        yield from _files(path)
        return
    top = Path(os.path.abspath(path))  # noqa: PTH100
    wants = selection.wants()
    yield from (file for file in _files(path) if file == top or wants(file.relative_to(top).as_posix()))


def _files(path: Path) -> Iterator[Path]:
    top = Path(os.path.abspath(path))  # noqa: PTH100  (resolve() would follow a link that the person named)
    if top.is_dir():
        above = _rules_above(top)
        if _ignored(above, top, is_folder=True):
            above = ()  # named all the same, so it is wanted
        yield from _below(top, top.resolve(), above, frozenset({top.resolve()}))
    else:
        yield top


def _below(folder: Path, top: Path, rules: tuple[Rules, ...], above: frozenset[Path]) -> Iterator[Path]:
    try:
        rules = (*rules, *_rules_of(folder))
        entries = sorted(os.scandir(folder), key=lambda one: one.name)
    except OSError:
        yield folder  # reading it will fail with the reason, and be reported like any file
        return
    for entry in entries:
        path, kind = Path(entry.path), _kind(entry)
        if not kind or entry.name.startswith(".") or _ignored(rules, path, is_folder=kind == "folder"):
            continue
        linked = entry.is_symlink()
        here = path.resolve() if linked or kind == "folder" else path
        if linked and not here.is_relative_to(top):
            continue
        if kind == "folder":
            if here not in above:  # a link to a folder above would go round for ever
                yield from _below(path, top, rules, above | {here})
        else:
            yield path


def _kind(entry: os.DirEntry[str]) -> str:
    """What it is: "folder", "file", or "" for devices and pipes, which may never end, and links that lead nowhere."""
    try:
        return "folder" if entry.is_dir() else "file" if entry.is_file() else ""
    except OSError:  # a link to itself, or to where we may not look
        return ""


def _ignored(rules: tuple[Rules, ...], path: Path, *, is_folder: bool) -> bool:
    """As in git, the last pattern that speaks of the path decides, the nearest folder's last."""
    verdicts = (rule.excludes(path, is_folder=is_folder) for rule in reversed(rules))
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _rules_of(folder: Path) -> Iterator[Rules]:
    for name in IGNORE_FILES:
        path = folder / name
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            yield Rules(folder, pathspec.GitIgnoreSpec.from_lines(lines))


def _rules_above(folder: Path) -> tuple[Rules, ...]:
    """What the folders above say, up to the top of the git checkout that the folder lies in."""
    found: list[Rules] = []
    for parent in folder.parents if not (folder / ".git").exists() else ():
        found = [*_rules_of(parent), *found]
        if (parent / ".git").exists():
            return tuple(found)
    return ()
