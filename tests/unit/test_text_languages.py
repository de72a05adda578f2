"""Words of other languages than English are found in their other forms, and English is as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vstash import Memory
from vstash.text.english import STOP_WORDS
from vstash.text.forms import fold, forms, marked
from vstash.text.languages import LATIN, STOPS, language, plausible, stop_words
from vstash.text.terms import FOREIGN, extra_terms, held_marks, query_terms, telling

TEXTS = {
    "german": "Die Katzen schlafen in den alten Häusern an der Straße, und der Hund ist bei ihnen.",
    "spanish": "Los capitanes de la guardia fueron heridos en las batallas por la ciudad.",
    "french": "Les enfants étaient heureux dans les grandes maisons de la forêt avec leurs chevaux.",
    "portuguese": "As crianças não foram para as escolas porque os professores estavam em greve.",
    "italian": "Le ragazze della città hanno comprato libri nuovi per gli studenti che sono poveri.",
    "dutch": "De kinderen van het dorp speelden met hun honden en het was een mooie dag voor hen.",
    "swedish": "Det var en kall natt och flickorna hade inte några varma kläder att ta på sig.",
    "finnish": "Hän on asunut tässä kaupungissa, mutta nyt hän ja lapset ovat muuttaneet.",
    "russian": "Книги стояли на полках в старых городах, и ёлки, что росли у дороги.",
    "greek": "Οι γάτες κοιμούνται στα σπίτια και πίνουν καφέδες.",
    "arabic": "ذهب الطلاب إلى المدرسة والحكومات تبني الجامعات في المدينة",
    "hindi": "लड़कियाँ पुस्तकालय में किताबें पढ़ती हैं",
    "thai": "แมวนอนหลับอยู่บนโซฟาในห้องนั่งเล่น",
    "chinese": "黑豹队的防守只丢了三百分，在联赛中排名第六",
    "japanese": "東京大学で日本語を勉強しています",
    "korean": "서울에서 친구를 만나 학교까지 걸어갔다",
    "english": "The committees were discussing budgets for the new library and its opening hours.",
}
FOUND = [
    ("german", "Haus"),
    ("german", "strasse"),
    ("german", "Wo schläft die Katze?"),
    ("spanish", "capitán"),
    ("spanish", "¿Quién hirió al capitan en la batalla?"),
    ("french", "maison"),
    ("french", "Où était le CHEVAL ?"),
    ("portuguese", "professor escola"),
    ("italian", "libro nuovo studente"),
    ("dutch", "Waar speelde de hond van het kind?"),
    ("swedish", "flicka varm natt"),
    ("finnish", "Kuka asuu kaupungin?"),
    ("russian", "книга"),
    ("russian", "ЕЛКА"),
    ("russian", "В каком городе?"),
    ("greek", "ΓΑΤΑ"),
    ("greek", "σπίτι"),
    ("greek", "καφες"),
    ("arabic", "مدرسة"),
    ("arabic", "الحكومة"),
    ("arabic", "جَامِعَة"),
    ("hindi", "किताब"),
    ("hindi", "लड़की"),
    ("thai", "โซฟา"),
    ("thai", "แมว"),
    ("chinese", "防守"),
    ("japanese", "日本語の勉強"),
    ("korean", "친구"),
    ("korean", "학교에서"),
    ("english", "ｌｉｂｒａｒｙ"),
    ("english", "committee budget"),
]


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    """One document in each language."""
    with Memory.open(tmp_path_factory.mktemp("tongues") / "memory.db", encoder="hash") as memory:
        memory.add_texts(list(TEXTS.values()), uris=list(TEXTS))
        yield memory


@pytest.mark.parametrize(("name", "query"), FOUND)
def test_another_form_of_a_word_finds_the_text(memory: Memory, name: str, query: str):
    assert memory.search(query, mode="keyword", limit=1)[0].uri == name


def test_the_keyword_index_still_agrees_with_the_chunks(memory: Memory):
    assert memory.check().ok


@pytest.mark.parametrize("name", [*LATIN, "russian", "greek", "arabic", "hindi"])
def test_a_language_is_told_by_its_own_words(name: str):
    own = sorted(word for word in STOPS[name] if not any(word in STOPS[other] for other in STOPS if other != name))
    assert language(" ".join(own)) == name


@pytest.mark.parametrize("name", [name for name in TEXTS if name in STOPS])
def test_a_language_is_told_in_a_sentence(name: str):
    assert language(TEXTS[name]) == name


@pytest.mark.parametrize(
    "text",
    [
        TEXTS["english"],
        "def parse(s):\n    return [p for p in s.split(',') if p]",
        "Los Angeles and San Diego are in the south of the state",
        "1455-1536.",
        "",
    ],
)
def test_english_code_and_numbers_are_in_no_other_language(text: str):
    assert language(text) is None
    assert extra_terms(text) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("which aber avec", None),  # one of English, of German, of French
        ("Schiff aber", None),  # one tells nothing,
        ("Schiff aber nicht", "german"),
        ("aber nicht " + " ".join(f"name{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"), None),  # nor two of many
        ("es en oder", "german"),  # "oder" is German only, "en" is in nine languages
        ("de la que", "spanish"),  # as much Catalan and French: that of more people
    ],
)
def test_how_many_words_tell_a_language(text: str, expected: str | None):
    assert language(text) == expected


def test_a_question_without_function_words_may_be_in_each_language_that_is_not_rare():
    assert plausible("Katzen Häuser", {"german": 0.5, "spanish": 0.001}) == ("german",)
    assert plausible("was ist das für ein Haus", {"german": 0.001, "spanish": 0.5}) == ("german",)
    assert plausible("what is the name of the house", {"german": 0.5, "spanish": 0.5}) == ()
    assert plausible("vitamin e", {"german": 0.5, "portuguese": 0.5}) == ("german", "portuguese")  # a letter is no word


def test_stop_words_are_dropped_only_where_the_language_is_certain():
    held = {"german": 1.0}
    assert [term.text for term in telling("wo ist das Haus", held)] == ["Haus"]
    assert [term.text for term in telling("wo ist das", held)] == ["wo", "ist", "das"]
    assert stop_words("wo ist das Haus", {}) == STOP_WORDS
    assert "сколько" in stop_words("сколько это стоит в городе", {})


def test_without_other_languages_a_query_is_its_words():
    assert [term.text for term in query_terms("Häuser houses")] == ["Häuser", "houses"]
    assert [term.text for term in query_terms("Häuser", {"german": 1.0})] == ["Häuser", "haus"]
    assert query_terms("Häuser", {"german": 1.0})[1].stem_of == "Häuser"


def test_the_mark_of_a_language_stands_beside_its_texts_alone():
    assert {FOREIGN, held_marks()["german"]} <= set(extra_terms(TEXTS["german"]).split())
    assert len(set(held_marks().values()) | {FOREIGN}) == len(LATIN) + 1
    assert FOREIGN not in extra_terms(TEXTS["russian"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("книги городов", ["книг", "город"]),
        ("ёлка дом", ["елк"]),
        ("والمدرسة المدرسة", ["مدرس", "مدرس"]),
        ("كِتَاب", ["كتاب"]),
        ("فالمدرسة وللمدرسة", ["مدرس", "مدرس"]),
        ("والد سما كتابات", ["كتاب"]),  # their own first and last letters
        ("ﻛﺘﺎﺏ ﺍﻟﻤﺪﺭﺳﺔ", ["كتاب", "المدرسة", "مدرس"]),  # in the shapes of print
        ("ёж если были ею", ["еж"]),
        ("книгами" * 6, []),
        ("שָׁלוֹם", ["שלום"]),
        ("τού είναι", ["τ", "ειναι"]),
        ("Œuvré œuvre", ["oeuvre", "oeuvre"]),
        ("Ｈｅｌｌｏ　ﬁne", ["hello", "fine"]),
        ("plain", []),
        ("naïve", []),
    ],
)
def test_forms(text: str, expected: list[str]):
    assert list(forms(text)) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("german", "aber Häuser " + "hauses" * 7, ["haus"]),
        ("hungarian", "ação", ["aca"]),
        ("turkish", "İyiler", ["iyi"]),
        ("german", "ḧouses", ["hous"]),
    ],
)
def test_stems_in_latin_letters(name: str, text: str, expected: list[str]):
    assert list(forms(text, (name,))) == expected


def test_vowel_signs_keep_words_apart():
    assert marked("किताब")
    assert not marked("घर")
    assert not marked("ไม่")  # a script without spaces is found by its parts
    assert list(forms("मत")) == []
    assert list(forms("माता")) != list(forms("मीता"))
    assert fold("Ångström é") == "Angstrom e"


def test_a_search_in_english_loads_no_stemmer(tmp_path: Path):
    code = (
        "import sys; from vstash import Memory\n"
        f"with Memory.open({str(tmp_path / 'm.db')!r}, encoder='hash') as m:\n"
        "    m.search('where are the houses', mode='keyword')\n"
        "assert 'Stemmer' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
