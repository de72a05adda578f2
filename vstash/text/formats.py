"""Which reader is a file for? By its content where that is plain, else by its suffix."""

from __future__ import annotations

import re
from pathlib import PurePath

from vstash.errors import UnsupportedSource
from vstash.text.decode import HEAD, binary, is_binary

_SOURCE_CODE = """.py .pyi .pyx .pyw .c .h .cc .cpp .cxx .hh .hpp .hxx .m .mm .cs .java .kt .kts .scala .groovy
.gradle .go .rs .swift .zig .nim .d .v .js .mjs .cjs .jsx .ts .mts .cts .tsx .vue .svelte .php .rb .pl .pm .lua
.r .jl .hs .ml .mli .fs .fsx .clj .cljs .ex .exs .erl .hrl .elm .lisp .el .scm .rkt .dart .pas .f .f90 .for
.ada .adb .asm .s .vb .bas .sh .bash .zsh .fish .ps1 .bat .cmd .awk .sql .css .scss .sass .less .proto .graphql
.tf .hcl .cmake .mk .vim .tcl .sol .cu .glsl .wgsl .toml .yaml .yml .ini .cfg .conf"""


def _each(reader: str, suffixes: str) -> dict[str, str]:
    return dict.fromkeys(suffixes.split(), reader)


READERS = {
    **_each("source", _SOURCE_CODE),
    **_each("markdown", ".md .markdown .mdown .mkd .mdx .qmd .rmd"),
    **_each("rst", ".rst .rest"),
    **_each("webpage", ".html .htm .xhtml .shtml"),
    **_each("pdf", ".pdf"),
    **_each("delimited", ".csv .tsv .tab"),
    **_each("jsondata", ".json .geojson .jsonld"),
    **_each("notebook", ".ipynb"),
    **_each("jsonlines", ".jsonl .ndjson"),
    **_each("worddoc", ".docx .docm .dotx .dotm"),
    **_each("slides", ".pptx .pptm .ppsx .ppsm .potx"),
    **_each("workbook", ".xlsx .xlsm .xlsb .xltx .xls .xlt .xla .xlam .ods .ots"),
    **_each("oldword", ".doc .dot"),
    **_each("oldslides", ".ppt .pps .pot"),
    **_each("opendocument", ".odt .ott .odp .otp .fodt .fodp"),
    **_each("richtext", ".rtf"),
    **_each("ebook", ".epub"),
    **_each("mail", ".eml .mht .mhtml"),
    **_each("mailbox", ".mbox"),
    **_each("outlook", ".msg"),
    **_each("markup", ".xml .xsd .xsl .xslt .rss .atom .dbk .docbook .dita .nxml .tei .kml .gpx"),
    **_each("vector", ".svg"),
    **_each("outlined", ".tex .latex .ltx .sty .cls .org .adoc .asciidoc .asc"),
    **_each("subtitles", ".vtt .srt"),
    **_each("archive", ".zip"),
    **_each("gzipped", ".gz"),
    **_each("picture", ".png .jpg .jpeg .jpe .jfif .gif .bmp .tif .tiff .webp"),
}
BINARY = frozenset({
    "pdf", "worddoc", "slides", "workbook", "oldword", "oldslides", "opendocument", "ebook", "outlook", "archive",
    "gzipped", "picture",
})  # fmt: skip
NESTING = frozenset({"archive", "gzipped", "mail", "mailbox", "outlook"})  # readers of files that hold others
SCANNING = frozenset({"pdf", "picture"})  # in whose files words may be pictures
EMBEDDING = frozenset({"worddoc", "slides", "workbook", "opendocument"})  # in whose files others may be embedded
HOLDING_PARTS = tuple(ending for ending, reader in READERS.items() if reader in (NESTING - {"archive"}) | EMBEDDING)
# Names under which other programs write text: Graphviz its .dot, ROS and Tcl their .msg, gettext its .pot.
EXPORTED = {".doc": "plain", ".dot": "plain", ".msg": "plain", ".pot": "plain", ".xls": "delimited"}
TEXTUAL = frozenset({"source", "markdown", "rst", "delimited", "jsondata", "notebook", "jsonlines", "outlined"})

_DOCUMENT = "save it as PDF, HTML or text and add that"
_IMAGE = "save it as PNG or JPEG and add that"
_SOUND = "add a transcript of it instead"
_ARCHIVE = "unpack it and add the files"

UNREAD = {
    **_each("Apple document", ".numbers .key .pages"),
    **_each("WordPerfect document", ".wpd"),
    **_each("e-book", ".mobi .azw .azw3 .djvu"),
    **_each("Outlook mailbox", ".pst .ost"),
    **_each("PostScript document", ".ps .eps"),
    **_each("image", ".heic .heif .avif .psd .xcf .ico .jp2 .jxl"),
    **_each("recording", ".mp3 .wav .flac .ogg .m4a .aac .opus .mp4 .mkv .mov .avi .webm .wmv"),
    **_each("archive", ".tar .tgz .bz2 .xz .zst .7z .rar .jar .whl .iso .dmg"),
}
_HINTS = {"image": _IMAGE, "recording": _SOUND, "archive": _ARCHIVE}

_ENTRIES = (
    (b"word/document.xml", "worddoc"),
    (b"ppt/presentation.xml", "slides"),
    (b"xl/workbook.", "workbook"),
    (b"mimetypeapplication/epub+zip", "ebook"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "workbook"),
    (b"mimetypeapplication/vnd.oasis.opendocument.", "opendocument"),
)
_MAGIC = (
    (b"PK\x03\x04", "zip archive"),
    (b"PK\x05\x06", "zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office document"),
    (b"\x89PNG", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF8", "GIF image"),
    (b"II*\0", "TIFF image"),
    (b"MM\0*", "TIFF image"),
    (b"BM", "BMP image"),
    (b"RIFF", "recording"),
    (b"ID3", "MP3 recording"),
    (b"OggS", "Ogg recording"),
    (b"fLaC", "FLAC recording"),
    (b"\x1aE\xdf\xa3", "Matroska video"),
    (b"\x1f\x8b", "gzip archive"),
    (b"BZh", "bzip2 archive"),
    (b"\xfd7zXZ", "xz archive"),
    (b"\x28\xb5\x2f\xfd", "Zstandard archive"),
    (b"7z\xbc\xaf", "7-Zip archive"),
    (b"Rar!", "RAR archive"),
    (b"\x7fELF", "ELF program"),
    (b"MZ", "Windows program"),
    (b"\xcf\xfa\xed\xfe", "macOS program"),
    (b"\xca\xfe\xba\xbe", "macOS program or Java class"),
    (b"\0asm", "WebAssembly program"),
    (b"SQLite format 3\0", "SQLite database"),
    (b"PAR1", "Parquet table"),
)


_PARTED = re.compile(rb"MIME-Version:[^\n]*\n(?:\S[^\n]*\n|[ \t][^\n]*\n)*?Content-Type:\s*multipart/", re.IGNORECASE)


def reader_for(data: bytes, name: str) -> str:
    """The module under `vstash.text.readers` that reads this file.

    A PDF or an HTML page is known by how it starts, whatever its name, and without a telling name a picture, and a
    mail of several parts, as signed ones lie in Outlook's; other formats that vstash knows but does not read raise
    UnsupportedSource, by name or by magic number. The rest is text.
    """
    suffix = PurePath(name).suffix.lower()
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"%PDF-") or (suffix == ".pdf" and b"%PDF-" in data[:1024]):
        return "pdf"
    if start[:14].lower().startswith((b"<!doctype html", b"<html")) and _may_be_page(suffix):
        return "webpage"
    if suffix in UNREAD or name.lower().endswith(".tar.gz"):
        raise _unread(name, UNREAD.get(suffix, "archive"))
    if start.startswith(b"{\\rtf") and suffix not in READERS:
        return "richtext"
    reader = _exported(data, start, suffix) or READERS.get(suffix, "plain")
    packed = reader == "plain" and _packed(data)
    if packed:
        return packed
    known = _magic(data[:HEAD])
    if known.endswith(" image") and reader == "plain":
        return "picture"
    if known and reader not in BINARY:
        raise binary(name, known)
    if start.startswith(b"<?xml") and reader == "plain":
        return "markup"
    if reader == "plain" and _PARTED.match(start):
        return "mail"
    return reader


def _exported(data: bytes, start: bytes, suffix: str) -> str:
    """The reader of text under the name of an old office format, as the web and other programs export it: a page
    or a table as a spreadsheet, a page or plain words as a document. Else ""."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if suffix not in EXPORTED or start.startswith((b"PK", b"{\\rtf")) or (is_binary(data) and not wide):
        return ""
    if start.startswith(b"<"):
        return "markup" if start.startswith(b"<?xml") else "webpage"
    return EXPORTED[suffix]


def _packed(data: bytes) -> str:
    """The reader of a package without a telling name, by what its first entries are called."""
    if not data.startswith(b"PK\x03\x04"):
        return ""
    table = data[:HEAD] + data[-HEAD:]
    return next((reader for entry, reader in _ENTRIES if entry in table), "archive")


def _may_be_page(suffix: str) -> bool:
    """Markdown and source files may rightly start with HTML; a file with no name for its format may not."""
    return READERS.get(suffix) not in TEXTUAL


def is_tar(data: bytes) -> bool:
    """Whether it is an archive of files, none of them packed."""
    return data[257:262] == b"ustar"


def _magic(head: bytes) -> str:
    """The format that a magic number names; some are plain letters, so only if the rest is no plain text."""
    if is_tar(head):
        return "tar archive"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP image"
    if b"ftyp" in head[4:8] and b"\0" in head[:4]:
        return "MP4 video"
    if b"\0" not in head and head.isascii():
        return ""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def _unread(name: str, what: str) -> UnsupportedSource:
    article = "an" if what[0] in "aeiouAEIOU" else "a"
    return UnsupportedSource(
        f"{name} is {article} {what}, which vstash does not read", hint=_HINTS.get(what, _DOCUMENT)
    )
