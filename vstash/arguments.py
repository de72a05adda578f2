"""Is what a program handed over what the method takes? Told in a line, before anything is read or written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from vstash.errors import InputError
from vstash.rules import shown

Kind = TypeVar("Kind")

LONGEST_WAIT = 86_400.0  # seconds: a day, as good as for ever


def texts(**given: object) -> None:
    """Raises: InputError naming the first that is no text."""
    for name, value in given.items():
        if not isinstance(value, str):
            raise InputError(f"{name} is {shown(value)}, not a text", hint="pass a str")


def names(**given: object) -> None:
    """Raises: InputError naming the first that is no text, or for one that no file can keep."""
    texts(**given)
    for value in given.values():
        require_whole(str(value))


def require_whole(text: str) -> None:
    """Raises: InputError for half of a character pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{text!r:.60} holds half of a character pair", hint="decode it with errors='replace'"
        ) from None


def several(name: str, values: Any) -> list[Any]:
    """The values as a list. Raises: InputError for a single text, which would be its letters, and for what is none."""
    return list(iterated(name, values))


def iterated(name: str, values: Any) -> Iterator[Any]:
    """The values one by one. Raises: InputError, at once, as `several`."""
    try:  # an array without dimensions is Iterable by its class
        if not isinstance(values, str | bytes):
            return iter(values)
    except TypeError:
        pass
    raise InputError(f"{name} is {shown(values)}, not a list", hint=f"pass {name}=[…]")


def words(name: str, values: Any) -> tuple[str, ...]:
    """The values, all of them texts. Raises: InputError."""
    found = several(name, values)
    for one in found:
        texts(**{f"one of {name}": one})
    return tuple(found)


def labels(collection: Any, tags: Any) -> tuple[str, ...]:
    """The tags, sorted, each once. Raises: InputError for one that is blank or no text, or such a collection."""
    found = several("tags", tags)
    for name in (collection, *found):
        names(**{"a collection or tag": name})
    if not all(name.strip() for name in (collection, *found)):
        raise InputError("a collection or tag is blank", hint="give it a name")
    return tuple(sorted(set(found)))


def any_given(tags: object, *others: object) -> bool:
    """Whether the tags are more than an empty list, or another is more than None."""
    return not isinstance(tags, list | tuple) or bool(tags) or any(other is not None for other in others)


def function(name: str, value: Any) -> Any:
    """What can be called. Raises: InputError."""
    if not callable(value):
        raise InputError(f"{name} is {shown(value)}, not a function", hint="pass what can be called, or leave it out")
    return value


def instance(name: str, value: Any, kind: type[Kind]) -> Kind:
    """A value of this class. Raises: InputError."""
    if not isinstance(value, kind):
        raise InputError(f"{name} is {shown(value)}, not of the class {kind.__name__}", hint=f"pass {kind.__name__}(…)")
    return value


def flag(name: str, value: Any) -> bool:
    """Yes or no. Raises: InputError for what is neither: the text "false" would be a yes."""
    if not isinstance(value, bool):
        raise InputError(f"{name} is {shown(value)}, neither True nor False", hint="pass True or False")
    return value


def opened(store: Kind) -> Kind:
    """A store that is open. Raises: InputError for what is none, such as a path, which comes to mind first."""
    if isinstance(store, type) or not callable(getattr(store, "reading", None)):
        raise InputError(f"store is {shown(store)}, not an open store", hint="use Memory.open(path)")
    return store


def whole(name: str, value: Any) -> int:
    """The number. Raises: InputError for what is no whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{name} is {shown(value)}, not a whole number", hint="pass an int")
    return value


def column(name: str, values: Any, texts: Sequence[str]) -> list[Any]:
    """One value for each text, or None for each. Raises: InputError."""
    if values is None:
        return [None] * len(texts)
    found = several(name, values)
    if len(found) != len(texts):
        raise InputError(f"{name} has {len(found)} entries for {len(texts)} texts", hint="pass one for each text")
    return found


def content(data: object) -> bytes:
    """The bytes. Raises: InputError for what is none."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InputError(f"the content is of type {type(data).__name__}, not bytes", hint="encode it, or use remember")
    return bytes(data)


def path(given: Any) -> str:
    """A path as a text. Raises: InputError for what is none: a blank one would silently mean the folder one is in."""
    if not isinstance(given, str | os.PathLike):
        raise InputError(f"{shown(given)} is no path", hint="pass a str or a Path")
    named = os.fspath(given)
    if not isinstance(named, str) or "\0" in named:
        raise InputError(f"{shown(named)} is no path", hint="pass a str or a Path without zero bytes")
    if not named.strip():
        raise InputError("a path is blank", hint="name a file or folder, or . for this folder")
    try:
        os.fsencode(named)
    except UnicodeEncodeError:
        raise InputError(f"{shown(named)} is no path", hint="it holds half of a character pair") from None
    return named


def file(given: Any) -> Path:
    """A path, with "~" for the folder of a user, as `Memory.open` takes it. Raises: InputError."""
    return Path(os.path.expanduser(path(given)))  # noqa: PTH111  (which raises for the home of nobody)


def paths(given: Any) -> list[str]:
    """One path or several as texts. Raises: InputError."""
    alone = isinstance(given, str | bytes | os.PathLike)
    return [path(one) for one in ([given] if alone else several("paths", given))]


def places(name: str, given: Any) -> list[Path] | None:
    """Absolute paths; None for None. Raises: InputError."""
    found = None if given is None else [Path(path(one)) for one in several(name, given)]
    for one in found or ():
        if not one.is_absolute():
            raise InputError(
                f"one of {name} is {shown(str(one))}, not an absolute path", hint="pass Path(…).absolute()"
            )
    return found


def wait(seconds: Any) -> float:
    """How long to wait, in seconds. Raises: InputError."""
    if not isinstance(seconds, int | float) or not seconds >= 0:  # as for what is no number
        raise InputError(f"busy_wait is {shown(seconds)}, it must be seconds, 0 or more", hint="pass 30.0")
    return float(min(seconds, LONGEST_WAIT))
