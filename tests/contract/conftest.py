"""Every store there is, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vstash.store import open_store
from vstash.store.base import Store

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    path = ":memory:" if request.param == "memory" else tmp_path / "store.db"
    opened = open_store(path, create=True, busy_wait=1.0, now=lambda: NOW)
    yield opened
    opened.close()
