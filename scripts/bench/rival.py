"""Where does the published program run? In an environment of its own, as its Python needs sqlite-vec to load."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

VERSION = "0.39.0"
PACKAGES = (f"vstash=={VERSION}", "typer<0.29")  # it does not start with a newer Typer
LOADS = "import sqlite3, sys; sys.exit(not hasattr(sqlite3.Connection, 'enable_load_extension'))"


def python(home: Path) -> Path:
    """The rival's Python."""
    return home / "rival" / "bin" / "python"


def install(home: Path, report: Callable[[str], None]) -> None:
    """Make the environment once, with a Python whose sqlite3 can load extensions. Raises: RuntimeError."""
    done = home / "rival" / "installed"
    if done.exists():
        return
    report(f"installing vstash {VERSION} beside ours")
    for command in (
        [_capable(), "-m", "venv", str(home / "rival")],
        [str(python(home)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
    ):
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise RuntimeError(
                f"vstash {VERSION} cannot be installed: {' '.join(ran.stderr.strip().splitlines()[-1:])}"
            )
    done.touch()


def _capable() -> str:
    """A Python that can load SQLite extensions: this one, or one of the system's."""
    for candidate in (sys.executable, "/usr/bin/python3", shutil.which("python3") or ""):
        if Path(candidate).exists() and subprocess.run([candidate, "-c", LOADS], check=False).returncode == 0:
            return candidate
    raise RuntimeError("no Python here loads SQLite extensions, which vstash 0.39.0 needs: leave it out of --rivals")
