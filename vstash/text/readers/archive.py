"""Zip archives through the standard library: each member that can be read is a section, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from zipfile import ZipFile, ZipInfo

from vstash.errors import UnsupportedSource
from vstash.text.decode import clean
from vstash.text.readers.base import Extract, Opener
from vstash.text.readers.container import open_zip, parsing
from vstash.text.readers.nested import ARCHIVES, LARGEST, inner
from vstash.text.readers.writer import Writer

WHAT = "zip archive"
MEMBERS = 2000  # files read from one archive
TOTAL = 128 << 20  # bytes read from one archive


def read(data: bytes, name: str, opener: Opener) -> Extract:
    """The members in order of their names; archives inside are not entered.

    Raises: UnsupportedSource when none of them can be read.
    """
    writer = Writer()
    reasons = []
    stored = 0
    with open_zip(data, name, WHAT) as package:
        for member in _members(package):
            with parsing(f"{member.filename} in {name}", WHAT):
                content = package.read(member)
            found, why = inner(content, member.filename, ARCHIVES, opener)
            if found is None:
                reasons.append(why)
                continue
            stored += 1
            writer.place({"member": member.filename})
            writer.heading(member.filename, 1)
            writer.include(found, 1, {"member": member.filename})
            for part, extract in found.parts.items():  # an archive is one document, attachments in it are sections
                writer.heading(part, 2)
                writer.include(extract, 2, {"member": member.filename})
    if not stored:
        raise UnsupportedSource(
            f"{name} is an archive without a file that can be read" + (f" ({reasons[0]})" if reasons else ""),
            hint="unpack it and add what you need",
        )
    return replace(writer.done("zip", metadata={"members": stored, "skipped": len(reasons)}), title="")


def _members(package: ZipFile) -> Iterator[ZipInfo]:
    """What a person put there: no folders, hidden files or what macOS adds."""
    total = count = 0
    for member in sorted(package.infolist(), key=lambda one: one.filename):
        parts = clean(member.filename).split("/")
        if member.is_dir() or "__MACOSX" in parts or any(part.startswith(".") for part in parts):
            continue
        total += member.file_size
        count += 1
        if count > MEMBERS or total > TOTAL:
            return
        if member.file_size <= LARGEST:
            yield member
