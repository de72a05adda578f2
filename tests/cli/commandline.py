"""A command line as a test sees it: what it left behind, and how to start one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ran:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout; more than one, or none, is an error."""
        return json.loads(self.out)


class Run(Protocol):
    """Runs a command line; `stdin` is what is piped into it."""

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Ran: ...


def process(*arguments: str, environment: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
    """The command line as a process of its own, for what only processes have."""
    command = [sys.executable, "-m", "vstash", *arguments]
    return subprocess.Popen(command, env={**os.environ, **(environment or {})}, **options)
