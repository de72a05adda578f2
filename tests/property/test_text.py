"""Whatever the text: passages rebuild it and fit, readers raise only our errors, queries are safe in FTS5."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

import apsw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstash.errors import VstashError
from vstash.text.boundaries import _SPACES
from vstash.text.decode import clean
from vstash.text.passage import context, estimate_starts, passage
from vstash.text.read import extract
from vstash.text.split import split
from vstash.text.terms import QueryTerm, extra_terms, query_terms
from vstash.types import Heading, Source, indexed

WORDS = re.compile(r"\w+|[^\w\s]")

PIECES = st.sampled_from(
    [
        "word ",
        "Word. ",
        "\n",
        "\n\n",
        "  ",
        "# Heading\n",
        "```\n",
        "東京",
        "。",
        "x" * 90,
        "é",
        "🙂",
        "\t",
        ", ",
        "1.5 ",
        "ที่",
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=120).map("".join), st.text(max_size=200))
LETTERS = st.one_of(st.characters(categories=["L", "N", "Zs"]), st.sampled_from("._-/'()\n"))
TOKENIZERS = st.sampled_from(["estimate", "words", "characters"])
SUFFIXES = st.sampled_from(
    ["", ".txt", ".md", ".rst", ".html", ".csv", ".tsv", ".json", ".jsonl", ".ipynb", ".py", ".pdf"]
)


def token_starts(kind: str, text: str) -> list[int]:
    if kind == "estimate":
        return estimate_starts(text)
    return [match.start() for match in (WORDS if kind == "words" else re.compile(".", re.DOTALL)).finditer(text)]


@st.composite
def sources(draw: st.DrawFn) -> Source:
    text = draw(TEXTS)
    offsets = st.integers(0, max(len(text), 1))
    titles = st.one_of(st.sampled_from(["Ships", "Kinds", ""]), st.text(max_size=60))
    headings = draw(st.lists(st.builds(Heading, offsets, st.integers(1, 6), titles), max_size=8))
    edges = sorted(draw(st.sets(offsets, max_size=10)))
    return Source(
        uri="x",
        text=text,
        title=draw(titles),
        headings=tuple(sorted(headings, key=lambda heading: heading.start)),
        atoms=tuple(zip(edges[::2], edges[1::2], strict=False)),
    )


@given(sources(), st.integers(2, 300), TOKENIZERS)
def test_passages_rebuild_the_text_and_fit_the_window(source: Source, window: int, kind: str):
    chunks = split(source, window, lambda text: token_starts(kind, text))
    if not source.text.strip():
        assert chunks == []
        return
    assert "".join(chunk.text for chunk in chunks) == source.text
    assert [chunk.seq for chunk in chunks] == list(range(len(chunks)))
    for chunk in chunks:
        assert chunk.text == source.text[chunk.start : chunk.end]
        assert chunk.text.strip()
        assert len(token_starts(kind, passage(source.title, chunk.heading, chunk.text, window))) <= window
    assert all(not chunk.text[0].isspace() for chunk in chunks[1:])


@given(sources(), st.integers(20, 300))
def test_atoms_that_fit_stay_whole(source: Source, window: int):
    cuts = [chunk.start for chunk in split(source, window, estimate_starts)]
    for start, end in source.atoms:
        atom = source.text[start:end]
        headings = [heading for heading in source.headings if start < heading.start < end]
        if not headings and len(estimate_starts(atom)) <= window // 2:
            visible = start + len(atom) - len(atom.lstrip())
            assert not [cut for cut in cuts if visible < cut < end]


@given(st.text(), st.text(), st.integers(2, 600))
def test_context_keeps_to_its_share(title: str, heading: str, window: int):
    line = context(title, heading, window)
    assert line == "" or (line.endswith("\n") and line.strip() and line.count("\n") == 1)
    assert len(estimate_starts(line)) <= window / 4
    assert len(line) <= window / 2


@given(st.binary(max_size=300), SUFFIXES)
def test_any_bytes_give_text_or_one_of_our_errors(data: bytes, suffix: str):
    check(data, suffix)


@given(TEXTS, SUFFIXES, st.sampled_from(["utf-8", "utf-16", "cp1252", "shift_jis"]))
def test_any_text_gives_text_or_one_of_our_errors(text: str, suffix: str, encoding: str):
    check(text.encode(encoding, "replace"), suffix)


@given(st.text(alphabet="-:#[]{}&*!|>'\"%@`, \nax1~.?=", max_size=80))
def test_any_front_matter(block: str):
    check(f"---\n{block}\n---\nwords\n".encode(), ".md")


def check(data: bytes, suffix: str) -> None:
    """An extract keeps its promises, or an error of ours has a hint."""
    try:
        found = extract(data, f"name{suffix}")
    except VstashError as error:
        assert error.hint  # noqa: PT017 - raising is one of the two right outcomes
        return
    assert found.text.strip()
    assert found.text == clean(found.text)
    assert all(0 <= a < b <= len(found.text) for a, b in found.atoms)
    pairs = zip(found.atoms, found.atoms[1:], strict=False)
    assert all(a[1] <= b[0] or b[1] <= a[1] for a, b in pairs)  # disjoint, or one inside the other
    starts = [heading.start for heading in found.headings]
    assert starts == sorted(starts)
    assert all(0 <= start < len(found.text) for start in starts)
    assert json.loads(json.dumps(found.metadata, allow_nan=False)) == found.metadata
    json.dumps([found.title, dict(found.metadata)], ensure_ascii=False).encode("utf-8")
    assert found.dated_at is None or found.dated_at.tzinfo


def expression(terms: Iterable[QueryTerm]) -> str:
    """Any of these terms, each quoted; their texts must hold nothing to escape."""
    return " OR ".join(f'"{term.text}"{"*" * term.prefix}' for term in terms)


@pytest.fixture(scope="module")
def index() -> Iterator[apsw.Connection]:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(text, tokenize='porter unicode61 remove_diacritics 2')")
    yield connection
    connection.close()


@given(st.one_of(st.text(), st.text(alphabet="\"a *^:-+(){}\0\ud800東é'OR NEAR")))
def test_any_query_is_safe_in_fts5(index: apsw.Connection, query: str):
    terms = query_terms(query)
    assert len(terms) == len(set(terms))
    index.execute("DELETE FROM t")
    assert not terms or list(index.execute("SELECT * FROM t WHERE t MATCH ?", (expression(terms),))) == []


@given(st.one_of(st.lists(PIECES).map("".join), st.text(LETTERS)))
def test_a_text_is_found_by_each_of_its_own_words(index: apsw.Connection, text: str):
    text = clean(text)
    index.execute("DELETE FROM t")
    index.execute("INSERT INTO t VALUES (?)", (indexed(text, extra_terms(text)),))
    tokenizer = index.fts5_tokenizer("porter", ["unicode61", "remove_diacritics", "2"])
    for term in query_terms(text):
        tokens = tokenizer(term.text.encode(), apsw.FTS5_TOKENIZE_QUERY, None, include_offsets=False)
        if list(tokens) and (not term.extra or term.text in extra_terms(text).split()):
            rows = index.execute("SELECT rowid FROM t WHERE t MATCH ?", (expression([term]),))
            assert len(list(rows)) == 1, term


def test_spaces_are_those_of_str():
    assert set(np.flatnonzero(_SPACES).tolist()) == {code for code in range(0x110000) if chr(code).isspace()}
