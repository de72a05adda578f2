"""The command line: what `vstash` and `python -m vstash` run."""

import os
import signal


def main() -> None:
    """Run it. While it is being loaded Ctrl-C ends the process and says nothing: there is nothing yet to end well.

    NumPy's BLAS would start a thread for each core, which waits by running: a sixth of the processor time of a search,
    and nothing that a command does is large enough for them.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # a shell's background jobs do not
    if heeded:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from vstash.cli.app import main as run

    if heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
