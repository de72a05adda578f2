"""Headings, code and tables are what another parser of CommonMark finds, whatever stands around them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from vstash.text.readers.base import disjoint, line_starts
from vstash.text.readers.markdown import outline

PROSE = ("prose", "more prose, it's so", "Prose: (a) \"b\" 'c'", "a `code` ~ *b* __c__ \\", "x = 1; y", "end")
LINES = st.one_of(
    st.sampled_from(PROSE),
    st.sampled_from(PROSE),
    st.sampled_from([
        *("", "", "===", "---", "   ===", "# One", "## Two ##", "```", "~~~ python", "    code", "\tcode", "***"),
        *("- item", "1. item", "2) item", "  lazy", "   three", "> quote", "> > deeper", "> ```", "- ```"),
        *("- # In a list", "| a | b |", "|--|--|"),
        *("<div>", "</div>", "<script>", "x </script>", "<!--", "a --> b", "<?php", "text ?>", "<b>b</b>"),
        *("<![CDATA[", "a", "é prose", "1 prose", "Prose\u2028end", "a" * 50),
    ]),
    st.text(alphabet="ab#-=>`~<: \t*+1.", max_size=8),
)  # fmt: skip


def whole(text: str) -> tuple[list[tuple[int, int, str]], tuple[tuple[int, int], ...]]:
    """Headings and atoms by markdown-it."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    lines, headings, atoms = line_starts(text), [], []
    for token, inside in pairwise([*tokens, None]):
        if token and token.map and token.type == "heading_open" and token.level == 0 and inside:
            headings.append((lines[token.map[0]], int(token.tag[1]), inside.content))
        elif token and token.map and token.type in ("fence", "code_block", "table_open"):
            atoms.append((lines[token.map[0]], lines[token.map[1]]))
    return headings, disjoint(atoms)


def visible(text: str, spans: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """The spans without what is blank at their ends, on which parsers differ."""
    return [(start, len(text[:end].rstrip())) for start, end in spans]


def words(text: str) -> str:
    return "".join(filter(str.isalnum, text))


@given(lines=st.lists(LINES, max_size=25), last=st.sampled_from(["", "\n"]))
@settings(max_examples=300)
def test_two_parsers_agree(lines: list[str], last: str) -> None:
    text = "\n".join(lines) + last
    headings, atoms = outline(text)
    expected, expected_atoms = whole(text)
    found = {heading.start: heading for heading in headings}
    assert visible(text, atoms) == visible(text, expected_atoms)
    for start, level, markup in expected:
        if start in found:  # one without words is left out
            assert found.pop(start).level == level
        else:
            assert not words(markup)
    assert not found


def test_a_long_underlined_heading_keeps_its_middle() -> None:
    headings, _ = outline("one\ntwo\nthree\nfour\n===\n\ntext\n")
    assert [heading.title for heading in headings] == ["one two three four"]
