"""Mailboxes (.mbox) of many programs, cut where the standard library's mailbox module cuts them: each message is a
document of its own. That module wants a file, and there is no file here."""

from __future__ import annotations

import re
from dataclasses import replace

from vstash.errors import UnsupportedSource
from vstash.text.decode import decode
from vstash.text.readers import mail
from vstash.text.readers.base import LINES, Extract, Opener
from vstash.text.readers.nested import apart, distinct, left_out
from vstash.text.readers.writer import Writer

_FROM = re.compile(rb"^From [^\n]*\n", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def read(data: bytes, name: str, opener: Opener) -> Extract:
    """A list of the messages, each a part with its attachments after it; plain text if there are none."""
    starts = [*_FROM.finditer(data)]
    starts = [one for one in starts if one.start() == 0 or data.endswith((b"\n\n", b"\r\n\r\n"), 0, one.start())]
    if not starts or data[: starts[0].start()].strip():
        return Extract(decode(data, name), "text", places=LINES)
    writer = Writer()
    parts: dict[str, Extract] = {}
    most = opener.limits.max_parts
    ends = [one.start() for one in starts[1:]] + [len(data)]
    for number, (start, end) in enumerate(zip(starts[:most], ends, strict=False), 1):
        try:
            found = mail.read(_QUOTED.sub(rb"\1", data[start.end() : end]), f"message {number} of {name}", opener)
        except UnsupportedSource as error:
            writer.line(f"{number}. ({error})")
            continue
        writer.place({"message": number})
        writer.line(" ".join(filter(None, (f"{number}.", str(found.metadata.get("date", "")), found.title))))
        parts.update(apart(distinct(str(number), parts), found, "message", None))
    lost = [f"{len(starts) - most:,} of {len(starts):,} messages: raise max_parts"] if len(starts) > most else []
    return replace(writer.done("mailbox", metadata={"messages": len(starts), **left_out(lost)}), parts=parts)
