"""Outlook messages (.msg) through python-oxmsg: header, body, and what its attachments say.

It is maintained by the author of python-docx and needs olefile only; extract-msg is under the GPL.
"""

from __future__ import annotations

from io import BytesIO

from oxmsg import Message

from vstash.errors import UnsupportedSource
from vstash.text.dates import parse_date
from vstash.text.decode import clean
from vstash.text.readers import webpage
from vstash.text.readers.base import Extract, Opener, one_line
from vstash.text.readers.container import parsing
from vstash.text.readers.letter import Attachment, Letter, written

WHAT = "Outlook message"


def read(data: bytes, name: str, opener: Opener) -> Extract:
    """The letter. Raises UnsupportedSource when it is damaged."""
    with parsing(name, WHAT):
        message = Message.load(BytesIO(data))
        fields = _fields(message)
        files = tuple(
            Attachment(one_line(clean(one.file_name or "unnamed")), one.file_bytes)
            for one in message.attachments
            if one.attached_by_value and one.file_bytes
        )
        body = _body(message)
        sent = parse_date(message.sent_date) or parse_date(fields.get("date"))
    return written(Letter(fields, body, sent, files), opener)


def _fields(message: Message) -> dict[str, str]:
    headers = {key.lower(): value for key, value in message.message_headers.items()}
    to = ", ".join(f"{one.name} <{one.email_address}>" if one.email_address else one.name for one in message.recipients)
    found = {
        "from": message.sender or headers.get("from"),
        "to": to or headers.get("to"),
        "cc": headers.get("cc"),
        "date": message.sent_date.isoformat() if message.sent_date else headers.get("date"),
        "subject": message.subject,
        "message-id": headers.get("message-id"),
    }
    return {key: " ".join(clean(str(value)).split()) for key, value in found.items() if value}


def _body(message: Message) -> Extract:
    """The plain body; HTML where there is none."""
    if (message.body or "").strip():
        return Extract(clean(message.body or "").strip("\n"), "text")
    page = message.html_body
    if not page:
        return Extract("", "text")
    try:
        return webpage.inner(page if isinstance(page, bytes) else page.encode("utf-8", "replace"), "the body")
    except UnsupportedSource:
        return Extract("", "text")
