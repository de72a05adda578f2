"""Is what is over a limit refused by an error that names the limit, and what is under it taken?"""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import fields
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from vstash import ConfigError, InvalidQuery, Limits, Memory, Query, Source, SourceTooLarge
from vstash.config import Settings, load, numbers
from vstash.text.read import extract
from vstash.types import MAX_QUERY

ROOM = Limits()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """More than a MiB of lines, some thousand passages."""
    path = tmp_path / "large.txt"
    path.write_text("\n\n".join(f"the heron number {at} stands in the reed" for at in range(30_000)))
    return path


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """An archive of three files, one of which shrinks a thousandfold to 80 MiB."""
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "grey heron")
        archive.writestr("b.txt", "white stork")
        archive.writestr("c.bin", bytes(80 << 20))
    return path


@pytest.mark.parametrize("limits", [Limits(max_file=1), Limits(max_chunks=100)], ids=["max_file", "max_chunks"])
def test_a_document_over_a_limit_is_one_failure(
    memory: Memory, large: Path, limits: Limits, request: pytest.FixtureRequest
) -> None:
    small = large.with_name("small.txt")
    small.write_text("grey heron")
    failed, added = memory.within(limits).add([large, small])
    assert (failed.status, added.status) == ("failed", "added")
    assert request.node.callspec.id in (failed.error or "")
    [handed] = memory.within(limits).add_sources([Source("handed", large.read_text())])
    assert (handed.status == "failed") == (limits.max_chunks == 100)  # what is no file has passages only
    from_stdin = memory.within(limits).add_bytes(large.read_bytes(), "stdin.txt")
    assert request.node.callspec.id in (from_stdin.error or "")
    [again] = memory.add(large)
    assert again.status == "added"


@pytest.mark.parametrize(
    "given", [{"max_unpacked": 10}, {"max_parts": 2}, {}], ids=["max_unpacked", "max_parts", "max_ratio"]
)
def test_a_package_over_a_limit_is_refused(packed: Path, given: dict[str, Any], request: pytest.FixtureRequest) -> None:
    with pytest.raises(SourceTooLarge, match="3 parts") as caught:
        extract(packed.read_bytes(), packed.name, Limits(**given))
    assert request.node.callspec.id in caught.value.hint


def test_a_package_under_raised_limits_is_read(packed: Path) -> None:
    found = extract(packed.read_bytes(), packed.name, Limits(max_ratio=10_000))
    assert "grey heron" in found.text


def test_what_a_limit_left_out_is_read_once_it_is_raised(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "birds.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("short.txt", "grey heron")
        archive.writestr("long.txt", "white stork " * 100_000)
    narrow = memory.within(Limits(max_file=1))
    for status in ("added", "unchanged"):
        assert [one.status for one in narrow.add(path)] == [status]
    assert "raise max_file" in memory.get(str(path)).metadata["left_out"][0]
    for status in ("replaced", "unchanged"):
        assert [one.status for one in memory.add(path)] == [status]
    assert "left_out" not in memory.get(str(path)).metadata
    assert [one.status for one in narrow.add(path)] == ["unchanged"]


def test_what_a_mail_brings_has_the_same_limits() -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("b.txt", "white stork")
    mail = EmailMessage()
    mail["From"] = "somebody"
    mail.set_content("see the book")
    mail.add_attachment(package.getvalue(), maintype="application", subtype="zip", filename="book.epub")
    assert "parts" not in extract(mail.as_bytes(), "a.eml").text
    assert "in 2 parts" in extract(mail.as_bytes(), "a.eml", Limits(max_parts=1)).text


def test_a_query_over_the_limit_is_refused(memory: Memory) -> None:
    memory.remember("grey heron", uri="bird")
    short = memory.within(Limits(max_query=10))
    assert short.search("grey heron")
    for ask in (lambda: short.search("grey herons"), lambda: short.search(Query("grey herons"))):
        with pytest.raises(InvalidQuery, match="limit is 10") as caught:
            ask()
        assert "max_query" in caught.value.hint
    with pytest.raises(InvalidQuery):
        short.why("grey herons", "bird")


def test_limits_are_settings() -> None:
    found = load({}, {"VSTASH_CONFIG": os.devnull, "VSTASH_MAX_CHUNKS": "7"})
    assert numbers(found) == {**numbers(ROOM), "max_chunks": 7}
    assert Limits().max_query == MAX_QUERY
    assert {one.name for one in fields(Limits)} <= {one.name for one in fields(Settings)}


@pytest.mark.parametrize("wrong", [None, 0, -1, True, 1.5, float("nan"), "", "much", [1], 1 << 70])
@pytest.mark.parametrize("name", list(numbers(ROOM)))
def test_a_limit_that_can_be_none_is_refused_by_name(name: str, wrong: Any) -> None:
    if (name, wrong) == ("max_scans", 0):  # which reads no scanned page
        return
    with pytest.raises(ConfigError, match=name) as refused:
        Limits(**{name: wrong})
    assert refused.value.hint
