"""JSON Lines: one record a block, each of which should stay whole."""

from __future__ import annotations

import json

from vstash.text.decode import decode
from vstash.text.readers.base import Extract
from vstash.text.readers.jsondata import flat


def read(data: bytes, name: str) -> Extract:
    """A block of lines "path.to.key: value" for each record; a line that is no JSON stays as it is."""
    blocks: list[str] = []
    atoms: list[tuple[int, int]] = []
    offset = 0
    for line in decode(data, name).split("\n"):
        block = _block(line.strip())
        if block:
            blocks.append(block)
            atoms.append((offset, offset + len(block)))
            offset += len(block) + 2
    return Extract("\n\n".join(blocks), "jsonl", atoms=tuple(atoms))


def _block(line: str) -> str:
    try:
        return "\n".join(flat(json.loads(line))).strip() or line
    except (ValueError, RecursionError):
        return line
