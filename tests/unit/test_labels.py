"""What is not said of a document stays as it is: its collection and its tags."""

from __future__ import annotations

from pathlib import Path

import pytest

from vstash import HashEncoder, InputError, Memory
from vstash.intake import Labels, Pending, from_file, keeping
from vstash.text.sandbox import Sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two notes, and a mail with an attachment."""
    top = tmp_path / "notes"
    top.mkdir()
    (top / "a.md").write_text("# Anchors\n\nIron holds the ship.\n")
    (top / "b.txt").write_text("Ropes are made of hemp.\n")
    (top / "m.eml").write_text(
        'Subject: Sails\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n'
        "--x\nContent-Type: text/plain\n\nLook at this.\n--x\nContent-Type: text/plain\n"
        'Content-Disposition: attachment; filename="att.txt"\n\nSewn in the loft.\n--x--\n'
    )
    return top


@pytest.fixture
def labelled(memory: Memory, folder: Path) -> Memory:
    """The folder in the collection "work", with a tag."""
    assert {one.status for one in memory.add(folder, collection="work", tags=["draft"])} == {"added"}
    return memory


def labels(memory: Memory) -> dict[str, tuple[str, tuple[str, ...]]]:
    """By the last part of the uri."""
    return {one.uri.rsplit("/", 1)[-1]: (one.collection, one.tags) for one in memory.list()}


def synced(memory: Memory, folder: Path) -> list[str]:
    """What was done, by the order of the uris."""
    compared = memory.compare(folder)
    list(memory.sync(compared))
    return [one.action for one in compared.changes]


def test_what_did_not_change_is_unchanged_whatever_its_labels(labelled: Memory, folder: Path):
    before = labelled.list()
    assert {one.status for one in labelled.add(folder)} == {"unchanged"}
    assert set(synced(labelled, folder)) == {"keep"}
    assert labelled.list() == before


def test_what_changed_keeps_its_labels_and_what_is_new_gets_the_defaults(labelled: Memory, folder: Path):
    for name in ("a.md", "b.txt", "m.eml"):
        (folder / name).write_text((folder / name).read_text().replace("made", "spun").replace("the", "each"))
    (folder / "new.txt").write_text("Masts are of pine.\n")
    assert synced(labelled, folder) == ["change", "change", "change", "add"]
    found = labels(labelled)
    assert found.pop("new.txt") == ("default", ())
    assert len(found) == 4
    assert set(found.values()) == {("work", ("draft",))}


def test_what_moved_keeps_its_labels_also_where_it_is_read_again(labelled: Memory, folder: Path):
    (folder / "a.md").rename(folder / "z.md")
    (folder / "b.txt").rename(folder / "b.log")  # another reader's
    (folder / "m.eml").rename(folder / "n.eml")  # with a part
    assert synced(labelled, folder).count("move") == 3
    found = labels(labelled)
    assert {"z.md", "b.log", "n.eml", "n.eml#att.txt"} == set(found)
    assert set(found.values()) == {("work", ("draft",))}


def test_what_is_said_takes_the_place_of_what_was(labelled: Memory, folder: Path):
    assert {one.status for one in labelled.add(folder, collection="default")} == {"replaced"}
    assert set(labels(labelled).values()) == {("default", ("draft",))}
    assert {one.status for one in labelled.add(folder, tags=["b", "a"])} == {"replaced"}
    assert set(labels(labelled).values()) == {("default", ("a", "b"))}
    assert {one.status for one in labelled.add(folder, tags=[])} == {"replaced"}
    assert set(labels(labelled).values()) == {("default", ())}
    assert {one.status for one in labelled.add(folder, collection="default", tags=())} == {"unchanged"}


def test_texts_keep_their_labels_too(memory: Memory):
    memory.remember("the same text", collection="work", tags=["draft"])
    assert memory.remember("the same text").status == "unchanged"
    memory.remember("one", uri="own", collection="work", tags=["draft"])
    memory.remember("another", uri="own")
    memory.add_bytes(b"bytes", "b.txt", collection="work", tags=["draft"])
    memory.add_bytes(b"other bytes", "b.txt")
    vector = HashEncoder().documents(["x"])
    memory.add_texts(["given"], uris=["v"], vectors=vector, collection="work", tags=["draft"])
    memory.add_texts(["given again"], uris=["v"], vectors=vector)
    assert len(memory.list()) == 4
    assert {(one.collection, one.tags) for one in memory.list()} == {("work", ("draft",))}


def test_what_is_said_of_what_moved_takes_the_place_of_what_was(labelled: Memory, folder: Path):
    (folder / "a.md").rename(folder / "z.md")
    (folder / "b.txt").rename(folder / "b.log")
    list(labelled.sync(labelled.compare(folder, collection="ships")))
    assert labels(labelled)["z.md"] == labels(labelled)["b.log"] == ("ships", ("draft",))
    list(labelled.sync(labelled.compare(folder, tags=[])))
    assert labels(labelled)["z.md"] == labels(labelled)["b.log"] == ("ships", ())


def test_what_moved_keeps_its_labels_also_where_another_process_reads_it(folder: Path):
    found = from_file(folder / "a.md", Labels(), lambda _: None)
    assert isinstance(found, Pending)
    kept = keeping(found, "work", ("draft",))
    assert kept.file is not None
    with Sandbox() as sandbox:
        for load in (kept.load, kept.file.load):
            source = load(sandbox)
            assert (source.collection, source.tags) == ("work", ("draft",))


def test_a_collection_without_a_name_is_refused(memory: Memory, folder: Path):
    for blank in ("", " "):
        with pytest.raises(InputError, match="collection"):
            memory.add(folder, collection=blank)
    assert memory.list() == []
