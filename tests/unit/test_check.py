"""Does the integrity check find what was changed behind the store's back, name it and mend what is derived?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest

from vstash import Finding, HashEncoder, Memory, Space
from vstash.errors import DocumentNotFound, StoreCorrupt, StoreError
from vstash.store import describe
from vstash.store.sqlite import codes, quick
from vstash.store.sqlite.connection import Connection, connect, value

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TEXTS = [f"the {bird} stands in the {place}" for bird in ("heron", "stork", "crane") for place in ("reed", "sea")]
URIS = [f"doc:{at}" for at in range(len(TEXTS))]
QUESTIONS = ["heron", "stork in the sea", "crane reed"]


class Naming(HashEncoder):
    """An encoder that names its word-pieces, as the default one does; no name in a file leads to it."""

    @property
    def space(self) -> Space:
        """As HashEncoder's, under a name of its own."""
        return replace(super().space, id="naming", model="nowhere/naming")

    def pieces(self, text: str) -> Sequence[int]:
        return [sum(map(ord, word)) * (1 + len(word) % 2 * 100) for word in text.split()]


DERIVED = {
    "fts_row_gone": (
        """INSERT INTO chunk_fts (chunk_fts, rowid, text, title)
           SELECT 'delete', id, text, title FROM chunk_fields WHERE id = 2""",
        "keyword_index",
    ),
    "fts_row_of_nothing": (
        "INSERT INTO chunk_fts (rowid, text, title) VALUES (99, 'ghost', '')",
        "keyword_index",
    ),
    "fts_emptied": ("INSERT INTO chunk_fts (chunk_fts) VALUES ('delete-all')", "keyword_index"),
    "fts_data_gone": ("DELETE FROM chunk_fts_data WHERE id > 10", "keyword_index"),
    "code_shard_gone": ("DELETE FROM code_1", "sign_codes"),
    "code_flipped": ("UPDATE code_1 SET codes = zeroblob(length(codes))", "sign_codes"),
    "code_torn": ("UPDATE code_1 SET codes = substr(codes, 1, 13)", "sign_codes"),
    "ids_torn": ("UPDATE code_1 SET ids = substr(ids, 1, 3)", "sign_codes"),
    "digest_changed": ("UPDATE chunk SET digest = 1 WHERE id = 3", "digests"),
    "count_changed": ("UPDATE meta SET value = 77 WHERE key = 'chunks'", "chunk_count"),
    "piece_count_changed": ("UPDATE piece_count_1 SET chunks = chunks + 1", "piece_counts"),
    "piece_count_gone": ("DELETE FROM piece_count_1", "piece_counts"),
    "stray_pieces": ("INSERT INTO piece_1 SELECT 99, ids FROM piece_1 WHERE chunk_id = 1", "piece_counts"),
    "stray_vector": (
        "INSERT INTO vector_1 (chunk_id, key, vector) SELECT 99, key, vector FROM vector_1 WHERE chunk_id = 1",
        "vectors_owned",
    ),
    "codes_dropped": ("DROP TABLE code_1", "sign_codes"),
    "vector_gone": ("DELETE FROM vector_1 WHERE chunk_id = 2", "vectors_present"),
    "vectors_gone": ("DELETE FROM vector_1", "vectors_present"),
    "vectors_dropped": ("DROP TABLE vector_1", "vectors_present"),
    "vector_of_no_length": (
        "UPDATE vector_1 SET vector = zeroblob(length(vector)) WHERE chunk_id = 2",
        "vectors_unit",
    ),
    "vector_without_end": (
        "UPDATE vector_1 SET vector = unhex(replace(hex(zeroblob(length(vector))), '00', '7F')) WHERE chunk_id = 2",
        "vectors_unit",
    ),
    "vector_torn": ("UPDATE vector_1 SET vector = substr(vector, 1, 13) WHERE chunk_id = 2", "vectors_unit"),
    "vector_too_short": ("UPDATE vector_1 SET vector = substr(vector, 1, 512) WHERE chunk_id = 2", "vectors_unit"),
    "pieces_gone": ("DELETE FROM piece_1 WHERE chunk_id = 2", "word_pieces"),
    "all_pieces_gone": ("DELETE FROM piece_1", "word_pieces"),
    "pieces_torn": ("UPDATE piece_1 SET ids = substr(ids, 1, 3) WHERE chunk_id = 2", "word_pieces"),
    "pieces_emptied": ("UPDATE piece_1 SET ids = x'' WHERE chunk_id = 2", "word_pieces"),
}

ENCODED = [name for name, (_, check) in DERIVED.items() if check in ("vectors_present", "vectors_unit", "word_pieces")]

TRUTH = {
    "chunk_gone": ("DELETE FROM chunk WHERE id = 2", "documents", "doc:1"),
    "text_changed": ("UPDATE chunk SET text = replace(text, 'h', 'H') WHERE id = 2", "documents", "doc:1"),
    "span_changed": ('UPDATE chunk SET start = start + 1 WHERE id = 2', "documents", "doc:1"),
    "seq_changed": ("UPDATE chunk SET seq = 7 WHERE id = 2", "documents", "doc:1"),
    "document_gone": ("DELETE FROM document WHERE uri = 'doc:1'", "orphans", "chunk 2"),
    "tag_of_nothing": ("INSERT INTO tag (name, document_id) VALUES ('ghost', 99)", "orphans", "tag ghost"),
    "migration_unrecorded": ("DELETE FROM migration", "migrations", "migration 0001"),
}  # fmt: skip


@pytest.fixture
def filled(database: Path) -> Path:
    with Memory.open(database, encoder=Naming()) as memory:
        memory.add_texts(TEXTS, URIS)
    return database


def behind_its_back(database: Path, sql: str) -> None:
    connection = connect(database, create=False)
    connection.pragma("foreign_keys", False)
    connection.execute(sql)
    connection.close()


def failing(memory: Memory, *, repair: bool = False) -> dict[str, Finding]:
    return {finding.check: finding for finding in memory.check(repair=repair).findings if not finding.ok}


def answers(memory: Memory) -> list[tuple[str, float]]:
    return [(hit.uri, hit.score) for question in QUESTIONS for hit in memory.search(question, limit=10)]


def test_a_sound_memory_is_clean(filled: Path) -> None:
    with Memory.open(filled, encoder=None) as memory:
        report = memory.check()
    assert report.ok
    assert report.schema_version >= 1
    assert report.took > 0
    assert len(report.findings) >= 12
    assert not any(finding.repairable or finding.count or finding.sample for finding in report.findings)


@pytest.mark.parametrize(("sql", "check"), DERIVED.values(), ids=DERIVED.keys())
def test_what_is_derived_is_found_wrong_and_mended(filled: Path, sql: str, check: str) -> None:
    with Memory.open(filled, encoder=Naming()) as memory:
        fresh = answers(memory)
    behind_its_back(filled, sql)
    with Memory.open(filled, encoder=Naming()) as memory:
        found = failing(memory)
        assert check in found
        assert found[check].repairable
        assert found[check].count >= 1
        assert found[check].sample
        assert failing(memory, repair=True) == {}
        assert answers(memory) == fresh
        assert memory.add_texts(["one more heron"])[0].status == "added"
        memory.forget("doc:0")
        assert memory.check().ok


@pytest.mark.parametrize("name", [name for name in ENCODED if not name.endswith("dropped")])
def test_a_damaged_vector_names_its_document_and_stays_where_its_encoder_is_not(filled: Path, name: str) -> None:
    sql, check = DERIVED[name]
    behind_its_back(filled, sql)
    with Memory.open(filled, encoder=None) as memory:
        before = failing(memory)[check]
        left = failing(memory, repair=True)[check]
    assert any("doc:1" in line for line in before.sample)
    assert not left.repairable
    assert left.sample[:-1] == before.sample
    assert "not made again" in left.sample[-1]
    with Memory.open(filled, encoder=Naming()) as memory:
        assert failing(memory, repair=True) == {}


@pytest.mark.parametrize("name", [name for name in ENCODED if "pieces" in name])
def test_word_pieces_are_made_again_without_the_vectors_that_a_program_gave(database: Path, name: str) -> None:
    own = np.random.default_rng(8).normal(size=(len(TEXTS), 256))
    with Memory.open(database, encoder=Naming()) as memory:
        memory.add_texts(TEXTS, URIS, vectors=own)
        before = memory._store.entry("doc:1")
    behind_its_back(database, DERIVED[name][0])
    with Memory.open(database, encoder=Naming()) as memory:
        assert failing(memory, repair=True) == {}
        after = memory._store.entry("doc:1")
        assert memory.search("heron", vector=own[1], mode="vector")[0].uri == "doc:1"
    assert before is not None
    assert after is not None
    assert np.array_equal(after.vectors, before.vectors)
    assert np.array_equal(after.pieces, before.pieces)


def test_the_encoder_that_a_repair_needs_is_found_by_the_name_in_the_file(database: Path) -> None:
    with Memory.open(database, encoder=HashEncoder()) as memory:
        memory.add_texts(TEXTS, URIS)
        fresh = answers(memory)
    behind_its_back(database, "DELETE FROM vector_1 WHERE chunk_id IN (2, 5)")
    with Memory.open(database, encoder=None) as memory:
        assert memory.check(repair=True).ok
    with Memory.open(database, encoder=HashEncoder()) as memory:
        assert answers(memory) == fresh


@pytest.mark.parametrize(("sql", "check", "name"), TRUTH.values(), ids=TRUTH.keys())
def test_what_is_true_is_found_wrong_and_named_and_left_alone(filled: Path, sql: str, check: str, name: str) -> None:
    behind_its_back(filled, sql)
    with Memory.open(filled, encoder=Naming()) as memory:
        found = failing(memory)
        assert check in found
        assert not found[check].repairable
        assert any(name in line for line in found[check].sample)
        assert failing(memory, repair=True)[check].sample == found[check].sample


@pytest.mark.parametrize("name", sorted(set(TRUTH) - {"document_gone", "tag_of_nothing", "migration_unrecorded"}))
def test_a_damaged_document_is_whole_again_when_it_is_added_again(filled: Path, name: str) -> None:
    behind_its_back(filled, TRUTH[name][0])
    with Memory.open(filled, encoder=Naming()) as memory:
        memory.check(repair=True)
        memory.forget("doc:1")
        memory.add_texts(TEXTS[1:2], URIS[1:2])
        assert failing(memory) == {}


@pytest.mark.parametrize("sql", [one[0] for one in (*DERIVED.values(), *TRUTH.values())], ids=[*DERIVED, *TRUTH])
def test_a_damaged_memory_works_or_says_so(filled: Path, sql: str) -> None:
    behind_its_back(filled, sql)
    with Memory.open(filled, encoder=Naming()) as memory:
        for attempt in (
            lambda: memory.search("heron reed"),
            lambda: memory.why("heron", "doc:2"),
            lambda: memory.remember("one more"),
            lambda: memory.forget("doc:1"),
            lambda: memory.search("heron reed"),
        ):
            with suppress(StoreError, DocumentNotFound):  # and nothing else
                attempt()


def test_a_finding_names_a_few_and_counts_all(filled: Path) -> None:
    behind_its_back(filled, "UPDATE chunk SET digest = digest + 1")
    with Memory.open(filled, encoder=None) as memory:
        finding = failing(memory)["digests"]
    assert finding.count == len(TEXTS)
    assert 1 <= len(finding.sample) < len(TEXTS)


def test_a_broken_page_is_a_finding(filled: Path) -> None:
    connection = apsw.Connection(str(filled))
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'tag_document'").get
    size = connection.pragma("page_size")
    connection.close()
    content = bytearray(filled.read_bytes())
    content[(root - 1) * size : root * size] = b"\x5a" * size
    filled.write_bytes(content)
    with Memory.open(filled, encoder=None) as memory:
        assert "sqlite" in failing(memory)


def test_a_document_that_lost_a_passage_is_not_shown_without_it(filled: Path) -> None:
    behind_its_back(filled, "DELETE FROM chunk WHERE id = 2")
    with Memory.open(filled, encoder=None) as memory:
        with pytest.raises(StoreCorrupt, match="0 of its 1 passages") as caught:
            memory.get("doc:1")
        assert "add it again" in caught.value.hint


def test_an_index_that_lost_a_row_is_built_anew(filled: Path) -> None:
    """Its document seems to have no text, and there it is."""
    fresh = "CREATE UNIQUE INDEX chunk_document ON chunk (document_id, seq)"
    for sql in (f"{fresh} WHERE id <> 2", fresh):  # without the row; and then as if it held all
        connection = apsw.Connection(str(filled))
        connection.pragma("writable_schema", True)
        connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'chunk_document'", (sql,))
        connection.close()
        if sql != fresh:
            behind_its_back(filled, "REINDEX chunk_document")
    with Memory.open(filled, encoder=None) as memory:
        assert failing(memory)["sqlite"].repairable
        assert failing(memory, repair=True) == {}
        assert memory.get("doc:1").text == TEXTS[1]
        assert memory.stats()["chunks"] == len(TEXTS)


def test_codes_over_several_shards_are_checked_and_rebuilt(database: Path) -> None:
    with Memory.open(database, encoder=HashEncoder(16)) as memory:
        memory.add_texts([f"word{at}" for at in range(codes.SHARD + 100)])
        assert memory.check().ok
        behind_its_back(database, "DELETE FROM code_1 WHERE shard = 1")
        assert list(failing(memory)) == ["sign_codes"]
        assert failing(memory, repair=True) == {}


def test_an_empty_memory_is_clean_and_can_be_repaired(memory: Memory) -> None:
    assert memory.check().ok
    assert memory.check(repair=True).ok


def test_lost_free_pages_are_a_finding(filled: Path) -> None:
    with Memory.open(filled, encoder=Naming()) as memory:
        memory.add_texts([f"text {at} " * 200 for at in range(200)], [f"gone:{at}" for at in range(200)])
        for at in range(200):
            memory.forget(f"gone:{at}")
    content = bytearray(filled.read_bytes())
    count = int.from_bytes(content[36:40], "big")  # of free pages: SQLite, fileformat.html, section 1.3.14
    assert count > 10
    content[36:40] = (count - 3).to_bytes(4, "big")
    filled.write_bytes(content)
    with Memory.open(filled, encoder=None) as memory:
        assert any("freelist" in line.lower() for line in failing(memory)["sqlite"].sample)


@pytest.mark.parametrize("fast", [True, False])
def test_every_check_is_announced(filled: Path, fast: bool) -> None:
    said: list[str] = []
    with Memory.open(filled, encoder=None) as memory:
        found = memory.check(fast=fast, report=said.append)
    assert said == [finding.check for finding in found.findings]


def test_the_last_full_check_is_kept_with_the_file(filled: Path) -> None:
    def last() -> dict[str, Any] | None:
        kept: dict[str, Any] | None = describe(filled, busy_wait=1.0)["checked"]
        return kept

    with Memory.open(filled, encoder=None, now=lambda: NOW) as memory:
        memory.check(fast=True)
        assert last() is None
        memory.check()
        assert last() == {"at": NOW, "took": pytest.approx(0, abs=60), "wrong": []}
    behind_its_back(filled, DERIVED["code_flipped"][0])
    with Memory.open(filled, encoder=None, now=lambda: NOW + timedelta(days=1)) as memory:
        memory.check()
        found = last()
        assert found is not None
        assert (found["at"], found["wrong"]) == (NOW + timedelta(days=1), ["sign_codes"])
        memory.check(repair=True)
        assert (last() or {})["wrong"] == []


def test_a_check_sees_one_moment_whoever_writes_meanwhile(filled: Path) -> None:
    def counted_twice(connection: Connection) -> list[str]:
        counts = []
        for bird in ("crane", "egret"):
            counts.append(value(connection, "SELECT count(*) FROM chunk"))
            other.remember(bird)
        return [] if counts[0] == counts[1] else [f"{counts}"]

    connection = connect(filled, create=False)
    with Memory.open(filled, encoder=Naming()) as other:
        assert quick.finding(connection, "counts", counted_twice, False).ok
        assert quick.finding(connection, "counts", counted_twice, False).ok
    connection.close()


def test_a_check_beside_a_writer_is_not_kept(filled: Path) -> None:
    writer = connect(filled, create=False)
    writer.execute("BEGIN IMMEDIATE")
    with Memory.open(filled, encoder=None) as memory:
        assert memory.check().ok
    writer.execute("ROLLBACK")
    writer.close()
    assert describe(filled, busy_wait=1.0)["checked"] is None
