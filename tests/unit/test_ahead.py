"""Are jobs done before their turn, in order and not too far ahead, and all jobs done once?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from vstash.ahead import JOBS, SIZE, Ahead


class Work:
    """Doubles a number, and notes which numbers on which thread."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.threads: set[int] = set()

    def __call__(self, number: int) -> int:
        self.done.append(number)
        self.threads.add(threading.get_ident())
        if number < 0:
            raise ValueError(number)
        return 2 * number


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    return true()


def test_what_nobody_expected_is_done_when_it_is_taken() -> None:
    work, threads = Work(), threading.active_count()
    with Ahead[int, int](work) as ahead:
        assert [ahead.take(number) for number in (3, 4)] == [6, 8]
        assert work.threads == {threading.get_ident()}
        assert threading.active_count() == threads


def test_what_is_expected_is_done_on_one_other_thread_before_it_is_taken() -> None:
    work = Work()
    with Ahead[int, int](work) as ahead:
        for number in range(JOBS):
            ahead.expect(number, 1)
        assert until(lambda: len(work.done) == JOBS)
        assert [ahead.take(number) for number in range(JOBS)] == [2 * number for number in range(JOBS)]
        assert ahead.take(99) == 198
    assert work.done == [*range(JOBS), 99]
    assert len(work.threads - {threading.get_ident()}) == 1


@pytest.mark.parametrize(("size", "most"), [(1, JOBS), (SIZE // 3, 3), (2 * SIZE, 1)])
def test_it_does_not_go_too_far_ahead(size: int, most: int) -> None:
    work = Work()
    with Ahead[int, int](work) as ahead:
        for number in range(100):
            ahead.expect(number, size)
        for taken in range(100):
            assert until(lambda: len(work.done) == min(100, taken + most))  # noqa: B023  (called at once)
            assert ahead.take(taken) == 2 * taken
    assert work.done == list(range(100))


def test_what_is_passed_over_makes_room() -> None:
    work = Work()
    with Ahead[int, int](work) as ahead:
        for number in range(100):
            ahead.expect(number, SIZE)
        assert until(lambda: work.done == [0])
        assert ahead.take(50) == 100
        assert until(lambda: len(work.done) == 3)
    assert work.done == [0, 50, 51]


def test_an_error_is_raised_where_its_job_is_taken() -> None:
    with Ahead[int, int](Work()) as ahead:
        for number in (1, -1, 2):
            ahead.expect(number, 1)
        assert ahead.take(1) == 2
        with pytest.raises(ValueError, match="-1"):
            ahead.take(-1)
        assert ahead.take(2) == 4


def test_leaving_begins_nothing_more_and_does_not_wait() -> None:
    begun, go = threading.Event(), threading.Event()
    done: list[int] = []

    def work(number: int) -> None:
        done.append(number)
        begun.set()
        go.wait(10)

    with Ahead[int, None](work) as ahead:
        for number in range(5):
            ahead.expect(number, 1)
        assert begun.wait(10)
    go.set()
    time.sleep(0.05)
    assert done == [0]
