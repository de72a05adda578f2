"""Are the lines of a page read in the order in which a person reads them?"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstash.text.layout import Line, laid_out

HEIGHT = 20.0


def lines(words: str, left: float, top: float, width: float = 400, step: float = 24) -> Iterator[Line]:
    """One below the other."""
    for number, text in enumerate(words.split("|")):
        at = top + number * step
        yield Line(text, left, at, left + width, at + HEIGHT)


def test_rows_and_paragraphs():
    page = [*lines("One|two.", 50, 50), *lines("Three|four.", 50, 140)]
    assert laid_out(page) == "One\ntwo.\n\nThree\nfour."


def test_columns_are_read_one_after_the_other_below_the_title_over_both():
    page = [
        *lines("A title over both", 50, 20, 900),
        *lines("Left one|left two|left three", 50, 100),
        *lines("Right one|right two|right three", 500, 100),
    ]
    random.Random(1).shuffle(page)
    assert laid_out(page) == "A title over both\n\nLeft one\nleft two\nleft three\n\nRight one\nright two\nright three"


def test_the_cells_of_a_table_stay_in_their_rows():
    page = [*lines("Ship|Vasa|Ark", 50, 50, 90), *lines("Year|1628|1587", 300, 52, 60)]
    assert laid_out(page) == "Ship Year\nVasa 1628\nArk 1587"


def test_rows_that_lean_a_little_are_rows():
    page = [Line("oak", 0, 0, 60, 20), Line("and", 70, 4, 130, 24), Line("iron", 140, 8, 200, 28)]
    assert laid_out(page) == "oak and iron"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("was ap-|plied to all|of it", "was applied\nto all\nof it"),
        ("the Saar-|Land and|more", "the Saar-\nLand and\nmore"),
        ("from 1914 -|1918", "from 1914 -\n1918"),
        ("the end-|", "the end-\n"),
        ("a-|b", "ab\n"),
    ],
)
def test_words_divided_at_the_end_of_a_line_are_put_together(words: str, expected: str):
    assert laid_out(list(lines(words, 50, 50))).rstrip() == expected.rstrip()


def test_nothing_is_nothing():
    assert laid_out([]) == ""


numbers = st.integers(0, 1000)


@given(st.lists(st.tuples(numbers, numbers, st.integers(1, 300), st.integers(1, 60)), max_size=60))
def test_every_line_is_there_once(places: list[tuple[int, int, int, int]]):
    page = [Line(f"w{n}", x, y, x + wide, y + high) for n, (x, y, wide, high) in enumerate(places)]
    assert sorted(laid_out(page).split()) == sorted(line.text for line in page)
