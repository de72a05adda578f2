"""What does a document's metadata say under a key, as against what a filter asks for, which is text?

A number may be written in any way, True and False are as JSON has them, and a list says each of its values.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LARGE = 1 << 63  # SQLite takes whole numbers from here on for such with a fraction
_DIGITS = 20  # with a sign, which no number below _LARGE has more of; Python refuses to read thousands


def written(value: str | float) -> str:
    """A value as a filter asks for it."""
    return value if isinstance(value, str) else json.dumps(value)


def numbers(texts: Sequence[str]) -> list[float]:
    """The numbers among some texts, as JSON writes them."""
    found = [_sized(json.loads(text, parse_int=_whole)) for text in texts if _NUMBER.fullmatch(text)]
    return [number for number in found if math.isfinite(number)]


def says(value: object, texts: Sequence[str]) -> bool:
    """Whether what stands under a key is one of these."""
    if isinstance(value, list | tuple):
        return any(_is_one(inner, texts) for inner in value)
    return _is_one(value, texts)


def _is_one(value: object, texts: Sequence[str]) -> bool:
    if isinstance(value, str | bool):
        return written(value) in texts
    return isinstance(value, int | float) and _sized(value) in numbers(texts)


def _whole(digits: str) -> float:
    return int(digits) if len(digits) <= _DIGITS else float(digits)


def _sized(number: float) -> float:
    """As SQLite has it."""
    try:
        return float(number) if abs(number) >= _LARGE else number
    except OverflowError:
        return math.inf
