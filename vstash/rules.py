"""What makes a search valid? Every rule of a Query, and the words for what breaks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vstash.types import Query

CONFIDENCES: tuple[str, ...] = ("low", "medium", "high")
MODES: tuple[str, ...] = ("hybrid", "keyword", "vector")
FUSIONS: tuple[str, ...] = ("gated", "zscore", "rrf", "adaptive")
MAX_LIMIT = 10_000  # hits; past this a caller wants an export, not a search
MAX_QUERY = 20_000  # code points; far past any encoder's window

Rule = tuple[bool, str, str]


def shown(value: object) -> str:
    """Anything a program may have passed, in one line of 60 characters at most."""
    return f"{' '.join(repr(value).split()):.60}"


def rules(query: Query) -> Iterator[Rule]:
    """Each rule as (holds, what is wrong, what to do); what comes later relies on those before."""
    yield isinstance(query.text, str), f"the query is {shown(query.text)}, not a text", "pass a str"
    yield bool(query.text.strip()), "the query is blank", "say what to look for"
    yield (
        len(query.text) <= MAX_QUERY,
        f"the query has {len(query.text):,} characters, the limit is {MAX_QUERY:,}",
        "ask with the part that matters",
    )
    yield (
        _whole(query.limit, 1, MAX_LIMIT),
        f"limit is {shown(query.limit)}, it must be 1 to {MAX_LIMIT:,}",
        "pass a limit in that range",
    )
    yield _chosen("mode", query.mode, MODES)
    yield _chosen("confidence", query.min_confidence, CONFIDENCES)
    if query.fusion is not None:
        yield _chosen("fusion", query.fusion, FUSIONS)
    yield from _measures(query)
    yield _whole(query.window, 0, 10), f"window is {shown(query.window)}, it must be 0 to 10", _WINDOW
    for name in ("by_document", "unfinished"):
        value = getattr(query, name)
        yield isinstance(value, bool), f"{name} is {shown(value)}, neither True nor False", "pass True or False"


def _measures(query: Query) -> Iterator[Rule]:
    """Of the fields that are fractions."""
    yield (
        query.weights is None or _weights(query.weights),
        f"weights are {shown(query.weights)}, they must be two numbers of at least 0, not both 0",
        "pass (vector, keyword), such as (0.6, 0.4)",
    )
    yield (
        query.recency is None or (_number(query.recency) and 0 < query.recency < 1e6),
        f"recency is {shown(query.recency)}, it must be a half-life in days above 0",
        "pass 30 to halve a score's lead every 30 days",
    )
    yield (
        _number(query.diversity) and 0 <= query.diversity <= 1,
        f"diversity is {shown(query.diversity)}, it must lie between 0 and 1",
        "0 changes nothing",
    )


_WINDOW = "1 joins one passage each side"


def _chosen(name: str, value: object, names: Sequence[str]) -> Rule:
    return isinstance(value, str) and value in names, f"unknown {name} {shown(value)}", f"use one of {', '.join(names)}"


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _number(value: object) -> bool:
    """What can be reckoned with beside a float, formatted like one and written as JSON."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _weights(given: Any) -> bool:
    pair = isinstance(given, Sequence) and len(given) == 2 and all(map(_number, given))
    return pair and min(given) >= 0 and 0 < sum(given) < 1e6
