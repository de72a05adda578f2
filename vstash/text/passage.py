"""What does an encoder read for a passage? Its title and headings, trimmed, and its words."""

from __future__ import annotations

import hashlib
import re

CONTEXT_SHARE = 0.25  # of the window, in estimated tokens: what title and headings may take
WINDOW = 254  # tokens; MiniLM's 256 less its two special tokens
SEPARATOR = " › "

# As coarse as no encoder's vocabulary: five Latin letters, three digits, two letters of another
# alphabet, one character of a script without spaces, one mark. English words come out about a third over.
_TOKEN = re.compile(
    r"[A-Za-z]{1,5}|[0-9]{1,3}|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff]"
    r"|[^\W\d_A-Za-z\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff]{1,2}|\S"
)


def estimate_starts(text: str) -> list[int]:
    """Where tokens start, in code points, for an encoder that cannot say: an estimate on the high side."""
    return [match.start() for match in _TOKEN.finditer(text)]


def context(title: str, heading: str, window: int = WINDOW) -> str:
    """The line that is embedded before a passage, "Title › Heading path\\n"; "" when both are empty.

    A path that begins with the title does not repeat it. What takes more than a quarter of the window
    loses its outer headings first, then the ends of title and inmost heading. Half the window in
    characters is the other bound, so that a tokenizer of any kind leaves room for the passage.
    """
    title = " ".join(title[: 4 * window].split())
    heading = " ".join(heading[-8 * window :].split())
    repeats = not title or heading == title or heading.startswith(title + SEPARATOR)
    line = heading if repeats else SEPARATOR.join(filter(None, (title, heading)))
    return f"{trimmed}\n" if (trimmed := _trimmed(line, window)) else ""


def own_title(title: str, uri: str) -> str:
    """The title as encoders read it: "" for one that only repeats the name of the file.

    So a file's vectors depend on what it says alone, and stay what they are when it is renamed; words of
    its name are found by the keyword index.
    """
    return "" if title == uri.rsplit("/", 1)[-1] else title


def passage(title: str, heading: str, text: str, window: int = WINDOW) -> str:
    """What the encoder gets for a chunk: its context and its text, stripped. `window` as in `split`."""
    return context(title, heading, window) + text.strip()


def digest(text: str) -> bytes:
    """The digest by which the vector of an encoded text is found again, 16 bytes."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _trimmed(line: str, window: int) -> str:
    """The line within its share of the window, in estimated tokens and in characters."""
    tokens, width = int(window * CONTEXT_SHARE), window // 2 - 1
    parts = line.split(SEPARATOR)
    while len(parts) > 2 and not _fits(SEPARATOR.join(parts), tokens, width):
        del parts[1]
    if _fits(SEPARATOR.join(parts), tokens, width):
        return SEPARATOR.join(parts)
    each = [_cut(part, tokens // len(parts) - 1, width // len(parts) - len(SEPARATOR)) for part in parts]
    return SEPARATOR.join(filter(None, each))


def _fits(line: str, tokens: int, width: int) -> bool:
    return len(line) <= width and (len(line) <= tokens or len(estimate_starts(line)) <= tokens)


def _cut(part: str, tokens: int, width: int) -> str:
    """The beginning of a part, up to whole estimated tokens."""
    starts = [*estimate_starts(part), len(part)]
    fitting = [start for start in starts[: max(0, tokens) + 1] if start <= width]
    return part[: fitting[-1]].strip() if fitting else ""
