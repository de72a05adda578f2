"""Where does a PDF show words that it does not say? Told from what is drawn on its pages: a scan, pictures, letters
without meaning, drawings, nothing, a cipher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import pypdfium2
import pypdfium2.raw as pdfium

from vstash.errors import UnsupportedSource
from vstash.text.readers.container import encrypted
from vstash.text.recognition import UNREAD

PAGES = 20  # looked at
MOST = 5000  # objects of one page
SCANNED = 0.5  # of the page that pictures cover
DEPTH = 5  # of drawings within drawings

SHORT = 120  # code points of a stamp or a running head over a scanned page

_WHY = {
    "scan": "it seems scanned",
    "picture": "only pictures",
    "letter": "its letters do not say which characters they stand for",
    "drawing": "only drawings",
}


def shown(document: pypdfium2.PdfDocument, pages: Sequence[str | None]) -> Iterator[int]:
    """The pages, from 0, whose words may be in what is drawn on them. Raises: PdfiumError."""
    for number, text in enumerate(pages):
        if text is not None and len(text) < SHORT:
            drawn = set(_drawn(document, number))
            if "scan" in drawn or (drawn and not text):
                yield number


def without_text(document: pypdfium2.PdfDocument, name: str, obstacle: str) -> UnsupportedSource:
    """The error for a document without text, which says what it shows; `obstacle` is why that was not recognised.
    Raises: PdfiumError.

    Pages of an encrypted one that seem blank are pages that PDFium could not decipher.
    """
    pages = [set(_drawn(document, number)) for number in range(min(len(document), PAGES))]
    if pdfium.FPDF_GetSecurityHandlerRevision(document) != -1 and not all(pages):
        return encrypted(name)
    kinds = set().union(*pages)
    if not kinds:
        return UnsupportedSource(
            f"{name} holds no text, its pages are blank", hint="there is nothing in it to search for"
        )
    why = next(_WHY[kind] for kind in _WHY if kind in kinds)
    return UnsupportedSource(f"{name} holds no text, {why}", hint=obstacle or UNREAD)


def scans(document: pypdfium2.PdfDocument, blank: Sequence[int]) -> dict[int, str]:
    """What to say in place of the scanned ones of these pages without text, at the first of each run of them; pages
    count from 0. Raises: PdfiumError."""
    scanned = [number for number in blank if "scan" in _drawn(document, number)]
    firsts = [number for number in scanned if number - 1 not in scanned]
    lasts = [number for number in scanned if number + 1 not in scanned]
    return {
        first: f"[page {first + 1} is scanned, without text]"
        if first == last
        else f"[pages {first + 1}–{last + 1} are scanned, without text]"
        for first, last in zip(firsts, lasts, strict=True)
    }


def _drawn(document: pypdfium2.PdfDocument, number: int) -> Iterator[str]:
    """The kinds of what is drawn on a page; nothing for one that cannot be loaded."""
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return
    width, height = page.get_size()
    covered = 0.0  # by pictures: many a scanner parts a page into bands
    for one in islice(page.get_objects(max_depth=DEPTH), MOST):
        if one.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            covered += _area(one)
            yield "scan" if covered >= SCANNED * width * height else "picture"
        elif one.type == pdfium.FPDF_PAGEOBJ_TEXT:
            yield "letter"
        elif one.type in {pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING}:
            yield "drawing"
    page.close()


def _area(one: pypdfium2.PdfObject) -> float:
    left, bottom, right, top = one.get_bounds()
    return float(abs(right - left) * abs(top - bottom))
