"""JSON, as lines "path.to.key: value"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vstash.text.decode import clean, decode
from vstash.text.readers.base import Extract, one_line

PATH_LIMIT = 120  # code points of a path before each value; deep paths would outgrow what they lead to

_GAP = object()  # a blank line before each record of a list


def read(data: bytes, name: str) -> Extract:
    """A line for each value, records of a list parted by blank lines; plain text if it is no JSON."""
    text = decode(data, name)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Extract(text, "text")
    lines = "\n".join(flat(value)).strip("\n")
    return Extract(lines or text, "json", title=_title(value))


def flat(value: Any) -> Iterator[str]:
    """The lines of a JSON value. A path names keys only: positions in a list are noise to a search."""
    stack: list[tuple[str, Any]] = [("", value)]
    blank = True
    while stack:
        path, node = stack.pop()
        if node is _GAP:
            if not blank:
                yield ""
            blank = True
        elif isinstance(node, dict):
            stack += [(_join(path, key), inner) for key, inner in reversed(node.items())]
        elif isinstance(node, list) and any(isinstance(inner, dict | list) for inner in node):
            for inner in reversed(node):
                stack += [(path, inner), (path, _GAP)] if isinstance(inner, dict) else [(path, inner)]
        else:
            line = _line(path, node)
            if line:
                yield line
                blank = False


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
