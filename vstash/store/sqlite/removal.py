"""How do documents leave the file? All rows of many at once, table after table."""

from __future__ import annotations

from collections.abc import Sequence

from vstash.store.sqlite import codes, documents, keyword, pieces, vectors
from vstash.store.sqlite.connection import Connection


def remove(connection: Connection, document_ids: Sequence[int]) -> None:
    """Remove these documents and all that hangs on them, within the caller's transaction.

    What is derived goes first: it is found through the rows of the chunks.
    """
    if not document_ids:
        return
    ids = documents.chunks_of(connection, document_ids)
    keyword.delete(connection, ids)
    for number, space in vectors.spaces(connection):
        codes.delete(connection, number, ids, space.dim)
        pieces.delete(connection, number, ids)
        vectors.delete(connection, number, ids)
    documents.delete(connection, document_ids)
