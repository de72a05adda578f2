"""Which document is a web page, and has it changed since it was stored? From an address to a source in line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from mimetypes import MimeTypes
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from vstash.errors import VstashError
from vstash.fetch.client import Answer, Fetcher
from vstash.filters import Eq
from vstash.intake import PART_OF, Failure, Labels, Pending, from_bytes, reason
from vstash.names import printable
from vstash.store.base import Store
from vstash.text.dates import parse_date
from vstash.text.formats import READERS
from vstash.text.sandbox import Sandbox
from vstash.types import Document, Source

ASKED = "asked"  # metadata: the address that was given, where the document is known by another
WEB = "web"  # metadata: what a conditional request needs: address, etag, last_modified
_VAGUE = ("", "text/plain", "application/octet-stream", "binary/octet-stream", "application/x-download")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_MARKED = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class Pages:
    """Addresses beside what a store has of them. Nothing is fetched, or imported for it, before it is asked."""

    def __init__(self, store: Store, labels: Labels, *, allow_private: bool = False) -> None:
        self._store = store
        self._labels = labels
        self._allow_private = allow_private
        self._fetcher: Fetcher | None = None

    def pending(self, address: str) -> Pending | Failure:
        """The page in line: its uri is the address that it calls its own, if that is of the same site."""
        try:
            fetcher = self._fetcher = self._fetcher or Fetcher(allow_private=self._allow_private)
            asked = fetcher.normal(address)
            kept = known(self._store, asked)
            answer = fetcher.get(asked, lambda hop: _conditions(kept, hop))
            if kept is not None and answer.status == HTTPStatus.NOT_MODIFIED:
                return Pending(
                    kept.uri, kept.content_hash, self._labels, lambda _: self._source(fetcher.get(asked), asked)
                )
            source = self._source(answer, asked)
        except VstashError as error:
            return Failure(printable(address), reason(error))
        return Pending(source.uri, source.content_hash, self._labels, lambda _: source)

    def _source(self, answer: Answer, asked: str) -> Source:
        with Sandbox() as sandbox:
            read = from_bytes(_text_as_utf8(answer), file_name(answer), self._labels).load(sandbox)
        uri = canonical(answer.address, read.metadata.get("canonical"))
        about: dict[str, Any] = {**read.metadata, WEB: _validators(answer)}
        if uri != asked:
            about[ASKED] = asked
        return replace(
            read,
            uri=uri,
            title=read.title if read.title != file_name(answer) else uri,
            content_hash=hashlib.sha256(f"{read.title}\0{read.text}".encode()).hexdigest(),
            modified_at=parse_date(answer.headers.get("last-modified")),
            metadata=about,
            places=() if read.kind == "html" else read.places,  # the lines of its source are nowhere to be seen
            parts=tuple(
                replace(part, uri=uri + part.uri.removeprefix(read.uri), metadata={**part.metadata, PART_OF: uri})
                for part in read.parts
            ),
        )


def known(store: Store, address: str) -> Document | None:
    """What is stored of an address, with its text, also when it was redirected or called itself otherwise: then the
    newest of these. What follows a # is no part of an address."""
    asked = address.partition("#")[0]
    found = store.document(asked)
    if found is None:
        moved = max(store.documents(Eq(f"metadata.{ASKED}", asked)), key=lambda one: one.added_at, default=None)
        found = moved and store.document(moved.uri)
    return found


def canonical(address: str, named: object) -> str:
    """The address that a page names as its own, if it is one of the same site: another site's documents
    are not its to replace."""
    if not isinstance(named, str) or not named.strip():
        return address
    try:
        own, wanted = urlsplit(address), urlsplit(urljoin(address, named.strip()))
        same = _site(own.hostname) == _site(wanted.hostname) and (
            own.port == wanted.port or {own.port, wanted.port} <= {None, 80, 443}
        )
    except ValueError:
        return address
    if wanted.scheme not in ("http", "https") or not same or wanted.username:
        return address
    return wanted._replace(path=wanted.path or "/", fragment="").geturl()


def file_name(answer: Answer) -> str:
    """A file name whose ending names the format that the server says it sent."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    path = PurePosixPath(unquote(urlsplit(answer.address).path))
    if kind in _VAGUE:
        known = path.suffix.lower() in READERS
        return path.name if known or kind != "text/plain" else f"{path.stem or 'page'}.txt"
    return f"{path.stem or 'page'}{_suffix(kind)}"


def _suffix(kind: str) -> str:
    if kind.endswith("+json"):
        return ".json"
    if kind in ("text/html", "application/xhtml+xml"):
        return ".html"
    if kind == "text/markdown":
        return ".md"
    return MimeTypes().guess_extension(kind) or (".xml" if kind.endswith("xml") else "")


def _text_as_utf8(answer: Answer) -> bytes:
    """The body, in UTF-8 where the server names another encoding, which has the last word over the page."""
    kind = answer.headers.get("content-type", "")
    named = _CHARSET.search(kind)
    if not named or answer.body.startswith(_MARKED):
        return answer.body
    try:
        answer.body.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return answer.body.decode(named[1], "replace").encode("utf-8")
        except (LookupError, UnicodeError):  # an encoding that nobody knows, or none of text, such as "undefined"
            return answer.body
    return answer.body


def _validators(answer: Answer) -> dict[str, str]:
    found = {"etag": answer.headers.get("etag"), "last_modified": answer.headers.get("last-modified")}
    return {"address": answer.address, **{name: value for name, value in found.items() if value}}


def _conditions(kept: Document | None, hop: str) -> Mapping[str, str]:
    """Headers that ask only for what is newer than the stored version, at the address that gave it."""
    web = kept.metadata.get(WEB) if kept else None
    if not isinstance(web, Mapping) or web.get("address") != hop:
        return {}
    named = {"If-None-Match": str(web.get("etag", "")), "If-Modified-Since": str(web.get("last_modified", ""))}
    return {name: value for name, value in named.items() if value and value.isascii()}  # others cannot be sent


def _site(host: str | None) -> str:
    return (host or "").lower().removeprefix("www.")
