"""Which files a path stands for: a file itself, or what a folder holds that a person would want remembered.

Folders are walked in sorted order; hidden files, what .gitignore excludes and symbolic links that lead out
of the folder are left out. A file that is named itself is always taken.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from errno import EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR
from pathlib import Path
from stat import S_ISDIR

import pathspec

from vstash.errors import InputError

IGNORE_FILES = (".gitignore", ".vstashignore")  # the later one has the last word
NOWHERE = (ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP)  # what says that a path leads to nothing


@dataclass(frozen=True, slots=True)
class Rules:
    """The patterns of one folder's ignore files, which hold below that folder."""

    folder: Path
    spec: pathspec.GitIgnoreSpec

    def excludes(self, path: Path, *, is_folder: bool) -> bool | None:
        """True or False where a pattern speaks of the path, None where none does."""
        name = path.relative_to(self.folder).as_posix() + ("/" if is_folder else "")
        found = (one for one in reversed(self.spec.patterns) if one.regex and _is_of(one.regex, name))
        return next((one.include for one in found), None)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files of a folder are wanted, as patterns in the manner of .gitignore, relative to the folder.

    Without `include` all are; `exclude` wins over it.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def wants(self) -> Callable[[str], bool]:
        """A test for the names of files, and of folders that may hold some: these end in a slash.

        Raises: InputError for a pattern that cannot be read.
        """
        wanted, unwanted = _spec(self.include or ("*",)), _spec(self.exclude)
        return lambda name: (name.endswith("/") or wanted.match_file(name)) and not unwanted.match_file(name)


@dataclass(frozen=True, slots=True)
class Way:
    """Where a walk may go that looks for some paths only: to them, and on below them."""

    ends: frozenset[str]
    stations: frozenset[str]  # the folders above them

    @classmethod
    def to(cls, paths: Collection[Path]) -> Way:
        """The way to these paths, which are absolute."""
        return cls(frozenset(map(str, paths)), frozenset(str(parent) for path in paths for parent in path.parents))


def files(path: Path, selection: Selection | None = None, only: Collection[Path] | None = None) -> Iterator[Path]:
    """The files below a folder, or the path itself when it is no folder; absolute, sorted.

    With `only`, absolute paths, those that are among them or below one of them; other folders are not looked
    into. Raises: InputError for a pattern that cannot be read.
    """
    top = absolute(path)
    way = None if only is None else Way.to(only)
    if selection is None:
        yield from _files(top, way)
        return
    wants = selection.wants()
    for file in _files(top, way):
        name = file.relative_to(top).as_posix()
        if file == top or wants(f"{name}/" if is_folder(file) else name):
            yield file


def passed_over(path: Path, top: Path) -> bool:
    """Whether a file below a folder is hidden, so that only who names it, or a folder that is hidden, means it."""
    return any(name.startswith(".") for name in path.relative_to(top).parts)


def is_there(path: Path) -> bool:
    """Whether a file, and no folder, is there; also where we may not look, which reading it will say."""
    try:
        return not S_ISDIR(path.stat().st_mode)
    except OSError as error:
        return error.errno not in NOWHERE
    except ValueError:  # a zero in its name
        return False


def is_folder(path: Path) -> bool:
    """Whether it is a folder, as far as we may look."""
    return os.path.isdir(path)  # noqa: PTH112  (a Path raises where we may not)


def obstacle(folder: Path) -> OSError:
    """Why a walk yielded a folder for itself: what of it cannot be read."""
    try:
        os.scandir(folder).close()
        os.stat(f"{folder}/.")  # noqa: PTH116  (whether it may be entered; a Path drops the dot)
        list(_rules_of(folder))
        _rules_above(folder)
    except OSError as error:
        return error
    return IsADirectoryError(EISDIR, "it could not be read a moment ago", str(folder))


def absolute(path: Path) -> Path:
    """The path from the root, without dots; no link is followed, for it is the link that the person named."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _files(top: Path, way: Way | None) -> Iterator[Path]:
    if is_folder(top):
        try:
            above = _rules_above(top)
        except OSError:
            yield top
            return
        if any(_ignored(_about(above, one), one, is_folder=True) for one in (top, *top.parents)):
            above = ()  # named all the same, so it is wanted
        way = None if way and str(top) in way.ends else way
        yield from _below(top, Walk(top.resolve(), frozenset({top.resolve()}), way), above)
    else:
        yield top


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a walk has come: where it began and the folders it is in, both without links, and where it may go."""

    top: Path
    above: frozenset[Path]
    way: Way | None

    def passes(self, path: str) -> bool:
        """Whether there is something to look for here."""
        return self.way is None or path in self.way.ends or path in self.way.stations

    def into(self, path: str, here: Path) -> Walk:
        """The walk one folder further; past an end of the way everything is looked at."""
        arrived = self.way is None or path in self.way.ends
        return Walk(self.top, self.above | {here}, None if arrived else self.way)


def _below(folder: Path, walk: Walk, rules: tuple[Rules, ...]) -> Iterator[Path]:
    try:
        rules = (*rules, *_rules_of(folder))
        entries = sorted((one for one in os.scandir(folder) if walk.passes(one.path)), key=lambda one: one.name)
    except OSError:
        yield folder  # it is reported like a file that cannot be read: see obstacle
        return
    for entry in entries:
        path, kind = Path(entry.path), _kind(entry)
        if not kind or entry.name.startswith(".") or _ignored(rules, path, is_folder=kind == "folder"):
            continue
        linked = entry.is_symlink()
        here = path.resolve() if linked or kind == "folder" else path
        if linked and not here.is_relative_to(walk.top):
            continue
        if kind == "folder":
            if here not in walk.above:  # a link to a folder above would go round for ever
                yield from _below(path, walk.into(entry.path, here), rules)
        else:
            yield path


def _spec(patterns: Collection[str]) -> pathspec.GitIgnoreSpec:
    for pattern in patterns:
        if not _is_pattern(pattern):
            raise InputError(f"{pattern!r} is no pattern", hint="write it as in .gitignore: *.md, drafts/")
    return _read(patterns)


def _is_pattern(line: str) -> bool:
    """Whether it can be read as one, unlike "!" alone, a backslash at the end or a range that runs backwards."""
    try:
        _read([line])
    except (ValueError, re.error):
        return False
    return True


def _read(lines: Iterable[str]) -> pathspec.GitIgnoreSpec:
    """The patterns; what a later Python might understand by one, such as "[[]", is no concern of who wrote it."""
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        return pathspec.GitIgnoreSpec.from_lines(lines)


def is_checkout(folder: Path) -> bool:
    """Whether the folder is the top of a git checkout, as far as we may look."""
    return os.path.exists(folder / ".git")  # noqa: PTH110  (a Path raises where we may not look)


def _kind(entry: os.DirEntry[str]) -> str:
    """What it is: "folder", "file", also where it cannot be told, which reading it will say; "" for devices and pipes,
    which may never end, and links that lead nowhere or to themselves."""
    try:
        return "folder" if entry.is_dir() else "file" if entry.is_file() else ""
    except OSError as error:
        return "" if error.errno in NOWHERE else "file"


def _is_of(pattern: re.Pattern[str], name: str) -> bool:
    """Whether it matches this path, and not only a folder above: there another pattern may have the last word."""
    return any(one.groupdict().get("ps_d") is None or one.end() == len(name) for one in pattern.finditer(name))


def _ignored(rules: tuple[Rules, ...], path: Path, *, is_folder: bool) -> bool:
    """As in git, the last pattern that speaks of the path decides, the nearest folder's last."""
    verdicts = (rule.excludes(path, is_folder=is_folder) for rule in reversed(rules))
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _about(rules: tuple[Rules, ...], path: Path) -> tuple[Rules, ...]:
    """Those of the folders that it lies in."""
    return tuple([rule for rule in rules if rule.folder in path.parents])


def _rules_of(folder: Path) -> Iterator[Rules]:
    for name in IGNORE_FILES:
        path = folder / name
        if path.is_file():
            patterns = filter(_is_pattern, _lines(path.read_bytes()))  # git too passes over what is none
            yield Rules(folder, _read(patterns))


def _lines(data: bytes) -> Iterator[str]:
    """The lines as git has them, which end nowhere but at a line feed; of what ends them only blanks are no part of a
    pattern, as in the "Icon\\r" that macOS makes, so that anything else is put where pathspec will not strip it."""
    for line in re.split("\r?\n", data.decode("utf-8-sig", "replace")):
        yield re.sub(r"[^\S ]\Z", r"[\g<0>]", line)


def _rules_above(folder: Path) -> tuple[Rules, ...]:
    """What the folders above say, up to the top of the git checkout that the folder lies in."""
    found: list[Rules] = []
    for parent in folder.parents if not is_checkout(folder) else ():
        found = [*_rules_of(parent), *found]
        if is_checkout(parent):
            return tuple(found)
    return ()
