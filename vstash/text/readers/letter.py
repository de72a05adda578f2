"""How is a letter written down, whatever the program that kept it? Header lines, body, attachments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from vstash.text.readers.base import Extract, Opener
from vstash.text.readers.nested import ARCHIVES, MAILS, apart, distinct, inner, left_out, without
from vstash.text.readers.writer import Writer

SHOWN = ("from", "to", "cc", "date", "subject")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a letter."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as read: its fields by lower-case name, its body, its date and what came with it."""

    fields: Mapping[str, str]
    body: Extract
    date: datetime | None
    attachments: tuple[Attachment, ...]


def written(letter: Letter, opener: Opener) -> Extract:
    """The letter; an attachment that can be read is a part of it, others are only named, with the reason."""
    writer = Writer()
    writer.place({"part": "header"})
    writer.block("\n".join(f"{key.capitalize()}: {letter.fields[key]}" for key in SHOWN if key in letter.fields))
    writer.include(letter.body, labels={"part": "body"})
    parts: dict[str, Extract] = {}
    names = []
    lost = []
    for attachment in letter.attachments:
        names.append(attachment.name)
        found, why = inner(attachment.data, attachment.name, MAILS | ARCHIVES, opener)
        writer.place({"part": "attachments"})
        writer.line(f"Attachment: {attachment.name}" + (f" ({why})" if why else ""))
        if found:
            parts.update(apart(distinct(attachment.name, parts), found, "attachment", letter.date))
        else:
            lost.append(without(attachment.name, why))
    about: dict[str, object] = {**letter.fields, **left_out(lost)}
    if names:
        about["attachments"] = names
    done = writer.done("mail", letter.fields.get("subject", "(no subject)"), about, letter.date)
    return replace(done, parts=parts)
