"""Office files, mail, e-books, archives and markup: their words, headings, places and properties."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import docx
import pptx
import pytest
import xlsxwriter
from pptx.util import Inches

from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text.places import Places
from vstash.text.read import extract
from vstash.text.readers import oldslides
from vstash.text.readers.base import Extract

TEX = r"""\title{Of \emph{Ships}}
\section{Wood}
\begin{verbatim}
\section{no}
\end{verbatim}
\subsection*{Oak}
"""
MADE = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"
ODT = f"""<office:document-content xmlns:office="{OFFICE}office:1.0" xmlns:text="{OFFICE}text:1.0"
 xmlns:table="{OFFICE}table:1.0" xmlns:draw="{OFFICE}drawing:1.0"><office:body><office:text>
<text:h text:outline-level="1">Ships</text:h><text:p>Wood<text:s text:c="2"/>and <text:span>iron</text:span>.</text:p>
<text:list><text:list-item><text:p>Barge</text:p></text:list-item></text:list>
<table:table><table:table-row><table:table-cell><text:p>Vasa</text:p></table:table-cell>
<table:table-cell><text:p>1628</text:p></table:table-cell></table:table-row></table:table>
</office:text></office:body></office:document-content>"""
META = f"""<office:document-meta xmlns:office="{OFFICE}office:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/">
<office:meta><dc:title>A list of ships</dc:title><dc:date>2024-05-06T07:08:09</dc:date></office:meta>
</office:document-meta>"""
CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>"""
BOOK = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
<dc:title>Of Ships</dc:title><dc:creator>A. Person</dc:creator><dc:date>2024-05-06</dc:date></metadata><manifest>
<item id="two" href="b%20c.xhtml"/><item id="one" href="a.xhtml"/></manifest>
<spine><itemref idref="one"/><itemref idref="two"/></spine></package>"""


def packed(**members: str | bytes) -> bytes:
    """A zip file; in the names two underscores stand for a slash and one for a full stop."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return out.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.core_properties.title = "A list of ships"
    document.core_properties.author = "A. Person"
    document.core_properties.modified = MADE.replace(tzinfo=None)
    document.add_heading("Ships", 1)
    document.add_paragraph("Wood and iron.")
    document.add_paragraph("Barge", style="List Bullet")
    document.add_heading("Names", 2)
    table = document.add_table(2, 2)
    for row, cells in zip(table.rows, (("Name", "Year"), ("Vasa", "1628")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.sections[0].footer.paragraphs[0].text = "the footer"
    return saved(document)


def show() -> bytes:
    presentation = pptx.Presentation()
    for title, body in (("Ships", "Wood and iron."), ("Ropes", "Hemp.")):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
    slide.notes_slide.notes_text_frame.text = "do not forget the tar"
    table = slide.shapes.add_table(1, 2, Inches(1), Inches(1), Inches(2), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "Vasa", "1628"
    return saved(presentation)


def saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def sheets() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    ships = book.add_worksheet("Ships")
    for row, cells in enumerate((("name", "year", "afloat"), ("Vasa", 1628, False), ("Fram", 1892.5, True))):
        ships.write_row(row, 0, cells)
    ropes = book.add_worksheet("Ropes")
    ropes.write(4, 1, "hemp")
    ropes.write_datetime(5, 1, timedelta(days=7, minutes=30), book.add_format({"num_format": "[h]:mm"}))
    book.set_properties({"author": "A. Person", "created": MADE.replace(tzinfo=None)})
    book.close()
    return out.getvalue()


def letter() -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Jörg <a@b.c>", "d@e.f"
    message["Subject"], message["Date"] = "Größe der Schiffe", "Mon, 06 May 2024 07:08:09 +0000"
    message.set_content("Wood and iron.")
    message.add_alternative("<p>Wood and iron, in HTML.</p>", subtype="html")
    message.add_attachment(b"name,year\nVasa,1628\n", maintype="text", subtype="csv", filename="ships.csv")
    message.add_attachment(b"\x89PNG\r\n\x1a\n\0\0", maintype="image", subtype="png", filename="ship.png")
    return bytes(message)


def headings(found: Extract) -> list[tuple[int, str]]:
    return [(one.level, one.title) for one in found.headings]


def place(found: Extract, words: str) -> dict[str, object]:
    start = found.text.index(words)
    return Places(found.text, found.places).span(start, start + len(words))


def test_word_document():
    found = extract(word(), "ships.docx")
    assert found.text == ("Ships\n\nWood and iron.\n- Barge\n\nNames\n\nName | Year\nVasa | 1628\n\nthe footer")
    assert (found.kind, found.title, headings(found)) == ("docx", "A list of ships", [(1, "Ships"), (2, "Names")])
    assert (found.metadata["author"], found.dated_at) == ("A. Person", MADE)
    assert [found.text[start:end] for start, end in found.atoms] == ["- Barge", "Name | Year", "Vasa | 1628"]


def test_presentation():
    found = extract(show(), "ships.pptx")
    assert found.text == "Ships\n\nWood and iron.\n\nRopes\n\nHemp.\nVasa | 1628\n\nNotes: do not forget the tar"
    assert headings(found) == [(1, "Ships"), (1, "Ropes")]
    assert (place(found, "iron"), place(found, "tar")) == ({"slide": 1}, {"slide": 2})


def test_spreadsheet():
    found = extract(sheets(), "ships.xlsx")
    assert (
        found.text == "name: Vasa; year: 1628; afloat: FALSE\nname: Fram; year: 1892.5; afloat: TRUE\n\nhemp\n168:30:00"
    )
    assert place(found, "Fram") == {"sheet": "Ships", "row": 3}
    assert place(found, "hemp") == {"sheet": "Ropes", "row": 5}
    assert (headings(found), found.title, found.dated_at) == ([(1, "Ships"), (1, "Ropes")], "", MADE)


def test_a_sheet_of_macros_is_its_formulas_and_takes_no_other_sheet_along():
    macro = """<m:macrosheet xmlns:m="http://schemas.microsoft.com/office/excel/2006/main"
        xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">
        <c r="A1"><v>0</v></c><c r="B1" t="b"><f>ALERT("Tar &amp; hemp")</f><v>0</v></c>
        </row></sheetData></m:macrosheet>"""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheets())) as made, zipfile.ZipFile(out, "w") as changed:
        for name in made.namelist():
            content = made.read(name).replace(b"worksheets/sheet2.xml", b"macrosheets/sheet1.xml")
            changed.writestr(name, content)
        changed.writestr("xl/macrosheets/sheet1.xml", macro)
    found = extract(out.getvalue(), "ships.xlsm")
    assert found.text.splitlines()[1:] == ["name: Fram; year: 1892.5; afloat: TRUE", "", 'B1: =ALERT("Tar & hemp")']
    assert place(found, "ALERT") == {"sheet": "Ropes", "cell": "B1"}


@pytest.mark.parametrize("name", ["x.docx", "x", "x.bin"])
def test_packages_are_known_by_what_they_hold(name: str):
    assert extract(word(), name).kind == "docx"


@pytest.mark.parametrize(
    ("name", "data", "kind", "text"),
    [
        ("x.doc", b"Just words.\n", "text", "Just words.\n"),
        ("x.doc", b"{\\rtf1 Rich words.}", "rtf", "Rich words."),
        ("x.xls", b"name\tyear\nVasa\t1628\n", "csv", "name: Vasa; year: 1628"),
        ("x.xls", "name\tyear\nVäsa\t1628\n".encode("utf-16"), "csv", "name: Väsa; year: 1628"),
        ("x.xls", b"<table><tr><td>Vasa</td><td>1628</td></tr></table>", "html", "Vasa | 1628"),
        ("x.xls", b'<?xml version="1.0"?><Workbook><Cell><Data>Vasa</Data></Cell></Workbook>', "xml", "Vasa"),
        ("x.dot", b"digraph ships { oak -> Vasa; }\n", "text", "digraph ships { oak -> Vasa; }\n"),
        ("x.msg", b"# of the anchor\nfloat32 weight\n", "text", "# of the anchor\nfloat32 weight\n"),
        ("x.pot", b'msgid "anchor"\nmsgstr ""\n', "text", 'msgid "anchor"\nmsgstr ""\n'),
        ("x.docx", b"<html><body>Words.</body></html>", "html", "Words."),
    ],
)
def test_text_under_the_name_of_an_office_format(name: str, data: bytes, kind: str, text: str):
    found = extract(data, name)
    assert (found.kind, found.text) == (kind, text)


def test_a_page_saved_as_one_file():
    parts = EmailMessage()
    parts["From"], parts["Subject"] = "<Saved by a browser>", "Of ships"
    parts.set_content("<html><body><p>The Vasa sank.</p></body></html>", subtype="html", cte="quoted-printable")
    found = extract(parts.as_bytes(), "page.mhtml")
    assert found.text.endswith("The Vasa sank.")
    assert found.title == "Of ships"


def test_opendocument_text():
    data = packed(mimetype="application/vnd.oasis.opendocument.text", content_xml=ODT, meta_xml=META,
                  **{"META-INF__manifest_xml": "<manifest/>"})  # fmt: skip
    found = extract(data, "ships.odt")
    assert found.text == "Ships\n\nWood  and iron.\n- Barge\nVasa | 1628"
    assert (found.title, headings(found), found.dated_at) == ("A list of ships", [(1, "Ships")], MADE)


def test_ebook_in_reading_order():
    pages = {"OEBPS__a_xhtml": "<html><body><h1>Wood</h1><p>Oak.</p></body></html>",
             "OEBPS__b c_xhtml": "<html><body><h1>Iron</h1><p>Ore.</p></body></html>"}  # fmt: skip
    found = extract(packed(**{"META-INF__container_xml": CONTAINER, "OEBPS__book_opf": BOOK}, **pages), "ships.epub")
    assert found.text == "Wood\n\nOak.\n\nIron\n\nOre."
    assert (found.title, found.metadata["author"]) == ("Of Ships", "A. Person")
    assert place(found, "Ore") == {"chapter": 2, "chapter_title": "Iron"}


def test_a_chapter_of_an_ebook_is_named_only_where_all_of_its_file_stands_under_it():
    pages = {"OEBPS__a_xhtml": "<html><body><h1>Wood</h1><p>Oak.</p><h1>Tar</h1><p>Pitch.</p></body></html>",
             "OEBPS__b c_xhtml": "<html><body><p>More of it.</p><h1>Iron</h1><p>Ore.</p></body></html>"}  # fmt: skip
    found = extract(packed(**{"META-INF__container_xml": CONTAINER, "OEBPS__book_opf": BOOK}, **pages), "ships.epub")
    assert place(found, "Pitch") == {"chapter": 1}
    assert place(found, "More") == {"chapter": 2}


def test_mail_with_attachments():
    found = extract(letter(), "ships.eml")
    assert (found.kind, found.title, found.dated_at) == ("mail", "Größe der Schiffe", MADE)
    assert (found.metadata["from"], found.metadata["attachments"]) == ("Jörg <a@b.c>", ["ships.csv", "ship.png"])
    assert "in HTML" not in found.text
    assert place(found, "iron") == {"part": "body"}
    assert "Attachment: ships.csv\nAttachment: ship.png (ship.png cannot be read as an image" in found.text
    assert list(found.parts) == ["ships.csv"]
    assert found.metadata["left_out"] == ["ship.png cannot be read as an image, it seems damaged"]
    part = found.parts["ships.csv"]
    assert (part.kind, part.dated_at, place(part, "Vasa")) == ("csv", MADE, {"attachment": "ships.csv", "row": 2})


def test_an_archive_of_empty_files_says_so():
    with pytest.raises(UnsupportedSource, match="empty") as caught:
        extract(packed(a_txt="", b_txt="  "), "x.zip")
    assert caught.value.hint == "there is nothing in it to search for"


def test_archive_of_readable_files():
    inner = packed(deep_txt="not this")
    data = packed(notes__a_md="# Wood\n\nOak.\n", b_csv="name,year\nVasa,1628\n", c_png=b"\x89PNG\0", d_zip=inner)
    found = extract(data, "all.zip")
    assert found.text == "b.csv\n\nname: Vasa; year: 1628\n\nnotes/a.md\n\n# Wood\n\nOak."
    assert headings(found) == [(1, "b.csv"), (1, "notes/a.md"), (2, "Wood")]
    assert place(found, "Oak") == {"member": "notes/a.md", "line": 3}
    left_out = ["c.png cannot be read as an image, it seems damaged", "d.zip: not opened within a file"]
    assert found.metadata == {"members": 2, "skipped": 2, "left_out": left_out}


def test_xml_in_lines_with_running_text_together():
    data = b"<doc><title>Ships</title><p>Wood <b>and</b> iron.</p><row><a>Vasa</a><b>1628</b></row></doc>"
    found = extract(data, "x.xml")
    assert (found.title, found.text) == ("Ships", "Ships\nWood and iron.\nVasa\n1628")


def test_pages_inside_of_a_feed_are_read_as_such():
    words = "&lt;p&gt;Wood &amp;amp; &lt;b&gt;iron&lt;/b&gt;.&lt;/p&gt;"
    entry = f"<title>Tom &amp; co</title><description>{words}</description>"
    feed = f"<rss><channel><item>{entry}<encoded><![CDATA[<ul><li>Oak<li>Pine</ul>]]></encoded></item></channel></rss>"
    assert extract(feed.encode(), "x.rss").text == "Tom & co\nWood & iron.\n- Oak\n- Pine"
    assert extract(b"<doc><p>Write &lt;b&gt; for bold.</p></doc>", "x.xml").text == "Write <b> for bold."


def test_formulas_of_a_page():
    latex = r'alttext="E = mc^2"><mi>E</mi></math><img alt="E = mc^2">'
    plain = "<semantics><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><annotation>a + b</annotation></semantics>"
    page = f"<p>Energy: <math {latex}, and <math>{plain}</math> too.</p>"
    assert extract(page.encode(), "x.html").text == "Energy: E = mc^2, and a+b too."


def test_subtitles_at_their_time():
    data = b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Wood &amp; iron\n\n1:00:09,500 --> 1:00:11,000\n<i>Oak</i>\n"
    found = extract(data, "x.vtt")
    assert (found.text, place(found, "Oak")) == ("Ann: Wood & iron\n\nOak", {"time": "01:00:09"})


@pytest.mark.parametrize(
    ("name", "text", "title", "expected"),
    [
        (
            "x.tex",
            TEX,
            "Of Ships",
            [(3, "Wood"), (4, "Oak")],
        ),
        (
            "x.org",
            "#+TITLE: Ships\n* DONE Wood :a:b:\n#+begin_src sh\n* no\n#+end_src\n** Oak\n",
            "Ships",
            [(1, "Wood"), (2, "Oak")],
        ),
        (
            "x.adoc",
            "= Ships\n\n== Wood\n----\n== no\n----\n=== Oak\n",
            "Ships",
            [(1, "Ships"), (2, "Wood"), (3, "Oak")],
        ),
    ],
)
def test_outlined_markup(name: str, text: str, title: str, expected: list[tuple[int, str]]):
    found = extract(text.encode(), name)
    assert (found.text, found.title, headings(found)) == (text, title, expected)


def test_notebook_outputs_are_trimmed():
    lines = [f"line {number}\n" for number in range(50)]
    data = b'{"cells": [{"cell_type": "code", "source": "run()", "outputs": [{"output_type": "stream", "text": %s}]}]}'
    found = extract(data % str(lines).replace("'", '"').encode(), "x.ipynb")
    assert found.text.startswith("```\nrun()\n```\n\n```output\nline 0\n")
    assert found.text.endswith("line 11\n…\n```")
    assert place(found, "line 3") == {"cell": 1}


@pytest.mark.parametrize(
    "name", ["x.docx", "x.pptx", "x.xlsx", "x.odt", "x.epub", "x.doc", "x.ppt", "x.xls", "x.msg", "x.zip"]
)
@pytest.mark.parametrize(
    "data", [b"j\xff\1\0" * 300, b"PK\x03\x04" + b"\0" * 300, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\1" * 900]
)
def test_damaged_files_say_so_in_one_line(name: str, data: bytes):
    with pytest.raises(UnsupportedSource) as caught:
        extract(data, name)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(("name", "make"), [("x.docx", word), ("x.pptx", show), ("x.xlsx", sheets)])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_cut_packages_say_so(name: str, make: Callable[[], bytes], share: float):
    data = make()
    with pytest.raises(UnsupportedSource, match="seems damaged"):
        extract(data[: int(share * len(data))], name)


def test_a_bomb_is_refused_before_it_unpacks():
    bomb = packed(word__document_xml=b"\0" * (80 << 20))
    with pytest.raises(SourceTooLarge, match="would unpack to 80 MiB"):
        extract(bomb, "x.docx")


def test_an_encrypted_package_says_so():
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600
    for name in ("x.docx", "x.xlsx", "x.pptx"):
        with pytest.raises(UnsupportedSource, match="needs a password"):
            extract(data, name)


def test_slides_of_an_old_presentation():
    def record(kind: int, content: bytes, version: int = 0, instance: int = 0) -> bytes:
        return struct.pack("<HHI", version | instance << 4, kind, len(content)) + content

    listed = b""
    for number, title in enumerate(("Wood", "Iron"), 1):
        listed += record(oldslides.SLIDE, struct.pack("<5I", number, 0, 0, 0, 0))
        listed += record(oldslides.HEADER, struct.pack("<I", 0)) + record(oldslides.BYTES, title.encode())
    document = record(oldslides.LIST, listed, version=0xF)
    assert list(oldslides._listed(document, 0)) == [(1, [(0, "Wood")]), (2, [(0, "Iron")])]
    assert list(oldslides._listed(document, 2)) == []


@pytest.mark.parametrize(("name", "make"), [("x.docx", word), ("x.pptx", show), ("x.xlsx", sheets), ("x.eml", letter)])
def test_flipped_bytes_give_text_or_one_of_our_errors(name: str, make: Callable[[], bytes]):
    data, rng = make(), random.Random(6)
    for _ in range(40):
        flipped = bytearray(data)
        for _ in range(rng.choice((1, 5, 25))):
            flipped[rng.randrange(len(flipped))] = rng.randrange(256)
        try:
            outcome = extract(bytes(flipped), name).text
        except (UnsupportedSource, SourceTooLarge) as error:
            outcome = str(error)
        assert outcome.strip()


def test_blanks_between_the_cells_of_a_sheet_do_no_harm():
    names = "".join(
        f' xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"' for one in ("office", "table", "text")
    )
    row = "<table:table-row> <table:table-cell><text:p>oak</text:p></table:table-cell> </table:table-row>"
    table = f'<table:table table:name="S">{row}</table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr("content.xml", f"<office:document-content{names}>{body}</office:document-content>")
    found = extract(out.getvalue(), "x.ods")
    assert (found.text, found.kind) == ("oak", "spreadsheet")
