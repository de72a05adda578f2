"""Which encoding older than UTF-8 is this? Imported only when a file turns out not to be UTF-8."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

SAMPLE = 1 << 15  # bytes; the detector's time grows with them, its answer hardly
WESTERN_RUN = 1.6  # mean length of runs of bytes >= 0x80; accents stand alone, other scripts do not

_SPACED = bytes(byte if byte >= 0x20 or byte in b"\t\n\r\x1b" else 0x20 for byte in range(256))
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_DOUBLE = re.compile(rb"\x1b\$[@B]((?:[!-~]{2})*)(?:\x1b\([BJ])?")
_PAIR = re.compile(rb"([!-~])([!-~])")
_UTF8_SEQUENCE = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_DOUBLE_BYTE = ("cp932", "euc_jp", "gb18030", "big5", "cp949")
_OTHER_SCRIPTS = (*_DOUBLE_BYTE, "cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256", "cp874",
                  "iso8859_5", "cp855", "mac_cyrillic", "iso8859_6")  # fmt: skip
_AS_BROWSERS_DO = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "iso8859-8": "cp1255", "iso8859-11": "cp874",
    "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949",
}  # fmt: skip
# Names that mails and pages give and Python has not. Right to left needs no other codec: RFC 1556's "-i" is the order
# of letters that everybody writes in.
_UNKNOWN = {
    "iso-8859-8-i": "cp1255", "iso-8859-6-i": "iso8859-6", "windows-874": "cp874", "x-sjis": "cp932",
    "windows-31j": "cp932", "windows-949": "cp949", "x-gbk": "gb18030", "x-euc-jp": "euc_jp",
    "x-mac-cyrillic": "mac_cyrillic", "x-mac-roman": "mac_roman",
}  # fmt: skip


# The letters beyond ASCII of languages that stand alone in words, and the code pages they were written in. Those
# of the first line win over later ones that know the text's letters as well.
_WESTERN = (
    "äöüß",
    "àâæçéèêëîïôœùûüÿ",
    "áéíñóúü",
    "àáâãçéêíóôõúü",
    "àèéìíîòóùú",
    "åäöé",
    "æøåéó",
    "áðéíóúýþæö",
    "àçèéíïòóúü",
)
_CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž", "ăâîşţ")
_ALPHABETS = (
    *(("cp1252", letters) for letters in _WESTERN),
    *((code, letters) for code in ("cp1250", "iso8859_2") for letters in _CENTRAL),
    ("cp1254", "âçğıîöşüû"),
)


def encoding_of(data: bytes, declared: str = "") -> str:
    """A codec for bytes that are not UTF-8; decode with errors="replace".

    In this order: UTF-8 with a few damaged bytes, what the document declares, a Latin code page when the
    high bytes stand alone as accents do, else charset-normalizer's choice among other scripts.
    Its free choice is not taken: it reads short Western text as Mac or Baltic, and Polish as Western.
    """
    sample = _telling(data)
    runs = _HIGH_RUN.findall(sample)
    high = sum(map(len, runs))
    if 2 * sum(map(len, _UTF8_SEQUENCE.findall(sample))) > high:
        return "utf-8"
    known = _codec(declared)
    if known:
        return known
    if b"\x1b$" in data or high < WESTERN_RUN * len(runs):
        return "iso2022_jp" if b"\x1b$" in data else _latin(sample)
    best = from_bytes(sample, cp_isolation=list(_OTHER_SCRIPTS)).best()
    return best.encoding if best else "cp1252"


def iso2022_jp(data: bytes) -> str:
    """Text in ISO-2022-JP, with the circled numbers and signs of companies that Windows writes in it (code page 50221).

    Raises: UnicodeDecodeError.
    """
    try:
        return data.decode("iso2022_jp")
    except UnicodeDecodeError:
        if not data.isascii():  # all of it has seven bits
            raise
        return _DOUBLE.sub(lambda match: b"".join(map(_shifted, _PAIR.findall(match[1]))), data).decode("cp932")


def _shifted(pair: tuple[bytes, bytes]) -> bytes:
    """A character of JIS X 0208, of two bytes of seven bits, as Shift JIS has it."""
    row, cell = pair[0][0], pair[1][0]
    lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
    return bytes([lead, cell + (0x7E if row % 2 == 0 else 0x20 if cell >= 0x60 else 0x1F)])


def _latin(sample: bytes) -> str:
    """The code page under which the most letters beyond ASCII are those of one language; the first of equals."""

    def known(page: tuple[str, str]) -> int:
        code, letters = page
        words = high.decode(code, "replace")
        return sum(map(words.count, letters + letters.upper().replace("SS", "")))

    high = bytes(byte for byte in sample if byte >= 0x80)
    return max(_ALPHABETS, key=known)[0]


def _telling(data: bytes) -> bytes:
    """The lines with high bytes, up to SAMPLE bytes: the rest is ASCII and says nothing. Control characters,
    of which old Word files are full, would make the detector take all of it for noise; so would half a character,
    hence whole lines."""
    sample = b""
    for line in re.split(b"[\r\n]+", data):
        if not line.isascii():
            sample += _cut(line) + b"\n"
        if len(sample) > SAMPLE:
            break
    return sample.translate(_SPACED)


def _cut(line: bytes) -> bytes:
    """At most SAMPLE bytes of a line, ending where no character of several bytes can be."""
    if len(line) <= SAMPLE:
        return line
    end = max(map(line[:SAMPLE].rfind, (b" ", b"\t", b"\0")))
    return line[:end] if end > 0 else line[:SAMPLE]


def _codec(declared: str) -> str:
    """The codec for a declared charset, or "" when there is none or it would have been UTF-8."""
    try:
        name = codecs.lookup(_UNKNOWN.get(declared.lower(), declared)).name if declared else ""
        b"a".decode(name or "ascii", "replace")  # base64 and "undefined", which scripts write, are codecs of no text
    except (LookupError, ValueError):
        return ""
    return "" if name.startswith(("utf", "unicode", "idna", "punycode")) else _AS_BROWSERS_DO.get(name, name)
