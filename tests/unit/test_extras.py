"""Is a module that comes in late whole for every thread, and after an interruption?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from vstash.errors import MissingExtra
from vstash.extras import later, require

THREADS = 6


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where modules of a test's own are found; their names begin with the test's folder's."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("late_")]:
        del sys.modules[name]


def test_nothing_is_imported_before_it_is_used(folder: Path):
    (folder / "late_unused.py").write_text("answer = 42")
    module = later("late_unused")
    assert "late_unused" not in sys.modules
    assert module.answer == 42
    assert "late_unused" in sys.modules


def test_threads_that_use_it_first_at_once_all_see_it_whole(folder: Path):
    (folder / "late_slow.py").write_text("import time\ntime.sleep(0.1)\nanswer = 42")
    module, together = later("late_slow"), Barrier(THREADS)

    def ask(_: int) -> int:
        together.wait()
        return int(module.answer)

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(ask, range(THREADS))) == [42] * THREADS


def test_an_interrupted_import_is_made_again(folder: Path):
    (folder / "late_inner.py").write_text(
        "from pathlib import Path\nflag = Path(__file__).with_suffix('.flag')\n"
        "if not flag.exists():\n    flag.touch()\n    raise KeyboardInterrupt\nanswer = 42"
    )
    (folder / "late_outer.py").write_text("from late_inner import answer")
    module = later("late_outer")
    with pytest.raises(KeyboardInterrupt):
        _ = module.answer
    assert module.answer == 42


def test_what_it_has_not_is_an_attribute_error(folder: Path):
    (folder / "late_small.py").write_text("")
    with pytest.raises(AttributeError, match="late_small"):
        _ = later("late_small").answer


def test_only_a_package_that_is_missing_itself_is_said_to_be(folder: Path):
    (folder / "late_broken.py").write_text("import late_nowhere")
    with pytest.raises(MissingExtra, match=r"late_nowhere\.inner is not installed") as caught:
        require("late_nowhere.inner", "web")
    assert "vstash[web]" in caught.value.hint
    with pytest.raises(ModuleNotFoundError, match="late_nowhere"):
        require("late_broken", "web")
