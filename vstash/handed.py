"""Documents that a program has read itself: what becomes of them?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from vstash.errors import InputError
from vstash.intake import Pending, from_source
from vstash.salvage import salvage
from vstash.types import AddResult, Source


def added(sources: Iterable[Source], add: Callable[[Iterable[Pending]], Iterator[AddResult]]) -> Iterator[AddResult]:
    """What `add` makes of the sources; where handing them over fails, those before are stored first.

    Raises: InputError.
    """
    if isinstance(sources, str | bytes) or not isinstance(sources, Iterable):
        raise InputError(
            f"{sources!r:.60} are no sources", hint="pass a list of vstash.Source, or anything that yields them"
        )
    return salvage((from_source(one) for one in sources), add)
