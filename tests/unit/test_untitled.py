"""Which titles of documents are a program's default, and which a person's?"""

from __future__ import annotations

import struct

import pytest

from tests.compound import container
from vstash.text.read import extract
from vstash.text.readers.office import untitled
from vstash.text.readers.ole import about, open_ole


@pytest.mark.parametrize(
    ("title", "default"),
    [
        ("PowerPoint Presentation", True),
        ("PowerPoint-Präsentation", True),
        ("Présentation PowerPoint", True),
        ("Presentación de PowerPoint", True),
        ("Презентация PowerPoint", True),
        ("Microsoft Word - letter.doc", True),
        ("Word Document", True),
        ("Slide 1", True),
        ("Untitled", True),
        ("Microsoft Azure, an overview", False),
        ("Word processing for beginners", False),
        ("Slide rules", False),
        ("PowerPoint presentations that work", False),
    ],
)
def test_a_default_is_no_title(title: str, default: bool):
    assert untitled(title) is default


@pytest.mark.parametrize(("title", "kept"), [(b"Slide 1", {}), (b"Ships", {"title": "Ships"})])
def test_in_old_documents(title: bytes, kept: dict[str, str]):
    value = struct.pack("<II", 30, len(title) + 1) + title.ljust(8, b"\0")
    table = struct.pack("<II2I", 16 + len(value), 1, 2, 16)
    header = struct.pack("<HHI16sI16sI", 0xFFFE, 0, 0, bytes(16), 1, bytes(16), 48)
    data = container("\x05SummaryInformation", (header + table + value).ljust(4096, b"\0"))
    with open_ole(data, "x.ppt", "presentation") as opened:
        assert about(opened) == kept


@pytest.mark.parametrize(("title", "kept"), [("Slide 1", "Of ships"), ("Sails", "Sails")])
def test_in_opendocuments(title: str, kept: str):
    names = 'xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:d="http://purl.org/dc/elements/1.1/"'
    words = 'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    flat = f"""<o:document {names} {words}><o:meta><d:title>{title}</d:title></o:meta>
        <o:body><o:text><t:h t:outline-level="1">Of ships</t:h></o:text></o:body></o:document>"""
    assert extract(flat.encode(), "x.fodt").title == kept


def test_a_manual_page_is_titled_by_its_command_not_by_a_section():
    page = b"""<refentry><refmeta><refentrytitle>sail</refentrytitle></refmeta>
        <refsect1><title>Description</title><para>Hemp.</para></refsect1></refentry>"""
    assert extract(page, "sail.docbook").title == extract(page, "sail.xml").title == "sail"
