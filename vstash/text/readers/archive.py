"""Zip archives through the standard library: each member that can be read is a section, within the limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from zipfile import ZipFile, ZipInfo

from vstash.errors import UnsupportedSource
from vstash.text.decode import clean
from vstash.text.readers.base import Extract, Opener
from vstash.text.readers.container import open_zip, parsing
from vstash.text.readers.nested import ARCHIVES, beyond, inner, left_out, without
from vstash.text.readers.writer import Writer

WHAT = "zip archive"
UTF8_NAME = 0x800  # the flag of a member whose name is in UTF-8; macOS writes such names without it


def read(data: bytes, name: str, opener: Opener) -> Extract:
    """The members in order of their names; archives inside are not entered. What is left out is named.

    Raises: UnsupportedSource when none of them can be read.
    """
    writer = Writer()
    lost = []
    stored = 0
    with open_zip(data, name, WHAT) as package:
        for member in _members(package):
            found, why = _opened(package, member, name, opener)
            if found is None:
                lost.append(without(member.filename, why))
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
            f"{name} is an archive without a file that can be read" + (f" ({lost[0]})" if lost else ""),
            hint="there is nothing in it to search for"
            if all(line.endswith(" is empty") for line in lost)
            else "unpack it and add what you need",
        )
    about = {"members": stored, "skipped": len(lost), **left_out(lost)}
    return replace(writer.done("zip", metadata=about), title="")


def _opened(package: ZipFile, member: ZipInfo, name: str, opener: Opener) -> tuple[Extract | None, str]:
    """What a member says, or None and why there is none."""
    if member.file_size > opener.limits.max_file << 20:
        return None, beyond(member.file_size, opener)
    with parsing(f"{member.filename} in {name}", WHAT):
        content = package.read(member)
    return inner(content, member.filename, ARCHIVES, opener)


def _members(package: ZipFile) -> Iterator[ZipInfo]:
    """What a person put there: no folders, hidden files or what macOS adds."""
    for member in package.infolist():
        if not member.flag_bits & UTF8_NAME:
            with suppress(UnicodeError):
                member.filename = member.filename.encode("cp437").decode("utf-8")
    for member in sorted(package.infolist(), key=lambda one: one.filename):
        parts = clean(member.filename).split("/")
        if not (member.is_dir() or "__MACOSX" in parts or any(part.startswith(".") for part in parts)):
            yield member
