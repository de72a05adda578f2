"""Documents embedded in office files are documents of their own; what of them cannot be read is named."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from pathlib import Path

import docx
import pptx
import pytest
import xlsxwriter
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.shapes import PROG_ID
from pptx.util import Inches

from tests.compound import container
from vstash import Limits, Memory
from vstash.opening import open_at
from vstash.text.read import extract


def saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def written(words: str, **parts: bytes) -> bytes:
    """A Word document with these words and embedded parts."""
    document = docx.Document()
    document.add_paragraph(words)
    out = io.BytesIO(saved(document))
    with zipfile.ZipFile(out, "a") as package:
        for name, data in parts.items():
            package.writestr(f"word/embeddings/{name.replace('_', '.')}", data)
    return out.getvalue()


def sheet(words: str) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write(0, 0, words)
    return out.getvalue()


def shown(*objects: tuple[bytes, str]) -> bytes:
    """A presentation of one slide with these objects."""
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    for data, program in objects:
        slide.shapes.add_ole_object(io.BytesIO(data), program, Inches(1), Inches(1), icon_file=io.BytesIO(PIXEL))
    return saved(show)


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)


def inserted(name: str, data: bytes) -> bytes:
    """What Packager makes of a file."""
    path = f"C:\\kept\\{name}\0".encode()
    body = b"\2\0" + name.encode() + b"\0" + path + struct.pack("<HHI", 0, 3, len(path)) + path
    body += struct.pack("<I", len(data)) + data
    return container("\x01Ole10Native", (struct.pack("<I", len(body)) + body).ljust(4096, b"\0"))


def test_they_are_found_opened_and_forgotten_by_themselves(memory: Memory, tmp_path: Path):
    path = tmp_path / "offer.docx"
    path.write_bytes(written("See the prices.", prices_xlsx=sheet("Anchors of iron"), plan_docx=written("Hemp sails")))
    [result] = memory.add(path)
    assert (result.status, result.chunks) == ("added", 3)
    hit = memory.search("anchors", mode="keyword")[0]
    assert hit.uri == f"{path}#prices.xlsx"
    assert hit.place == {"embedded": "prices.xlsx", "sheet": "Sheet1", "row": 1}
    opening = open_at(hit.uri, hit.document.kind, hit.place, hit.text)
    assert (opening.path, opening.target) == (str(path), f"{path} embedded prices.xlsx, sheet Sheet1, row 1")
    assert memory.get(str(path)).metadata["embedded"] == ["plan.docx", "prices.xlsx"]
    path.write_bytes(written("See the prices.", plan_docx=written("Linen sails")))
    memory.add(path)
    assert [one.uri.removeprefix(str(path)) for one in memory.list()] == ["", "#plan.docx"]
    memory.forget(str(path))
    assert not memory.list()


def test_a_renamed_file_takes_them_along(memory: Memory, tmp_path: Path):
    (tmp_path / "a.docx").write_bytes(written("See.", plan_docx=written("Hemp sails")))
    (tmp_path / "b.docx").write_bytes(written("Alone."))
    for _ in range(2):
        changes = memory.compare(tmp_path)
        assert all(one.status != "failed" for one in memory.sync(changes))
        (tmp_path / "a.docx").replace(tmp_path / "c.docx") if (tmp_path / "a.docx").exists() else None
    assert [Path(one.uri).name for one in memory.list()] == ["b.docx", "c.docx", "c.docx#plan.docx"]


def test_of_slides_and_sheets_but_not_what_feeds_a_chart():
    data = CategoryChartData()
    data.categories = ["spring"]
    data.add_series("oak", (8.2,))
    show = pptx.Presentation(io.BytesIO(shown((sheet("Anchors"), PROG_ID.XLSX), (written("Sails"), PROG_ID.DOCX))))
    show.slides[0].shapes.add_chart(XL_CHART_TYPE.PIE, Inches(1), Inches(1), Inches(4), Inches(3), data)
    found = extract(saved(show), "x.pptx")
    assert {part.text for part in found.parts.values()} == {"Anchors", "Sails"}
    book = io.BytesIO(sheet("Outside"))
    with zipfile.ZipFile(book, "a") as package:
        package.writestr("xl/embeddings/inner.docx", written("Sails"))
    assert [part.text for part in extract(book.getvalue(), "x.xlsx").parts.values()] == ["Sails"]


def test_objects_of_other_programs_hold_files():
    found = extract(
        written(
            "Outside",
            a_bin=inserted("notes.txt", b"Anchors of iron"),
            b_bin=container("Package", written("Sails of hemp")),
            c_bin=container("Contents of a plotter", bytes(5000)),
            d_bin=container("Equation Native", bytes(5000)),
            e_bin=inserted("ship.jpg", b"\xff\xd8\xff\0"),
        ),
        "x.docx",
    )
    assert {name: part.text for name, part in found.parts.items()} == {
        "notes.txt": "Anchors of iron",
        "b": "Sails of hemp",
    }
    assert found.metadata["left_out"] == [
        "c.bin: an object of another program",
        "ship.jpg: not opened within a file",
    ]


def test_what_is_damaged_costs_only_itself():
    broken = container("Package", written("Sails"))[:700]
    found = extract(written("Outside", a_bin=broken, b_docx=b"PK\3\4 nothing", c_docx=written("Inside")), "x.docx")
    assert (found.text, list(found.parts)) == ("Outside", ["c.docx"])
    assert [line.split()[0] for line in found.metadata["left_out"]] == ["a.bin", "b.docx"]


def test_depth_number_and_size_are_bound():
    data = written("innermost")
    for at in range(5):
        data = written(f"level {at}", x_docx=data)
    found = extract(data, "x.docx")
    assert [part.text for part in found.parts.values()] == ["level 3", "level 2", "level 1"]
    assert list(found.parts) == ["x.docx", "x.docx/x.docx", "x.docx/x.docx/x.docx"]
    deepest = found.parts["x.docx/x.docx/x.docx"]
    assert deepest.places[0].labels["embedded"] == "x.docx/x.docx/x.docx"
    assert "more than 3 files" in deepest.metadata["left_out"][0]
    many = [written("Inside", **{f"p{at}_txt": b"word" for at in range(30)}) for _ in range(2)]
    bound = extract(written("Outside", a_docx=many[0], b_docx=many[1]), "x.docx", Limits(max_parts=50))
    assert len(bound.parts) == 50
    assert any("(max_parts)" in line for line in bound.parts["b.docx"].metadata["left_out"])
    large = extract(written("Outside", a_txt=b"word " * 300_000, b_txt=b"word"), "x.docx", Limits(max_file=1))
    assert list(large.parts) == ["b.txt"]
    assert large.metadata["left_out"] == ["a.txt: 1 MiB, the limit is 1: raise max_file"]


@pytest.mark.parametrize("kind", ["text", "spreadsheet"])
def test_objects_of_an_opendocument_file(kind: str):
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    names = "".join(f' xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"' for one in ("text", "table"))

    def content(inside: str) -> str:
        return f'<o:document-content xmlns:o="{office}"{names}><o:body>{inside}</o:body></o:document-content>'

    words = content("<o:text><text:p>Sails of hemp</text:p></o:text>")
    cell = '<table:table-cell o:value-type="string"><text:p>Anchors</text:p></table:table-cell>'
    row = f'<o:spreadsheet><table:table table:name="S"><table:table-row>{cell}</table:table-row></table:table>'
    outer = content("<o:text><text:p>Outside</text:p></o:text>" if kind == "text" else f"{row}</o:spreadsheet>")
    manifest = (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:file-entry '
        'm:full-path="Object 1/" m:media-type="application/vnd.oasis.opendocument.text"/></m:manifest>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        package.writestr("META-INF/manifest.xml", manifest)
        package.writestr("content.xml", outer)
        package.writestr("Object 1/content.xml", words)
        package.writestr("Object 2", inserted("notes.txt", b"Anchors of iron"))
    found = extract(out.getvalue(), "x.odt" if kind == "text" else "x.ods")
    texts = {name: part.text for name, part in found.parts.items()}
    assert texts.pop("notes.txt") == "Anchors of iron"
    assert texts == ({} if kind == "text" else {"Object 1.odt": "Sails of hemp"})


def test_in_an_archive_they_keep_their_places(memory: Memory, tmp_path: Path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("offer.docx", written("See the prices.", prices_xlsx=sheet("Anchors of iron " * 500)))
        package.writestr("large.txt", "hemp " * 300_000)
        for at in range(2100):
            package.writestr(f"notes/{at}.txt", "cormorant" if at == 2099 else "heron")
    found = extract(path.read_bytes(), path.name, Limits(max_file=1))
    assert (found.metadata["members"], found.metadata["skipped"]) == (2101, 1)
    assert found.metadata["left_out"] == ["large.txt: 1 MiB, the limit is 1: raise max_file"]
    memory.add(path)
    places = [hit.place for hit in memory.search("anchors", mode="keyword")]
    assert {"member": "offer.docx", "embedded": "prices.xlsx", "sheet": "Sheet1", "row": 1} in places
    assert "cormorant" in memory.search("cormorant", mode="keyword")[0].text


def test_a_mailbox_is_cut_in_time_that_grows_with_its_size():
    """All that was before each message was copied: a mailbox of 28 MiB took 76 seconds."""
    message = b"From a@b.c Mon May  6 07:08:09 2024\nFrom: a@b.c\n\nSails.\n\n"
    started = time.process_time()
    found = extract(message * 100_000, "x.mbox", Limits(max_parts=1))
    assert found.metadata["messages"] == 100_000
    assert time.process_time() - started < 10


def test_the_messages_left_out_of_a_mailbox_are_counted():
    message = b"From a@b.c Mon May  6 07:08:09 2024\nFrom: a@b.c\nSubject: Ships\n\nSails.\n\n"
    found = extract(message * 3, "x.mbox", Limits(max_parts=2))
    assert list(found.parts) == ["1", "2"]
    assert found.metadata["left_out"] == ["1 of 3 messages: raise max_parts"]
