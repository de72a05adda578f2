"""Which documents came in others, as attachments do in mails? They are forgotten with them."""

from __future__ import annotations

from collections.abc import Sequence

from vstash.errors import InputError
from vstash.intake import PART_OF
from vstash.names import before_marks
from vstash.store.base import Store

TOGETHER = 512  # documents forgotten in one transaction, besides their parts: others wait for it to write


def parts_of(store: Store, uris: Sequence[str]) -> list[str]:
    """The uris of the documents that came in these, such as attachments of mails."""
    return [part for part, _ in _parts(store, uris)]


def wholes_of(store: Store, uris: Sequence[str]) -> set[str]:
    """Those of these documents that others came in."""
    return {whole for _, whole in _parts(store, uris)}


def forget_wholes(store: Store, uris: Sequence[str]) -> int:
    """As `forget`, of documents that a person names.

    Raises: InputError, before any is removed, for one that came in a document which is not among these: it would be
    missing there, for what has not changed is not read again.
    """
    wanted = set(uris)
    before = {whole for uri in wanted for whole in before_marks(uri)}
    for part, whole in _parts(store, sorted(before - wanted)):
        if part in wanted:
            raise InputError(f"{part} goes with the file it came in", hint=f"forget that: {whole}")
    return forget(store, uris)


def forget(store: Store, uris: Sequence[str]) -> int:
    """Remove documents and what came in them, TOGETHER at a time; how many there were, parts included.

    A document goes in one transaction with all its parts: no kill leaves half of it.
    """
    groups = (uris[first : first + TOGETHER] for first in range(0, len(uris), TOGETHER))
    return sum(store.forget_all([*some, *parts_of(store, some)]) for some in groups)


def _parts(store: Store, uris: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of a part and the document that it came in, whose uri its own begins with."""
    wanted = set(uris)
    named = ((one.uri, one.metadata.get(PART_OF)) for one in store.inside(uris))
    return [(uri, of) for uri, of in named if isinstance(of, str) and of in wanted and uri.startswith(f"{of}#")]
