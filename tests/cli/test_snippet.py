"""Which words of a passage are marked, and which part of it is shown?"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstash.cli.snippet import excerpt, fold, marked, spans
from vstash.text.terms import query_terms
from vstash.types import Term


def shown(text: str, *words: tuple[str, str]) -> str:
    return marked(text, [Term(word, 1, stem=stem) for word, stem in words], "<", ">")


@pytest.mark.parametrize(
    ("text", "word", "stem", "expected"),
    [
        ("Sleeping cats sleep, asleep.", "sleeps", "sleep", "<Sleeping> cats <sleep>, asleep."),
        ("Study these studies, student.", "studies", "studi", "<Study> these <studies>, student."),
        ("The CAFÉ and the cafe", "café", "cafe", "The <CAFÉ> and the <cafe>"),
        ("A cat in a category", "cat", "cat", "A <cat> in a category"),
        ("as is, its", "is", "is", "as <is>, its"),
        ("The evaluation was lazily evaluated", "evaluate", "evalu", "The <evaluation> was lazily <evaluated>"),
        ("京の天気は晴れ", "天気", "天気", "京の<天気>は晴れ"),
        ("call os.path.join", "path", "path", "call os.<path>.join"),
        ("C++ and C", "c++", "c", "<C>++ and <C>"),
        ("test_expired_card, uncarded", "cards", "card", "test_expired_<card>, uncarded"),
        ("keyword_evidence()", "keyword_evidence", "keyword evid", "<keyword_evidence>()"),
        ("nothing here", "absent", "absent", "nothing here"),
    ],
)
def test_forms_of_a_word_are_marked(text: str, word: str, stem: str, expected: str) -> None:
    assert shown(text, (word, stem)) == expected


def test_a_phrase_is_marked_word_by_word() -> None:
    phrase = Term("sleeping cats", 1, phrase=True, stem="sleep cat")
    assert marked("cats that sleep", [phrase], "<", ">") == "<cats> that <sleep>"


def test_pairs_of_characters_are_marked_as_the_run_they_cover() -> None:
    pairs = [(pair, pair) for pair in ("数据", "据库", "库迁", "迁移", "服务")]
    assert shown("张伟负责把数据库迁移到新的服务器", *pairs) == "张伟负责把<数据库迁移>到新的<服务>器"


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("지난주에 좋은 책을 읽었다", '"좋은 책"', "지난주에 <좋은> <책>을 읽었다"),
        ("오늘은 좋은 책을", '"좋은 책"', "오늘은 <좋은> <책>을"),
        ("がきとかき", "かき", "がきと<かき>"),
        ("พาสปอร์ตอยู่ในลิ้นชัก", "ลิ้นชัก", "พาสปอร์ตอยู่ใน<ลิ้นชัก>"),
        ("ดื่มน้ำทุกวัน", "น้ำ", "ดื่ม<น้ำ>ทุกวัน"),
        ("เขาทำงาน", "ทำงาน", "เขา<ทำงาน>"),
        ("मेरी किताबें अलमारी में", "किताब", "मेरी <किताबें> अलमारी में"),
        ("पासपोर्ट दराज में", "पासपोर्ट", "<पासपोर्ट> दराज में"),
        ("আমার বোন", "বোন", "আমার <বোন>"),
        ("私はPythonで書く", "python", "私は<Python>で書く"),
        ("ثمن اللحم، والأرز", "لحم أرز", "ثمن <اللحم>، <والأرز>"),
        ("விலை 450, சென்னையில்", "சென்னை", "விலை 450, <சென்னையில்>"),
        ("im Straßenbau tätig", "strassenbau", "im <Straßenbau> tätig"),
        ("عام ٢٠٢٣م", "2023", "عام <٢٠٢٣م>"),
        ("बिल कितना आया। कल", "आया", "बिल कितना <आया>। कल"),
        ("２０２４年に", "2024", "<２０２４>年に"),
    ],
)
def test_words_of_other_scripts_are_marked_as_they_are_found(text: str, query: str, expected: str) -> None:
    assert marked(text, [Term(term.text, 1, stem=term.text) for term in query_terms(query)], "<", ">") == expected


def test_without_terms_the_beginning_is_shown_as_it_is() -> None:
    assert excerpt("short", []) == "short"
    assert excerpt("word " * 100, [], length=20) == "word word word word  …"


def test_the_part_with_the_most_words_is_shown() -> None:
    text = "red " + "filler " * 200 + "red and blue together " + "filler " * 200
    found = excerpt(text, [Term("red", 1, stem="red"), Term("blue", 1, stem="blue")], length=60)
    assert "red and blue" in found
    assert found.startswith("… ")
    assert found.endswith(" …")


@given(st.text(), st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=4))
def test_marking_only_adds_marks_and_folding_keeps_offsets(text: str, words: list[tuple[str, str]]) -> None:
    terms = [Term(word, 1, stem=stem) for word, stem in words]
    assert len(fold(text)) == len(text)
    assert marked(text, terms, "", "") == text
    found = spans(text, terms)
    assert all(one.start < one.end for one in found)
    assert all(one.end <= two.start for one, two in pairwise(found))
    assert excerpt(text, terms, length=10).strip("… ") in text
