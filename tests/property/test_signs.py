"""Typographic signs: what goes by their ASCII likeness says what it said of the text itself."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from vstash.encode import tokens
from vstash.encode.hash import words_of
from vstash.signs import plain
from vstash.store.sqlite.documents import text_digest
from vstash.text.languages import language
from vstash.text.terms import BESIDE, extra_terms

SIGNS = "›→•·…–—’‘“”"
ENGLISH = st.text(alphabet=[*map(chr, range(128)), *SIGNS], max_size=900)


@given(text=ENGLISH)
def test_a_text_with_signs_becomes_ascii_of_the_same_length(text: str) -> None:
    assert plain(text).isascii()
    assert len(plain(text)) == len(text)
    assert re.findall(r"\w+", plain(text)) == re.findall(r"\w+", text)


@given(text=st.text(max_size=30))
def test_a_text_in_other_letters_stays(text: str) -> None:
    assert plain(f"ж{text}—") == f"ж{text}—"


@given(text=ENGLISH)
def test_nothing_that_is_asked_of_a_text_tells_its_signs_apart(text: str) -> None:
    other = f"{text} ж"  # which goes by the expressions
    assert tokens.estimated_starts(text) == tokens.estimated_starts(other)[:-1]
    assert words_of(text) == words_of(other)[:-1]
    assert extra_terms(text).split() == extra_terms(other).removeprefix(BESIDE).split()
    assert text_digest(f"a {text}") == text_digest(plain(f"a {text}"))


def test_a_language_is_told_through_quotation_marks() -> None:
    assert language(plain("“der Hund und die Katze sind nicht auf dem Dach”")) == "german"
