"""What is looked for: words, phrases, bigrams and pieces of identifiers, as FTS5 itself sees them."""

from __future__ import annotations

from collections.abc import Iterator

import apsw
import pytest

from vstash.text.terms import BESIDE, STOP_WORDS, QueryTerm, extra_terms, query_terms, telling
from vstash.types import INSTEAD, indexed


@pytest.fixture
def index() -> Iterator[apsw.Connection]:
    """An index with the tokenizer of a vstash database, and the texts of its rows beside it."""
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(text, tokenize='porter unicode61 remove_diacritics 2')")
    connection.execute("CREATE TABLE source (id INTEGER PRIMARY KEY, text TEXT)")
    yield connection
    connection.close()


def expression(query: str) -> str:
    """Any of a query's terms, each quoted; their texts hold nothing to escape."""
    return " OR ".join(f'"{term.text}"{"*" * term.prefix}' for term in query_terms(query))


def found(index: apsw.Connection, query: str, *texts: str) -> list[str]:
    """The texts that a query finds among these."""
    index.execute("DELETE FROM t")
    index.execute("DELETE FROM source")
    for id_, text in enumerate(texts):
        index.execute("INSERT INTO source VALUES (?, ?)", (id_, text))
        index.execute("INSERT INTO t (rowid, text) VALUES (?, ?)", (id_, indexed(text, extra_terms(text))))
    sql = "SELECT source.text FROM t JOIN source ON source.id = t.rowid WHERE t MATCH ? ORDER BY t.rowid"
    return [text for (text,) in index.execute(sql, (expression(query),))]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("plain words, with Capitals and ALLCAPS", ""),
        ("snake_case dotted.name kebab-case", ""),
        ("HTTP2Server getUserName", "http server get user name"),
        ("parseHTML XMLHttpRequest iPhone OAuth2", "parse html xml http request phone auth"),
        ("commit a3f9c0e1d2 key aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ", ""),
        ("東京大学", f"{INSTEAD} 東京 京大 大学 学"),
        ("漢字ab漢字", f"{INSTEAD} 漢字 字 ab 漢字 字"),
        ("猫", f"{INSTEAD} 猫"),
        ("\u0e34\u0e35\u0e31", f"{INSTEAD} \ue534\ue535\ue531"),  # vowel signs, as they are kept
        ("มาที่บ้าน", f"{INSTEAD} มาท ท\ue535\ue548 บ\ue549า น"),  # no term starts with what follows a letter
        ("Me.1st 使い方の本を読む", f"{INSTEAD} Me.1st 使い い方 方の の本 本を を読 読む む"),
        ("iPhoneを買う 2024年", f"{INSTEAD} iPhone を買 買う う 2024 年 phone"),
        ("서울에 간다", f"{INSTEAD} 서울 울에 에 간다 다"),
        ("HTTP2Server 東京", f"{BESIDE} 東京 京 http server"),
        ("the long HTTP2Serverを", f"{INSTEAD} the long HTTP2Server を http server"),
        ("éHTTP2Server HTTP2Serveré", ""),
        ("ﾎﾟﾁ", f"{INSTEAD} ポチ チ"),
        ("", ""),
    ],
)
def test_extra_terms(text: str, terms: str):
    assert extra_terms(text) == terms


def test_words_that_touch_runs_in_a_heading_stand_beside_those_before_them():
    assert extra_terms("text", "Use Qtの本\n") == f"{BESIDE} Use Qt の本 本"
    assert extra_terms("text", "Use Qt の本\n") == f"{BESIDE} の本 本"


def test_extra_terms_are_not_what_the_tokenizer_finds_anyway(index: apsw.Connection):
    tokenizer = index.fts5_tokenizer("porter", ["unicode61", "remove_diacritics", "2"])
    for text in ("snake_case", "dotted.name", "kebab-case", "path/to/file"):
        tokens = tokenizer(text.encode(), apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False)
        assert len(list(tokens)) > 1
        assert extra_terms(text) == ""


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("the door code", [QueryTerm("the"), QueryTerm("door"), QueryTerm("code")]),
        ('find "door code" now', [QueryTerm("find"), QueryTerm("door code", phrase=True), QueryTerm("now")]),
        ('5" pipe', [QueryTerm("5"), QueryTerm("pipe")]),
        ('"" "?" (x)', [QueryTerm("x")]),
        ("word word", [QueryTerm("word", times=2)]),
        (
            "os.path",
            [QueryTerm("os.path"), QueryTerm("os", extra=True, times=0), QueryTerm("path", extra=True, times=0)],
        ),
        (
            "getName",
            [QueryTerm("getName"), QueryTerm("get", extra=True, times=0), QueryTerm("name", extra=True, times=0)],
        ),
        ("don’t l'eau", [QueryTerm("don't"), QueryTerm("l'eau"), QueryTerm("eau", extra=True, times=0)]),
        ("東京大", [QueryTerm("東京", extra=True, times=0), QueryTerm("京大", extra=True, times=0)]),
        ('"東京大"', [QueryTerm("東京 京大", phrase=True, extra=True, times=0)]),
        ("Qt東京", [QueryTerm("Qt"), QueryTerm("東京", extra=True, times=0)]),
        ('"東京 the sky"', [QueryTerm("東京", phrase=True, extra=True, times=0), QueryTerm("the sky", phrase=True)]),
        ('"cafe\u0301 猫"', [QueryTerm("cafe\u0301", phrase=True), QueryTerm("猫", phrase=True, extra=True, times=0)]),
        ("किताब", [QueryTerm("क\ue03fत\ue03eब", extra=True, stem_of="किताब", times=0)]),
        ("??? 🙂", [QueryTerm("🙂", extra=True, times=0)]),
        (" \n", []),
    ],
)
def test_query_terms(query: str, terms: list[QueryTerm]):
    assert query_terms(query) == tuple(terms)


@pytest.mark.parametrize(
    ("query", "hit", "miss"),
    [
        ("user", "call getUserName here", "call getusername here"),
        ("getUserName", "def get_user_name():", "nothing"),
        ('"door code"', "the door code is", "code of the door"),
        ("大学", "東京大学で学ぶ", "大きい学校"),
        ("学", "東京大学", "東京"),
        ('"京大学"', "東京大学", "京大の大学"),
        ('"좋은 책"', "좋은 책을 읽었다", "좋은 날 책을 읽었다"),
        ('"서울에 간다"', "내일 서울에 간다고 했다", "서울에 안 간다"),
        ('"東京、大阪"', "東京、大阪の天気です", "大阪、東京の天気です"),
        ('"มาตร"', "มาตรฐาน", "มาตา"),
        ("ที่", "อยู่ที่นี่", "ทานข้าว"),
        ("กิน", "เขากินข้าว", "เขากันน้ำ"),
        ("ガス", "ｶﾞｽ会社", "カス会社"),
        ("server", "Übersicht HTTP2Server", "Übersicht HTTP2Serves"),
        ("2024", "2024年", "2023年"),
        ("2023", "كُتِبَت في ٢٠٢٣، قريبة", "كُتِبَت في ٢٠٢٤، قريبة"),
        ("۱۲۰۰", "هزینه 1200 تومان شد", "هزینه 1100 تومان شد"),
        ("2567", "พ.ศ. ๒๕๖๗", "พ.ศ. ๒๕๖๖"),
        ("๒๕๖๗", "พ.ศ. 2567", "พ.ศ. 2566"),
        ("2024", "２０２４年に東京で", "２０２３年に東京で"),
        ("jr", "ＪＲ東日本の駅", "ＪＴ東日本の駅"),
        ("abc", "Ａｂｃの使い方", "Ａｂｄの使い方"),
        ('"Visual Studio"', "We build it with Visual Studioで作る", "We build a visual thing in the Studioで作る"),
        ('"GitHub Actions"', "GitHub Actionsで使う方法です", "GitHubでActionsを使う方法です"),
        ("12400", "as listed: 12,400₺ for each", "as listed: 13,400₺ for each"),
        ("ann", "\uf0e0ann@home.org", "\uf0e0jan@home.net"),
        ("first", "\uf0b7First of the list", "\uf0b7Firs"),
        ("𐒰", "ก𐒰", "ก𐒱"),  # younger than unicode61, which knows no small letter for it
        ("munchen", "MÜNCHEN", "muenchen"),
        ("🙂", "so 🙂", "so"),
        ("great", "great🙂", "good🙂"),
        ("great🙂", "great", "good"),
        ("1500", "за 1500₽", "за 15₽"),
        ("running", "he runs", "he walks"),
        ('"read me"', "Read me, 最初に読んでください", "Me? 最初に Read"),
        ("server", "HTTP2Server を使う方法です", "HTTP2Serve を使う方法です"),
        ('"дом стоять"', "стоять дом стоять", "стояли стоят дом"),
        ("12400", "a sum of 12,400.50", "a sum of 400.50"),
        ("1240.50", "a sum of 1,240.50", "a sum of 124,051"),
        ("1240,50", "eine Summe von 1.240,50", "eine Summe von 124.051"),
        ("strasse", "die Straße", "die Straft"),
        ("Straße", "die STRASSE", "die STRAFT"),
        ("lodz", "Łódź", "Rodz"),
        ("Łódź", "lodz", "rodz"),
        ("ışıklandırma", "IŞIKLANDIRMA", "iskan"),
        ("IŞIK", "bir ışık", "bir eşik"),
        ("isik", "Işık", "eşik"),
        ("oeuvre", "son Œuvre", "son uvre"),
        ("smorrebrod", "et smørrebrød", "et smrrebrd"),
        ("Ærø", "the isle of Aero", "the isle of Ro"),
    ],
)
def test_found_in_fts5(index: apsw.Connection, query: str, hit: str, miss: str):
    assert found(index, query, hit, miss) == [hit]


@pytest.mark.parametrize("query", ['"', "a\0b", "a\ud800b", "NEAR(a b) AND text:x* ^y -z", "'; DROP TABLE t", '"a""b"'])
def test_no_query_is_a_syntax_error(index: apsw.Connection, query: str):
    assert found(index, query + " safe", "safe") == ["safe"]


def test_as_many_words_as_a_query_may_have(index: apsw.Connection):
    assert found(index, " ".join(f"w{number}" for number in range(5000)), "w4999") == ["w4999"]


@pytest.mark.parametrize(
    ("query", "apart"),
    [("1990", ""), ("12345x", ""), ("12345678", "12,345,678"), ("1240,5", "1,240,5"), ("1240.50", "1,240.50")],
)
def test_a_number_but_no_year_is_also_looked_for_with_its_thousands_apart(query: str, apart: str):
    terms = [term.text for term in query_terms(query)]
    assert terms[0] == query
    assert terms[-1] == apart if apart else not any("," in term for term in terms)


def test_only_a_run_shorter_than_the_terms_of_its_script_starts_others():
    assert [(term.text, term.prefix) for term in query_terms("東京 東")] == [("東京", False), ("東", True)]


def test_a_quoted_stop_word_and_no_stop_word_of_another_script_tells():
    assert [term.text for term in telling('the "the" heron')] == ["the", "heron"]
    assert "сколько" not in [term.text for term in telling("сколько это стоит в городе")]


def test_stop_words_are_lower_case_words():
    assert {"the", "and", "don't", "which"} <= STOP_WORDS
    assert all(word == word.lower().strip() and word for word in STOP_WORDS)
