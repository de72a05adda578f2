"""Which part of a web page is its own text, and which is around it on every page of the site? Pure.

By what the page says itself: its elements, roles and the names of its blocks. trafilatura, measured on the same
pages, also lost headings, last paragraphs and the words between tables, which a memory must not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

LEAST_SHARE = 0.1  # of a page's words; a main part smaller than that is not what the page is about
_MAIN = re.compile(r"""<main\b|\brole\s*=\s*["']?main\b""", re.IGNORECASE)
_ARTICLE = re.compile(r"<article\b", re.IGNORECASE)
_AROUND_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "menubar"})
_AROUND_ARTICLE = frozenset({"header", "footer", "aside"})
_BLOCKS = frozenset({"div", "ul", "ol", "section", "a", "p", "span", "table"})
_AROUND_NAMES = re.compile(
    r"(?:site|page|main|global|top|left|right|primary|secondary)?[-_]?"
    r"(?:nav|navbar|navigation|navmenu|sidebar|breadcrumbs?|mobile-menu|main-menu|skip-?(?:link|nav|to-content)s?"
    r"|cookie-?(?:bar|banner|consent|notice)|social-?(?:share|links|icons|media)|share-?(?:buttons|links|bar))",
    re.IGNORECASE,
)
_FOOTERS = re.compile(r"(?:site|page|global|main)?[-_]?footer(?:[-_]?(?:wrapper|container))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """What a page says of its parts: whether it names a main part, and whether it has articles."""

    main: bool
    article: bool

    def begins(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """Whether the page's own text is inside of this element."""
        return tag == "main" or attributes.get("role") == "main" if self.main else tag == "article"

    def around(self, tag: str, attributes: Mapping[str, str], *, inside: bool) -> bool:
        """Whether an element, inside of the page's own text or not, is there for finding one's way only."""
        role = attributes.get("role", "")
        if role.startswith("doc-") and tag != "nav":  # notes and other parts of a book
            return False
        if tag == "nav" or role in _AROUND_ROLES or "hidden" in attributes:
            return True
        if tag in _AROUND_ARTICLE:
            return self.article and not inside
        if tag not in _BLOCKS:
            return False
        names = f"{attributes.get('id', '')} {attributes.get('class', '')}".split()
        return any(_AROUND_NAMES.fullmatch(name) or (not inside and _FOOTERS.fullmatch(name)) for name in names)


def layout(page: str) -> Layout:
    """What the page, as HTML, says of its parts."""
    return Layout(_MAIN.search(page) is not None, _ARTICLE.search(page) is not None)
