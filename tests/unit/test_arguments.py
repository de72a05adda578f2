"""Is a wrong argument told in one line, before it can do harm?"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vstash import HashEncoder, Memory, Query, Source
from vstash.errors import DatabaseNotFound, EncoderError, InputError, VstashError
from vstash.store.memory import MemoryStore
from vstash.store.sqlite.store import SqliteStore

POINT: Any = np.array(0.5)  # Iterable by its class, and not to be iterated over
WRONG: dict[str, Callable[[Memory], Any]] = {
    "no_text": lambda memory: memory.remember(None),  # type: ignore[arg-type]
    "bytes": lambda memory: memory.remember(b"heron"),  # type: ignore[arg-type]
    "uri_number": lambda memory: memory.remember("heron", uri=3),  # type: ignore[arg-type]
    "title_none": lambda memory: memory.remember("heron", title=None),  # type: ignore[arg-type]
    "tags_text": lambda memory: memory.remember("heron", tags="bird"),
    "tags_number": lambda memory: memory.remember("heron", tags=1),  # type: ignore[arg-type]
    "tag_number": lambda memory: memory.remember("heron", tags=[1]),  # type: ignore[list-item]
    "collection_number": lambda memory: memory.remember("heron", collection=1),  # type: ignore[arg-type]
    "collection_blank": lambda memory: memory.remember("heron", collection=" "),
    "texts_text": lambda memory: memory.add_texts("heron"),
    "texts_none": lambda memory: memory.add_texts(None),  # type: ignore[arg-type]
    "texts_of_none": lambda memory: memory.add_texts([None]),  # type: ignore[list-item]
    "uris_too_few": lambda memory: memory.add_texts(["a", "b"], ["a"]),
    "uris_text": lambda memory: memory.add_texts(["a", "b"], "ab"),
    "uri_numbers": lambda memory: memory.add_texts(["a"], [1]),  # type: ignore[list-item]
    "content_text": lambda memory: memory.add_bytes("heron", "a.txt"),  # type: ignore[arg-type]
    "path_blank": lambda memory: memory.add(""),
    "path_none": lambda memory: memory.add(None),  # type: ignore[arg-type]
    "path_zero": lambda memory: memory.add("a\0b"),
    "path_bytes": lambda memory: memory.add([b"a"]),  # type: ignore[list-item]
    "folder_blank": lambda memory: memory.compare(" "),
    "backup_blank": lambda memory: memory.backup(""),
    "import_numbers": lambda memory: list(memory.import_([1])),  # type: ignore[list-item]
    "import_none": lambda memory: list(memory.import_(None)),  # type: ignore[arg-type]
    "import_text": lambda memory: list(memory.import_("{}")),
    "export_none": lambda memory: memory.export(None),  # type: ignore[arg-type]
    "sources_numbers": lambda memory: list(memory.add_sources([1])),  # type: ignore[list-item]
    "source_blank": lambda memory: list(memory.add_sources([Source("  ", "heron")])),
    "chunk_text": lambda memory: memory.chunk("1"),  # type: ignore[arg-type]
    "get_number": lambda memory: memory.get(1),  # type: ignore[arg-type]
    "query_and_limit": lambda memory: memory.search(Query("heron"), limit=3),
    "query_and_collection": lambda memory: memory.search(Query("heron"), collection="birds"),
    "private_text": lambda memory: memory.add("a", allow_private="false"),  # type: ignore[arg-type]
    "force_text": lambda memory: memory.backup("a", force="no"),  # type: ignore[arg-type]
    "force_restored": lambda memory: memory.restore("a", "b", force=1),  # type: ignore[arg-type]
    "repair_text": lambda memory: memory.check(repair="no"),  # type: ignore[arg-type]
    "fast_number": lambda memory: memory.check(fast=0),  # type: ignore[arg-type]
    "vectors_none": lambda memory: memory.export(str, vectors=None),  # type: ignore[arg-type]
    "fast_repair": lambda memory: memory.check(fast=True, repair=True),
    "uri_blank": lambda memory: memory.remember("heron", uri="  "),
    "uri_of_bytes_blank": lambda memory: memory.add_bytes(b"heron", " "),
    "uris_blank": lambda memory: memory.add_texts(["heron"], [" "]),
    "filter_text": lambda memory: memory.search("heron", filter="bird"),  # type: ignore[arg-type]
    "filter_object": lambda memory: memory.list(filter={"tag": "bird"}),  # type: ignore[arg-type]
    "search_tags_text": lambda memory: memory.search("heron", tags="bird"),
    "search_tag_blank": lambda memory: memory.search("heron", tags=[""]),
    "search_collection_blank": lambda memory: memory.search("heron", collection=""),
    "question_bytes": lambda memory: memory.search(b"heron"),  # type: ignore[arg-type]
    "path_half": lambda memory: memory.add("/nope\ud800"),
    "report_none": lambda memory: memory.check(report=None),  # type: ignore[arg-type]
    "reindex_report_none": lambda memory: memory.reindex("hash", report=None),  # type: ignore[arg-type]
    "limits_none": lambda memory: memory.within(None),  # type: ignore[arg-type]
    "include_text": lambda memory: memory.compare(".", include="*.md"),
    "include_number": lambda memory: memory.compare(".", include=[3]),  # type: ignore[list-item]
    "exclude_number": lambda memory: memory.compare(".", exclude=[3]),  # type: ignore[list-item]
    "touched_relative": lambda memory: memory.compare(".", touched=["x"]),  # type: ignore[list-item]
    "touched_text": lambda memory: memory.compare(".", touched="/x"),  # type: ignore[arg-type]
    "touched_number": lambda memory: memory.compare(".", touched=[3]),  # type: ignore[list-item]
    "forget_none": lambda memory: memory.forget(None),  # type: ignore[arg-type]
    "forget_all_number": lambda memory: memory.forget_all([3]),  # type: ignore[list-item]
    "forget_all_text": lambda memory: memory.forget_all("heron"),
    "uri_array": lambda memory: memory.remember("heron", uri=np.array([1, 2])),  # type: ignore[arg-type]
    "uri_zero": lambda memory: memory.remember("heron", uri=0),  # type: ignore[arg-type]
    "sync_none": lambda memory: list(memory.sync(None)),  # type: ignore[arg-type]
    "texts_point": lambda memory: memory.add_texts(POINT),
    "uris_point": lambda memory: memory.add_texts(["a", "b"], uris=POINT),
    "titles_point": lambda memory: memory.add_texts(["a", "b"], titles=POINT),
    "tags_point": lambda memory: memory.remember("heron", tags=POINT),
    "paths_point": lambda memory: memory.add(POINT),
    "sources_point": lambda memory: list(memory.add_sources(POINT)),
    "import_point": lambda memory: list(memory.import_(POINT)),
    "include_point": lambda memory: memory.compare(".", include=POINT),
    "touched_point": lambda memory: memory.compare(".", touched=POINT),
    "titles_table": lambda memory: memory.add_texts(["a", "b"], titles=np.zeros((2, 2))),  # type: ignore[arg-type]
    "uri_half": lambda memory: memory.remember("heron", uri="\ud800"),
    "title_half": lambda memory: memory.remember("heron", title="\ud800"),
    "second_title_half": lambda memory: memory.add_texts(["a", "b"], titles=["A", "\ud800"]),
    "collection_half": lambda memory: memory.remember("heron", collection="\ud800"),
    "tag_half": lambda memory: memory.remember("heron", tags=["\ud800"]),
    "uri_of_bytes_half": lambda memory: memory.add_bytes(b"heron", "\ud800"),
    "get_half": lambda memory: memory.get("\ud800"),
    "list_collection_number": lambda memory: memory.list(collection=3),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("where", ["memory.db", ":memory:"])
@pytest.mark.parametrize("attempt", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_argument_is_one_line_and_changes_nothing(
    tmp_path: Path, where: str, attempt: Callable[[Memory], Any]
) -> None:
    path = where if where == ":memory:" else tmp_path / where
    with Memory.open(path, encoder=HashEncoder()) as memory:
        with pytest.raises(InputError) as caught:
            attempt(memory)
        assert caught.value.hint
        assert "\n" not in f"{caught.value} {caught.value.hint}"
        assert memory.stats()["documents"] == 0


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_any_kind_are_read(memory: Memory, kind: Callable[[bytes], Any]) -> None:
    assert memory.add_bytes(kind(b"<p>grey heron</p>"), "heron.html").status == "added"
    assert memory.get("heron.html").text == "grey heron"


def test_a_number_of_a_passage_is_no_text(memory: Memory) -> None:
    memory.remember("heron", uri="kept")
    with pytest.raises(InputError, match="seq is '0'"):
        memory.passage("kept", "0")  # type: ignore[arg-type]
    assert memory.passage("kept", 0).chunk.text == "heron"


@pytest.mark.parametrize("given", ["notes.db", Path("notes.db"), None, SqliteStore], ids=str)
def test_a_path_that_is_no_store_is_refused_at_once(given: Any) -> None:
    for attempt in (lambda: Memory(given), lambda: Memory(given, "hash")):  # type: ignore[arg-type]
        with pytest.raises(InputError, match=r"store is .*, not an open store") as caught:
            attempt()
        assert caught.value.hint == "use Memory.open(path)"
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("encoder", "error", "said", "hint"),
    [
        ("hash", InputError, "encoder is 'hash', a name and not an Encoder", r"Memory\.open\(path, encoder=…\)"),
        (3, EncoderError, "the encoder int has no `space`", "an encoder has space"),
        (HashEncoder, EncoderError, "the encoder HashEncoder is a class", r"pass HashEncoder\(…\)"),
    ],
)
def test_an_encoder_that_is_none_is_refused_at_once(
    encoder: Any, error: type[VstashError], said: str, hint: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        Memory(MemoryStore(), encoder)
    assert re.search(hint, caught.value.hint)


def test_a_store_alone_is_a_memory_without_an_encoder() -> None:
    with Memory(MemoryStore()) as memory:
        assert memory.stats()["documents"] == 0
        with pytest.raises(InputError, match="without an encoder"):
            memory.search("heron")


@pytest.mark.parametrize("wait", ["3", -1, float("nan"), None])
def test_a_wait_that_is_none_is_refused(database: Path, wait: Any) -> None:
    with pytest.raises(InputError, match="busy_wait"):
        Memory.open(database, encoder=HashEncoder(), busy_wait=wait)
    with pytest.raises(InputError, match="busy_wait"):
        Memory.restore(database, database, busy_wait=wait)
    assert not database.exists()


def test_a_clock_that_is_none_is_refused(database: Path) -> None:
    with pytest.raises(InputError, match="now is 5"):
        Memory.open(database, encoder=HashEncoder(), now=5)  # type: ignore[arg-type]
    assert not database.exists()


def test_whether_to_make_a_file_is_a_yes_or_a_no(database: Path) -> None:
    with pytest.raises(InputError, match="create"):
        Memory.open(database, encoder="hash", create="false")  # type: ignore[arg-type]
    assert not database.exists()


@pytest.mark.parametrize("wait", [float("inf"), 10**400])
def test_to_wait_for_ever_is_to_wait_long(database: Path, wait: float) -> None:
    with Memory.open(database, encoder=HashEncoder(), busy_wait=wait) as memory:
        assert memory.remember("heron").status == "added"


@pytest.mark.parametrize("path", ["", None, 3, "a\0b"])
def test_a_path_that_is_none_is_not_opened(path: Any) -> None:
    with pytest.raises(InputError):
        Memory.open(path, encoder=HashEncoder())


def test_texts_may_come_one_by_one(memory: Memory) -> None:
    found = memory.add_texts(text for text in ("grey heron", "white stork"))  # type: ignore[arg-type]
    assert [one.status for one in found] == ["added"] * 2


def test_a_backup_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotFound, match="no backup"):
        Memory.restore(tmp_path / "none.db", tmp_path / "new.db")
    assert list(tmp_path.iterdir()) == []


FORKING = """
import os, sys
from vstash import HashEncoder, Memory, VstashError

memory = Memory.open(sys.argv[1], encoder=HashEncoder())
memory.remember("grey heron")

def anew():
    with Memory.open(sys.argv[1], encoder=HashEncoder()) as own:
        own.remember("white stork")

for work in (lambda: memory.remember("lost"), lambda: memory.search("heron"), memory.close, anew):
    if os.fork() == 0:
        try:
            work()
            print("done", flush=True)
        except VstashError as error:
            print(type(error).__name__, error.hint, flush=True)
        os._exit(0)
    os.wait()
print(memory.stats()["documents"], memory.check().ok)
"""


def test_a_fork_opens_the_file_itself(database: Path) -> None:
    said = subprocess.check_output([sys.executable, "-c", FORKING, str(database)], text=True, timeout=60)
    refused = "StoreError open it again in this process"
    assert said.splitlines() == [refused, refused, "done", "done", "2 True"]


HELD = """
import os, signal, sys, threading
from vstash import HashEncoder, Memory, VstashError

memory = Memory.open(sys.argv[1], encoder=HashEncoder())
begun, over = threading.Event(), threading.Event()

def read():
    memory.export(lambda _: begun.set() or over.wait())

reader = threading.Thread(target=read)
reader.start()
begun.wait()
for work in (lambda: memory.search("heron"), memory.stats, memory.list, memory.close):
    if os.fork() == 0:
        signal.alarm(20)
        try:
            work()
            print("done", flush=True)
        except VstashError as error:
            print(type(error).__name__, flush=True)
        os._exit(0)
    os.wait()
over.set()
reader.join()
"""


def test_a_fork_while_another_thread_reads_does_not_hang(database: Path) -> None:
    said = subprocess.check_output([sys.executable, "-c", HELD, str(database)], text=True, timeout=100)
    assert said.splitlines() == [*["StoreError"] * 3, "done"]
