"""One file packed by gzip, as logs and manuals are, through the standard library: read as what it is unpacked."""

from __future__ import annotations

import gzip
from dataclasses import replace
from io import BytesIO
from pathlib import PurePath

from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text.formats import is_tar
from vstash.text.readers.base import Extract, Opener
from vstash.text.readers.container import parsing
from vstash.text.readers.nested import inside
from vstash.text.unpacking import FREE

WHAT = "gzip archive"


def read(data: bytes, name: str, opener: Opener) -> Extract:
    """What the file says; its places name it. Raises: UnsupportedSource, SourceTooLarge."""
    content = _unpacked(data, name, opener)
    if is_tar(content):
        raise UnsupportedSource(f"{name} is an archive, which vstash does not read", hint="unpack it and add the files")
    inner = PurePath(name).stem
    found = opener(content, inner)
    return replace(inside(found, {"member": inner}, None), parts=found.parts)


def _unpacked(data: bytes, name: str, opener: Opener) -> bytes:
    limits = opener.limits
    most = min(limits.max_file << 20, max(FREE, limits.max_ratio * len(data)))
    with parsing(name, WHAT), gzip.GzipFile(fileobj=BytesIO(data)) as packed:
        content = packed.read(most + 1)
    if len(content) > most:
        over = "max_file" if most == limits.max_file << 20 else "max_ratio"
        raise SourceTooLarge(
            f"{name} would unpack to more than {most / 2**20:,.0f} MiB", hint=f"unpack it yourself, or raise {over}"
        )
    return content
