"""Whether the memory is whole: runs the store's checks and reports them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from vstash.store.base import Store
from vstash.types import Report


def run(store: Store, *, repair: bool, now: Callable[[], datetime], fast: bool = False) -> Report:
    """The report; with `repair` what is derived was rebuilt where it was found wrong. Raises: StoreError."""
    started, clock = now(), time.perf_counter()
    findings = tuple(store.check(repair=repair, fast=fast))
    return Report(findings, started, time.perf_counter() - clock, int(store.statistics()["schema"]))
