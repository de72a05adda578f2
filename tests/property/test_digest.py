"""The digest of a text's words: the fast way for ASCII gives what the expression gives."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from vstash.store.sqlite.documents import _words, text_digest


@given(text=st.one_of(st.text(), st.text(alphabet=[chr(code) for code in range(128)])))
def test_words_are_those_of_the_expression(text: str) -> None:
    assert _words(text) == " ".join(re.findall(r"\w+", text.casefold())).encode("utf-8", "surrogatepass")


def test_texts_without_words_are_told_apart() -> None:
    assert text_digest("---") != text_digest("***")
    assert text_digest("One,  two") == text_digest("one two!")
