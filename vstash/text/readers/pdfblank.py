"""Why does a PDF say nothing? Told from what is drawn on its pages: a scan, pictures, drawings, nothing, a cipher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import pypdfium2
import pypdfium2.raw as pdfium

from vstash.errors import UnsupportedSource
from vstash.text.readers.container import encrypted

PAGES = 20  # looked at
MOST = 5000  # objects of one page
SCANNED = 0.5  # of the page that a picture covers
DEPTH = 5  # of drawings within drawings

_SCAN = "run text recognition over it and add the result"
_WHY = {
    "scan": ("it seems scanned", _SCAN),
    "picture": ("only pictures", "if they show words, run text recognition over it and add the result"),
    "letter": ("its letters do not say which characters they stand for", _SCAN),
    "drawing": ("only drawings", "if they show words, export those from the program that drew it, or use its text"),
    "": ("its pages are blank", "there is nothing in it to search for"),
}


def without_text(document: pypdfium2.PdfDocument, name: str) -> UnsupportedSource:
    """The error for a document without text, with the hint that fits what it shows. Raises: PdfiumError.

    Pages of an encrypted one that seem blank are pages that PDFium could not decipher.
    """
    pages = [set(_drawn(document, number)) for number in range(min(len(document), PAGES))]
    if pdfium.FPDF_GetSecurityHandlerRevision(document) != -1 and not all(pages):
        return encrypted(name)
    shown = set().union(*pages)
    why, hint = next((_WHY[kind] for kind in _WHY if kind in shown), _WHY[""])
    return UnsupportedSource(f"{name} holds no text, {why}", hint=hint)


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
    for one in islice(page.get_objects(max_depth=DEPTH), MOST):
        if one.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            yield "scan" if _area(one) >= SCANNED * width * height else "picture"
        elif one.type == pdfium.FPDF_PAGEOBJ_TEXT:
            yield "letter"
        elif one.type in {pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING}:
            yield "drawing"
    page.close()


def _area(one: pypdfium2.PdfObject) -> float:
    left, bottom, right, top = one.get_bounds()
    return float(abs(right - left) * abs(top - bottom))
