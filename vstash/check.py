"""Whether the memory is whole: runs the store's checks and reports them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from vstash import reindex
from vstash.encode.base import Encoder, Naming
from vstash.errors import EncoderError, InputError, SpaceMismatch, StoreError
from vstash.store.base import Store
from vstash.types import Finding, Report, Space

ENCODED = ("vectors_present", "vectors_unit", "word_pieces")  # checks whose findings take the encoder to be mended

Loading = Callable[[Space], Encoder]


def run(
    store: Store,
    repair: Loading | None = None,
    *,
    now: Callable[[], datetime],
    fast: bool = False,
    report: Callable[[str], object] = str,
) -> Report:
    """The report; with `repair`, which gives the encoder of a space, what is derived was rebuilt where it was
    found wrong. `report` is told the name of each check before it starts. When a full one was and how it ended
    is noted. Raises: StoreError; InputError for a repair of what is only looked over.
    """
    if fast and repair is not None:
        raise InputError("a fast check repairs nothing", hint="ask for one of both: fast, or repair")
    started, clock = now(), time.perf_counter()
    findings = store.check(repair=repair is not None, fast=fast, report=report)
    if repair is not None:
        findings = _encoded(store, findings, repair, report)
    found = Report(tuple(findings), started, time.perf_counter() - clock, int(store.statistics()["schema"]))
    if not fast:
        store.note_check(found)
    return found


def _encoded(store: Store, findings: list[Finding], loading: Loading, report: Callable[[str], object]) -> list[Finding]:
    """The findings after vectors and word-pieces were made again, or with the reason why they cannot be."""
    space = store.space()
    if space is None or all(one.ok for one in findings if one.check in ENCODED):
        return findings
    report("encode")
    try:
        encoder = loading(space)
        if encoder.space.id != space.id:
            raise SpaceMismatch(f"the vectors are of {space.id}, which no encoder by the name {space.model} makes")
        encoder.query("is anybody there")  # a model that cannot be loaded says so before anything is dropped
        store.release()
        reindex.fill(store, encoder, space, 0, lambda _: None, named=isinstance(encoder, Naming))
    except (EncoderError, StoreError) as error:
        return [_left(one, error) if one.check in ENCODED and not one.ok else one for one in findings]
    return store.check(report=report)


def _left(finding: Finding, error: EncoderError | StoreError) -> Finding:
    why = f"not made again: {error}" + (f"; {error.hint}" if error.hint else "")
    return replace(finding, repairable=False, sample=(*finding.sample, why))
