"""Whether the memory is whole: runs the store's checks and reports them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from vstash.store.base import Store
from vstash.types import Report


def run(
    store: Store,
    *,
    repair: bool,
    now: Callable[[], datetime],
    fast: bool = False,
    report: Callable[[str], object] = str,
) -> Report:
    """The report; with `repair` what is derived was rebuilt where it was found wrong. `report` is told the name
    of each check before it starts. When a full one was and how it ended is noted. Raises: StoreError.
    """
    started, clock = now(), time.perf_counter()
    findings = tuple(store.check(repair=repair, fast=fast, report=report))
    found = Report(findings, started, time.perf_counter() - clock, int(store.statistics()["schema"]))
    if repair or not fast:
        store.note_check(found)
    return found
