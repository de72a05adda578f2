"""Which characters are in these bytes? Tells text from binary by content, decodes it, and cleans it."""

from __future__ import annotations

import codecs
import re
from importlib import import_module

from vstash.errors import UnsupportedSource

HEAD = 1 << 16  # bytes looked at to judge a whole file
CONTROL_SHARE = 0.03  # of a file's bytes; random bytes have 0.1, text has next to none
NUL_SHARE = 0.3  # logs torn by a power cut hold blocks of NULs between good lines

BINARY_HINT = "text, office documents, PDF, mail, e-books, notebooks, subtitles and source code can be added"

SOFT_HYPHEN = "\u00ad"

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NUL = b"\0"
_JAPANESE = b"\x1b$"  # before words in ISO-2022-JP, all of it ASCII: the mail of decades
_CONTROLS = bytes(set(range(1, 32)) - set(b"\b\t\n\v\f\r\x1b")) + b"\x7f"
_CONTINUED = bytes(range(0x80, 0xC0))
_TERMINAL = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_OVERSTRIKE = re.compile(r"[^\n]\x08")  # how manual pages print bold
_LINE_ENDS = re.compile(r"\r\n?")
_BREAKS = re.compile(r"[\v\x85]")  # what programs keep within a paragraph; in a file no editor counts it as a line
_UNPRINTABLE = re.compile(r"[\x00-\x08\v\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]+")
_SURROGATES = re.compile("[\ud800-\udfff]")


def decode(data: bytes, name: str, declared: str = "") -> str:
    r"""The text of a file, cleaned: by its byte order mark, as ISO-2022-JP or UTF-8, as `declared`, else as detected.

    Lines end in "\n", and only where editors end them: not at a vertical tab or NEL. Raises UnsupportedSource, naming
    `name`, when the bytes are no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _require_text(data[len(mark) :].decode(encoding, "replace"), name)
    wide = _wide(data[:HEAD])
    if wide:
        return _require_text(data.decode(wide, "replace"), name)
    if is_binary(data):
        raise binary(name)
    try:
        if _JAPANESE in data:
            return _cleaned(import_module("vstash.text.legacy").iso2022_jp(data))
    except UnicodeDecodeError:
        pass
    try:
        return _cleaned(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _cleaned(_legacy(data, declared))


def clean(text: str) -> str:
    r"""The text with "\n" line ends, without terminal codes, byte order marks and control characters.

    Vertical tabs and NEL are line ends here; tabs and form feeds stay; a run of control characters becomes one space,
    so that what it parted stays parted; a lone surrogate, which neither UTF-8 nor SQLite can hold, becomes U+FFFD.
    Soft hyphens, at which e-books and pages part nearly every long word, go: nobody sees or types them.
    """
    if "\v" in text or "\x85" in text:
        text = _BREAKS.sub("\n", text)
    return _cleaned(text)


def _cleaned(text: str) -> str:
    if "\r" in text:
        text = _LINE_ENDS.sub("\n", text)
    if "\x1b" in text:
        text = _TERMINAL.sub("", text)
    if "\b" in text:
        text = _OVERSTRIKE.sub("", text)
    text = _UNPRINTABLE.sub(" ", text.removeprefix("\ufeff"))
    if SOFT_HYPHEN in text:
        text = text.replace(SOFT_HYPHEN, "")
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def is_binary(data: bytes) -> bool:
    """Whether the bytes, taken as an ASCII superset, are no text: judged by control characters and NULs."""
    for part in (data[:HEAD], data[HEAD:][-HEAD:]):
        nuls, controls = part.count(_NUL), len(part) - len(part.translate(None, _CONTROLS))
        if _is_utf8(part):  # which binary data hardly ever is
            if nuls + controls > max(1, NUL_SHARE * len(part)):
                return True
        elif nuls or controls > max(1, CONTROL_SHARE * len(part)):
            return True
    return False


def binary(name: str, what: str = "") -> UnsupportedSource:
    """The error for bytes that are no text; `what` names the format when it is known."""
    return UnsupportedSource(f"{name} is binary, not text{what and f' ({what})'}", hint=BINARY_HINT)


def _is_utf8(part: bytes) -> bool:
    """Whether a part of a file is UTF-8, but for a character cut at either edge."""
    try:
        codecs.utf_8_decode(part.lstrip(_CONTINUED), "strict", False)
    except UnicodeDecodeError:
        return False
    return True


def _wide(head: bytes) -> str:
    """UTF-16 without a mark shows in mostly Latin text: every other byte is NUL. UTF-32 shows in any: no character
    has more than 21 bits."""
    if _NUL not in head:
        return ""
    for encoding, top in (("utf-32-le", 3), ("utf-32-be", 0)):
        if _is_utf32(head, encoding, top):
            return encoding
    even, odd = head[::2].count(_NUL), head[1::2].count(_NUL)
    half = len(head) / 2
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * half and odd < 0.05 * half else ""


def _is_utf32(head: bytes, encoding: str, top: int) -> bool:
    whole = head[: len(head) // 4 * 4]
    if not whole or whole[top::4].strip(_NUL) or not whole.strip(_NUL):
        return False
    try:
        return all(one.isprintable() or one in "\t\r\n\f\ufeff" for one in whole.decode(encoding))
    except UnicodeDecodeError:
        return False


def _require_text(text: str, name: str) -> str:
    bad = len(re.findall(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]", text[:HEAD]))
    if bad > max(1, CONTROL_SHARE * len(text[:HEAD])):
        raise binary(name)
    return _cleaned(text)


def _legacy(data: bytes, declared: str) -> str:
    """Text that is not UTF-8. The detector is slow to import and seldom needed, hence by name."""
    encoding: str = import_module("vstash.text.legacy").encoding_of(data, declared)
    return data.decode(encoding, "replace")
