"""Bytes become the right characters; what holds no text is refused by content, with a reason and a hint."""

from __future__ import annotations

import pytest

from vstash import Memory
from vstash.errors import UnsupportedSource, VstashError
from vstash.text.legacy import encoding_of
from vstash.text.read import extract


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfcaf\xc3\xa9\r\nline\rend", "café\nline\nend"),
        ("Zürich 東京".encode("utf-16"), "Zürich 東京"),
        ("plain UTF-16".encode("utf-16-le"), "plain UTF-16"),
        ("Größe, façade, niño, 10 £".encode("cp1252"), "Größe, façade, niño, 10 £"),
        ("“quoted” – dash…".encode("cp1252"), "“quoted” – dash…"),
        ("Привет мир, это проверка кодировки".encode("cp1251"), "Привет мир, это проверка кодировки"),
        ("日本語の文章です。これはテスト。".encode("shift_jis"), "日本語の文章です。これはテスト。"),
        ("日本語の文章です。これはテスト。".encode("iso2022_jp"), "日本語の文章です。これはテスト。"),
        (b"\x1b[1mprice\x1b[m \x1b$ 5", "price  $ 5"),
        (("Zürich – naïve. " * 20).encode() + b"\xff bad byte", "Zürich – naïve. " * 20 + "\ufffd bad byte"),
        (b"before\0\0\0after", "before after"),
        (b"\x1b[1;31mred\x1b[0m b\x08bo\x08old", "red bold"),
    ],
)
def test_decoding(data: bytes, text: str):
    assert extract(data, "x.txt").text == text


@pytest.mark.parametrize("name", ["x.txt", "x.md", "x.py", "x.org", "x.rst", "x.json", "x"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_only_what_editors_count_ends_a_line(name: str, encoding: str):
    odd = "".join(f"a{char}b " for char in "\v\x85\x1c\x1d\x1e\f\u2028\u2029")
    text = extract(f"{odd}\nsecond\r\nthird\n{'word ' * 40}".encode(encoding), name).text
    assert [line[-6:] for line in text.split("\n")][1:3] == ["second", "third"]
    assert text.count("a") == 8


@pytest.mark.parametrize(
    ("data", "name", "what"),
    [
        (b"\x7fELF\x02\x01\x01\0\0\0\0", "run", "ELF program"),
        (b"PK\x03\x04\x14\0\0\0", "notes.md", "zip archive"),
        (bytes(range(256)) * 20, "x.txt", ""),
        (bytes(range(128, 256)) * 50 + bytes(range(32)) * 50, "x.txt", ""),
        (b"text\0\0" + b"\xff\xfe\xfd" * 100, "x.md", ""),
    ],
)
def test_binary_is_refused_whatever_its_name(data: bytes, name: str, what: str):
    with pytest.raises(UnsupportedSource, match=f"{name} is binary, not text.*{what}") as caught:
        extract(data, name)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("x.pages", "an Apple document", "save it as PDF"),
        ("X.MOBI", "an e-book", "save it as PDF"),
        ("x.heic", "an image", "save it as PNG"),
        ("x.mp3", "a recording", "transcript"),
        ("x.tar.gz", "an archive", "unpack"),
    ],
)
def test_formats_known_but_not_read(name: str, what: str, hint: str):
    with pytest.raises(UnsupportedSource, match=f"is {what}, which") as caught:
        extract(b"PK\x03\x04 anything", name)
    assert hint in caught.value.hint


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", b"\x0c\x00"])
@pytest.mark.parametrize("suffix", ["txt", "md", "html", "rst", "py", "csv", "json", "jsonl", "ipynb", "pdf", "docx"])
def test_nothing_to_read_is_refused(data: bytes, suffix: str):
    with pytest.raises(UnsupportedSource):
        extract(data, f"x.{suffix}")


def test_a_page_without_words_is_empty():
    with pytest.raises(UnsupportedSource, match="holds no text"):
        extract(b"<p> </p><script>x</script>", "x.html")


@pytest.mark.parametrize("name", ["x.md", "x.rst", "x.html", "x.csv", "x.json", "x.jsonl", "x.py", "x", "x.ipynb"])
@pytest.mark.parametrize("data", [b"\xf0\x9f\x98", b"<", b'"', b"---\n", b"=\n=\n=", b":", b"{}", b"[[]]", b"-\xff"])
def test_scraps_give_text_or_one_of_our_errors(data: bytes, name: str):
    try:
        outcome = extract(data, name).text.strip()
    except VstashError as error:
        outcome = error.hint
    assert outcome


@pytest.mark.parametrize("declared", ["undefined", "base64", "rot13", "idna", "punycode", "utf-7", "no-such"])
def test_what_declares_no_encoding_is_read_all_the_same(declared: str):
    page = f'<html><head><meta charset="{declared}"></head><p>caf@</p></html>'.encode().replace(b"@", b"\xe9")
    assert extract(page, "x.html").text == "café"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"1" * 5000 + b":00:00,000 --> 00:00:01,000\nhello\n", "x.srt"),
        (b'{"worksheets": [{"cells": 5}, {"cells": [{"source": "hello"}]}]}', "x.ipynb"),
    ],
)
def test_an_odd_value_costs_only_itself(data: bytes, name: str):
    assert "hello" in extract(data, name).text


# What is written under names that Python has not, or takes too narrowly.
WRITTEN = {"iso-8859-8-i": "iso8859-8", "windows-874": "cp874", "shift_jis": "cp932", "ks_c_5601-1987": "cp949"}


@pytest.mark.parametrize("kind", ["plain", "html"])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Привет, как дела? Жду.", "koi8-r"),
        ("Zażółć gęślą jaźń", "iso-8859-2"),
        ("明日は会議です", "iso-2022-jp"),
        ("Der Preis: 5 €", "utf-8"),
        ("החשבונית עבור תיקון המזגן", "iso-8859-8-i"),
        ("พบกันพรุ่งนี้", "windows-874"),
        ("㈱山田の①番", "shift_jis"),
        ("펲시 콜라", "ks_c_5601-1987"),
    ],
)
def test_mail_is_in_the_encoding_that_its_header_names(kind: str, text: str, encoding: str):
    words = f"<p>{text}</p>" if kind == "html" else text
    head = f"From: a@b.c\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/{kind}; charset={encoding}\n\n"
    written = words.encode(WRITTEN.get(encoding, encoding))
    assert extract(head.encode() + written, "x.eml").text.endswith(f"\n{text}")


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Größe".encode(), "Größe"),  # RFC 6532
        ("Bücher".encode("latin-1"), "Bücher"),
        (b"=?gb2312?B?xOO6wyCIuA==?= x", "你好 埜 x"),  # the letter is in GBK only
        (b"=?iso-8859-8-i?B?5+n5?=", "חיש"),
        (b"=?utf-8?B?a?=", "=?utf-8?B?a?="),
        (b"=?utf-8?Q?M=C3=A4?=\n =?utf-8?Q?rz?= \xc4\x85", "März ą"),
    ],
)
def test_the_subject_of_a_mail(subject: bytes, shown: str):
    assert extract(b"From: a@b.c\nSubject: " + subject + b"\n\nhello\n", "x.eml").title == shown


@pytest.mark.parametrize(
    "name",
    ["=?utf-8?Q?Pl=C3=A4ne.txt?=", "=?utf-8?B?UGzDpG5l?= =?utf-8?B?LnR4dA==?=", "Pläne.txt", "Pl\udce4ne.txt"],
)
def test_the_name_of_an_attachment(name: str):
    head = f'From: a@b.c\nSubject: x\nMIME-Version: 1.0\nContent-Disposition: attachment; filename="{name}"\n\nhello\n'
    assert [*extract(head.encode("utf-8", "surrogateescape"), "x.eml").parts] == ["Pläne.txt"]


def test_japanese_mail_with_signs_of_windows():
    numbered = "議題".encode("iso-2022-jp") + b" \x1b$B-!\x1b(B, \x1b$B-jE83+\x1b(B\n"  # row 13, and 展開
    assert extract(b"From: a@b.c\nSubject: x\n\n" + numbered, "x.eml").text.endswith("\n議題 ①, ㈱展開")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("Ein Dampf\u00adschiff", "x.txt"),
        ("<p>Ein Dampf&shy;schiff</p>", "x.html"),
        ("<p>Ein Dampf\u00adschiff</p>", "x.html"),
    ],
)
def test_soft_hyphens_part_no_word(memory: Memory, data: str, name: str):
    memory.add_bytes(data.encode(), name)
    assert memory.get(name).text == "Ein Dampfschiff"
    for query in ("Dampfschiff", "Dampf\u00adschiff"):
        assert memory.search(query, mode="keyword")[0].uri == name


def test_control_characters_do_not_hide_the_script():
    """Old Word files are full of them."""
    text = "Компания предлагает со склада в Москве следующий ассортимент вин. " * 4
    data = text.replace(" ", " \x07\x13\x15 ").encode("cp1251")
    assert data.decode(encoding_of(data)) == text.replace(" ", " \x07\x13\x15 ")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Müßige Gänse hören Größe"),
        ("cp1252", "Où sont les élèves déçus ? Là-bas, dès août."),
        ("cp1252", "El niño comió piñón, ¿qué más?"),
        ("cp1252", "Não há razões, coração"),
        ("cp1252", "Þetta er það sem ég sá í dag, æ"),
        ("cp1252", "Smørrebrød på åen"),
        ("cp1250", "Wczoraj wieczorem poszliśmy do sklepu, po chleb i miód; było już późno, więc wróciliśmy pieszo."),
        (
            "iso8859_2",
            "Wczoraj wieczorem poszliśmy do sklepu, po chleb i miód; było już późno, więc wróciliśmy pieszo.",
        ),
        ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy"),
        ("cp1250", "Árvíztűrő tükörfúrógép"),
        ("cp1250", "Šešir čeka đaka, ćup žedni"),
        ("cp1254", "Şişli'de ığdır çiğ öğün, İstanbul ğ ş"),
    ],
)
def test_latin_text_of_many_languages(encoding: str, text: str):
    assert extract(text.encode(encoding), "x.txt").text == text


@pytest.mark.parametrize("encoding", ["big5", "euc_jp", "cp932", "gb18030"])
def test_long_lines_of_characters_of_several_bytes(encoding: str):
    said = {
        "big5": "台北看守所昨天抽查前總統的房舍，引來強烈不滿。",
        "gb18030": "搜狐在线国庆免费大酬宾，网费天天最低。",
    }
    line = said.get(encoding, "昔々、ある所に子供のいない老夫婦が住んでいた。") * 30
    text = "\n".join(f"{number} {line}" for number in range(3))
    assert extract(text.encode(encoding), "x.txt").text == text


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["Plain words.", "Мы плывём", "舟は木で", "\U0001f6f6"])
def test_utf32_without_a_mark(encoding: str, text: str):
    assert extract(text.encode(encoding), "x.txt").text == text


def test_a_file_of_nothing_but_zeros_is_empty():
    with pytest.raises(UnsupportedSource, match="is empty"):
        extract(bytes(1000), "x.html")


@pytest.mark.parametrize(
    ("text", "encodings"),
    [
        (
            "Привет, как дела сегодня? Это текст, достаточно длинный. Мы плывём по реке и видим лес.",
            "cp1251 koi8_r cp866 iso8859_5 cp855 mac_cyrillic",
        ),
        ("يولد جميع الناس متساوين في الكرامة والحقوق وقد وهبوا عقلا وضميرا", "cp1256 iso8859_6"),
    ],
)
def test_code_pages_of_other_scripts(text: str, encodings: str):
    for encoding in encodings.split():
        assert extract(text.encode(encoding), "x.txt").text == text
