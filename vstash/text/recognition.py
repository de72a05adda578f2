"""What does a picture say? Its words by text recognition, with the extra `ocr`.

RapidOCR is the one engine whose models come with its package, so that nothing is fetched at run time: it finds lines
and reads them, in English, Chinese, Japanese and the languages that are written in Latin letters. Words in other
scripts are not read; what is made of them is doubtful, and left out.
"""

from __future__ import annotations

import cmath
import hashlib
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING, Any

from vstash.config import Limits, cache_folder
from vstash.errors import MissingExtra, UnsupportedSource
from vstash.extras import command, onnx_runtime, require
from vstash.text.layout import Line, laid_out

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_SIDE = 2000  # pixels of a picture that are looked at: print on A4 stands there at 170 dots an inch
TALL = 3  # times as high as wide: what is higher is a screenshot of all that one can scroll through
ICON = 100  # pixels of the longer side of what holds no words
LINE = 12  # and of the shorter one
ENGINE = 640  # MiB without which the engine cannot be loaded: with less it may take its process with it
THREADS = 4  # more do not make a page faster
SURE = 0.85  # certainty of what is read; upside down it is .6, in letters that are not read .4 to .8
CLEAR = 0.95  # of a page in print, as a whole
DOUBTFUL = 0.75  # and of a line on such a page
LEGIBLE = 0.25  # of a page's lines: where fewer are read, it is in other letters, and what is read are numbers
CHARACTERS = 2  # letters or digits: a lone one is mostly a shape that looks like it
UNREAD = "if it shows words, in other letters than Latin, Chinese or Japanese ones, add a transcript"
NOTES = "wordless-1.txt"  # of another name once more can be read
RAISED = (
    ("cv2", "error"),
    ("onnxruntime.capi.onnxruntime_pybind11_state", "RuntimeException"),
    ("rapidocr.inference_engine.onnxruntime.main", "ONNXRuntimeError"),
)
FINDS, READS = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"


class Recognition:
    """The engine, loaded when the first picture needs it.

    `begun` is called before each picture, with the limits of its file.
    """

    def __init__(self, begun: Callable[[Limits], None]) -> None:
        self.begun = begun

    @cached_property
    def engine(self) -> Any:
        """Ready to read. Raises: MissingExtra.

        It puts no line upright by itself: of single lines it is wrong often enough to spoil a page.
        """
        onnx_runtime()
        package = require("rapidocr", "ocr")
        models = Path(package.__file__ or "").parent / "models"  # named, so that they are not looked for on the network
        return package.RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Global.text_score": 0,
                "Det.model_path": os.fspath(models / FINDS),
                "Rec.model_path": os.fspath(models / READS),
                "EngineConfig.onnxruntime.intra_op_num_threads": min(THREADS, os.cpu_count() or 1),
                "Rec.rec_batch_num": 1,  # more at once are filled up to the longest: slower, and twice the memory
            }
        )


class Recogniser:
    """Reads the pictures of one file, as many as its limits allow; a context manager.

    That a file shows no words is remembered by the hash of its `data`, so that photographs cost their time once.
    """

    def __init__(self, recognition: Recognition, data: bytes, limits: Limits) -> None:
        self.obstacle = ""
        self.unread = 0
        self._recognition = recognition
        self._limits = limits
        self._key = hashlib.sha256(data).hexdigest()
        self._wordless = _noted(self._key)
        self._seen = 0
        self._blank = 0

    def __enter__(self) -> Recogniser:
        return self

    def __exit__(self, raised: type[BaseException] | None, *_: object) -> None:
        whole = raised is None or issubclass(raised, UnsupportedSource)  # as it is to say that there are no words
        if whole and self._blank == self._seen > 0 and not self.obstacle:
            _note(self._key)

    def words(self, page: Image) -> str | None:
        """The words that a page shows, in reading order, however it is turned; None if there is an `obstacle`."""
        parts = [self._words(strip) for strip in _strips(page)]
        self.unread += None in parts
        return None if parts.count(None) == len(parts) else "\n\n".join(filter(None, parts))

    def _words(self, picture: Image) -> str | None:
        if self._wordless or max(picture.size) < ICON or min(picture.size) < LINE:
            return ""
        if self._seen >= self._limits.max_scans:
            self.obstacle = "raise max_scans"
            return None
        if self._limits.max_memory < ENGINE:
            self.obstacle = "raise max_memory"
            return None
        self._seen += 1
        self._recognition.begun(self._limits)
        try:
            text = laid_out(_certain(self._recognition.engine, picture))
        except MissingExtra:
            self.obstacle = f"install text recognition with: {command('ocr')}"
            return None
        except _failures() as error:
            if not _is_shortage(error):
                raise
            self.obstacle = "raise max_memory"
            return None
        if _length(text) >= CHARACTERS:
            return text
        self._blank += 1
        return ""


def bound(width: float, height: float) -> float:
    """Which side of a page may have LONG_SIDE pixels: the longer one, but for a tall page its width."""
    return width if height > TALL * width else max(width, height)


def _strips(page: Image) -> Iterator[Image]:
    """The page no larger than is looked at; a tall one in several, one below the other."""
    scale = min(LONG_SIDE / bound(*page.size), 1)
    page.thumbnail((page.width * scale, page.height * scale))
    top, most = 0, min(LONG_SIDE, 2 * TALL * page.width)  # the engine makes a narrow one larger
    while page.height - top > most:
        cut = min(range(top + most, top + most // 2, -1), key=lambda row: _contrast(page, row))
        yield page.crop((0, top, page.width, cut))
        top = cut
    yield page.crop((0, top, page.width, page.height))


def _contrast(page: Image, row: int) -> int:
    """Between the darkest and the lightest of a row of pixels: there is little where no line of words stands."""
    darkest, lightest = page.crop((0, row, page.width, row + 1)).convert("L").getextrema()
    return int(lightest - darkest)


def _failures() -> tuple[type[Exception], ...]:
    """What the engine raises, as far as it could be loaded."""
    loaded = (getattr(sys.modules.get(module), name, None) for module, name in RAISED)
    return (ImportError, MemoryError, *filter(None, loaded))


def _is_shortage(error: Exception) -> bool:
    """Whether memory was short: a library that cannot be loaded or has none left says so in words of its own."""
    return isinstance(error, MemoryError) or any(word in str(error) for word in ("alloc", "memory", "map segment"))


def _noted(key: str) -> bool:
    with suppress(OSError, UnicodeDecodeError):
        return key in _notes().read_text(encoding="ascii")
    return False


def _note(key: str) -> None:
    """Remember that no words were found in a file; what cannot be written is looked at again."""
    with suppress(OSError):
        _notes().parent.mkdir(parents=True, exist_ok=True)
        with _notes().open("a", encoding="ascii") as notes:
            notes.write(f"{key}\n")


def _notes() -> Path:
    return cache_folder() / NOTES


def _certain(engine: Any, picture: Image) -> list[Line]:
    """The lines that are read with certainty; the picture is turned until there are some."""
    lines = _lines(engine, picture)
    if sum(line.bottom - line.top > line.right - line.left for line, _ in lines) > len(lines) / 2:
        picture = picture.rotate(90, expand=True)
        lines = _lines(engine, picture)
    if lines and _certainty(lines) < SURE:
        lines = max(lines, _lines(engine, picture.rotate(180)), key=_certainty)
    least = DOUBTFUL if _certainty(lines) >= CLEAR else SURE
    certain = [line for line, certainty in lines if certainty >= least and _length(line.text)]
    return certain if len(certain) >= LEGIBLE * len(lines) else []


def _certainty(lines: Sequence[tuple[Line, float]]) -> float:
    """The mean over all letters and digits; 0 without any."""
    length = sum(_length(line.text) for line, _ in lines)
    return sum(certainty * _length(line.text) for line, certainty in lines) / length if length else 0


def _length(text: str) -> int:
    return sum(map(str.isalnum, text))


def _lines(engine: Any, picture: Image) -> list[tuple[Line, float]]:
    """Every line with its certainty, from 0 to 1, as on a page that lies straight."""
    found = engine(picture)
    if found.txts is None:
        return []
    return [
        (Line(text, *corners), float(certainty))
        for text, corners, certainty in zip(found.txts, _straight(found.boxes.tolist()), found.scores, strict=True)
    ]


def _straight(boxes: Sequence[Sequence[tuple[float, float]]]) -> Iterator[tuple[float, float, float, float]]:
    """The upright rectangle of each box, from its four corners, clockwise from the upper left, once all are turned back
    by as much as most of them lean."""
    edges = [(box[1][0] - box[0][0], box[1][1] - box[0][1]) for box in boxes]
    wide = [edge for edge in edges if abs(edge[0]) > abs(edge[1])]
    leaning = median_low(math.atan2(y, x) for x, y in wide) if wide else 0.0
    turn = cmath.rect(1, -leaning)
    for box in boxes:
        corners = [complex(*corner) * turn for corner in box]
        xs, ys = [one.real for one in corners], [one.imag for one in corners]
        yield min(xs), min(ys), max(xs), max(ys)
