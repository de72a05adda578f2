"""PDF through PDFium, the library of Chrome: the text page by page, its outline as headings.

It is the fastest and the most forgiving one; it allows one thread at a time in a process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pypdfium2

from vstash.errors import UnsupportedSource
from vstash.text.dates import parse_date
from vstash.text.decode import clean
from vstash.text.readers.base import Extract, Recognising, by_page, one_line, unread
from vstash.text.readers.pdfblank import scans, shown, without_text
from vstash.text.readers.pdfnotes import notes
from vstash.text.recognition import LONG_SIDE, bound
from vstash.types import Heading

SHARPEST = 300 / 72  # pixels to a point: beyond what scanners give, a small page is only blurred
OUTLINE_LIMIT = 5000  # entries; a damaged outline can be endless

_HYPHEN = re.compile("[\x02\ufffe]\r?\n?")  # how PDFium marks a word divided at a line's end
_NO_TITLE = re.compile(r"untitled|microsoft \w+ - |.*\.(?:docx?|dvi|indd|pdf|pptx?|qxd|tex|xlsx?)$|\W*$", re.IGNORECASE)


def read(data: bytes, name: str, recogniser: Recognising) -> Extract:
    """Pages parted by blank lines. Those that only show their words are recognised, or say so among others.

    Raises: UnsupportedSource when encrypted, damaged or without text.
    """
    document = _open(data, name)
    try:
        pages = [_page(document, number) for number in range(len(document))]
        marks = list(_outline(document))
        about = document.get_metadata_dict(skip_empty=True)
        if None in pages and not any(pages):
            raise _damaged(name)
        for number in shown(document, pages):
            pages[number] = _recognised(document, number, pages[number] or "", recogniser)
        if not any(pages):
            raise without_text(document, name, recogniser.obstacle)
        for number, said in scans(document, [number for number, page in enumerate(pages) if page == ""]).items():
            pages[number] = said
    except pypdfium2.PdfiumError as error:
        raise _damaged(name) from error
    finally:
        document.close()
    text, starts, places = by_page([page or "" for page in pages])
    title = one_line(clean(about.get("Title", "")))
    return Extract(
        text,
        "pdf",
        title="" if _NO_TITLE.match(title) else title,
        headings=tuple(_found(text, starts, marks)),
        places=places,
        metadata={key.lower(): clean(value) for key, value in about.items()}
        | {"pages": len(pages)}
        | unread(recogniser),
        dated_at=parse_date(about.get("CreationDate")),
    )


def _open(data: bytes, name: str) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise UnsupportedSource(
                f"{name} is encrypted and needs a password", hint="save a copy without a password and add that"
            ) from error
        raise _damaged(name) from error


def _damaged(name: str) -> UnsupportedSource:
    return UnsupportedSource(
        f"{name} is no readable PDF, it seems damaged", hint="open it in a PDF viewer and save it anew"
    )


def _page(document: pypdfium2.PdfDocument, number: int) -> str | None:
    """A page's text, then its notes. None for one that cannot be loaded, so that a damaged page costs only itself."""
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return None
    words = page.get_textpage()
    text = clean(_HYPHEN.sub("", words.get_text_bounded())).strip()
    said = [note for note in dict.fromkeys(notes(page)) if note not in text]
    words.close()
    page.close()
    return "\n".join(filter(None, [text, *said]))


def _recognised(document: pypdfium2.PdfDocument, number: int, text: str, recogniser: Recognising) -> str:
    """A page's text with the words that it shows besides."""
    page = document[number]
    image = page.render(scale=min(LONG_SIDE / bound(*page.get_size()), SHARPEST)).to_pil()
    page.close()
    lines = (recogniser.words(image) or "").split("\n")
    return "\n".join([text, *(line for line in lines if not text or line not in text)]).strip()


def _outline(document: pypdfium2.PdfDocument) -> Iterator[tuple[str, int, int]]:
    """(words, level, page) of the outline's entries."""
    for number, mark in enumerate(document.get_toc()):
        if number >= OUTLINE_LIMIT:
            return
        target = mark.get_dest()
        page = target.get_index() if target else None
        words = one_line(clean(mark.get_title()))
        if page is not None and words:
            yield words, mark.level + 1, page


def _found(text: str, starts: list[int], marks: list[tuple[str, int, int]]) -> Iterator[Heading]:
    """The entries that stand, in order, in the text of the page they point to."""
    last = 0
    for words, level, page in marks:
        if not 0 <= page < len(starts):
            continue
        end = starts[page + 1] if page + 1 < len(starts) else len(text)
        pattern = re.compile(r"\s+".join(map(re.escape, words.split())), re.IGNORECASE)
        match = pattern.search(text, max(last, starts[page]), end)
        if match:
            start = _line_start(text, match.start(), last)
            yield Heading(start, level, words)
            last = match.end()


def _line_start(text: str, start: int, least: int) -> int:
    """Back to the line's start over a section number that the outline leaves out."""
    line = text.rfind("\n", 0, start) + 1
    return line if start - line <= 12 and line >= least else start
