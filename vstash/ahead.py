"""What can be done before its turn comes? Jobs on one other thread, in the order of their turns, some way ahead.

The way is short, so that what is done and not yet taken stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import takewhile
from typing import Generic, TypeVar

JOBS = 16  # at most this many under way or done, and not yet taken
SIZE = 32 << 20  # and, but for one, jobs of this size together

Job = TypeVar("Job", bound=Hashable)
Made = TypeVar("Made")


class Ahead(Generic[Job, Made]):
    """Jobs that are expected, in order, and the one way to have any job done; a context manager."""

    def __init__(self, work: Callable[[Job], Made]) -> None:
        self._work = work
        self._line: dict[Job, int] = {}
        self._begun: dict[Job, Future[Made]] = {}
        self._thread: ThreadPoolExecutor | None = None

    def __enter__(self) -> Ahead[Job, Made]:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def expect(self, job: Job, size: int) -> None:
        """This job will be taken, after all that were expected before."""
        self._line[job] = size
        self._begin()

    def take(self, job: Job) -> Made:
        """What the job makes, done here and now unless it was expected. What was expected before it will not be
        taken any more. Raises what the work raises."""
        if job not in self._line:
            return self._work(job)
        for passed in list(takewhile(lambda one: one != job, self._line)):
            del self._line[passed]
            if passed in self._begun:
                self._begun.pop(passed).cancel()
        self._begin()
        del self._line[job]
        done = self._begun.pop(job)
        self._begin()
        return done.result()

    def _begin(self) -> None:
        """Begin what there is room for, at least one."""
        ahead = 0
        for place, (job, size) in enumerate(self._line.items()):
            ahead += size
            if place and (place >= JOBS or ahead > SIZE):
                return
            if job not in self._begun:
                self._thread = self._thread or ThreadPoolExecutor(1)
                self._begun[job] = self._thread.submit(self._work, job)
