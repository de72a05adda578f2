"""The process beside an add: it reads and cuts files until nobody asks (see ahead).

It is told the encoder's name and window, and answers when it has begun; then files come in, several at once, and what
was made of each goes out, one after another: nothing for one whose number came in before its turn, as it is not wanted.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
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
        connection.send(None)
        asked = SimpleQueue[Any]()
        unwanted: set[int] = set()
        Thread(target=_listen, args=(connection, asked, unwanted), daemon=True).start()
        for number, file in enumerate(iter(asked.get, None)):
            read = partial(file.load, sandbox)
            connection.send(None if number in unwanted else cutter.loaded(read, file.labels.limits))


def _listen(connection: Connection[Any, Any], asked: SimpleQueue[Any], unwanted: set[int]) -> None:
    """Take in what comes, whatever else is done: were who asks to wait with a file while we wait with what was made
    of another, as neither fits into the socket, both would for ever."""
    with suppress(EOFError, OSError):
        while True:
            said = connection.recv()
            if isinstance(said, int):
                unwanted.add(said)
            else:
                asked.put(said)
    asked.put(None)


def _leave(_: int, __: FrameType | None) -> NoReturn:
    """End as if asked to, so that a child of this process ends too."""
    sys.exit(0)


if __name__ == "__main__":
    try:
        main()
    finally:
        os._exit(0)  # nothing is left to be done, and the modules take as long to be taken down as a file to be read
