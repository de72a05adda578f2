"""Does a text open with a block of fields, as mail and PEPs do, and what do they say?"""

from __future__ import annotations

import re

FIELDS = 200  # lines; a longer block is no header

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9.-]{0,40}):(?:[ \t]+(.*))?$")


def header_block(text: str) -> tuple[dict[str, str], int]:
    """The fields of an RFC 2822 style block at the start of a text, and the offset where it ends.

    Names are lower-case, continuation lines joined by a space, the first of equal names kept.
    ({}, 0) unless every line up to the first blank one belongs to the block and there are two fields.
    """
    fields: dict[str, str] = {}
    name, end = "", 0
    for line in text[: 1 << 16].split("\n")[:FIELDS]:
        match = _FIELD.match(line)
        if not line.strip():
            break
        if match:
            name = match[1].lower()
            fields.setdefault(name, (match[2] or "").strip())
        elif name and line[0] in " \t":
            fields[name] = f"{fields[name]} {line.strip()}".strip()
        else:
            return {}, 0
        end += len(line) + 1
    return (fields, min(end, len(text))) if len(fields) > 1 else ({}, 0)
