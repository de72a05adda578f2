"""Every format gives its text, title, headings and metadata."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pypdfium2
import pytest

import vstash.text.read
from vstash.errors import UnsupportedSource
from vstash.text.read import extract

MARKDOWN = b"""---
title: "Ships: a list"
date: 2024-05-06
tags: [sea, '#wood']
---

# Not the *title* { #anchor }

Some words.

```python
# no heading

```

Setext `one`
------------

    # indented code is no heading

| a | b |
|---|---|
| 1 | 2 |
"""
PEP = b"""PEP: 9999
Title: Testing
 Readers
Author: A. Person
Created: 06-May-2024

Abstract
========

Text with a ``literal``::

    Not a heading
    =============

Details of ``x``
----------------

.. note::

   Kept whole.

Rationale
=========

End.
"""
PAGE = """<!DOCTYPE html><html><head><title>Ships &amp; boats</title><style>p {}</style>
<meta name="author" content="A. Person"><meta name="date" content="2024-05-06"></head>
<body><script>hidden()</script><h1>Ships</h1><p>Wood <b>and</b>
iron.<br>Rope</p><svg><style>no</style></svg><h2>Kinds <i>of</i> ship</h2>
<ul><li>Barge<li><p>Brig</p></ul>
<table><tr><th>Name<th>Year<tr><td>Vasa</td><td></td><td>1628</td></tr></table>
<pre>  keep
    this</pre><noscript>hidden</noscript>caf&eacute; &#8211; end</body></html>"""
PYTHON = b'''"""A module."""
import os

@cache
def first():
    pass

class Ship:
    def sail(self):
        def inner(): ...

    async def moor(self): ...
'''


def pdf(*lines: str, title: str = "") -> bytes:
    """A PDF of one page with these lines."""
    words = b"BT /F1 12 Tf 72 700 Td 14 TL " + b"".join(b"(%s) Tj T* " % line.encode() for line in lines) + b"ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(words), words),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Outlines/First 7 0 R/Last 7 0 R/Count 1>>",
        b"<</Title(Second Part)/Parent 6 0 R/Dest[3 0 R/Fit]>>",
        b"<</Title(%s)/CreationDate(D:20240506120000Z)>>" % title.encode(),
    ]
    body = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size %d/Root 1 0 R/Info 8 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (len(objects) + 1, table, end)


def drawing(drawn: bytes) -> bytes:
    """A PDF of one page on which this is drawn; /Im is a picture."""
    picture = b"<</Im 5 0 R>>"
    image = b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>"
    return (
        pdf("")
        .replace(b"/Font<</F1 5 0 R>>", b"/XObject" + picture)
        .replace(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", image + b"stream\n0\nendstream")
        .replace(b"BT /F1 12 Tf 72 700 Td 14 TL () Tj T* ET", drawn)
    )


def headings(data: bytes, name: str) -> list[tuple[int, str, str]]:
    """(level, title, the line that the heading's start points to) of each heading."""
    found = extract(data, name)
    return [(h.level, h.title, found.text[h.start :].split("\n", 1)[0]) for h in found.headings]


def atoms(data: bytes, name: str) -> list[str]:
    found = extract(data, name)
    return [found.text[start:end] for start, end in found.atoms]


def test_markdown_front_matter_headings_and_atoms():
    found = extract(MARKDOWN, "a/ships.md")
    assert (found.kind, found.title, found.text) == ("markdown", "Ships: a list", MARKDOWN.decode())
    assert found.metadata == {"title": "Ships: a list", "date": "2024-05-06", "tags": ["sea", "wood"]}
    assert found.dated_at == datetime(2024, 5, 6, tzinfo=UTC)
    assert headings(MARKDOWN, "ships.md") == [
        (1, "Not the title", "# Not the *title* { #anchor }"),
        (2, "Setext one", "Setext `one`"),
    ]
    fence, code, table = atoms(MARKDOWN, "ships.md")
    assert fence == "```python\n# no heading\n\n```\n"
    assert code.strip() == "# indented code is no heading"
    assert table == "| a | b |\n|---|---|\n| 1 | 2 |\n"


def test_without_front_matter_the_first_top_heading_is_the_title():
    assert extract(b"intro\n\n# Ships\n\n# Boats\n", "x.md").title == "Ships"
    assert extract(b"## Only second\n", "x.md").title == ""


def test_restructuredtext_pep():
    found = extract(PEP, "pep-9999.rst")
    assert (found.kind, found.title) == ("rst", "PEP 9999 – Testing Readers")
    assert found.metadata["author"] == "A. Person"
    assert found.dated_at == datetime(2024, 5, 6, tzinfo=UTC)
    assert headings(PEP, "x.rst") == [
        (1, "Abstract", "Abstract"),
        (2, "Details of x", "Details of ``x``"),
        (1, "Rationale", "Rationale"),
    ]
    assert atoms(PEP, "x.rst") == [
        "Text with a ``literal``::\n\n    Not a heading\n    =============\n",
        ".. note::\n\n   Kept whole.\n",
    ]


def test_restructuredtext_levels_follow_the_order_of_styles():
    text = b"====\nTop\n====\n\n:Author: Me\n\nA\n~~~\n\nB\n====\n\nC\n~~~\n\nlast line of prose\n\n----\n\nend\n"
    assert [(level, title) for level, title, _ in headings(text, "x.rst")] == [(1, "Top"), (2, "A"), (3, "B"), (2, "C")]
    found = extract(text, "x.rst")
    assert (found.title, found.metadata) == ("Top", {"author": "Me"})


def test_html_as_a_browser_shows_it():
    found = extract(PAGE.encode(), "ships.html")
    assert found.text == (
        "Ships\n\nWood and iron.\nRope\n\nKinds of ship\n\n- Barge\n- Brig\n\n"
        "Name | Year\nVasa | | 1628\n\n  keep\n    this\n\ncafé – end"
    )
    assert (found.kind, found.title) == ("html", "Ships & boats")
    assert found.metadata["author"] == "A. Person"
    assert found.dated_at == datetime(2024, 5, 6, tzinfo=UTC)
    assert headings(PAGE.encode(), "x.html") == [(1, "Ships", "Ships"), (2, "Kinds of ship", "Kinds of ship")]
    assert atoms(PAGE.encode(), "x.html") == ["Name | Year", "Vasa | | 1628", "  keep\n    this"]


def test_html_of_any_depth_and_in_its_declared_charset():
    deep = b"<div>" * 30_000 + b"bottom" + b"</div>" * 30_000
    assert extract(deep, "deep.html").text == "bottom"
    assert extract('<meta charset="windows-1251"><p>мир'.encode("cp1251"), "x.html").text == "мир"


def test_pdf_text_title_outline_and_date():
    data = pdf("First line", "1.2 Second Part", "more words", title="Ships")
    found = extract(data, "ships.pdf")
    assert (found.kind, found.title) == ("pdf", "Ships")
    assert found.text.split("\n") == ["First line", "1.2 Second Part", "more words"]
    assert headings(data, "x.pdf") == [(1, "Second Part", "1.2 Second Part")]
    assert found.dated_at == datetime(2024, 5, 6, tzinfo=UTC)
    assert extract(pdf("x", title="Microsoft Word - a.doc"), "x.pdf").title == ""


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (pdf(""), "its pages are blank"),
        (drawing(b"q 612 0 0 792 0 0 cm /Im Do Q 0 0 9 9 re f"), "seems scanned"),
        (drawing(b"q 612 0 0 264 0 0 cm /Im Do Q q 612 0 0 264 0 264 cm /Im Do Q"), "seems scanned"),
        (drawing(b"q 99 0 0 99 0 0 cm /Im Do Q"), "only pictures"),
        (drawing(b"0 0 300 300 re f"), "only drawings"),
        (pdf("words")[:150], "seems damaged"),
        (b"\xff\xfejunk" * 100, "seems damaged"),
        (pdf("x").replace(b"/Info 8 0 R", b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(%s)/U(%s)>>/ID[(a)(a)]"
                          % (b"o" * 32, b"u" * 32)), "password"),
    ],
)  # fmt: skip
def test_unreadable_pdf_says_why(data: bytes, complaint: str):
    with pytest.raises(UnsupportedSource, match=complaint) as caught:
        extract(data, "x.pdf")
    assert caught.value.hint


def test_python_definitions_are_headings():
    assert headings(PYTHON, "x.py") == [
        (1, "def first()", "@cache"),
        (1, "class Ship", "class Ship:"),
        (2, "def sail(self)", "    def sail(self):"),
        (2, "async def moor(self)", "    async def moor(self): ..."),
    ]
    assert extract(b"int main() { return 0; }", "x.c").kind == "code"


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"name,year\nVasa,1628\n\"Mary, Rose\",1510\n", ["name: Vasa; year: 1628", "name: Mary, Rose; year: 1510"]),
        (b"name;year\nVasa;1628\n", ["name: Vasa; year: 1628"]),
        (b"1,2\n3,4\n", ["1; 2", "3; 4"]),
        (b"a,b,c\n1,2\n3,4,5,6\n", ["a: 1; b: 2", "a: 3; b: 4; c: 5; 6"]),
        (b"Industry\nFood\nSteel\n", ["Industry", "Food", "Steel"]),
        (b"a,b\n1,\"two\nlines\"\n", ["a: 1; b: two lines"]),
        (b"sep=;\r\nname;price\r\nVasa;1,5\r\nFram;2,5\r\n", ["name: Vasa; price: 1,5", "name: Fram; price: 2,5"]),
        (b"sep=^\nname^year\nVasa^1628\n", ["name: Vasa; year: 1628"]),
    ],
)  # fmt: skip
def test_csv_rows_name_their_columns(data: bytes, lines: list[str]):
    assert extract(data, "x.csv").text.split("\n") == lines
    assert atoms(data, "x.csv") == lines


def test_tsv_with_a_caption():
    found = extract("Ships\t\nName\tYear\nVasa\t1628\n".encode("utf-16"), "x.tsv")
    assert (found.title, found.text) == ("Ships", "Ships\nName: Vasa; Year: 1628")


def test_csv_with_an_endless_field_is_plain_text():
    data = b'a,b\n1,"' + b"x" * 200_000
    assert extract(data, "x.csv").text == data.decode()


def test_json_as_lines():
    data = {
        "title": "Ships",
        "port": {"name": "Kiel", "berths": [1, 2]},
        "x": None,
        "ships": [{"n": "A"}, {"n": "B\ud800"}],
    }
    found = extract(json.dumps(data).encode(), "x.json")
    assert found.title == "Ships"
    assert found.text == "title: Ships\nport.name: Kiel\nport.berths: 1, 2\n\nships.n: A\n\nships.n: B\ufffd"


@pytest.mark.parametrize("data", [b'{"a": [1, 2', b"[" * 50_000 + b"]" * 50_000, b"[" + b"9" * 5000 + b"]"])
def test_what_is_no_json_is_plain_text(data: bytes):
    assert extract(data, "x.json").text == data.decode()


def test_json_lines_one_record_a_block():
    data = b'{"a": 1, "b": "x"}\nno json\n\n{"a": 2}\n'
    assert atoms(data, "x.jsonl") == ["a: 1\nb: x", "no json", "a: 2"]
    assert extract(data, "x.jsonl").text == "a: 1\nb: x\n\nno json\n\na: 2"


def test_notebook_cells():
    cells = [{"cell_type": "markdown", "source": ["# Ships\n", "text"]}, {"cell_type": "code", "source": "1 + 1"}, 7]
    data = json.dumps({"cells": cells}).encode()
    found = extract(data, "x.ipynb")
    assert (found.title, found.text) == ("Ships", "# Ships\ntext\n\n```\n1 + 1\n```")
    assert atoms(data, "x.ipynb") == ["```\n1 + 1\n```"]
    assert extract(b'{"cells": 5}', "x.ipynb").text == '{"cells": 5}'


def test_mail_without_a_suffix():
    data = "From: a@b.c (J\xf6rg)\nSubject: Re: Ships\nDate: 6 May 93 04:13:43 GMT\n\nGr\xfc\xdfe\n".encode("latin-1")
    found = extract(data, "talk.ships/4711")
    assert (found.kind, found.title, found.text[-6:]) == ("text", "Re: Ships", "Grüße\n")
    assert found.dated_at == datetime(1993, 5, 6, 4, 13, 43, tzinfo=UTC)
    assert found.metadata["from"] == "a@b.c (Jörg)"


def test_content_wins_over_the_name():
    page = b"<!DOCTYPE html><html><title>T</title><body>words"
    assert {extract(page, f"x.{suffix}").text for suffix in ("pdf", "docx", "txt", "")} == {"words"}
    assert extract(pdf("words"), "x.txt").kind == "pdf"
    assert extract(b"<html>\n# T\n", "x.md").kind == "markdown"


def test_scanned_pages_among_others_say_so():
    scan, blank = drawing(b"q 612 0 0 792 0 0 cm /Im Do Q"), drawing(b"")
    whole = pypdfium2.PdfDocument.new()
    for page in (pdf("Words before."), scan, scan, pdf("Words between."), blank, scan):
        whole.import_pages(pypdfium2.PdfDocument(page))
    written = io.BytesIO()
    whole.save(written)
    found = extract(written.getvalue(), "x.pdf")
    said = [
        "Words before.",
        "[pages 2–3 are scanned, without text]",
        "Words between.",
        "[page 6 is scanned, without text]",
    ]
    assert found.text.split("\n\n") == said
    assert [place.labels["page"] for place in found.places] == [1, 2, 4, 6]


def test_markdown_needs_neither_the_pdf_nor_the_html_library():
    program = (
        "import sys; from vstash.text.read import extract; extract(b'# a', 'a.md');"
        "print(sorted({'pypdfium2', 'lxml', 'charset_normalizer'} & set(sys.modules)))"
    )
    root = Path(vstash.text.read.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("size", range(1, 400, 37))
def test_a_cut_pdf_is_refused(size: int):
    with pytest.raises(UnsupportedSource):
        extract(pdf("some words")[:size], "x.pdf")


@pytest.mark.parametrize(
    ("data", "name", "hint"),
    [
        (b"<html><frameset><frame src=a.html></frameset></html>", "x.html", "frames"),
        (b"{\\rtf1 }", "x.rtf", "pictures of words"),
    ],
)
def test_the_hint_of_a_file_without_text_fits_its_format(data: bytes, name: str, hint: str):
    with pytest.raises(UnsupportedSource) as caught:
        extract(data, name)
    assert re.search(hint, caught.value.hint)


def test_a_mail_of_several_parts_is_known_without_a_name():
    signed = EmailMessage()
    signed.set_content("The Vasa sank.")
    signed.add_attachment(b"\x30\x80" * 500, maintype="application", subtype="x-pkcs7-signature", filename="smime.p7s")
    data = b"MIME-Version: 1.0\nX-MimeOLE: V6\nContent-Type: multipart/signed;\n" + signed.as_bytes().split(b";", 1)[1]
    for name in ("unnamed", "letter.txt"):
        found = extract(data, name)
        assert "The Vasa sank." in found.text
        assert "MIAw" not in found.text
        assert "base64" not in found.text
    assert extract(b"MIME-Version: 1.0 is a line of headers", "notes.txt").kind == "text"
