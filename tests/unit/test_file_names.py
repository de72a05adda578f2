"""Is a file with a title of its own found by its name as well, also when it has another one?"""

from __future__ import annotations

from pathlib import Path

import pytest

from vstash import Memory, Source
from vstash.text.terms import BESIDE, name_terms


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Bills, each with a title that says nothing of its name."""
    made = tmp_path / "bills"
    made.mkdir()
    for month in range(1, 9):
        (made / f"invoice-2023-{month:02}.md").write_text(f"# Timber\n\nPlanks and beams, {month} loads.\n")
    return made


def first(memory: Memory, query: str, mode: str = "hybrid") -> str:
    found = memory.search(query, limit=1, mode=mode)  # type: ignore[arg-type]
    return Path(found[0].uri).name if len(found) else ""


@pytest.mark.parametrize("query", ["invoice-2023-04", '"invoice-2023-04"', "invoice-2023-04.md", "invoice 2023 04"])
def test_it_is_found_by_its_name(memory: Memory, folder: Path, query: str) -> None:
    memory.add(folder)
    assert memory.search("timber", limit=1)[0].title == "Timber"
    assert first(memory, query) == "invoice-2023-04.md"
    assert first(memory, query, "keyword") == "invoice-2023-04.md"


def test_a_phrase_does_not_go_on_from_the_text_into_the_name(memory: Memory, tmp_path: Path) -> None:
    (tmp_path / "ledger.md").write_text("# Timber\n\nOf oak we keep the\n")
    memory.add(tmp_path)
    assert first(memory, '"keep the"', "keyword") == first(memory, "ledger", "keyword") == "ledger.md"
    assert first(memory, '"the ledger"', "keyword") == ""


def test_it_is_found_by_its_new_name_and_not_by_the_old(memory: Memory, folder: Path) -> None:
    list(memory.sync(memory.compare(folder)))
    (folder / "invoice-2023-04.md").rename(folder / "ReceiptForOak.md")
    (folder / "invoice-2023-05.md").rename(folder / "invoice-2023-05.markdown")
    for year in ("2022", "2023"):
        (folder / year).mkdir()
    (folder / "invoice-2023-06.md").rename(folder / "2022" / "invoice-2023-06.md")
    moved = memory.compare(folder).of("move")
    assert len(moved) == 3
    list(memory.sync(memory.compare(folder)))
    assert first(memory, "receipt oak", "keyword") == "ReceiptForOak.md"
    assert first(memory, '"invoice-2023-04"', "keyword") == ""
    assert first(memory, '"invoice-2023-06"', "keyword") == "invoice-2023-06.md"
    with Memory.open(":memory:", encoder="hash") as fresh:
        fresh.add(folder)
        for document in fresh.list():
            found, expected = (one._store.entry(document.uri) for one in (memory, fresh))
            assert found
            assert expected
            assert found.terms == expected.terms
    assert memory.check().ok


def test_what_came_of_no_file_has_no_name(memory: Memory) -> None:
    list(memory.add_sources([Source("/judged/invoice-2023-04", "Planks", title="Timber", content_hash="1")]))
    memory.remember("Beams", title="Timber", uri="invoice-2023-05")
    assert first(memory, "invoice", "keyword") == ""


@pytest.mark.parametrize(
    ("uri", "title", "terms"),
    [
        ("/bills/invoice-2023-04.md", "Timber", "invoice-2023-04"),
        ("/bills/invoice-2023-04.md", "Invoice 2023 (04)", ""),
        ("/bills/timber.md", "timber.md", ""),
        ("/bills/timber.md", "Timbers", "timber"),
        ("/code/HTTPServer2.md", "Serving", "httpserver2 http server"),
        ("/буквы/Письма.md", "Привет", "письма письм"),
        ("/.md", "Timber", ".md"),
        ("/—.md", "Timber", ""),
        ("", "Timber", ""),
    ],
)
def test_the_words_of_a_name(uri: str, title: str, terms: str) -> None:
    assert name_terms(uri, title) == (terms and f"{BESIDE} {terms}")
