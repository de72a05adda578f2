"""Are the words of photographs, screenshots and scans found?"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
from PIL import ExifTags, Image, ImageDraw, ImageFont

from vstash import Memory
from vstash.config import Limits, numbers
from vstash.errors import SourceTooLarge, UnsupportedSource
from vstash.text.read import extract
from vstash.text.recognition import NOTES
from vstash.text.sandbox import Sandbox, python, send

FIXTURES = Path(__file__).parent.parent / "fixtures"
SHIP = "The grey heron waits\nbeside the anchored ship"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files without words are noted, for this test alone."""
    monkeypatch.setenv("VSTASH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def drawn(words: str, size: tuple[int, int] = (900, 300), spacing: int = 24) -> Image.Image:
    picture = Image.new("RGB", size, "white")
    font = ImageFont.load_default(40)
    ImageDraw.Draw(picture).multiline_text((40, 40), words, "black", font, spacing=spacing)
    return picture


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def pdf(pages: Iterable[Image.Image | str]) -> bytes:
    """Pages with a text or a scan."""
    whole = pypdfium2.PdfDocument.new()
    for page in pages:
        picture = drawn("", (600, 800)) if isinstance(page, str) else page
        whole.import_pages(pypdfium2.PdfDocument(saved(picture, "PDF")))
    for number, page in enumerate(pages):
        if isinstance(page, str):
            _write(whole, number, page)
    out = io.BytesIO()
    whole.save(out)
    return out.getvalue()


def _write(document: pypdfium2.PdfDocument, number: int, words: str) -> None:
    raw = pypdfium2.raw
    page = document[number]
    text = raw.FPDFPageObj_NewTextObj(document, b"Helvetica", 12.0)
    units = words.encode("utf-16-le") + b"\0\0"
    raw.FPDFText_SetText(text, raw.ctypes.cast(units, raw.FPDF_WIDESTRING))
    raw.FPDFPageObj_Transform(text, 1, 0, 0, 1, 20, 20)
    raw.FPDFPage_InsertObject(page, text)
    page.gen_content()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"])
def test_the_words_of_a_picture(form: str):
    found = extract(saved(drawn(SHIP), form), f"note.{form.lower()}")
    assert (found.text, found.kind, found.places) == (SHIP, "image", ())


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_picture_that_lies_on_its_side_or_head(turned: int):
    assert extract(saved(drawn(SHIP).rotate(turned, expand=True), "PNG"), "note.png").text == SHIP


@pytest.mark.parametrize("leaning", [-6, 6])
def test_a_page_that_leans_is_read_line_by_line(leaning: int):
    words = "\n".join([
        "Old timber yards kept the oak under water for years",
        "Salt drove out the sap before the planks were sawn",
        "Every plank was marked with the name of its owner",
    ])  # fmt: skip
    page = drawn(words, (1300, 340), 6).rotate(leaning, expand=True, fillcolor="white")
    assert extract(saved(page, "PNG"), "x.png").text == words


def test_letters_with_marks():
    data = (FIXTURES / "marks.png").read_bytes()
    assert extract(data, "x.png").text == "Die Größe der Straße, señal pequeña,\nla forêt où l'été dort, zażółć gęślą"


def test_letters_that_are_not_read_are_no_words():
    with pytest.raises(UnsupportedSource, match="shows no words") as caught:
        extract((FIXTURES / "cyrillic.png").read_bytes(), "x.png")
    assert "other letters" in caught.value.hint


def test_a_number_on_a_page_in_letters_that_are_not_read_is_not_what_it_says():
    part = Image.open(FIXTURES / "cyrillic.png")
    page = drawn("2024 1500", (part.width, 6 * part.height + 200))
    for n in range(6):
        page.paste(part, (0, 200 + n * part.height))
    with pytest.raises(UnsupportedSource, match="shows no words"):
        extract(saved(page, "PNG"), "x.png")


def test_what_is_certain_is_kept_of_a_page_that_is_not():
    assert extract((FIXTURES / "armenian.png").read_bytes(), "x.png").text == "Anchors of iron"


@pytest.mark.parametrize("ink", [(0, 0, 0, 255), (250, 250, 250, 255)], ids=["dark", "light"])
def test_words_on_nothing_are_seen(ink: tuple[int, int, int, int]):
    clear = Image.new("RGBA", (900, 200), (0, 0, 0, 0))
    ImageDraw.Draw(clear).text((40, 40), "Iron anchor", ink, ImageFont.load_default(40))
    assert extract(saved(clear, "PNG"), "x.png").text == "Iron anchor"


def test_a_picture_without_a_telling_name_and_when_it_was_taken():
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:06 07:08:09"
    exif[ExifTags.Base.Orientation] = 5  # lying and as in a mirror, so that to turn it would not help
    lying = drawn(SHIP).transpose(Image.Transpose.TRANSPOSE)
    found = extract(saved(lying, "JPEG", exif=exif), "IMG_2034")
    assert (found.text, found.dated_at) == (SHIP, datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC))


def test_pages_of_a_fax():
    more = [drawn("Second page"), Image.new("RGB", (900, 300), "white"), drawn("Fourth page")]
    found = extract(saved(drawn(SHIP), "TIFF", save_all=True, append_images=more), "fax.tif")
    assert found.text == f"{SHIP}\n\nSecond page\n\nFourth page"
    assert [(found.text[place.start :][:6], place.labels) for place in found.places] == [
        ("The gr", {"page": 1}),
        ("Second", {"page": 2}),
        ("Fourth", {"page": 4}),
    ]


def test_scanned_pages_are_read_where_they_stand():
    found = extract(pdf(["Typed words.", drawn(SHIP, (900, 1200)), drawn("Tar and hemp", (900, 1200))]), "x.pdf")
    assert found.text.split("\n\n") == ["Typed words.", SHIP, "Tar and hemp"]
    assert [place.labels["page"] for place in found.places] == [1, 2, 3]


def test_a_stamp_over_a_scan_does_not_hide_it():
    stamped = pypdfium2.PdfDocument(pdf([drawn(SHIP, (900, 1200))]))
    _write(stamped, 0, "Case 12, page 3")
    out = io.BytesIO()
    stamped.save(out)
    assert extract(out.getvalue(), "x.pdf").text == f"Case 12, page 3\n{SHIP}"


def test_no_more_pages_than_the_limit_are_read():
    data = pdf([drawn("First page"), drawn("Second page"), drawn("Third page")])
    found = extract(data, "x.pdf", Limits(max_scans=1))
    assert found.text == "First page\n\n[pages 2–3 are scanned, without text]"
    with pytest.raises(UnsupportedSource, match="seems scanned") as caught:
        extract(data, "x.pdf", Limits(max_scans=0))
    assert caught.value.hint == "raise max_scans"
    with pytest.raises(UnsupportedSource, match="not recognised") as caught:
        extract(saved(drawn(SHIP), "PNG"), "x.png", Limits(max_scans=0))
    assert caught.value.hint == "raise max_scans"


def test_without_the_extra_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['rapidocr'] = None\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for data, name in ((saved(drawn(SHIP), "PNG"), "x.png"), (pdf([drawn(SHIP)]), "x.pdf")):
        with pytest.raises(UnsupportedSource, match=name) as caught:
            extract(data, name)
        assert caught.value.hint == "install text recognition with: pip install 'vstash[ocr]'"


def test_pages_that_were_not_read_are_once_they_can_be(memory: Memory, tmp_path: Path):
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(pdf([drawn("First page"), drawn("Second page")]))
    assert [one.status for one in memory.within(Limits(max_scans=1)).add(letter)] == ["added"]
    assert memory.get(str(letter)).metadata["unread_pages"] == 1
    for scans in (1, 0):  # with less room there is no more to be had
        assert [one.status for one in memory.within(Limits(max_scans=scans)).add(letter)] == ["unchanged"]
    assert [one.status for one in memory.add(letter)] == ["replaced"]
    assert "unread_pages" not in memory.get(str(letter)).metadata
    assert "Second page" in (memory.get(str(letter)).text or "")
    for limits in (Limits(), Limits(max_scans=1)):  # what was read whole stays
        assert [one.status for one in memory.within(limits).add(letter)] == ["unchanged"]


def test_and_once_the_extra_is_there(memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(pdf(["Typed words.", drawn("Second page")]))
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['rapidocr'] = None\n")
    with monkeypatch.context() as lacking:
        lacking.syspath_prepend(str(tmp_path))
        lacking.setitem(sys.modules, "rapidocr", None)
        assert [one.status for one in memory.add(letter)] == ["added"]
        assert [one.status for one in memory.add(letter)] == ["unchanged"]
    assert [one.status for one in memory.add(letter)] == ["replaced"]
    assert "Second page" in (memory.get(str(letter)).text or "")


def test_what_shows_no_words_is_looked_at_once(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    photograph = saved(Image.radial_gradient("L").resize((600, 400)), "PNG")
    with pytest.raises(UnsupportedSource, match="shows no words") as caught:
        extract(photograph, "sun.png")
    noted = (cache / NOTES).read_text()
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['rapidocr'] = None\n")
    monkeypatch.syspath_prepend(str(tmp_path))  # so that looking again would be another error
    with pytest.raises(UnsupportedSource, match="shows no words") as again:
        extract(photograph, "moon.png")
    assert (again.value.hint, (cache / NOTES).read_text()) == (caught.value.hint, noted)


def test_nothing_is_noted_of_what_was_not_looked_at(cache: Path):
    with pytest.raises(UnsupportedSource):
        extract(saved(drawn(SHIP), "PNG"), "x.png", Limits(max_scans=0))
    extract(saved(drawn(SHIP), "PNG"), "x.png")
    assert not (cache / NOTES).exists()


def test_nothing_is_noted_when_nobody_waits_any_more(cache: Path):
    """As when who adds is killed before the child begins to look."""
    with python("vstash.text.confined", piped=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.close()
        asked = {"reader": "picture", "name": "x.png", "limits": numbers(Limits()), "depth": 1}
        send(child.stdin, json.dumps(asked).encode(), saved(drawn(SHIP), "PNG"))
    assert not (cache / NOTES).exists()


@pytest.mark.parametrize(("size", "looked_at"), [((99, 99), 0), ((900, 11), 0), ((100, 30), 1)])
def test_icons_and_rules_are_not_looked_at(size: tuple[int, int], looked_at: int):
    begun: list[Limits] = []
    with Sandbox(begun.append) as sandbox, pytest.raises(UnsupportedSource, match="shows no words"):
        sandbox.read("picture", saved(Image.new("RGB", size, "red"), "PNG"), "icon.png", Limits())
    assert len(begun) == looked_at


def test_a_line_that_was_cut_out_is_read():
    line = drawn("Iron anchor").crop((30, 45, 330, 85)).resize((225, 30))
    assert extract(saved(line, "PNG"), "x.png").text == "Iron anchor"


def test_a_screenshot_of_a_whole_page_is_read_in_strips():
    words = [f"{number}: the grey heron waits" for number in range(11, 91)]
    tall = Image.new("RGB", (640, 8000), "white")
    for number, line in enumerate(words):
        ImageDraw.Draw(tall).text((30, 20 + 99 * number), line, "black", ImageFont.load_default(20))
    for data, name in ((saved(tall, "PNG"), "x.png"), (saved(tall, "PDF"), "x.pdf")):
        assert extract(data, name).text.replace("\n\n", "\n").split("\n") == words


def test_a_narrow_strip_takes_no_more_memory_than_a_page():
    narrow = Image.new("RGB", (130, 4000), "white")
    for top in range(20, 4000, 200):
        ImageDraw.Draw(narrow).text((30, top), "heron", "black", ImageFont.load_default(24))
    assert extract(saved(narrow, "PNG"), "x.png").text.split() == ["heron"] * 20


@pytest.mark.parametrize("cut", [30, 200, 700])
def test_a_damaged_picture_says_so(cut: int):
    whole = saved(drawn(SHIP), "PNG")
    with pytest.raises(UnsupportedSource, match=r"x\.png cannot be read as an image, it seems damaged"):
        extract(whole[:cut], "x.png")


def test_a_photograph_that_lacks_its_last_bytes_is_read():
    whole = saved(drawn(SHIP), "JPEG")
    assert extract(whole[:-8], "x.jpg").text == SHIP


def test_a_picture_that_unpacks_to_too_much_is_refused():
    bomb = saved(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(bomb) < 100_000
    with pytest.raises(SourceTooLarge, match="200 megapixels"):
        extract(bomb, "x.png")


def test_a_scanned_page_has_time_of_its_own():
    begun: list[Limits] = []
    limits = Limits()
    with Sandbox(begun.append) as sandbox:
        sandbox.read("pdf", pdf([drawn("One page"), drawn("Two pages")]), "x.pdf", limits)
    assert begun == [limits] * 2


def test_a_folder_with_pictures(memory: Memory, tmp_path: Path):
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "note.png").write_bytes(saved(drawn(SHIP), "PNG"))
    (folder / "letter.pdf").write_bytes(pdf([drawn("Dear Captain")]))
    (folder / "plain.md").write_text("Tar and hemp.")
    assert {Path(one.uri).name: one.status for one in memory.add([folder])} == {
        "letter.pdf": "added",
        "note.png": "added",
        "plain.md": "added",
    }
    assert memory.search("heron")[0].uri == os.fspath(folder / "note.png")
    assert memory.search("captain")[0].place == {"page": 1}


@pytest.mark.parametrize("memory", [256, 384, 512, 640])  # which the engine needs for itself
def test_a_page_that_takes_too_much_memory_costs_only_itself(memory: int):
    limits = Limits(max_memory=memory)
    found = extract(pdf(["Typed words.", drawn(SHIP)]), "x.pdf", limits)
    assert found.text == "Typed words.\n\n[page 2 is scanned, without text]"
    with pytest.raises(UnsupportedSource, match="not recognised") as caught:
        extract(saved(drawn(SHIP), "PNG"), "x.png", limits)
    assert caught.value.hint == "raise max_memory"
