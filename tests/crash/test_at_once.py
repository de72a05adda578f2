"""Do sixteen processes that open one new file at the same instant all get a whole memory?"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from vstash import Memory

PROCESSES = 16

OPENING = """
import sys, time
from pathlib import Path
from vstash import HashEncoder, Memory
from vstash.store.sqlite import store  # all that is loaded late, so that only the opening is left
encoder = HashEncoder()
print("ready", flush=True)
start = float(sys.stdin.readline())
time.sleep(max(0.0, start - time.time()))
with Memory.open(sys.argv[1], encoder=encoder) as memory:
    result = memory.remember(f"bird {sys.argv[2]}", uri=sys.argv[2])
    assert memory.search("bird", limit=50)
print(result.status)
"""


def test_sixteen_processes_open_one_new_file_at_the_same_instant(database: Path) -> None:
    command = [sys.executable, "-c", OPENING, str(database)]
    pipe = subprocess.PIPE
    opening = [
        subprocess.Popen([*command, str(at)], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for at in range(PROCESSES)
    ]
    for process in opening:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    start = f"{time.time() + 0.2}\n"
    said = [process.communicate(start, timeout=60) for process in opening]
    assert said == [("added\n", "")] * PROCESSES
    with Memory.open(database, encoder="hash") as memory:
        assert {document.uri for document in memory.list()} == {str(at) for at in range(PROCESSES)}
        assert memory.check().ok
    assert [path.name for path in database.parent.iterdir()] == [database.name]
