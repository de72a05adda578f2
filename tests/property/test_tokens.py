"""Word by word or all at once: the tokens of a text are the same, whatever is in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from vstash.encode.minilm import MAX_TOKENS, model_folder
from vstash.encode.tokens import SHORT, Tokens, encodable, estimated_starts
from vstash.encode.words import Words, separable

# What could join or part words: spaces and punctuation of every kind, marks, joiners, controls, special tokens.
AWKWARD = [
    *" \t\n\r\v\f.,-_'’“”[]<#!?。、،।·\u00a0\u2028\u3000\u200b\u200d\ufeff\ufffd\ufe0f\x00\x1c\x7f\x85\xad",
    *"\u0300\u0301\u0327\u0338\u05b8\u064b\u093c\u3099\u0e31éÅﬁßİıǅΣς漢字かなカ한글ไทยا🙂👩‍🚀𝒳①½",
    *("[SEP]", "[CLS]", "[UNK]", "[sep]", "[MASK]", "the", "un", "##un", "x" * 101, "HTTP2Server", "naïve"),
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(AWKWARD), max_size=30).map("".join),
    st.text("ab .,\u0301é", max_size=40),
)


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens(model_folder() / "tokenizer.json")


@pytest.fixture(scope="module")
def whole() -> Any:
    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@given(text=TEXTS)
@settings(max_examples=400)
def test_words_give_the_tokens_of_the_whole_text(tokens: Tokens, whole: Any, text: str) -> None:
    expected = whole.encode(encodable(text), add_special_tokens=False)
    assert tokens.pieces(text) == expected.ids
    assert tokens.starts(text) == [start for start, _ in expected.offsets]
    assert tokens.ids(text, MAX_TOKENS) == whole.encode(encodable(text)).ids


@given(texts=st.lists(TEXTS, max_size=8))
def test_what_is_asked_together_is_told_apart(whole: Any, texts: list[str]) -> None:
    words = Words(whole)
    for text in filter(words.apply, map(encodable, texts)):
        assert words.ids(text) == whole.encode(text, add_special_tokens=False).ids


def test_the_window_is_kept(tokens: Tokens) -> None:
    ids = tokens.ids("word " * 1000, MAX_TOKENS)
    assert len(ids) == MAX_TOKENS
    assert (ids[0], ids[-1]) == tuple(tokens.ids("", MAX_TOKENS))


def test_other_tokenizers_are_asked_for_whole_texts(whole: Any) -> None:
    other = Tokenizer.from_str(whole.to_str().replace('"BertPreTokenizer"', '"Whitespace"'))
    assert separable(whole)
    assert not separable(other)
    other = Tokenizer.from_str(whole.to_str())
    other.add_tokens(["new york"])
    assert not separable(other)


@given(text=st.text(alphabet=[chr(code) for code in range(128)], max_size=80))
def test_the_table_estimates_as_the_expression_does(text: str) -> None:
    for given_ in (text, text * (SHORT // max(1, len(text)) + 1)):  # short texts go by another expression
        assert estimated_starts(given_) == [start - 2 for start in estimated_starts(f"é {given_}")[1:]]
