"""Word by word or all at once: the tokens of a text are the same, whatever is in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from vstash.encode.minilm import MAX_TOKENS, model_folder
from vstash.encode.tokens import SHORT, Tokens, encodable, estimated_starts
from vstash.encode.vocabulary import ENOUGH, Sparing
from vstash.encode.words import Words, separable
from vstash.errors import ModelUnavailable

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


def sparing() -> Sparing:
    return Sparing(model_folder() / "tokenizer.json", model_folder() / "vocab.txt")


@given(text=TEXTS)
@settings(max_examples=200)
def test_a_part_of_the_vocabulary_gives_the_same_tokens(whole: Any, text: str) -> None:
    one = sparing()
    for special in (True, False):
        found, expected = (each.encode(encodable(text), add_special_tokens=special) for each in (one, whole))
        assert (found.ids, found.offsets) == (expected.ids, expected.offsets)


def test_the_whole_vocabulary_is_loaded_for_long_texts_only(whole: Any) -> None:
    one = sparing()
    one.encode("how are type hints evaluated lazily")
    assert "whole" not in vars(one)
    text = "antidisestablishmentarianism " * (ENOUGH // 10)
    assert one.encode(text).ids == whole.encode(text).ids
    assert "whole" in vars(one)


def test_many_short_texts_load_the_whole_vocabulary_too(whole: Any) -> None:
    one = sparing()
    text = "seven words are asked for each time"
    for _ in range(ENOUGH // len(text)):
        one.encode(text)
    assert "whole" not in vars(one)
    assert one.encode(text).ids == whole.encode(text).ids
    assert "whole" in vars(one)


def test_a_question_does_not_wait_for_the_whole_vocabulary() -> None:
    one = Tokens(model_folder() / "tokenizer.json", model_folder() / "vocab.txt")
    assert one.ids("how are type hints evaluated lazily", MAX_TOKENS)
    assert "whole" not in vars(one._tokenizer)


def test_the_names_are_those_of_the_tokenizer(whole: Any) -> None:
    names = (model_folder() / "vocab.txt").read_text(encoding="utf-8").split("\n")
    assert {name: id_ for id_, name in enumerate(names) if name} == whole.get_vocab()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        '{"added_tokens": [], "vocab":{"a":1}, "more": 1}',
        '{"added_tokens": [], "model":{"vocab":{"a":1}, "more": 1}}',
        '"vocab":{}}}',
    ],
)
def test_a_file_laid_out_otherwise_is_not_read_in_part(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises((ValueError, OSError)):
        Sparing(tmp_path / "tokenizer.json", model_folder() / "vocab.txt")


def test_what_cannot_be_read_in_part_is_read_as_a_whole(tmp_path: Path, whole: Any) -> None:
    (tmp_path / "tokenizer.json").write_text(whole.to_str(pretty=True))
    names = model_folder() / "vocab.txt"
    assert Tokens(tmp_path / "tokenizer.json", names).pieces("a question") == Tokens(
        names.with_name("tokenizer.json")
    ).pieces("a question")


def test_without_the_names_it_is_read_as_a_whole(tokens: Tokens, tmp_path: Path) -> None:
    file = model_folder() / "tokenizer.json"
    assert Tokens(file, tmp_path / "vocab.txt").pieces("a question") == tokens.pieces("a question")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        Tokens(tmp_path / "tokenizer.json", tmp_path / "vocab.txt")


def test_what_changes_no_letters_is_read_as_a_whole(tmp_path: Path, whole: Any) -> None:
    """Which names stand in a text is known for BERT's rules only: here "A" is none, "a" is."""
    (tmp_path / "tokenizer.json").write_text(re.sub(r'"normalizer":\{.*?\}', '"normalizer":null', whole.to_str()))
    other = Tokens(tmp_path / "tokenizer.json", model_folder() / "vocab.txt")
    assert other.pieces("A question") == [whole.token_to_id("[UNK]"), whole.token_to_id("question")]


@given(texts=st.lists(TEXTS, max_size=8))
def test_what_is_asked_together_is_told_apart(whole: Any, texts: list[str]) -> None:
    words = Words(whole, whole.encode)
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
