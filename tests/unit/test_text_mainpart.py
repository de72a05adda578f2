"""Of a web page only its own text is kept; nothing of it is lost where the page does not say what that is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstash.text.readers.webpage import read

TEXT = "Iron holds the anchor in a storm, and hemp holds the sail."


def text_of(page: str) -> str:
    return read(page.encode(), "x.html").text


@pytest.mark.parametrize(
    "around",
    [
        "<nav><ul><li><a href=/>Home</a><li>Shop</ul></nav>{}",
        "<div role=navigation>Home</div>{}<div role='contentinfo'>Imprint</div>",
        "<header>Acme</header><article>{}</article><aside>Also read</aside><footer>Imprint</footer>",
        "<p>Banner</p><main>{}</main><p>Imprint</p>",
        "<table><tr><td>Logo<td>Menu</table><div role=main>{}</div>",
        "<div class='navbar dark'>Home</div>{}<div id=site-footer>Imprint</div>",
        "<a class=skip-link href=#x>Skip</a>{}<div hidden>Later</div>",
        "<div class='cookie-banner'>We like cookies <nav>more</nav></div>{}",
    ],
)
def test_what_is_around_the_text_goes(around: str):
    assert text_of(around.format(f"<p>{TEXT}</p>")) == TEXT


@pytest.mark.parametrize(
    "page",
    [
        f"<header><h1>On ships</h1></header><p>{TEXT}</p><footer>1. A note.</footer>",  # no article: its own head
        f"<article><header><h1>On ships</h1></header><p>{TEXT}</p><footer>1. A note.</footer></article>",
        f"<main><h1>On ships</h1><p>{TEXT}</p><aside>1. A note.</aside></main>",
        f"<h1>On ships</h1><article>{TEXT}</article><aside role=doc-endnotes>1. A note.</aside>",
        f"<form><h1>On ships</h1><p>{TEXT}</p><div class=content-sidebar-note>1. A note.</div></form>",
        f"<p>On ships</p><main></main><p>{TEXT}</p><p>1. A note.</p>",  # the main part is empty until a script runs
        f"<nav><p>On ships</p><p>{TEXT}</p><p>1. A note.</p></nav>",
    ],
)
def test_what_is_the_page_stays(page: str):
    assert text_of(page) == f"On ships\n\n{TEXT}\n\n1. A note."


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<meta itemprop="datePublished" content="2021-03-04">', "2021-03-04"),
        ('<script type="application/ld+json">{"datePublished": "2021-03-04T05:06:07Z"}</script>', "2021-03-04"),
        ('<meta name=date content="2020-01-01"><script>{"datePublished":"2021-03-04"}</script>', "2021-03-04"),
        ('<meta name=date content="2020-01-01">', "2020-01-01"),
        ('<script>{"datePublished":"soon"}</script>', "None"),
    ],
)
def test_the_day_of_publication(head: str, expected: str):
    assert str(read(f"<html>{head}<p>{TEXT}".encode(), "x.html").dated_at)[:10] == expected


TAGS = ["main", "article", "nav", "header", "footer", "aside", "div", "p", "ul", "li", "table", "tr", "td", "pre", "h1"]
PIECES = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS] + ["<div role=main>", "<p hidden>"]),
    st.sampled_from(["anchor ", "sail", "\n", " "]),
)


@given(st.lists(PIECES, max_size=40))
def test_tags_in_any_order_leave_text_with_headings_and_atoms_inside_it(pieces: list[str]):
    found = read(("<html><p>storm</p>" + "".join(pieces)).encode(), "x.html")
    assert found.text.strip()
    assert all(0 <= start < end <= len(found.text) for start, end in found.atoms)
    assert all(found.text[heading.start :].startswith(heading.title.split()[0]) for heading in found.headings)
