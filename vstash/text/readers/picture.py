"""Photographs, screenshots and scans through Pillow, the imaging library of Python; their words are recognised."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from io import BytesIO

from PIL import ExifTags, Image, ImageOps, ImageSequence, ImageStat

from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text.dates import parse_date
from vstash.text.decode import clean
from vstash.text.readers.base import Extract, Recognising, by_page, unread
from vstash.text.recognition import LONG_SIDE, UNREAD

END = b"\xff\xd9"  # of a JPEG: many are without it, or a few bytes short, and everything shows them
FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP")
MEGAPIXELS = 200  # of one picture, the largest cameras' own: a few bytes can say that they are more
LIGHT = 192  # of 255, as all that is not transparent is together
PAGED = ("TIFF",)  # in which scanners and fax machines keep pages; other formats have several for motion

_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, struct.error)
_TAKEN = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)


def read(data: bytes, name: str, recogniser: Recognising) -> Extract:
    """The words of a picture; those of its pages parted by blank lines.

    Raises: UnsupportedSource when damaged, without words, or none can be recognised; SourceTooLarge.
    """
    Image.MAX_IMAGE_PIXELS = MEGAPIXELS * 10**6 // 2  # of which Pillow takes twice as an error
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(BytesIO(data + END), formats=FORMATS) as picture:
            taken = _taken(picture)
            pages = [recogniser.words(page) or "" for page in _pages(picture)]
    except Image.DecompressionBombError as error:
        raise SourceTooLarge(f"{name} has more than {MEGAPIXELS} megapixels", hint="save it smaller") from error
    except _DAMAGED as error:
        raise UnsupportedSource(
            f"{name} cannot be read as an image, it seems damaged", hint="open it in its program and save it anew"
        ) from error
    text, _, places = by_page(pages)
    if not text:
        raise _without_words(name, recogniser.obstacle)
    about = unread(recogniser)
    return Extract(text, "image", places=places if len(pages) > 1 else (), metadata=about, dated_at=taken)


def _pages(picture: Image.Image) -> Iterator[Image.Image]:
    """What a person sees: upright, on white where nothing is, or on black where all that is there is light."""
    picture.draft("RGB", (LONG_SIDE, LONG_SIDE))  # a JPEG is unpacked at a part of its size
    for page in ImageSequence.Iterator(picture) if picture.format in PAGED else [picture]:
        upright = ImageOps.exif_transpose(page)
        if upright.has_transparency_data:
            seen = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", seen.size, _ground(seen)), seen)
        yield upright.convert("RGB")


def _ground(seen: Image.Image) -> str:
    """White, or black under what would not be seen on white, as pictures of dark pages."""
    opaque = seen.getchannel("A").point(lambda alpha: 255 if alpha > 127 else 0)
    return "black" if opaque.getbbox() and ImageStat.Stat(seen.convert("L"), opaque).mean[0] > LIGHT else "white"


def _taken(picture: Image.Image) -> datetime | None:
    """When, if the camera noted it."""
    with suppress(*_DAMAGED):
        inner = picture.getexif().get_ifd(ExifTags.IFD.Exif)
        noted = next((clean(str(inner[tag])) for tag in _TAKEN if tag in inner), "")
        return parse_date(noted[:10].replace(":", "-") + noted[10:])
    return None


def _without_words(name: str, obstacle: str) -> UnsupportedSource:
    if obstacle:
        return UnsupportedSource(f"{name} is an image, whose words were not recognised", hint=obstacle)
    return UnsupportedSource(f"{name} shows no words that can be recognised", hint=UNREAD)
