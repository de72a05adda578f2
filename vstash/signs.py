"""Is a text plain English but for its signs? Most that is not ASCII is so by a dash or a quotation mark."""

from __future__ import annotations

_ASCII_FOR = (
    *(("›", ">"), ("→", ">"), ("•", "*"), ("·", "."), ("…", "."), ("–", "-"), ("—", "-")),
    *(("’", "'"), ("‘", "'"), ("“", '"'), ("”", '"')),
)


def plain(text: str) -> str:
    """The text with typographic signs as ASCII ones that part words alike, if that makes all of it ASCII; else the
    text itself. Offsets stay."""
    if text.isascii():
        return text
    changed = text
    for sign, like in _ASCII_FOR:
        changed = changed.replace(sign, like)
    return changed if changed.isascii() else text
