"""The process beside an add: it reads and cuts files until nobody asks (see ahead).

It is told the encoder's name and window; then a file comes in and what was made of it goes out, one after another.
"""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, NoReturn

from vstash.encode.base import Tokenizing
from vstash.encode.registry import load
from vstash.passages import Cutter
from vstash.text.passage import estimate_starts
from vstash.text.sandbox import Sandbox


def main() -> None:
    """Answer on the connection whose descriptor is the only argument."""
    signal.signal(signal.SIGTERM, _leave)
    connection: Connection[Any, Any] = Connection(int(sys.argv[1]))
    with suppress(EOFError, ConnectionError), Sandbox() as sandbox:
        name, window = connection.recv()
        encoder = load(name)
        cutter = Cutter(window, encoder.token_starts if isinstance(encoder, Tokenizing) else estimate_starts)
        while True:
            file = connection.recv()
            connection.send(cutter.loaded(lambda: file.load(sandbox), file.labels.limits))  # noqa: B023  (called at once)


def _leave(_: int, __: FrameType | None) -> NoReturn:
    """End as if asked to, so that a child of this process ends too."""
    sys.exit(0)


if __name__ == "__main__":
    main()
