"""Is every damaged file stored or refused in one line? Some dozens; `make fuzz FILES=folder` takes thousands."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import docx
import pytest
import xlsxwriter

from tests.fuzz.files import tried
from tests.fuzz.mutate import mutant

COUNT = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One sound file of some formats that nest, unpack or are read by native code."""
    document = docx.Document()
    document.add_heading("Ships")
    document.add_table(2, 2).cell(0, 0).text = "Vasa"
    document.save(str(tmp_path / "ships.docx"))
    with xlsxwriter.Workbook(tmp_path / "ships.xlsx") as workbook:
        workbook.add_worksheet("Ships").write(0, 0, "Vasa")
    with zipfile.ZipFile(tmp_path / "ships.zip", "w") as archive:
        archive.writestr("a.md", "# Vasa\n\nsank in 1628\n")
    (tmp_path / "ships.json").write_text(json.dumps({"ships": [{"name": "Vasa", "sank": 1628}] * 9}))
    (tmp_path / "ships.html").write_text("<html><h1>Ships</h1><table><tr><td>Vasa</td></tr></table></html>")
    (tmp_path / "ships.md").write_text("# Ships\n\n> - Vasa\n\n```\ncode\n```\n")
    (tmp_path / "ships.eml").write_bytes(b"Subject: Ships\nContent-Type: text/html\n\n<p>Vasa</p>")
    return tmp_path


def test_every_damaged_file_is_stored_or_refused(folder: Path) -> None:
    done = list(tried(folder, seed=1, first=0, end=COUNT))
    assert [one.number for one in done] == list(range(COUNT))
    assert [one for one in done if one.wrong] == []
    assert {one.ending for one in done} == {"stored", "refused"}


def test_a_seed_makes_the_same_files_again(folder: Path) -> None:
    files = sorted(folder.iterdir())
    made = [mutant(files, 1, number) for number in range(COUNT)]
    assert made == [mutant(files, 1, number) for number in range(COUNT)]
    assert len({data for _, data in made}) > COUNT // 2
