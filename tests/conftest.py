"""What every test may ask for: an encoder that needs no model, and a memory in a folder of its own."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import settings

from vstash import HashEncoder, Memory
from vstash.store.sqlite.connection import connect

settings.register_profile("suite", deadline=None)  # a shared machine has no say in what is correct
settings.register_profile("fuzz", deadline=None, max_examples=5000)  # make fuzz
settings.load_profile("suite")

# What a shell puts into the background ignores Ctrl-C, and so does all that it starts: tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    connection = connect(Path(":memory:"), create=True)
    vec = connection.execute("SELECT vec_version()").get
    return f"SQLite {apsw.sqlite_lib_version()}, apsw {apsw.apsw_version()}, sqlite-vec {vec}"


@pytest.fixture
def encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where a memory may be made; nothing is there yet."""
    return tmp_path / "notes.db"


@pytest.fixture
def memory(database: Path, encoder: HashEncoder) -> Iterator[Memory]:
    """An empty memory in a file."""
    with Memory.open(database, encoder=encoder) as opened:
        yield opened
