"""What does a program ask for: a Query, or a text with options?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from vstash import arguments
from vstash.config import Limits
from vstash.errors import InputError, InvalidQuery
from vstash.extras import later
from vstash.types import Query

if TYPE_CHECKING:
    from vstash import filters
    from vstash.filters import Filter
else:  # what a search without one does without
    filters = later("vstash.filters")


def query(question: str | Query, options: dict[str, Any]) -> Query:
    """The question with the options that are not None. Raises: InputError for one that is none, InvalidQuery."""
    known = {one.name for one in fields(Query)} - {"text"}
    for name in options:
        if name not in known:
            raise InputError(f"unknown option {name!r}", hint=f"use one of {', '.join(sorted(known))}")
    said = {name: value for name, value in options.items() if value is not None}
    if not isinstance(question, Query):
        return Query(question, **said)
    if said:
        raise InvalidQuery(f"{', '.join(said)} beside a Query", hint="say it in the Query, or pass the text alone")
    return question


def require_short(query: Query, limits: Limits) -> None:
    """Raises: InvalidQuery."""
    length, limit = len(query.text), limits.max_query
    if length > limit:
        raise InvalidQuery(
            f"the query has {length:,} characters, the limit is {limit:,}", hint="shorten it, or raise max_query"
        )


def rule(given: Filter | None, tags: Sequence[str], **options: Any) -> Filter | None:
    """The filter and what the options ask for. Raises: InvalidFilter, also for what is none."""
    asked = arguments.any_given(tags, given, *options.values())
    return filters.both(given, tags=tags, **options) if asked else None
