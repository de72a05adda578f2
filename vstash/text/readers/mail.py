"""Mail (.eml) through the standard library's email package: header, body, and what its attachments say."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import EmailMessage, Message
from email.policy import Compat32
from typing import cast

from vstash.errors import UnsupportedSource
from vstash.text.dates import parse_date
from vstash.text.decode import clean, decode
from vstash.text.readers import webpage
from vstash.text.readers.base import LINES, Extract, Opener, one_line
from vstash.text.readers.container import parsing
from vstash.text.readers.letter import Attachment, Letter, written

WHAT = "mail"
_FIELDS = ("from", "to", "cc", "date", "subject", "message-id", "in-reply-to", "list-id")


def read(data: bytes, name: str, opener: Opener) -> Extract:
    """The letter; plain text if the file has neither a letter's fields nor parts."""
    with parsing(name, WHAT):
        message = message_from_bytes(data.lstrip(), policy=_AsWritten())
        fields = {key: words for key in _FIELDS if (words := _decoded(str(message.get(key, ""))))}
    if not fields.keys() & {"from", "to", "subject", "date"} and not message.is_multipart():
        return Extract(decode(data, name), "text", places=LINES)
    with parsing(name, WHAT):
        parts = list(message.walk())
        body = _body(parts)
        letter = Letter(fields, body, parse_date(fields.get("date")), tuple(_attachments(parts)))
    return written(letter, opener)


class _AsWritten(Compat32):
    """Fields that are no ASCII, which RFC 6532 allows and careless programs write, as text; not as "unknown-8bit"."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value if value.isascii() else _text_of(value.encode("utf-8", "surrogateescape"), "")


def _decoded(value: str) -> str:
    """A field as a person reads it: encoded words decoded, folded lines joined."""
    try:
        parts = decode_header(value)
    except HeaderParseError:  # base64 that is none
        parts = [(value, None)]
    words = "".join(
        part if isinstance(part, str) else _text_of(part, charset) if charset else part.decode("raw-unicode-escape")
        for part, charset in parts
    )
    return " ".join(clean(words).split())


def _text_of(data: bytes, charset: str) -> str:
    try:
        return decode(data, "a text in a mail", charset)
    except UnsupportedSource:
        return ""


def _body(parts: list[Message]) -> Extract:
    """The first text that shows: plain if there are words in it, else HTML."""
    shown = [part for part in parts if part.get_content_disposition() != "attachment" and not part.is_multipart()]
    plain = [text for part in shown if part.get_content_type() == "text/plain" if (text := _text(part)).strip()]
    if plain:
        return Extract("\n\n".join(text.strip("\n") for text in plain), "text")
    for part in shown:
        if part.get_content_type() == "text/html" and (data := _payload(part)).strip():
            try:
                return webpage.inner(data, "the body", _charset(part))
            except UnsupportedSource:
                return Extract(_text(part), "text")
    return Extract("", "text")


def _attachments(parts: list[Message]) -> Iterator[Attachment]:
    for part in parts:
        name = _decoded(part.get_filename() or "")
        if part.is_multipart() or not (name or part.get_content_disposition() == "attachment"):
            continue
        yield Attachment(one_line(name or "unnamed"), _payload(part))


def _payload(part: Message) -> bytes:
    data = cast(EmailMessage, part).get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _charset(part: Message) -> str:
    return str(part.get_content_charset() or "")


def _text(part: Message) -> str:
    return _text_of(_payload(part), _charset(part))
