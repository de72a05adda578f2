"""A process that upgrades a database and is killed by itself at a chosen operation of the file system."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.crash.faults import Faults, ignored
from tests.crash.legacy import STEPS, upgrade


class Killing(Faults):
    """Ends this process in place of failing, as `kill -9` would."""

    def due(self, operation: str) -> bool:
        """Count writes, syncs, truncations and deletions; at the chosen one nothing comes after."""
        if super().due(operation):
            os.kill(os.getpid(), signal.SIGKILL)
        return False


def main(path: Path, nth: int) -> None:
    """Upgrade; killed at the nth operation, if there are so many."""
    sys.unraisablehook = ignored
    vfs = Killing("killing")
    vfs.arm("power", nth)
    upgrade(path, vfs.name, STEPS)
    sys.stdout.write(str(vfs.seen))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
