"""Plain text, and mail saved as text: the title is the subject."""

from __future__ import annotations

from vstash.text.dates import parse_date
from vstash.text.decode import decode
from vstash.text.headers import header_block
from vstash.text.readers.base import LINES, Extract, one_line


def read(data: bytes, name: str) -> Extract:
    """The text as it is; fields of a mail's header go into metadata too."""
    text = decode(data, name)
    fields, _ = header_block(text)
    if "subject" not in fields or not ("from" in fields or "date" in fields):
        return Extract(text, "text", places=LINES)
    return Extract(
        text,
        "text",
        title=one_line(fields["subject"]),
        places=LINES,
        metadata=fields,
        dated_at=parse_date(fields.get("date")),
    )
