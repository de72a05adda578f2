"""JSON Lines: one record a block, each of which should stay whole."""

from __future__ import annotations

import json

from vstash.text.decode import decode
from vstash.text.readers.base import Extract
from vstash.text.readers.jsondata import flat
from vstash.types import Place


def read(data: bytes, name: str) -> Extract:
    """A block of lines "path.to.key: value" for each record; a line that is no JSON stays as it is."""
    blocks: list[str] = []
    atoms: list[tuple[int, int]] = []
    offset = 0
    places: list[Place] = []
    for number, line in enumerate(decode(data, name).split("\n"), 1):
        block = _block(line.strip())
        if block:
            blocks.append(block)
            atoms.append((offset, offset + len(block)))
            places.append(Place(offset, {"record": number}))
            offset += len(block) + 2
    return Extract("\n\n".join(blocks), "jsonl", atoms=tuple(atoms), places=tuple(places))


def _block(line: str) -> str:
    try:
        return "\n".join(flat(json.loads(line))).strip() or line
    except (ValueError, RecursionError):
        return line
