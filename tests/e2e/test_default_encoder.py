"""Does the whole line find real documents with the real encoder, and encode nothing twice?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.cli.commandline import REPOSITORY, Run
from vstash import Memory
from vstash.encode.minilm import MiniLM

MINUTES = "\n\n".join(
    f"Item {number}: the committee met and the minutes of meeting {number} were approved without changes."
    for number in range(1, 61)
)

DOCUMENTS = {
    "house.md": "---\ntitle: House\n---\n\n# Getting in\n\nThe spare key hangs behind the shed. If it is gone, ask "
    "Mrs Okafor next door.\n\n# Heating\n\nThe boiler is an Ariston X7-2231, serviced every October.\n",
    "sourdough.md": "# Sourdough\n\n## Starter\n\nFeed it every evening with equal weights of flour and water.\n\n"
    "## Baking\n\nBake at 250 degrees for twenty minutes with steam, then at 210 until the crust is dark.\n",
    "deploy.rst": "Releasing\n=========\n\nTag the commit, wait for the pipeline, then promote the image.\n\n"
    "Rolling back\n------------\n\nPromote the previous image; the database needs no change.\n",
    "vaccines.html": "<html><head><title>Clinic</title><script>var x = 'tetanus';</script></head><body><h1>Clinic</h1>"
    "<p>Children are immunised against measles at twelve months, and again before school.</p></body></html>",
    "invoices.csv": "number,customer,amount,status\nINV-2024-0117,Nordwind GmbH,1200.00,overdue\n"
    "INV-2024-0118,Bakery Lund,310.50,paid\n",
    "retry.py": "def fetch_with_backoff(url, attempts=5):\n    '''Ask again after a failure, waiting twice as long "
    "each time.'''\n    return attempts\n",
    "minutes.txt": MINUTES,
}


class Counting(MiniLM):
    """The default encoder, counting the passages that it encodes."""

    encoded = 0

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += len(texts)
        return super().documents(texts)


@pytest.fixture
def docs(here: Path) -> Path:
    folder = here / "docs"
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        # By meaning: no word of the question stands in the answer.
        ("locked out of my home", "house.md"),
        ("when are toddlers vaccinated", "vaccines.html"),
        ("undo a faulty production version", "deploy.rst"),
        # By word: a number or a name that means nothing.
        ("X7-2231", "house.md"),
        ("INV-2024-0117", "invoices.csv"),
        ("fetch_with_backoff", "retry.py"),
        # By both.
        ("Nordwind unpaid bills", "invoices.csv"),
        ("oven temperature for sourdough bread", "sourdough.md"),
    ],
)
def test_the_right_document_comes_first(indexed: Memory, question: str, answer: str) -> None:
    assert Path(indexed.search(question)[0].uri).name == answer


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    folder = tmp_path_factory.mktemp("indexed")
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    memory = Memory.open(":memory:")
    assert {result.status for result in memory.add(folder)} == {"added"}
    return memory


def test_a_second_add_encodes_nothing_and_an_edit_only_what_changed(here: Path, docs: Path) -> None:
    encoder = Counting()
    with Memory.open(here / "notes.db", encoder=encoder) as memory:
        first = memory.add(docs)
        chunks = {Path(result.uri).name: result.chunks for result in first}
        assert encoder.encoded == sum(chunks.values())
        assert chunks["minutes.txt"] > 2

        encoder.encoded = 0
        assert {result.status for result in memory.add(docs)} == {"unchanged"}
        assert encoder.encoded == 0

        edited = MINUTES + "\n\nThe picnic is on Saturday.\n"
        (docs / "minutes.txt").write_text(edited, encoding="utf-8")
        statuses = {Path(result.uri).name: result.status for result in memory.add(docs)}
        assert statuses.pop("minutes.txt") == "replaced"
        assert set(statuses.values()) == {"unchanged"}
        assert 1 <= encoder.encoded <= 2 < chunks["minutes.txt"]
        assert Path(memory.search("when is the picnic")[0].uri).name == "minutes.txt"
        assert memory.check().ok


def test_why_follows_a_document_through_the_search(run: Run, docs: Path) -> None:
    assert run("add", "docs").code == 0
    assert run("why", "locked out of my home", "docs/house.md", "--json").json["rank"] == 1
    lost = run("why", "locked out of my home", "docs/minutes.txt", "-n", "1", "--json").json
    assert lost["stage"] != "found"
    assert lost["advice"]


def test_a_question_about_nothing_stored_has_low_confidence(run: Run, docs: Path) -> None:
    run("add", "docs")
    assert run("search", "zzzqqqxxx", "--json").json["confidence"] == "low"
    assert run("search", "Ariston boiler serviced in October", "--json").json["confidence"] != "low"


def test_another_encoder_is_refused_with_the_way_back(run: Run, docs: Path) -> None:
    run("add", "docs")
    refused = run("search", "x", "--encoder", "hash")
    assert refused.code == 1
    assert "pass --encoder default, or change it over: vstash reindex --encoder hash" in refused.err


def test_neither_adding_nor_searching_imports_a_training_library(run: Run, docs: Path) -> None:
    run("search", "x")  # prepares the encoder where that has never been done
    code = (
        "import sys; from vstash.cli.app import run;"
        "assert run(['add', 'docs']) == 0; assert run(['search', 'locked out of my home']) == 0;"
        "sys.exit(str(sorted({'torch', 'sentence_transformers', 'transformers', 'onnx'} & set(sys.modules))))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert "House" in ran.stdout
    assert ran.stderr.endswith("[]\n")


def test_it_runs_as_a_module_whatever_sqlite_python_was_built_with(here: Path, docs: Path) -> None:
    """The sqlite3 of many Pythons cannot load extensions; the file is opened by a driver with its own SQLite."""
    for arguments in (("add", "docs"), ("search", "locked out of my home", "--json"), ("check",)):
        command = [sys.executable, "-m", "vstash", *arguments]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert (ran.returncode, "Traceback" in ran.stderr) == (0, False)


def test_the_demonstration_says_what_it_shows() -> None:
    """Its answers are checked by running it; here, that its documents exist and hold what is claimed of them."""
    demo = (REPOSITORY / "scripts" / "demo.py").read_text(encoding="utf-8")
    answers = [row.split('"')[1] for row in demo.splitlines() if row.strip().startswith("answer=")]
    assert len(answers) == 3
    assert all((REPOSITORY / answer).is_file() for answer in answers)
