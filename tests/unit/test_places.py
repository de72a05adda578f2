"""A passage says where it stands in the original, first word and last."""

from __future__ import annotations

import pytest

from vstash.text.passage import estimate_starts
from vstash.text.places import Places, joined, words
from vstash.text.read import extract
from vstash.text.split import split
from vstash.types import Place, Source

TEXT = "one\ntwo\n\nthree\nfour\n"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 4, {"line": 1}),
        (0, 8, {"line": 1, "line_end": 2}),
        (8, 15, {"line": 4}),  # it begins with a blank line, which is not where its words stand
        (0, 20, {"line": 1, "line_end": 5}),
    ],
)
def test_lines_count_on(start: int, end: int, expected: dict[str, int]):
    assert Places(TEXT, [Place(0, {"line": 1})]).span(start, end) == expected


def test_lines_are_counted_in_any_order():
    places = Places(TEXT, [Place(0, {"line": 1})])
    assert [places.span(at, at + 1)["line"] for at in (15, 0, 9, 4)] == [5, 1, 4, 2]


def test_labels_hold_up_to_the_next_place():
    places = Places("a b c d", [Place(2, {"page": 1}), Place(5, {"page": 2})])
    assert [places.span(0, 1), places.span(2, 5), places.span(2, 7)] == [
        {},
        {"page": 1},
        {"page": 1, "page_end": 2},
    ]


def test_runs_join_to_a_longer_run():
    first, last = {"sheet": "A", "row": 2, "row_end": 4}, {"sheet": "A", "row": 5, "row_end": 9}
    assert joined(first, last) == {"sheet": "A", "row": 2, "row_end": 9}


def test_every_passage_of_a_file_leads_back_to_its_lines():
    text = "# Top\n\n" + "\n\n".join(f"paragraph {number} " + "word " * 30 for number in range(40)) + "\n"
    found = extract(text.encode(), "x.md")
    chunks = split(Source("x", found.text, headings=found.headings, places=found.places), 60, estimate_starts)
    lines = text.split("\n")
    assert len(chunks) > 10
    for chunk in chunks:
        first, last = chunk.place["line"], chunk.place.get("line_end", chunk.place["line"])
        assert "\n".join(lines[first - 1 : last]).strip() == chunk.text.strip()


def test_table_rows_are_numbered_as_in_the_file():
    found = extract(b"name,year\nVasa,1628\n,\nMary Rose,1510\n", "x.csv")
    places = Places(found.text, found.places)
    spans = [places.span(start, end) for start, end in found.atoms]
    assert spans == [{"row": 2}, {"row": 4}]


def test_a_label_of_two_words_is_said_as_such():
    assert words({"chapter": 2, "chapter_title": "Iron"}) == "chapter 2, chapter title Iron"
