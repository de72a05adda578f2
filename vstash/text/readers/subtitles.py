"""Subtitles (.vtt .srt): what is said, in lines, with the time it is said at. Both formats are a few lines of text.

No library: webvtt-py and srt refuse the slips that real files are full of.
"""

from __future__ import annotations

import html
import re

from vstash.text.decode import decode
from vstash.text.readers.base import LINES, Extract
from vstash.types import Place

PAUSE = 4.0  # seconds without a word, after which a new paragraph begins

_STAMP = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_CUE = re.compile(rf"^[ \t]*{_STAMP}[ \t]*-->[ \t]*{_STAMP}[^\n]*\n(.*?)(?=\n[ \t]*\n|\Z)", re.M | re.S)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG = re.compile(r"</?[^>\n]*>|\{\\[^}]*\}")


def read(data: bytes, name: str) -> Extract:
    """A line for each cue, its time as place; what rolls over from the cue before is not said twice."""
    text = decode(data, name)
    lines: list[str] = []
    places: list[Place] = []
    offset, last, before = 0, 0.0, ""
    for cue in _CUE.finditer(text):
        words = _words(cue[9])
        if not words or words == before:
            continue
        begin = _seconds(cue[1], cue[2], cue[3], cue[4])
        gap = "" if not lines else "\n\n" if begin - last > PAUSE else "\n"
        places.append(Place(offset + len(gap), {"time": f"{int(begin // 3600):02}:{cue[2]:0>2}:{cue[3]}"}))
        lines += [gap, words]
        offset += len(gap) + len(words)
        last, before = _seconds(cue[5], cue[6], cue[7], cue[8]), words
    if not lines:
        return Extract(text, "text", places=LINES)
    return Extract("".join(lines), "subtitles", places=tuple(places))


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def _words(cue: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", _VOICE.sub(lambda voice: f"{voice[1]}: ", cue))).split())
