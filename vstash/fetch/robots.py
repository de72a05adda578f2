"""Which addresses of a site does its robots.txt close to us (RFC 9309)? Through Protego, Scrapy's own parser.

The standard library's knows no `*` and `$` in paths, and takes the first rule that fits, not the longest.
"""

from __future__ import annotations

import re

from vstash.extras import require

AGENT = "vstash"  # as robots.txt knows it
ALL_FORBIDDEN = "User-agent: *\nDisallow: /"
_NAMED = re.compile(r"\s*user(?:-|\s*)agent\b[\s:]*(.*)", re.IGNORECASE | re.DOTALL)


class Robots:
    """The rules of one site. Raises: MissingExtra without Protego."""

    def __init__(self, text: str) -> None:
        self._rules = require("protego", "web").Protego.parse("\n".join(map(_folded, text.splitlines())))

    def allow(self, address: str) -> bool:
        """Whether the site lets us have it."""
        return bool(self._rules.can_fetch(address, AGENT))


def _folded(line: str) -> str:
    """A line, all programs but this one under a single name: Protego keeps every rule of a group once for each
    program, so half a megabyte of names and rules would become gigabytes."""
    found = _NAMED.match(line)
    if not found:
        return line
    name = found[1].partition("#")[0].strip().lower()
    known = {"*": "*", AGENT: AGENT, f"{AGENT}*": AGENT}
    return f"User-agent: {known.get(name, 'another')}"
