"""JSON, as lines "path.to.key: value", each placed by its key with all positions, as jq takes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from vstash.text.decode import clean, decode
from vstash.text.readers.base import LINES, Extract, one_line
from vstash.types import Place

PATH_LIMIT = 120  # code points of a path before each value; deep paths would outgrow what they lead to
KEY_LIMIT = 200  # code points of a key in a place; what lies deeper stands where its surroundings do

_CUT = "…"  # after a key that is told up to here only
_GAP = object()  # a blank line before each record of a list
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def read(data: bytes, name: str) -> Extract:
    """A line for each value, records of a list parted by blank lines; plain text if it is no JSON."""
    text = decode(data, name)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Extract(text, "text", places=LINES)
    lines: list[str] = []
    places: list[Place] = []
    offset = 0
    for line, key in _lines(value):
        places += [Place(offset, {"key": key} if key else {})] if line else []
        lines.append(line)
        offset += len(line) + 1
    written = "\n".join(lines).rstrip("\n")
    if not written:
        return Extract(text, "json", title=_title(value), places=LINES)
    return Extract(written, "json", title=_title(value), places=tuple(places))


def flat(value: Any) -> Iterator[str]:
    """The lines of a JSON value. A path names keys only: positions in a list are noise to a search."""
    return (line for line, _ in _lines(value))


def _lines(value: Any) -> Iterator[tuple[str, str]]:
    """The lines, and the key of each: "data.items[3].name"; that of the whole is ""."""
    stack: list[tuple[str, str, Any]] = [("", "", value)]
    blank = True
    while stack:
        path, at, node = stack.pop()
        if node is _GAP:
            if not blank:
                yield "", ""
            blank = True
        elif isinstance(node, dict):
            stack += [(_join(path, key), _key(at, key), inner) for key, inner in reversed(node.items())]
        elif isinstance(node, list) and any(isinstance(inner, dict | list) for inner in node):
            for position in range(len(node) - 1, -1, -1):
                inner = node[position]
                stack.append((path, _deeper(at, f"[{position}]"), inner))
                stack += [(path, "", _GAP)] if isinstance(inner, dict) else []
        else:
            line = _line(path, node)
            if line:
                yield line, at.removesuffix(_CUT)
                blank = False


def _key(around: str, key: str) -> str:
    if _PLAIN.fullmatch(key):
        return _deeper(around, f".{key}" if around else key)
    return _deeper(around, f"[{json.dumps(key, ensure_ascii=not key.isprintable())}]")


def _deeper(around: str, step: str) -> str:
    """One step on; a key that cannot be told in full is that of what is around it, from there on."""
    if around.endswith(_CUT):
        return around
    return around + step if len(around) + len(step) <= KEY_LIMIT else around + _CUT


def _line(path: str, node: Any) -> str:
    values = node if isinstance(node, list) else [node]
    text = ", ".join(_scalar(value) for value in values if value is not None and value != "")
    return f"{path}: {text}" if path and text else text


def _scalar(value: Any) -> str:
    return clean(value) if isinstance(value, str) else json.dumps(value)


def _join(path: str, key: str) -> str:
    joined = f"{path}.{clean(key)}" if path else clean(key)
    return " ".join(joined.split())[-PATH_LIMIT:]


def _title(value: Any) -> str:
    title = value.get("title") if isinstance(value, dict) else None
    return one_line(clean(title)) if isinstance(title, str) else ""
