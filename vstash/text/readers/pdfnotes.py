"""What is written on a page of a PDF but not in its text? What a form was filled in with, and comments.

PDFium draws them over the page, so that the page's text does not have them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

from vstash.text.decode import clean

MOST = 2000  # notes of one page
_SILENT = frozenset({pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP, pdfium.FPDF_ANNOT_FILEATTACHMENT})
_FILLED_IN = frozenset({"Tx", "Ch", ""})  # texts and choices, and kinds that a field above this one names


def notes(page: pypdfium2.PdfPage) -> Iterator[str]:
    """ "field: value" for each field of a form that says something, and the words of comments."""
    for number in range(min(pdfium.FPDFPage_GetAnnotCount(page), MOST)):
        note = pdfium.FPDFPage_GetAnnot(page, number)
        if not note:
            continue
        try:
            words = _words(note)
        finally:
            pdfium.FPDFPage_CloseAnnot(note)
        if any(map(str.isalnum, words)):
            yield words


def _words(note: pdfium.FPDF_ANNOTATION) -> str:
    kind = pdfium.FPDFAnnot_GetSubtype(note)
    if kind in _SILENT:
        return ""
    if kind != pdfium.FPDF_ANNOT_WIDGET:
        return _value(note, b"Contents")
    value = _value(note, b"V")
    if _value(note, b"FT") not in _FILLED_IN or value == "Off" or not any(map(str.isalnum, value)):
        return ""
    name = _value(note, b"TU") or _value(note, b"T")
    return f"{name}: {value}" if name else value


def _value(note: pdfium.FPDF_ANNOTATION, key: bytes) -> str:
    """The string that an annotation has under this key, or ""."""
    size = pdfium.FPDFAnnot_GetStringValue(note, key, None, 0)
    if size <= 2:
        return ""
    words = ctypes.create_string_buffer(size)
    pdfium.FPDFAnnot_GetStringValue(note, key, ctypes.cast(words, ctypes.POINTER(ctypes.c_ushort)), size)
    return clean(words.raw[: size - 2].decode("utf-16-le", "replace")).strip()
