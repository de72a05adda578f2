"""What of a rich text is its text: no picture, no bytes, and all that comes after them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vstash.text.read import extract


def test_rich_text():
    data = rb"{\rtf1\ansi{\info{\title A list}{\creatim\yr2024\mo5\dy6}}Wood \b and\b0  iron.\par Gr\'f6\'dfe}"
    found = extract(data, "x.rtf")
    assert (found.text, found.title) == ("Wood and iron.\nGröße", "A list")
    assert found.dated_at == datetime(2024, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "middle",
    [
        rb"{\pict{\*\picprop{\sp{\sn Line}}}\wmetafile8\bin5 {}{\} 00ff}",
        rb"{\pict{\*\picprop{\sp{\sn Line}}}\wmetafile8 00ff}{\object\bin3 }}}}",
        rb"{\*\shppict{\pict\pngblip 89504e47}}{\b}{\nonshppict{\pict\bin2 {{ 00}}",
    ],
)
def test_rich_text_goes_on_after_its_pictures(middle: bytes):
    found = extract(rb"{\rtf1\ansi Before " + middle + rb"\par after.}", "x.rtf")
    assert found.text.split("\n") == ["Before ", "after."]


def test_rich_text_may_speak_of_its_own_words():
    found = extract(
        rb"{\rtf1\ansi A \\pict group {holds} \\bin12 or \\binN.\par \\line is a word, \\\{ two.\par End}", "x.rtf"
    )
    assert found.text.split("\n") == [r"A \pict group holds \bin12 or \binN.", r"\line is a word, \{ two.", "End"]


def test_bytes_longer_than_a_rich_text_are_not_passed_over():
    assert extract(rb"{\rtf1 Iron \bin99999999 holds}", "x.rtf").text == "Iron holds"
