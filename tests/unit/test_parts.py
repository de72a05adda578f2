"""Attachments and the messages of a mailbox are documents of their own, which come and go with their file."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from zipfile import ZipFile

import pytest

from vstash import DocumentNotFound, InputError, Limits, Memory, Source
from vstash.opening import open_at
from vstash.text.read import extract


def letter(subject: str, **files: str) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"], message["Date"] = "a@b.c", subject, "Mon, 06 May 2024 07:08:09 +0000"
    message.set_content("Wood and iron.\n\nFrom here on it sails.")
    for name, text in files.items():
        message.add_attachment(text, filename=f"{name}.txt")
    return bytes(message)


def names(memory: Memory) -> list[str]:
    return [one.uri.rpartition("/")[2] for one in memory.list()]


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    folder = tmp_path / "mails"
    folder.mkdir()
    (folder / "a.eml").write_bytes(letter("Ships", anchors="Anchors of iron.\n", sails="Sails of hemp.\n"))
    (folder / "note.txt").write_text("A note.")
    return folder / "a.eml"


def test_they_are_found_and_opened_by_themselves(memory: Memory, mail: Path):
    [result] = memory.add(mail, tags=["x"])
    assert (result.uri, result.chunks) == (str(mail), 3)
    assert names(memory) == ["a.eml", "a.eml#anchors.txt", "a.eml#sails.txt"]
    hit = memory.search("hemp", mode="keyword")[0]
    assert (hit.uri, hit.title, hit.document.tags) == (f"{mail}#sails.txt", "sails.txt", ("x",))
    assert str(hit.document.dated_at) == "2024-05-06 07:08:09+00:00"
    opening = open_at(hit.uri, hit.document.kind, hit.place, hit.text)
    assert (opening.path, opening.target) == (str(mail), f"{mail} attachment sails.txt, line 1")


def test_unchanged_is_unchanged_and_what_is_lost_goes(memory: Memory, mail: Path):
    memory.add(mail)
    assert [one.status for one in memory.add(mail)] == ["unchanged"]
    mail.write_bytes(letter("Ships", sails="Sails of linen.\n"))
    assert [one.status for one in memory.add(mail)] == ["replaced"]
    assert names(memory) == ["a.eml", "a.eml#sails.txt"]
    assert memory.get(f"{mail}#sails.txt").text == "Sails of linen.\n"
    mail.write_bytes(letter("Ships"))
    memory.add(mail)
    assert names(memory) == ["a.eml"]


def test_what_a_program_hands_over_without_its_parts_loses_them(memory: Memory):
    for parts in (("a", "b"), ("b",), ()):
        inner = tuple(Source(f"note:1#{name}", f"Part {name}.") for name in parts)
        list(memory.add_sources([Source("note:1", f"It has {len(parts)} parts.", parts=inner)]))
        assert [one.uri for one in memory.list()] == ["note:1", *(f"note:1#{name}" for name in parts)]
    inner = (Source("note:1#a", "Part a."),)
    list(memory.add_sources([Source("note:1", "It has a part.", parts=inner)]))
    memory.remember("Only this.", uri="note:1")
    assert [one.uri for one in memory.list()] == ["note:1"]


def test_what_is_over_a_limit_this_time_stays_when_only_labels_change(memory: Memory, mail: Path):
    mail.write_bytes(letter("Ships", anchors="Anchors of iron.\n", log="Calm sea.\n" * 200_000))
    memory.add(mail)
    assert len(memory.list()) == 3
    [result] = memory.within(Limits(max_unpacked=1)).add(mail, tags=["x"])
    assert result.status == "replaced"
    assert names(memory) == ["a.eml", "a.eml#anchors.txt", "a.eml#log.txt"]
    assert memory.check().ok


def test_forgotten_together(memory: Memory, mail: Path):
    memory.add(mail)
    strangers = (
        Source(f"{mail}#mine", "Mine.", content_hash="1"),
        Source("z", "Z.", content_hash="2", metadata={"part_of": str(mail)}),
    )
    assert [one.status for one in memory.add_sources(strangers)] == ["added"] * 2
    memory.forget(str(mail))
    assert [one.uri for one in memory.list()] == [f"{mail}#mine", "z"]
    assert memory.check().ok


def test_a_part_is_not_forgotten_without_its_file(memory: Memory, mail: Path):
    mail = mail.parent.rename(mail.parents[1] / "C# and F#") / mail.name
    memory.add(mail)
    part = f"{mail}#sails.txt"
    for forget in (lambda: memory.forget(part), lambda: memory.forget_all([part, f"{mail}#anchors.txt"])):
        with pytest.raises(InputError, match="goes with the file it came in") as caught:
            forget()
        assert str(mail) in caught.value.hint
    assert len(memory.list()) == 3
    assert memory.forget_all([part, str(mail)]) == 3


def test_a_file_called_like_a_part_does_not_take_its_place(memory: Memory, mail: Path):
    twin = mail.with_name("a.eml#sails.txt")
    twin.write_text("Not what came in the mail.")
    other = mail.with_name("C#notes.txt")
    other.write_text("Sharp.")
    for _ in range(2):
        failed = [one for one in memory.add(mail.parent) if one.status == "failed"]
        assert [(one.uri, one.error) for one in failed] == [
            (str(twin), f"it is called like something in {mail}: rename it")
        ]
        list(memory.sync(memory.compare(mail.parent)))
        assert memory.get(str(twin)).text == "Sails of hemp.\n"
        assert memory.get(str(other)).text == "Sharp."
    mail.unlink()
    list(memory.sync(memory.compare(mail.parent)))
    assert memory.get(str(twin)).text == "Not what came in the mail."


def test_sync_treats_them_with_their_file(memory: Memory, mail: Path):
    folder = mail.parent

    def sync() -> dict[str, str]:
        compared = memory.compare(folder)
        list(memory.sync(compared))
        return {Path(one.uri).name: one.action for one in compared.changes}

    assert sync() == {"a.eml": "add", "note.txt": "add"}
    assert sync() == {"a.eml": "keep", "note.txt": "keep"}
    mail.rename(folder / "b.eml")
    assert sync() == {"b.eml": "move", "note.txt": "keep"}
    assert names(memory) == ["b.eml", "b.eml#anchors.txt", "b.eml#sails.txt", "note.txt"]
    (folder / "b.eml").unlink()
    assert sync() == {"b.eml": "delete", "note.txt": "keep"}
    assert names(memory) == ["note.txt"]


@pytest.mark.parametrize("name", ["letter.txt", "letter"])
def test_sync_treats_them_so_where_only_its_content_says_that_it_is_a_mail(memory: Memory, mail: Path, name: str):
    def sync() -> list[str]:
        list(memory.sync(memory.compare(mail.parent)))
        return names(memory)

    version = b"MIME-Version: 1.0\n"
    data = version + mail.read_bytes().replace(version, b"")
    mail.unlink()
    (mail.parent / name).write_bytes(data)
    assert sync() == sync() == [name, f"{name}#anchors.txt", f"{name}#sails.txt", "note.txt"]
    (mail.parent / name).rename(mail.parent / f"a {name}")
    assert sync() == sync() == [f"a {name}", f"a {name}#anchors.txt", f"a {name}#sails.txt", "note.txt"]
    (mail.parent / f"a {name}").unlink()
    assert sync() == ["note.txt"]


def test_the_messages_of_a_mailbox(memory: Memory, tmp_path: Path):
    path = tmp_path / "in.mbox"
    first, second = letter("Ships", sails="Hemp.\n"), letter("Ropes")
    mark = b"From a@b.c Mon May  6 07:08:09 2024\n"
    path.write_bytes(b"".join(mark + one.replace(b"\nFrom here", b"\n>From here") + b"\n" for one in (first, second)))
    [result] = memory.add(path)
    assert result.status == "added"
    assert [one.uri.removeprefix(str(path)) for one in memory.list()] == ["", "#1", "#1/sails.txt", "#2"]
    assert [one.title for one in memory.list()] == ["in.mbox", "Ships", "sails.txt", "Ropes"]
    assert "\nFrom here on it sails." in (memory.get(f"{path}#2").text or "")
    hit = memory.search("hemp", mode="keyword")[0]
    assert open_at(hit.uri, "text", hit.place, hit.text).path == str(path)


def test_two_attachments_of_one_name_are_two():
    message = EmailMessage()
    message["Subject"] = "Twice"
    message.set_content("See both.")
    for text in ("one", "two"):
        message.add_attachment(text, filename="a.txt")
    parts = extract(bytes(message), "x.eml").parts
    assert {name: part.text.strip() for name, part in parts.items()} == {"a.txt": "one", "a-2.txt": "two"}


def test_in_an_archive_they_are_sections(tmp_path: Path):
    with ZipFile(tmp_path / "a.zip", "w") as package:
        package.writestr("a.eml", letter("Ships", sails="Sails of hemp.\n"))
    found = extract((tmp_path / "a.zip").read_bytes(), "a.zip")
    assert "Sails of hemp." in found.text
    assert not found.parts


@pytest.mark.parametrize(("name", "encoding"), [("Übersicht ĳ.txt", "utf-8"), ("Übersicht.txt", "cp437")])
def test_the_name_of_a_member_without_the_flag_of_its_encoding(tmp_path: Path, name: str, encoding: str):
    raw = name.encode(encoding)
    with ZipFile(tmp_path / "x.zip", "w") as package:
        package.writestr("_" * len(raw), "Oak.")
    data = (tmp_path / "x.zip").read_bytes().replace(b"_" * len(raw), raw)
    assert extract(data, "x.zip").text == f"{name}\n\nOak."


def test_text_that_only_begins_like_a_mailbox_stays_text():
    text = "Dear all,\n\nFrom now on we sail.\n"
    assert extract(text.encode(), "x.mbox").text == text


def test_a_part_that_there_is_not_is_not_its_file(memory: Memory, mail: Path):
    memory.add(mail)
    with pytest.raises(DocumentNotFound):
        memory.get(f"{mail}#nothing.txt")
