"""Passages follow headings, then paragraphs; they fit the window and say where they stand."""

from __future__ import annotations

import pytest

from vstash.text.passage import context, estimate_starts, passage
from vstash.text.split import split
from vstash.types import Chunk, Heading, Source


def words(count: int, word: str = "word") -> str:
    return " ".join([word] * count)


def source(text: str, title: str = "", atoms: tuple[tuple[int, int], ...] = ()) -> Source:
    """A source whose lines "# x" are headings."""
    headings = []
    start = 0
    for line in text.split("\n"):
        if line.startswith("#"):
            marks, _, name = line.partition(" ")
            headings.append(Heading(start, len(marks), name))
        start += len(line) + 1
    return Source(uri="x", text=text, title=title, headings=tuple(headings), atoms=atoms)


def cut(text: str, window: int, title: str = "", atoms: tuple[tuple[int, int], ...] = ()) -> list[Chunk]:
    return split(source(text, title, atoms), window, estimate_starts)


def texts(chunks: list[Chunk]) -> list[str]:
    return [chunk.text.strip() for chunk in chunks]


def test_what_fits_is_one_passage():
    (chunk,) = cut("  a few words\n", 50)
    assert chunk == Chunk(0, "  a few words\n", 0, 14)


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_a_blank_text_has_no_passage(text: str):
    assert cut(text, 50) == []


def test_sections_that_fit_are_passages_of_their_own():
    text = f"# A\n\n{words(40)}\n\n# B\n\n{words(40)}\n\n## C\n\n{words(40)}\n"
    chunks = cut(text, 60)
    assert [chunk.heading for chunk in chunks] == ["A", "B", "B › C"]
    assert [chunk.text.split()[1] for chunk in chunks] == ["A", "B", "C"]


def test_the_title_is_left_out_of_paths_if_it_is_the_only_top_heading():
    text = f"# Ships\n\n{words(40)}\n\n## Kinds\n\n{words(40)}\n"
    assert [chunk.heading for chunk in cut(text, 60, title="Ships")] == ["", "Kinds"]
    assert [chunk.heading for chunk in cut(text, 60, title="Boats")] == ["Ships", "Ships › Kinds"]
    assert cut(f"{text}\n# Ships\n\n{words(40)}", 60, title="Ships")[1].heading == "Ships › Kinds"


def test_small_sections_join_what_follows_below_their_common_heading():
    text = f"# A\n\n## B\n\n{words(30)}\n\n## C\n\nshort\n\n## D\n\n{words(30)}\n"
    chunks = cut(text, 60)
    assert [chunk.heading for chunk in chunks] == ["A", "A"]
    assert texts(chunks)[1].startswith("## C")


def test_a_small_section_before_a_higher_heading_joins_what_stands_before_it():
    text = f"# A\n\n{words(30)}\n\n## B\n\nshort\n\n# C\n\n{words(40)}\n"
    assert [chunk.heading for chunk in cut(text, 60)] == ["A", "C"]


def test_a_bare_heading_never_stands_alone():
    text = f"# A\n\n## B\n\n{words(57)}\n"
    chunks = cut(text, 60)
    assert len(chunks) == 2
    assert all(len(chunk.text) > 80 for chunk in chunks)


def test_a_heading_is_bare_however_long_its_underline():
    text = f"# Objections\n{'=' * 24}\n\n## Order\n\n{words(50)}\n"
    (chunk,) = cut(text, 120)
    assert chunk.heading == "Objections"
    first, *_ = cut(text, 60)
    assert "word" in first.text


def test_a_heading_is_not_bare_where_few_words_stand_below_it():
    text = f"# Objections\n\n{words(20, 'no')}\n\n## Order\n\n{words(50)}\n"
    assert [chunk.heading for chunk in cut(text, 60)] == ["Objections", "Objections › Order"]


def test_a_heading_does_not_stand_alone_before_an_atom():
    block = "\n".join(["one two three"] * 18)
    text = f"# the heading of a long block\n{block}\n"
    start = text.index("one")
    chunks = cut(text, 60, atoms=((start, start + len(block)),))
    assert len(chunks) == 2
    assert all("one two three\n" in chunk.text and chunk.text.strip().endswith("three") for chunk in chunks)


def test_a_little_too_much_becomes_two_halves():
    chunks = cut(words(110), 100)
    sizes = [len(estimate_starts(chunk.text)) for chunk in chunks]
    assert len(sizes) == 2
    assert max(sizes) - min(sizes) <= 10


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (f"{words(30)}\n\n{words(35)}\nx {words(35)}. X", f"{words(30)}"),
        (f"{words(30)}. {words(10)}\n{words(60)}", f"{words(30)}. {words(10)}"),
        (f"{words(30)}. And {words(10)}. And {words(60)}", f"{words(30)}. And {words(10)}."),
        ("船は海を進む。" * 14, "船は海を進む。" * 7),
        ("船" * 100, "船" * 50),
        ("abcde" * 100, "abcde" * 50),
    ],
    ids=["paragraph", "line", "sentence", "sentence without spaces", "character", "anywhere"],
)
def test_where_a_section_is_cut(text: str, first: str):
    assert texts(cut(text, 75 if "word" in text or "船は" in text else 60))[0] == first


def test_atoms_stay_whole():
    block = "```\n" + "\n\n".join(["code"] * 40) + "\n```\n"
    text = f"{words(30)}\n\n{block}\n{words(30)}"
    start = text.index("```")
    plain, whole = cut(text, 60), cut(text, 60, atoms=((start, start + len(block)),))
    assert not any(block in chunk.text for chunk in plain)
    assert any(block in chunk.text for chunk in whole)


def test_an_atom_that_cannot_fit_is_cut_as_text():
    text = "\n\n".join(["code"] * 200)
    assert all(len(estimate_starts(chunk.text)) <= 60 for chunk in cut(text, 60, atoms=((0, len(text)),)))


def test_a_word_too_long_for_the_tokenizer_is_cut_all_the_same():
    def one_per_word(text: str) -> list[int]:
        return [0] if " " not in text else [0, text.index(" ") + 1]

    chunks = split(Source(uri="x", text="y" * 5000 + " end"), 50, one_per_word)
    assert max(len(chunk.text) for chunk in chunks) <= 4 * 50 + 4


def test_what_a_tokenizer_counts_otherwise_when_cut_is_cut_again():
    def crowded(text: str) -> list[int]:
        """More tokens for a piece than for the same words within a long text."""
        starts = [at for at in range(len(text)) if not text[at].isspace() and (at == 0 or text[at - 1].isspace())]
        return starts if len(text) > 1000 else sorted(starts * 2)

    text = words(400)
    chunks = split(Source(uri="x", text=text), 30, crowded)
    assert "".join(chunk.text for chunk in chunks) == text
    assert max(len(crowded(passage("", "", chunk.text, 30))) for chunk in chunks) <= 30


@pytest.mark.parametrize(
    ("title", "heading", "line"),
    [
        ("", "", ""),
        ("Ships", "", "Ships\n"),
        ("", "A › B", "A › B\n"),
        ("Ships", "A › B", "Ships › A › B\n"),
        ("Ships", "Ships", "Ships\n"),
        ("Ships", "Ships › B", "Ships › B\n"),
        ("Ship", "Ships › B", "Ship › Ships › B\n"),
        ("two\nlines", "a\tb", "two lines › a b\n"),
    ],
)
def test_context(title: str, heading: str, line: str):
    assert context(title, heading) == line
    assert passage(title, heading, " text\n") == f"{line}text"


def test_a_long_context_loses_its_middle_first():
    line = context("Ships", " › ".join(f"heading {n} {words(8)}" for n in range(9)), 100)
    assert line.startswith("Ships › heading 8 ")
    assert len(estimate_starts(line)) <= 25
    long = context(words(100, "title"), words(100, "inner"), 100)
    assert long.startswith("title title")
    assert "› inner inner" in long
    assert len(estimate_starts(long)) <= 25


def test_estimate_counts_pieces_of_every_script():
    assert estimate_starts("abcdefg 12345 Größe, 東京 привет") == [0, 5, 8, 11, 14, 16, 18, 19, 21, 22, 24, 26, 28]
    assert estimate_starts("") == []


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "The quick brown fox.\n" * 50_000,
        "船は海を進む。" * 60_000,
        "# a\nb\n" * 30_000,
        "\n" * 1_000_000 + "x",
    ],
    ids=["no space", "lines", "no spaces", "headings", "blank"],
)
def test_large_texts(text: str):
    chunks = split(source(text), 254, estimate_starts)
    assert "".join(chunk.text for chunk in chunks) == text
