"""From a passage back to its original: the lines of the file, and the words of the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstash import InputError, Memory
from vstash.opening import open_at
from vstash.text.passage import estimate_starts
from vstash.text.read import extract
from vstash.text.split import split
from vstash.types import Source

PAGE = "https://a.example/x"


@pytest.mark.parametrize(
    ("uri", "place", "target"),
    [
        ("/n/a.md", {"line": 12, "line_end": 14}, "/n/a.md:12"),
        ("/n/a.pdf", {"page": 3, "page_end": 4}, "/n/a.pdf page 3–4"),
        ("/n/a.xlsx", {"sheet": "Sales", "row": 3, "row_end": 9}, "/n/a.xlsx sheet Sales, row 3–9"),
        ("/n/a.pptx", {"slide": 2}, "/n/a.pptx slide 2"),
        ("/n/a.ipynb", {"cell": 4}, "/n/a.ipynb cell 4"),
        ("/n/a.zip", {"member": "b.md", "line": 5}, "/n/a.zip member b.md, line 5"),
        ("/n/a.html", {}, "/n/a.html"),
        ("/n/Learning C#", {"line": 3}, "/n/Learning C#:3"),
    ],
)
def test_files_open_at_their_place(uri: str, place: dict[str, Any], target: str):
    found = open_at(uri, "text", place, "words")
    assert (found.target, found.path, found.place) == (target, uri, place)


@pytest.mark.parametrize(
    ("uri", "kind", "place", "target"),
    [
        ("/n/a b.html", "html", {"line": 4}, "file:///n/a%20b.html#:~:text=Iron%20holds"),
        ("C:\\n\\a.htm", "html", {}, "file:///C:/n/a.htm#:~:text=Iron%20holds"),
        ("C:/n/A.HTM", "html", {}, "file:///C:/n/A.HTM#:~:text=Iron%20holds"),
        ("/n/a\nb.xhtml", "html", {}, "file:///n/a%0Ab.xhtml#:~:text=Iron%20holds"),
        ("/n/a.html.bak", "html", {"line": 4}, "/n/a.html.bak:4"),
        ("a.html", "html", {"line": 4}, "a.html:4"),
        ("/n/a.doc", "html", {"line": 4}, "/n/a.doc:4"),
        ("/n/a.zip", "zip", {"member": "b.html", "line": 4}, "/n/a.zip member b.html, line 4"),
        ("/n/a.json", "json", {"key": "a[3].b", "key_end": "a[4]"}, "/n/a.json key a[3].b–a[4]"),
        ("/n/a.docx", "docx", {"page": 2, "table": 1, "row": 3}, "/n/a.docx page 2, table 1, row 3"),
        ("/n/a.odt", "opendocument", {"page": 2, "paragraph": 7}, "/n/a.odt page 2, paragraph 7"),
    ],
)
def test_files_open_as_far_as_their_programs_go(uri: str, kind: str, place: dict[str, Any], target: str):
    found = open_at(uri, kind, place, "Iron holds")
    assert (found.target, found.path) == (target, uri)


@pytest.mark.parametrize(
    ("kind", "place", "text", "target"),
    [
        ("html", {"line": 7}, "Iron holds", f"{PAGE}#:~:text=Iron%20holds"),
        ("html", {}, "Iron holds", f"{PAGE}#:~:text=Iron%20holds"),
        ("html", {}, "- One, a-b & c\n", f"{PAGE}#:~:text=One%2C%20a%2Db%20%26%20c"),
        ("html", {}, "Ships\n\nThe iron anchor holds.\n", f"{PAGE}#:~:text=Ships,The%20iron%20anchor%20holds."),
        ("html", {}, "name | year\nVasa | 1628", f"{PAGE}#:~:text=name,1628"),
        ("html", {}, "a b c d e f g h i j k l m", f"{PAGE}#:~:text=a%20b%20c%20d%20e%20f,h%20i%20j%20k%20l%20m"),
        ("pdf", {"page": 3}, "Iron", f"{PAGE}#page=3"),
        ("html", {}, "- - One", f"{PAGE}#:~:text=One"),
        ("pdf", {}, "Iron", PAGE),
        ("html", {}, "  ", PAGE),
    ],
)
def test_pages_open_at_their_words(kind: str, place: dict[str, Any], text: str, target: str):
    found = open_at(PAGE, kind, place, text)
    assert (found.target, found.path) == (target, None)


@pytest.mark.parametrize(
    ("name", "place", "target"),
    [
        ("a.pdf", {"attachment": "a.pdf", "page": 3}, "attachment a.pdf, page 3"),
        ("2", {"message": "2", "part": "body"}, "message 2, part body"),
        (
            "2/a.docx/b.txt",
            {"message": "2", "attachment": "a.docx", "embedded": "b.txt", "line": 1},
            "message 2, attachment a.docx, embedded b.txt, line 1",
        ),
    ],
)
def test_what_came_in_a_file_opens_in_it(name: str, place: dict[str, Any], target: str):
    found = open_at(f"/n/whole#{name}", "text", place, "words")
    assert (found.target, found.path) == (f"/n/whole {target}", "/n/whole")


@pytest.mark.parametrize("uri", ["memory:12", "stdin:12"])
def test_what_never_was_a_file_cannot_be_opened(uri: str):
    with pytest.raises(InputError, match="never a file"):
        open_at(uri, "text", {}, "x")


LINES = st.lists(
    st.sampled_from(
        ["", "", "word here and there", "# Top", "## Below", "* Org", "def f(x):", "    return x", "Title", "=====",
         "```", "- item one", "| a | b |", "|---|---|", "\\section{One}", "== Doc", "東京 の 夜", "a\x0cb", "\ttab",
         "class A:", "---", "key: value", ".. note:: x", "   inside", "x" * 90, "\\begin{itemize}", "<p>hi</p>", "é ü"]
    ),
    min_size=1,
    max_size=60,
)  # fmt: skip
SUFFIXES = st.sampled_from(
    [".txt", ".md", ".py", ".rst", ".tex", ".org", ".adoc", ".js", ".go", ".rs", ".java", ".c", ".sh", ".yaml"]
)


@given(LINES, SUFFIXES, st.sampled_from(["\n", "\r\n"]), st.sampled_from([b"", b"\xef\xbb\xbf"]), st.integers(8, 80))
def test_the_lines_of_a_passage_hold_its_first_and_last_words(
    rows: list[str], suffix: str, end: str, mark: bytes, window: int
):
    if not "".join(rows).strip():
        rows = ["word"]
    found = extract(mark + end.join(rows).encode(), f"x{suffix}")
    source = Source("x", found.text, headings=found.headings, atoms=found.atoms, places=found.places)
    for chunk in split(source, window, estimate_starts):
        first, last = chunk.place["line"], chunk.place.get("line_end", chunk.place["line"])
        said = chunk.text.split()
        assert said[0] in rows[first - 1]
        assert said[-1] in rows[last - 1]


def test_from_a_search_to_the_line_in_the_file(tmp_path: Path):
    path = tmp_path / "a.py"
    path.write_text("import os\n\n\n" + "x = 1\n" * 50 + "def retry_delay(n):\n    return 2**n\n" + "y = 2\n" * 50)
    with Memory.open(":memory:", encoder="hash") as memory:
        memory.add(path)
        hit = memory.search("retry_delay", limit=1)[0]
        opening = open_at(hit.uri, hit.document.kind, hit.place, hit.text)
    name, _, line = opening.target.rpartition(":")
    shown = Path(name).read_text().splitlines()[int(line) - 1 : hit.place["line_end"]]
    assert "\n".join(shown).strip() == hit.text.strip()
    assert "def retry_delay(n):" in shown
