"""What is between the lines of dashes at the top of a Markdown file, and in the keywords of an Org file?"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from vstash.text.read import extract


@pytest.mark.parametrize(
    "block",
    [
        "just words",
        "title: Ships\njust words",
        "- a list",
        "? [a]\n: b",
        "deep: " + "[" * 5000,
        "!!python/object/apply:os.system [id]",
    ],
)
def test_malformed_front_matter_is_text(block: str):
    text = f"---\n{block}\n---\n\n# Ships\n\nwords\n"
    found = extract(text.encode(), "x.md")
    assert (found.metadata, found.text) == ({}, text)
    assert found.headings[-1].title == "Ships"


@pytest.mark.parametrize(
    ("block", "metadata"),
    [
        (
            "title: Fix: bug\ntags:\n- a\n- b\n\ndate: 2024-05-06",
            {"title": "Fix: bug", "tags": ["a", "b"], "date": "2024-05-06"},
        ),
        ("date: 2024-02-30\ntitle: Ships", {"date": "2024-02-30", "title": "Ships"}),
        ("created: 2024-05-06 07:08:09 +0000", {"created": "2024-05-06 07:08:09 +0000"}),
        ("a: [unclosed\n# noted\nb: 1", {"a": "[unclosed", "b": 1}),
        ("title: 'it's\nb:\n  - c: d: e", {"title": "it's"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": "*x"}),
        ("title: @home\nempty:\nb: x", {"title": "@home", "empty": None, "b": "x"}),
        ("n: " + "9" * 5000, {"n": "9" * 5000}),
    ],
)
def test_one_bad_value_does_not_take_the_others_along(block: str, metadata: dict[str, object]):
    found = extract(f"---\n{block}\n---\n\n# Heading\n\nwords\n".encode(), "x.md")
    assert found.metadata == metadata
    assert found.title == metadata.get("title", "Heading")
    assert (found.dated_at is not None) == ("2024-05-06" in block)


def test_front_matter_may_be_all_there_is():
    found = extract(b"---\ntitle: Ships\n---", "x.md")
    assert (found.title, found.headings) == ("Ships", ())


def test_front_matter_holds_only_what_json_can_hold():
    text = "---\na: .nan\nb: 0x" + "f" * 40 + "\nc: 2024-05-06 10:00:00\nd: {1: [x, null, true]}\ntags: a, b\n---\nx\n"
    metadata = extract(text.encode(), "x.md").metadata
    assert json.loads(json.dumps(metadata, allow_nan=False)) == metadata
    assert metadata["d"] == {"1": ["x", None, True]}
    assert metadata["tags"] == ["a", "b"]


@pytest.mark.parametrize("date", ["<2024-05-06 Mon>", "[2024-05-06 Mo 07:08]", "2024-05-06"])
def test_the_date_of_an_org_file(date: str):
    found = extract(f"#+title: Ships\n#+date: {date}\n* Wood\nOak.\n".encode(), "x.org")
    assert found.dated_at == datetime(2024, 5, 6, tzinfo=UTC)
