"""What a passage of each format says of its place leads back to its words, or it says nothing."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import Any

import docx
import pytest
from docx.oxml import OxmlElement
from docx.text.run import Run
from hypothesis import given
from hypothesis import strategies as st

from vstash.text.places import Places
from vstash.text.read import Extract, extract

WORDS = st.lists(
    st.sampled_from(
        ["iron anchor", "a &amp; b", "<b>bo</b>ld", "<p>", "</p>", "\n", "\n\n", "<!-- no\nsuch -->", "<br/>",
         "&#233;t", "<i\n class='x>y'>in</i>", "<pre>\n one\n  two</pre>", "<li>item", "5 < 6 & 7", "<td>cell",
         "<script>if (a<b)\n { }</script>", "<style>\np {}</style>", "<img alt='a sail'\n>", "東京", "\t",
         "<h2>head</h2>", "<title>t</title>",
         "<nav>\nmenu</nav>", "&copy;", "<svg><title>x</title></svg>"]
    ),
    max_size=40,
)  # fmt: skip


def place(found: Extract, words: str) -> dict[str, Any]:
    start = found.text.index(words)
    return Places(found.text, found.places).span(start, start + len(words))


def test_json_values_are_placed_by_their_key():
    value = {"data": {"items": [{"name": "Vasa"}, {"a b": ["x", "y"]}]}, "n": [[1, 2], [3, {"q": "end"}]]}
    found = extract(json.dumps(value).encode(), "x.json")
    said = {key: place(found, words)["key"] for key, words in zip("abcd", ("Vasa", "x, y", "1, 2", "end"), strict=True)}
    assert said == {"a": "data.items[0].name", "b": 'data.items[1]["a b"]', "c": "n[0]", "d": "n[1][1].q"}
    assert place(found, found.text) == {"key": "data.items[0].name", "key_end": "n[1][1].q"}


def test_a_key_too_deep_to_tell_is_that_around_it():
    value: Any = "Vasa"
    for _ in range(60):
        value = {"level": value}
    told = place(extract(json.dumps(value).encode(), "x.json"), "Vasa")["key"]
    assert set(told.split(".")) == {"level"}
    assert 180 < len(told) <= 200


def test_a_broken_json_file_has_lines():
    assert place(extract(b'{"a": 1,\n"b": Vasa', "x.json"), "Vasa") == {"line": 2}


def test_html_is_placed_by_the_lines_of_its_source():
    page = b"<html>\n<!-- Vasa -->\n<title>Ships\n</title>\n<p\n id=x>The Vasa\nsank &amp;\n rose "
    page += b"<b>in 1961</b></p>\n<p>End"
    found = extract(page, "x.html")
    assert found.text == "The Vasa sank & rose in 1961\n\nEnd"
    said = [place(found, words) for words in ("The Vasa", "sank &", "Vasa sank & rose", "1961", "End")]
    assert said == [{"line": 6}, {"line": 7}, {"line": 6, "line_end": 8}, {"line": 8}, {"line": 9}]


def test_words_of_an_attribute_have_no_line():
    found = extract(b"<p>one\n<p><img alt='a sail'>\n<p>two", "x.html")
    assert [place(found, words) for words in ("one", "sail", "two")] == [{"line": 1}, {}, {"line": 3}]


def test_markup_that_can_be_read_in_two_ways_places_nothing():
    found = extract(b"<p title=it's>one\n<p>two", "x.html")
    assert (found.text, found.places) == ("one\n\ntwo", ())


def test_scripts_that_never_end_take_no_time():
    page = b"<p>one\n<p>two" + b"<script>" * 100_000
    assert place(extract(page, "x.html"), "two") == {"line": 2}


@given(WORDS)
def test_a_line_that_is_told_holds_the_word(pieces: list[str]):
    source = "<html><body>\n<p>start\n" + "".join(pieces)
    found = extract(source.encode(), "x.html")
    rows = source.split("\n")
    places = Places(found.text, found.places)
    for word in ("anchor", "ld", "ét", "two", "item", "cell", "head", "東京", "©"):
        for at in range(len(found.text)):
            if found.text.startswith(word, at) and "line" in (told := places.span(at, at + 1)):
                line = rows[told["line"] - 1].replace("&#233;", "é").replace("&copy;", "©")
                assert word in line


def test_xml_is_placed_by_the_lines_of_its_source():
    source = b"<?xml version='1.0'?>\n<!DOCTYPE r [\n<!ELEMENT r ANY>]>\n<r>\n<a>Vasa</a>\n"
    source += b"<b><![CDATA[a < b\n&amp; c]]>\n&lt;d</b></r>"
    found = extract(source, "x.xml")
    assert [place(found, words) for words in ("Vasa", "a < b", "&amp; c", "<d")] == [
        {"line": 5}, {"line": 6}, {"line": 7}, {"line": 8}
    ]  # fmt: skip


def test_an_entity_of_its_own_leaves_xml_without_lines():
    source = b"<!DOCTYPE r [<!ENTITY ship 'Vasa'>]>\n<r><a>The &ship; sank</a>\n<b>End</b></r>"
    assert extract(source, "x.xml").places == ()


def test_rich_text_counts_paragraphs_not_lines():
    found = extract(rb"{\rtf1\ansi one\line two\par\par\pard three \\line\par x\cell y\cell\row}", "x.rtf")
    assert [place(found, words) for words in ("one", "two", "three", "x|y")] == [
        {"paragraph": 1}, {"paragraph": 1}, {"paragraph": 2}, {"paragraph": 3}
    ]  # fmt: skip


def _turn(run: Run) -> None:
    run._r.insert(0, OxmlElement("w:lastRenderedPageBreak"))


def _word(pages: int) -> bytes:
    document = docx.Document()
    document.add_paragraph("The Vasa")
    document.add_paragraph("")
    split = document.add_paragraph("sank in ")
    _turn(split.add_run("1628"))
    table = document.add_table(rows=2, cols=2)
    for row, cell, words in ((0, 0, "ship"), (0, 1, "year"), (1, 0, "Mary Rose"), (1, 1, "1545")):
        table.cell(row, cell).text = words
    _turn(table.cell(1, 0).paragraphs[0].runs[0])
    document.add_paragraph("The end", style="Heading 1")
    made, done = BytesIO(), BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as package, zipfile.ZipFile(done, "w") as copy:
        for name in package.namelist():
            data = package.read(name)
            if name == "docProps/app.xml":
                data = data.replace(b"<Pages>1<", b"<Pages>%d<" % pages)
                assert b"<Pages>%d<" % pages in data
            copy.writestr(name, data)
    return done.getvalue()


PARTS = ("The Vasa", "sank in", "1628", "ship | year", "Mary Rose", "The end")
PLACES = (
    {"paragraph": 1}, {"paragraph": 2}, {"paragraph": 2}, {"table": 1, "row": 1}, {"table": 1, "row": 2},
    {"paragraph": 3},
)  # fmt: skip


@pytest.mark.parametrize(("counted", "pages"), [(3, (1, 1, 2, 2, 3, 3)), (2, None), (1, None)])
def test_word_tells_pages_where_all_turns_are_noted(counted: int, pages: tuple[int, ...] | None):
    found = extract(_word(counted), "x.docx")
    assert "sank in 1628" in found.text
    expected = [{"page": page, **told} for page, told in zip(pages, PLACES, strict=True)] if pages else list(PLACES)
    assert [place(found, words) for words in PARTS] == expected


FLAT = """\
<?xml version="1.0"?><office:document
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"
 xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"
 office:mimetype="application/vnd.oasis.opendocument.text">
<office:meta><meta:document-statistic meta:page-count="%d"/></office:meta>
<office:automatic-styles><style:style style:name="New">
<style:paragraph-properties fo:break-before="page"/></style:style>
</office:automatic-styles>
<office:body><office:text><text:p text:style-name="New">The Vasa</text:p><text:p/>
<text:p>sank in <text:soft-page-break/>1628<text:note>
<text:note-body><text:p>a note</text:p></text:note-body></text:note></text:p>
<table:table><table:table-row><table:table-cell><text:p>ship</text:p></table:table-cell></table:table-row>
<text:soft-page-break/><table:table-row>
<table:table-cell><text:p>Mary Rose</text:p></table:table-cell></table:table-row>
</table:table><text:h text:style-name="New">The end</text:h></office:text></office:body></office:document>"""


@pytest.mark.parametrize(("counted", "pages"), [(4, (1, 1, 2, 2, 3, 4)), (3, None)])
def test_opendocument_tells_pages_where_all_turns_are_noted(counted: int, pages: tuple[int, ...] | None):
    found = extract((FLAT % counted).encode(), "x.fodt")
    expected = [{"page": page, **told} for page, told in zip(pages, PLACES, strict=True)] if pages else list(PLACES)
    assert [
        place(found, words) for words in ("The Vasa", "sank in", "1628", "ship", "Mary Rose", "The end")
    ] == expected
    assert place(found, "a note") == {"paragraph": 2}
