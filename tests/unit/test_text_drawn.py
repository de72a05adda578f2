"""What is drawn in documents, or noted in their margins: charts, diagrams, pictures, text boxes, comments."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping

import docx
import pptx
import pytest
import xlsxwriter
from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from vstash.errors import UnsupportedSource
from vstash.text.places import Places
from vstash.text.read import extract
from vstash.text.readers import drawings

A = "http://schemas.openxmlformats.org/drawingml/2006/main"
C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SMART = f"""<d:dataModel xmlns:d="{DIAGRAM}" xmlns:a="{A}"><d:ptLst>
<d:pt><d:t><a:p><a:r><a:t>Cut the </a:t></a:r><a:r><a:t>oak</a:t></a:r></a:p></d:t></d:pt>
<d:pt type="parTrans"><d:t><a:p/></d:t></d:pt>
<d:pt><d:t><a:p><a:r><a:t>Float it</a:t></a:r></a:p></d:t></d:pt></d:ptLst></d:dataModel>"""


def saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def charted(kind: XL_CHART_TYPE, alt: str = "") -> bytes:
    data = CategoryChartData()
    data.categories = ["spring", "autumn"]
    data.add_series("oak", (8.2, 3))
    data.add_series("pine", (0.1 + 0.2, None))
    shown = pptx.Presentation()
    slide = shown.slides.add_slide(shown.slide_layouts[6])
    frame = slide.shapes.add_chart(kind, Inches(1), Inches(1), Inches(4), Inches(3), data)
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "Felled by season"
    frame._element.nvGraphicFramePr.cNvPr.set("descr", alt)
    slide.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(2), Inches(1))
    return saved(shown)


def changed(data: bytes, parts: Mapping[str, tuple[str, str]]) -> bytes:
    """The package with words in its parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            before, after = parts.get(name, ("", ""))
            new.writestr(name, old.read(name).decode().replace(before, after) if before else old.read(name))
    return out.getvalue()


FAR = (50_000_000, "Malmö"), (50_000_001, "Sweden")  # the outer label begins behind the inner one


@pytest.mark.parametrize("kind", ["barChart", "area3DChart", "surface3DChart", "stockChart"])
def test_a_chart_of_any_kind_is_its_title_and_labelled_numbers(kind: str):
    (part,) = (
        name
        for name in zipfile.ZipFile(io.BytesIO(charted(XL_CHART_TYPE.COLUMN_CLUSTERED))).namelist()
        if name.startswith("ppt/charts/chart")
    )
    data = changed(charted(XL_CHART_TYPE.COLUMN_CLUSTERED), {part: ("barChart>", f"{kind}>")})
    assert extract(data, "x.pptx").text == "Felled by season\nspring: oak 8.2; pine 0.3\nautumn: oak 3; pine"


def test_what_is_said_of_a_picture_is_kept_and_its_file_name_is_not():
    assert extract(charted(XL_CHART_TYPE.PIE, "Oak  by the river."), "x.pptx").text.endswith(
        "Picture: Oak by the river."
    )
    for name in ("oak.png", "C:\\My Pictures\\oak tree.jpeg", "https://example.com/oak"):
        assert "Picture" not in extract(charted(XL_CHART_TYPE.PIE, name), "x.pptx").text


def test_dates_and_levels_of_a_charts_labels():
    def cache(kind: str, points: Mapping[int, str], code: str = "General") -> str:
        inner = "".join(f'<c:pt idx="{at}"><c:v>{words}</c:v></c:pt>' for at, words in points.items())
        return f"<c:{kind}><c:formatCode>{code}</c:formatCode>{inner}</c:{kind}>"

    levels = "".join(
        cache("lvl", points).replace("<c:formatCode>General</c:formatCode>", "")
        for points in ({0: "Stockholm", 1: "Malmö", 2: "Oslo"}, {0: "Sweden", 2: "Norway"})
    )
    values = f"<c:val><c:numRef>{cache('numCache', {0: '1', 1: '2', 2: '3'})}</c:numRef></c:val>"
    days = f"<c:cat><c:numRef>{cache('numCache', {0: '37261'}, 'd/m/yyyy')}</c:numRef></c:cat>"
    cities = f"<c:cat><c:multiLvlStrRef><c:multiLvlStrCache>{levels}</c:multiLvlStrCache></c:multiLvlStrRef></c:cat>"
    root = etree.fromstring(
        f'<c:chart xmlns:c="{C}"><c:ser>{cities}{values}</c:ser><c:ser>{days}{values}</c:ser></c:chart>'
    )
    assert drawings.chart(root).split("\n") == [
        "Sweden Stockholm: 1", "Sweden Malmö: 2", "Norway Oslo: 3", "2002-01-05: 1", "2; 3",
    ]  # fmt: skip


def test_a_label_far_out_costs_no_more_than_another():
    points = "".join(f'<c:lvl><c:pt idx="{at}"><c:v>{words}</c:v></c:pt></c:lvl>' for at, words in FAR)
    cells = f"<c:cat><c:multiLvlStrRef><c:multiLvlStrCache>{points}</c:multiLvlStrCache></c:multiLvlStrRef></c:cat>"
    started = time.process_time()
    assert drawings.chart(etree.fromstring(f'<c:chart xmlns:c="{C}"><c:ser>{cells}</c:ser></c:chart>')) == "Malmö"
    assert time.process_time() - started < 1


def test_the_words_of_a_diagram_in_slides_and_letters():
    def frame(outer: str) -> etree._Element:
        names = f'xmlns:a="{A}" xmlns:d="{DIAGRAM}" xmlns:r="{RELATED}"'
        return etree.fromstring(f'<a:graphic {names}><d:relIds r:dm="{outer}"/></a:graphic>')

    assert list(drawings.drawn(frame("rId7"), {"rId7": SMART.encode()}.__getitem__)) == ["Cut the oak\nFloat it"]
    assert list(drawings.drawn(frame("rId8"), {}.__getitem__)) == []
    assert list(drawings.drawn(frame("rId7"), {"rId7": b"<d"}.__getitem__)) == []


def test_formulas_of_a_letter():
    document = docx.Document()
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    formula = etree.fromstring(f'<m:oMath xmlns:m="{math}"><m:r><m:t>E = mc</m:t></m:r></m:oMath>')
    document.add_paragraph("Energy: ")._p.append(formula)
    assert extract(saved(document), "x.docx").text == "Energy: E = mc"


OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
SPACES = " ".join(
    f'xmlns:{name}="{OASIS}{long}:1.0"'
    for name, long in {
        "office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style",
        "svg": "svg-compatible", "presentation": "presentation",
    }.items()
) + ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:m="http://www.w3.org/1998/Math/MathML"'  # fmt: skip


def opendocument(body: str, **parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr("content.xml", f"<office:document-content {SPACES}><office:body>{body}</office:body>"
                                        "</office:document-content>")  # fmt: skip
        for name, content in parts.items():
            package.writestr(name.replace("__", "/") + ".xml", content)
    return out.getvalue()


def test_notes_comments_and_boxes_of_an_opendocument_stand_after_their_paragraph():
    box = "<draw:frame><draw:text-box><text:p>Keel</text:p></draw:text-box><svg:desc>A  ship</svg:desc></draw:frame>"
    note = "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>By hand.</text:p>"
    comment = "<office:annotation><text:p>Sure?</text:p></office:annotation>"
    body = f"""<office:text><text:p>{box}Oak{note}</text:note-body></text:note> holds{comment} well.</text:p>
    <table:table><table:table-row><table:table-cell><text:p>Vasa{box}</text:p></table:table-cell></table:table-row>
    </table:table></office:text>"""
    expected = "Oak holds well.\n\nKeel\n\nPicture: A ship\n\nBy hand.\n\nSure?\nVasa\n\nKeel\n\nPicture: A ship"
    assert extract(opendocument(body), "x.odt").text == expected


def test_headers_and_footers_of_an_opendocument():
    page = "<style:header><text:p>Shipyard</text:p></style:header><style:footer><text:p>Page <text:page-number/>"
    master = f"<style:master-page>{page}</text:p></style:footer></style:master-page>" * 2
    styles = f"<office:document-styles {SPACES}><office:master-styles>{master}</office:master-styles>"
    data = opendocument("<office:text><text:p>Oak.</text:p></office:text>", styles=f"{styles}</office:document-styles>")
    assert extract(data, "x.odt").text == "Oak.\n\nShipyard"


def test_what_is_embedded_in_an_opendocument():
    rows = "<table:table-row><table:table-cell><text:p>oak</text:p></table:table-cell></table:table-row>"
    sheet = f"<office:document-content {SPACES}><office:body><office:spreadsheet><table:table>{rows}</table:table>"
    formula = '<m:math xmlns:m="http://www.w3.org/1998/Math/MathML"><m:semantics><m:mi>E</m:mi>'
    frames = "".join(
        f'<draw:frame><draw:object xlink:href="./{name}"/></draw:frame>' for name in ("One", "Two", "Lost")
    )
    found = extract(
        opendocument(
            '<office:presentation><draw:page><draw:frame presentation:class="title"><draw:text-box>'
            f"<text:p>Ships</text:p></draw:text-box></draw:frame>{frames}</draw:page></office:presentation>",
            One__content=f"{sheet}</office:spreadsheet></office:body></office:document-content>",
            Two__content=f"{formula}<m:annotation>E = m c^2</m:annotation></m:semantics></m:math>",
        ),
        "x.odp",
    )
    assert found.text == "Ships\noak\n\nE = m c^2"
    assert [heading.title for heading in found.headings] == ["Ships"]
    assert found.places[0].labels == {"slide": 1}


def test_what_stands_on_a_sheet_but_in_no_cell():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("Wood")
    sheet.write_row(0, 0, ("kind", "felled"))
    sheet.write_row(1, 0, ("oak", 8))
    sheet.write_comment("B2", "Counted twice,\nmind.")
    sheet.insert_textbox(4, 1, "Prices without tax")
    chart = book.add_chart({"type": "column"})
    chart.add_series({"name": "Felled", "values": "=Wood!$B$2:$B$2", "categories": "=Wood!$A$2:$A$2"})
    chart.set_title({"name": "Wood felled"})
    sheet.insert_chart("D2", chart)
    alone = book.add_worksheet("Alone")
    alone.insert_textbox(0, 0, "Nothing but a box")
    book.close()
    found = extract(out.getvalue(), "x.xlsx")
    assert found.text.startswith("kind: oak; felled: 8\n\n")
    places = {
        words: Places(found.text, found.places).span(found.text.index(words), found.text.index(words) + len(words))
        for words in ("B2: Counted twice, mind.", "Prices without tax", "Wood felled", "Nothing but a box")
    }
    assert list(places.values()) == [
        {"sheet": "Wood", "cell": "B2"}, {"sheet": "Wood"}, {"sheet": "Wood"}, {"sheet": "Alone"},
    ]  # fmt: skip
    assert [heading.title for heading in found.headings] == ["Wood", "Alone"]


def pdf(*objects: str) -> bytes:
    """A PDF of these objects, the first one being its catalogue; readers find them without a table."""
    body = "".join(f"{number} 0 obj\n{content}\nendobj\n" for number, content in enumerate(objects, 1))
    return f"%PDF-1.4\n{body}trailer\n<</Root 1 0 R>>\n%%EOF\n".encode()


def test_what_a_form_was_filled_in_with_and_comments():
    found = extract(
        pdf(
            "<</Type /Catalog /Pages 2 0 R>>",
            "<</Type /Pages /Kids [3 0 R 4 0 R] /Count 2>>",
            "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9]>>",
            "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots [5 0 R 6 0 R 7 0 R 8 0 R]>>",
            "<</Subtype /Widget /FT /Tx /T (ship) /V (Vasa) /Rect [0 0 1 1]>>",
            "<</Subtype /Widget /FT /Btn /T (afloat) /V /Yes /Rect [0 0 1 1]>>",
            "<</Subtype /Text /Contents (She sank.) /Rect [0 0 1 1]>>",
            "<</Subtype /Link /Contents (a link) /Rect [0 0 1 1]>>",
        ),
        "x.pdf",
    )
    assert found.text == "ship: Vasa\nShe sank."
    assert [dict(one.labels) for one in found.places] == [{"page": 2}]


SVG = """<svg xmlns="http://www.w3.org/2000/svg"><title>Oak trade</title><style>.a { fill: red }</style>
<desc>From the forest to the yard</desc><g><text x="1">Cut the <tspan>oak</tspan></text><path d="M0 0"/></g>
<foreignObject><div xmlns="http://www.w3.org/1999/xhtml"><p>Float</p><p>it</p></div></foreignObject></svg>"""
WORDS = ["Oak trade", "From the forest to the yard", "Cut the oak", "Float it"]


@pytest.mark.parametrize("declared", ["", '<?xml version="1.0" encoding="iso-8859-1"?>'])
def test_a_drawing_says_its_words(declared: str):
    found = extract((declared + SVG).encode(), "x.svg")
    assert (found.text.split("\n\n"), found.title) == (WORDS, "Oak trade")


def test_a_drawing_without_words_is_refused():
    with pytest.raises(UnsupportedSource, match="without words"):
        extract(b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>', "x.svg")


def test_a_drawing_in_a_page_says_its_words():
    icon = '<svg aria-hidden="true"><title>Close</title></svg>'
    page = f"<html><head><title>Ships</title></head><body><p>Before {icon}</p>{SVG}<p>After</p></body></html>"
    found = extract(page.encode(), "x.html")
    assert found.title == "Ships"
    assert " ".join(found.text.split()) == " ".join(["Before", *WORDS, "After"])
    assert "yard\nCut the oak\n" in found.text
