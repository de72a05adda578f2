"""What does an OOXML package say about itself? Its title, author and dates, and its kind."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from vstash.text.dates import parse_date
from vstash.text.decode import clean
from vstash.text.readers.container import parse_xml

CORE = "docProps/core.xml"
STATISTICS = "docProps/app.xml"
TYPES = "[Content_Types].xml"
_NO_TITLE = re.compile(
    r"(?:microsoft )?(?:word|powerpoint)(?: - .*|[ -](?:document|dokument|pr[eäé]senta\w+))"
    r"|(?:pr[eé]senta\w+|презентация)(?: de| do)? (?:microsoft )?powerpoint"
    r"|(?:slide|diapositive|folie|слайд|untitled)\W*\d*",
    re.IGNORECASE,
)
NAMES = {
    "title": "title", "creator": "author", "subject": "subject", "keywords": "keywords", "description": "description",
    "category": "category", "lastModifiedBy": "last_author", "created": "created", "modified": "modified",
    "language": "language",
}  # fmt: skip


def properties(package: zipfile.ZipFile) -> dict[str, str]:
    """The core properties that are filled in. Raises what zipfile and lxml raise over a damaged part."""
    if CORE not in package.namelist():
        return {}
    about: dict[str, str] = {}
    for element in parse_xml(package.read(CORE)):
        key = NAMES.get(element.tag.rpartition("}")[2]) if isinstance(element.tag, str) else None
        words = clean(element.text or "").strip()
        if key and words and not (key == "title" and untitled(words)):
            about[key] = words
    return about


def untitled(title: str) -> bool:
    """Whether it is what a program writes for the title of a document that was given none."""
    return _NO_TITLE.fullmatch(title) is not None


def pages(package: zipfile.ZipFile) -> int:
    """How many pages its program counted when it last showed the document; 0 when it did not say."""
    if STATISTICS not in package.namelist():
        return 0
    named = next((one.text for one in parse_xml(package.read(STATISTICS)).iter("{*}Pages")), None)
    return int(named) if named and named.isdecimal() else 0


def dated(about: Mapping[str, Any]) -> datetime | None:
    """The document's own date: when it was last changed, else when it was made."""
    return parse_date(about.get("modified")) or parse_date(about.get("created"))


def regular(package: zipfile.ZipFile, data: bytes, other: re.Pattern[bytes], main: bytes) -> bytes:
    """The file under the only content type that its parser takes, where it has one of the others of its kind.

    Raises: KeyError when the package names no types.
    """
    types = package.read(TYPES)
    if not other.search(types):
        return data
    return changed(package, {TYPES: other.sub(main, types)})


def changed(package: zipfile.ZipFile, members: Mapping[str, bytes]) -> bytes:
    """The file with other contents of these members."""
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as copy:
        for member in package.namelist():
            copy.writestr(member, members[member] if member in members else package.read(member))
    return written.getvalue()
