"""How anything is printed: data on stdout, talk on stderr, nothing from outside unescaped."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import unicodedata
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from vstash.errors import VstashError

BOLD, DIM, MARK, RED, END = "\x1b[1m", "\x1b[2m", "\x1b[1;33m", "\x1b[31m", "\x1b[0m"

_UNUSUAL = re.compile(r"[^\x20-\x7e\n\t]")
_STEERING = ("Cc", "Cf", "Cs")  # control, format and surrogate characters
_JOINERS = "\u200c\u200d"  # of Persian and Indic letters, and of emoji: without them words look wrong
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))  # hyphenation and byte-order marks


def printable(text: str) -> str:
    """The text with every character that could steer a terminal spelt out, as in \\u001b."""
    return _UNUSUAL.sub(lambda found: _spelt(found[0]) if _steers(found[0]) else found[0], text)


def oneline(text: str) -> str:
    """Text for reading: printable, on one line, without marks that nobody sees."""
    return printable(" ".join(text.translate(_INVISIBLE).split()))


def named(uri: str) -> str:
    """A name, such as a uri, on one line: nothing is left out, so that it can be told from any other."""
    return printable(uri).replace("\n", "\\n").replace("\t", "\\t")


def counted(number: int, what: str) -> str:
    """A number with its noun: 1 chunk, 2 chunks."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def line(text: str = "") -> None:
    """A line of data. Raises: OSError when it cannot be written, such as to a closed stdout."""
    _write(output(), text)


def output() -> TextIO:
    """Where data goes. Raises: OSError when it is closed."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    return sys.stdout


def in_utf8(stream: TextIO) -> TextIO:
    """A standard stream as the file that it stands for would be, whatever the terminal's encoding is."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="strict", newline="\n")
    return stream


def talk(text: str) -> None:
    """A line of talk; nobody hears it when stderr is closed."""
    if sys.stderr is not None:
        _write(sys.stderr, text)


def as_json(value: object) -> None:
    """One JSON value, as data; what could steer a terminal is escaped, as is what stdout cannot encode."""
    text = json.dumps(value, ensure_ascii=not _takes_unicode(sys.stdout), indent=2)
    line(_UNUSUAL.sub(lambda found: json.dumps(found[0])[1:-1] if _steers(found[0]) else found[0], text))


def failure(error: VstashError, *, with_json: bool) -> None:
    """An error that ends a command."""
    problem(type(error).__name__, str(error), error.hint, with_json=with_json)


def problem(kind: str, message: str, hint: str, *, with_json: bool) -> None:
    """What is wrong and what to do as one line of talk, and as a JSON value where one was asked for."""
    said = message + (" " if message.endswith("?") else "; ") + hint if hint else message
    talk(f"{paint('error', RED, sys.stderr)}: {oneline(said)}")
    if with_json:
        as_json({"error": {"type": kind, "message": message, "hint": hint}})


def paint(text: str, style: str, stream: TextIO | None = None) -> str:
    """The text in a style where the stream, stdout by default, is a terminal that shows it."""
    return f"{style}{text}{END}" if coloured(stream or sys.stdout) else text


def coloured(stream: TextIO | None) -> bool:
    """Whether styles may be written to the stream; NO_COLOR (no-color.org) says no."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person is looking at the stream."""
    return stream is not None and stream.isatty()


def _spelt(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _steers(char: str) -> bool:
    return unicodedata.category(char) in _STEERING and char not in _JOINERS


def _takes_unicode(stream: TextIO | None) -> bool:
    return stream is not None and (stream.encoding or "").lower().replace("-", "").startswith("utf")


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()
