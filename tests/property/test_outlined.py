"""Blocks of Org, AsciiDoc and LaTeX are those that one pattern finds, and reading takes time as the text has length."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstash.text.read import extract
from vstash.text.readers.base import disjoint

# What each language says of blocks, as one pattern: plain to read, and quadratic where blocks are not closed.
ORACLES = {
    "x.org": r"^[ \t]*#\+begin_(\w+)\b.*?^[ \t]*#\+end_\1\b|(?:^[ \t]*\|[^\n]*\n)+",
    "x.adoc": r"^(----+|\.\.\.\.+|\|===+|====+|\+\+\+\++)[ \t]*\n.*?^\1[ \t]*$",
    "x.tex": r"^[ \t]*\\begin\{(table|verbatim)(\*?)\}.*?\\end\{\1\2\}",
}
LINES = {
    "x.org": [
        "#+begin_src c",
        "  #+BEGIN_SRC",
        "#+end_src",
        "#+END_SRC",
        " #+end_quote",
        "#+begin_quote",
        "| a |",
        "* Head :tag:",
    ],
    "x.adoc": ["----", "-----", "---- ", "|===", "====", "= Head =", "...."],
    "x.tex": [
        r"\begin{table}",
        r"\begin{table*}",
        r"\end{table}",
        r"a \end{table*}",
        r"\begin{verbatim}",
        r"\section{A}",
    ],
}
SLOW = {
    "org begins": ("x.org", "#+BEGIN_SRC\n"),
    "org spaces": ("x.org", "* a" + " " * 40),
    "org tags": ("x.org", "* a" + " :a" * 9),
    "adoc fences": ("x.adoc", "".join(f"{'-' * at}\n" for at in range(4, 40))),
    "adoc title": ("x.adoc", "= a" + " = " * 9),
    "adoc spaces": ("x.adoc", "= a" + " " * 40),
    "tex begins": ("x.tex", "\\begin{table}\n"),
    "tex options": ("x.tex", "\\section[\n"),
    "tex titles": ("x.tex", "\\title[\n"),
    "md spaces": ("x.md", "# a" + " " * 40),
    "rst roles": ("x.rst", ":a" * 20),
}


@pytest.mark.parametrize("name", ORACLES)
@given(st.data())
def test_blocks_are_those_of_one_pattern(name: str, data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from([*LINES[name], "", "words"]), min_size=1))
    text = "\n".join([*lines, "end", ""])
    pattern = re.compile(ORACLES[name], re.MULTILINE | re.DOTALL | (re.IGNORECASE if name == "x.org" else 0))
    assert extract(text.encode(), name).atoms == disjoint(match.span() for match in pattern.finditer(text))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("x.org", "| a |\n* Head\n", [(6, 1, "Head")]),  # right behind a table
        ("x.org", "#+begin_src\n* Head\n#+end_src\n** Next\n", [(29, 2, "Next")]),
        ("x.org", "* \n** DONE  Ropes \t :sea:land: \n", [(3, 2, "Ropes")]),
        ("x.org", "* Note:see:\n", [(0, 1, "Note:see:")]),  # no tag: those stand apart
        ("x.adoc", "= A == B ==  \n", [(0, 1, "A == B")]),
        ("x.tex", "\\section{}\n\\section{\\emph{Sea} chest}\n", [(11, 3, "Sea chest")]),
    ],
)
def test_headings(name: str, text: str, expected: list[tuple[int, int, str]]) -> None:
    found = extract(text.encode(), name).headings
    assert [(one.start, one.level, one.title) for one in found] == expected


def test_a_revision_dates_a_document_without_a_date() -> None:
    text = "= Ropes\n:revdate: 2021-03-04\n"
    assert str(extract(text.encode(), "x.adoc").dated_at)[:10] == "2021-03-04"
    assert str(extract(f"{text}:date: 2020-01-02\n".encode(), "x.adoc").dated_at)[:10] == "2020-01-02"


def seconds(name: str, text: str) -> float:
    """The least that reading takes of three times."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        extract(text.encode(), name)
        taken.append(time.process_time() - started)
    return min(taken)


@pytest.mark.parametrize("case", SLOW)
def test_time_grows_with_the_text(case: str) -> None:
    name, piece = SLOW[case]
    end = f"x\n{'=' * 9}\n\nwords\n"
    small, large = (piece * (size // len(piece)) + end for size in (20_000, 160_000))
    assert seconds(name, large) < 24 * max(seconds(name, small), 0.002)  # 8 times the text; quadratic is 64 times
