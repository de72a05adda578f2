"""Which documents are embedded in an office file? Packages and the objects of other programs (OLE) among its parts,
each a document of its own.

Tables that only feed a chart are none: the chart shows them.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import PurePath

import olefile

from vstash.errors import UnsupportedSource
from vstash.text.decode import clean
from vstash.text.readers.base import Extract, Opener, one_line
from vstash.text.readers.container import open_zip, parse_xml, parsing
from vstash.text.readers.nested import ARCHIVES, MAILS, PICTURES, apart, beyond, distinct, inner, left_out, without
from vstash.text.readers.ole import open_ole

WHAT = "embedded object"
_OBJECT = re.compile(r"(?:(?:word|ppt|xl)/embeddings/[^/]+|Object \d+)$")  # of OOXML, of OpenDocument
_FOLDER = re.compile(r"Object \d+/$")
_CHART = re.compile(r"(\w+/charts)/_rels/[^/]+\.rels$")
_MANIFEST = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_ODF = {
    f"application/vnd.oasis.opendocument.{kind}": f".{ending}"
    for kind, ending in (("text", "odt"), ("spreadsheet", "ods"), ("presentation", "odp"))
}
_PACKAGES = ("Package", "EmbeddedOdf", "CONTENTS")  # streams that hold a file as it is
_NATIVE = "\x01Ole10Native"
_WHOLE = {  # streams of containers that are files themselves
    "WordDocument": ".doc", "Workbook": ".xls", "Book": ".xls", "PowerPoint Document": ".ppt",
    "__properties_version1.0": ".msg",
}  # fmt: skip
_FORMULA = "Equation Native"


def with_embedded(found: Extract, data: bytes, name: str, opener: Opener) -> Extract:
    """The office file with what is embedded in it as its parts, and the names of all of these in its metadata."""
    parts: dict[str, Extract] = {}
    names, lost = [], []
    with open_zip(data, name, WHAT) as package:
        for member in _objects(package, sheets=found.kind == "spreadsheet"):
            own, content, why = _file(package, member, opener)
            if not (own or why):
                continue
            opened, why = inner(content, own, MAILS | ARCHIVES | PICTURES, opener) if own else (None, why)
            names.append(own or PurePath(member).name)
            if opened is None:
                lost.append(without(names[-1], why))
            else:
                parts.update(apart(distinct(own, parts), opened, "embedded", found.dated_at))
    if parts and not found.text.strip():
        found = replace(found, text="\n".join(f"Embedded: {one}" for one in parts), places=())
    about = {**({"embedded": names} if names else {}), **left_out(lost)}
    return replace(found, parts=parts, metadata={**found.metadata, **about}) if about else found


def _objects(package: zipfile.ZipFile, *, sheets: bool) -> Iterator[str]:
    """The members that hold an object; folders that do only in spreadsheets, other readers read them where they are."""
    names = package.namelist()
    fed = {target for member in names if (match := _CHART.match(member)) for target in _targets(package, member, match)}
    yield from sorted(name for name in names if _OBJECT.match(name) and name not in fed)
    if sheets and "META-INF/manifest.xml" in names:
        yield from sorted(_folders(package))


def _targets(package: zipfile.ZipFile, member: str, match: re.Match[str]) -> Iterator[str]:
    """What a chart is linked to."""
    with parsing(member, WHAT):
        for link in parse_xml(package.read(member)):
            yield posixpath.normpath(posixpath.join(match[1], link.get("Target", "")))


def _folders(package: zipfile.ZipFile) -> dict[str, str]:
    """The objects of an OpenDocument file that are folders of it, with the endings of their names."""
    with parsing("META-INF/manifest.xml", WHAT):
        entries = list(parse_xml(package.read("META-INF/manifest.xml")).iter(f"{_MANIFEST}file-entry"))
    found = {one.get(f"{_MANIFEST}full-path", ""): one.get(f"{_MANIFEST}media-type", "") for one in entries}
    return {path: _ODF[kind] for path, kind in found.items() if _FOLDER.match(path) and kind in _ODF}


def _file(package: zipfile.ZipFile, member: str, opener: Opener) -> tuple[str, bytes, str]:
    """The name of an object as a file and its bytes; else why there is none, "" for what is no document."""
    try:
        with parsing(PurePath(member).name, WHAT):
            if member.endswith("/"):
                return _folded(package, member)
            size = package.getinfo(member).file_size
            if size > opener.limits.max_file << 20:
                return "", b"", beyond(size, opener)
            return _unwrapped(PurePath(member).name, package.read(member))
    except UnsupportedSource as error:
        return "", b"", str(error)


def _folded(package: zipfile.ZipFile, folder: str) -> tuple[str, bytes, str]:
    """A folder of an OpenDocument file as a file of its own; its manifest says that nothing is encrypted."""
    ending = _folders(package)[folder]
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as copy:
        copy.writestr("mimetype", next(kind for kind, one in _ODF.items() if one == ending), zipfile.ZIP_STORED)
        copy.writestr("META-INF/manifest.xml", "<manifest/>")
        for name in package.namelist():
            if name.startswith(folder) and name.endswith(".xml"):
                copy.writestr(name.removeprefix(folder), package.read(name))
    return folder.rstrip("/") + ending, written.getvalue(), ""


def _unwrapped(name: str, data: bytes) -> tuple[str, bytes, str]:
    """What an object's container holds; a file that is in none is itself. Raises what olefile raises."""
    if not data.startswith(olefile.MAGIC):
        return name, data, ""
    stem = PurePath(name).stem
    with open_ole(data, name, WHAT) as container:
        for stream in _PACKAGES:
            if container.exists(stream) and (content := container.openstream(stream).read())[:4] in {
                b"PK\3\4",
                b"%PDF",
            }:
                return stem, content, ""
        if container.exists(_NATIVE):
            own, content = _native(container.openstream(_NATIVE).read())
            return own or stem, content, ""
        ending = next((ending for stream, ending in _WHOLE.items() if container.exists(stream)), "")
        if ending:
            return stem + ending, data, ""
        return "", b"", "" if container.exists(_FORMULA) else "an object of another program"


def _native(data: bytes) -> tuple[str, bytes]:
    """The name and the bytes of a file that was inserted as such [MS-OLEDS 2.3.6, and what Packager puts there]."""
    label, at = _words(data, 6)
    _, at = _words(data, at)
    (length,) = struct.unpack_from("<I", data, at + 4)
    at += 8 + length
    (size,) = struct.unpack_from("<I", data, at)
    return one_line(clean(label.replace("\\", "/").rpartition("/")[2])), data[at + 4 : at + 4 + size]


def _words(data: bytes, start: int) -> tuple[str, int]:
    """Words that end in a zero byte, and where the next ones start. Raises: ValueError."""
    end = data.index(b"\0", start)
    return data[start:end].decode("cp1252", "replace"), end + 1
