"""Can a container be opened, and what is said when it cannot? For zip files, and for errors of parsers."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from lxml import etree

from vstash.errors import UnsupportedSource

# What parsers raise over bytes that are not what they seem. Each is a sign of damage, none of a mistake
# of ours that a test with sound files would not have shown.
DAMAGE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, etree.LxmlError, EOFError, OSError,
    LookupError, ValueError, TypeError, AttributeError, ArithmeticError, NotImplementedError, RecursionError,
    AssertionError, RuntimeError,
)  # fmt: skip


@contextmanager
def parsing(name: str, what: str, *more: type[BaseException]) -> Iterator[None]:
    """Whatever a parser raises inside is UnsupportedSource: the file is damaged."""
    try:
        yield
    except (*DAMAGE, *more) as error:
        raise damaged(name, what) from error


def damaged(name: str, what: str) -> UnsupportedSource:
    """The error for a file that is not what its name says."""
    article = "an" if what[0] in "aeiouAEIOU" else "a"
    return UnsupportedSource(
        f"{name} cannot be read as {article} {what}, it seems damaged", hint="open it in its program and save it anew"
    )


def encrypted(name: str) -> UnsupportedSource:
    """The error for a file that needs a password."""
    return UnsupportedSource(
        f"{name} is encrypted and needs a password", hint="save a copy without a password and add that"
    )


def refuse_encrypted(data: bytes, name: str) -> None:
    """Raises UnsupportedSource for an encrypted package of Office, which lies in a container of the old kind."""
    if data.startswith(b"\xd0\xcf\x11\xe0") and "EncryptedPackage".encode("utf-16-le") in data:
        raise encrypted(name)


def open_zip(data: bytes, name: str, what: str) -> zipfile.ZipFile:
    """The container, after a look at its table of contents; its size was looked at before any reader was called.

    Raises: UnsupportedSource.
    """
    refuse_encrypted(data, name)
    with parsing(name, what):
        opened = zipfile.ZipFile(BytesIO(data))
        members = opened.infolist()
    if any(member.flag_bits & 1 for member in members):
        raise encrypted(name)
    return opened


def verify(opened: zipfile.ZipFile, name: str, what: str) -> None:
    """Read every member once, for parsers that would trust it further than its table of contents.

    Raises: UnsupportedSource when sizes or checksums are not as the table says.
    """
    with parsing(name, what):
        for member in opened.infolist():
            with opened.open(member) as stream:
                while stream.read(1 << 20):
                    pass


def parse_xml(data: bytes) -> etree._Element:
    """The root of an XML part: no entity is resolved, nothing is fetched. Raises: etree.LxmlError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(data, parser)
