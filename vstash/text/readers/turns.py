"""Where does an OpenDocument text turn to a new page? By what its program noted, and by its styles; not by guessing."""

from __future__ import annotations

from typing import Any

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_BREAK = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}break-before"
_ASIDE = (f"{_TEXT}note", f"{_OFFICE}annotation", "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}*")
TURNED = f"{_TEXT}soft-page-break"


class Turns:
    """The turns that stand in a document as marks are its reader's to count; `before` tells the others.

    `known`: the marks and those others are as many as the document counts pages.
    """

    def __init__(self, content: Any, styles: Any, meta: Any) -> None:
        self._styles = _turning(styles) | _turning(content)
        self._begun = False
        self.known = self._all_known(content, meta)

    def before(self, element: Any) -> int:
        """The turns, 0 or 1, that the style of a paragraph or table makes; asked in order, as the first makes none."""
        name = element.get(f"{_TABLE if element.tag == f'{_TABLE}table' else _TEXT}style-name")
        turns = int(self._begun and name in self._styles)
        self._begun = True
        return turns

    def _all_known(self, content: Any, meta: Any) -> bool:
        marks = list(content.iter(TURNED))
        if not marks or any(next(mark.iterancestors(*_ASIDE), None) is not None for mark in marks):
            return False
        blocks = list(content.iter(f"{_TEXT}p", f"{_TEXT}h", f"{_TABLE}table"))
        made = sum(self.before(block) for block in blocks if next(block.iterancestors(f"{_TABLE}table"), None) is None)
        self._begun = False
        return len(marks) + made + 1 == _pages(meta)


def _turning(root: Any) -> set[str]:
    """The styles that begin a new page."""
    styles = root.iter(f"{_STYLE}style") if root is not None else ()
    return {
        style.get(f"{_STYLE}name", "")
        for style in styles
        if style.get(f"{_STYLE}master-page-name") or any(inner.get(_BREAK) == "page" for inner in style)
    }


def _pages(meta: Any) -> int:
    """How many pages the document had when it was saved; 0 when it does not say."""
    counted = next(meta.iter(f"{_META}document-statistic"), None) if meta is not None else None
    named = counted.get(f"{_META}page-count", "") if counted is not None else ""
    return int(named) if named.isdecimal() else 0
