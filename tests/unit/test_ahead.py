"""Are files done ahead of their turn by a process beside, each once and the same as here, and is it gone afterwards?"""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from tests.unit.test_text_read import pdf
from tests.unit.test_text_sandbox import ends
from vstash import ahead as module
from vstash.ahead import GIVEN, JOBS, Ahead
from vstash.encode.hash import HashEncoder
from vstash.intake import Labels, Pending, from_file
from vstash.passages import Cutter, Loaded
from vstash.text.sandbox import Sandbox, python

CUTTER = Cutter(254, HashEncoder().token_starts)


def undated(_: Path) -> datetime | None:
    return None


@pytest.fixture
def files(tmp_path: Path) -> list[Pending]:
    """Two hundred files, one of them a PDF, one empty."""
    made: list[Pending] = []
    for number in range(200):
        path = tmp_path / f"{number:03}.{'pdf' if number == 5 else 'md'}"
        text = f"# Ship {number}\n\n{'She sailed on. ' * (10 * number)}\n"
        path.write_bytes(b"" if number == 60 else pdf("Log of a ship") if number == 5 else text.encode())
        one = from_file(path, Labels(), undated)
        assert isinstance(one, Pending)
        made.append(one)
    return made


class Here:
    """What is done in this process, and how often."""

    def __init__(self) -> None:
        self.done: list[Pending] = []
        self.sandbox = Sandbox()

    def __call__(self, one: Pending) -> Loaded:
        self.done.append(one)
        return CUTTER.loaded(lambda: one.load(self.sandbox), one.labels.limits)


@contextmanager
def beside(files: list[Pending], *, wait: bool = True) -> Iterator[tuple[Ahead, Here, subprocess.Popen[bytes]]]:
    """A line of files and the process that does them; once it has begun to answer, unless told not to wait."""
    here = Here()
    with here.sandbox, Ahead(here, "hash", CUTTER.window) as ahead:
        ahead.start()
        for one in files:
            ahead.expect(one)
        assert ahead.take(files[0]).cuts
        assert ahead._connection is not None
        assert ahead._process is not None
        assert ahead._connection.poll(30)  # it has begun
        ahead._give()
        assert not wait or ahead._connection.poll(30)
        yield ahead, here, ahead._process


@contextmanager
def begun() -> Iterator[tuple[Connection[Any, Any], subprocess.Popen[bytes]]]:
    """The process alone, ready for files, and the connection to it."""
    ours, theirs = Pipe()
    with theirs:
        process = python("vstash.beside", theirs.fileno())
    try:
        ours.send(("hash", CUTTER.window))
        assert ours.recv() is None
        yield ours, process
    finally:
        process.kill()
        process.wait()
        ours.close()


def children(process: subprocess.Popen[bytes]) -> list[str]:
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def plain(loaded: Loaded) -> tuple[object, str]:
    return loaded.cuts, loaded.error


def test_without_the_process_each_is_done_in_its_turn(files: list[Pending]) -> None:
    here = Here()
    with here.sandbox, Ahead(here, "hash", CUTTER.window) as ahead:
        for one in files:
            ahead.expect(one)
        taken = [ahead.take(one) for one in files[:5]]
    assert here.done == files[:5]
    assert [one.cuts[0].source.title for one in taken] == [f"Ship {number}" for number in range(5)]


def test_an_encoder_of_ones_own_starts_no_process(files: list[Pending]) -> None:
    with Ahead(Here(), "", CUTTER.window) as ahead:
        ahead.start()
        ahead.expect(files[0])
        assert ahead._process is None
        assert ahead.take(files[0]).cuts


def test_all_are_done_once_some_here_some_there_and_all_the_same(files: list[Pending]) -> None:
    with beside(files) as (ahead, here, _):
        taken = [files[0], *files[1:]]
        found = [plain(ahead.take(one)) for one in taken[1:]]
        done_here = list(here.done)
    assert len(done_here) == len(set(done_here)) < len(files)
    again = Here()
    with again.sandbox:
        assert found == [plain(again(one)) for one in files[1:]]
    assert [one for one in found if one[1]] == [
        ((), f"{Path(files[60].uri).name} is empty: there is nothing in it to search for")
    ]


def test_what_is_passed_over_is_not_waited_for(files: list[Pending]) -> None:
    with beside(files) as (ahead, _, __):
        for at in (30, 31, 150, 199):
            assert ahead.take(files[at]).cuts[0].source.uri == files[at].uri
        assert not ahead._line
        assert not ahead._done


def test_it_does_not_go_too_far_ahead(files: list[Pending], monkeypatch: pytest.MonkeyPatch) -> None:
    with beside(files) as (ahead, _, __):
        for one in files[1:]:
            ahead.take(one)
            assert len(ahead._given) <= GIVEN
            assert len(ahead._done.keys() | {one for one in ahead._given if one in ahead._line}) <= JOBS
    monkeypatch.setattr(module, "SIZE", 1)
    with beside(files, wait=False) as (ahead, _, __):
        ahead.take(files[1])
        assert len(ahead._given) <= 1


@pytest.mark.parametrize("at", [1, 20, 199])
def test_a_process_that_dies_loses_nothing(files: list[Pending], at: int) -> None:
    with beside(files) as (ahead, here, process):
        found = []
        for number, one in enumerate(files[1:], 1):
            if number == at:
                process.send_signal(signal.SIGKILL)
                process.wait(10)
            found.append(ahead.take(one))
        assert len(here.done) == len(set(here.done))
    again = Here()
    with again.sandbox:
        assert [plain(one) for one in found] == [plain(again(one)) for one in files[1:]]


def test_what_the_process_holds_and_has_not_begun_is_taken_back(files: list[Pending]) -> None:
    with beside(files) as (ahead, here, process):
        process.send_signal(signal.SIGSTOP)
        going_on = Timer(20, process.send_signal, (signal.SIGCONT,))
        going_on.start()  # so that a wait for it is no wait for ever
        try:
            last = list(ahead._given)[-1]
            found = [plain(ahead.take(last))]
            assert last in here.done
        finally:
            going_on.cancel()
            process.send_signal(signal.SIGCONT)
        after = files[files.index(last) + 1 :]
        found += [plain(ahead.take(one)) for one in after]
        assert len(here.done) == len(set(here.done))
    again = Here()
    with again.sandbox:
        assert found == [plain(again(one)) for one in [last, *after]]


def test_the_process_leaves_out_what_is_not_wanted_any_more(files: list[Pending]) -> None:
    with begun() as (ours, _):
        for message in (1, *(one.file for one in files[:3])):
            ours.send(message)
        answers = [ours.recv() for _ in files[:3]]
        assert [answer and answer.cuts[0].source.uri for answer in answers] == [files[0].uri, None, files[2].uri]


def test_leaving_ends_the_process_and_those_it_started(files: list[Pending]) -> None:
    with beside(files, wait=False) as (_, __, process):
        below = children(process)
        until = time.monotonic() + 30
        while not below and time.monotonic() < until:
            time.sleep(0.02)
            below = children(process)
    assert process.returncode is not None
    assert below
    assert all(ends(int(one)) for one in below)  # by itself, with its input, if it was just being started


@pytest.mark.parametrize(("name", "value"), [("executable", "/no/python"), ("executable", ""), ("frozen", True)])
def test_a_process_that_cannot_be_started_is_done_without(
    files: list[Pending], monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    """As in a program that Python is a part of."""
    monkeypatch.setattr(sys, name, value, raising=False)
    here = Here()
    with here.sandbox, Ahead(here, "hash", CUTTER.window) as ahead:
        ahead.start()
        ahead.expect(files[0])
        assert ahead.take(files[0]).cuts
    assert here.done == files[:1]


def test_a_program_that_is_no_python_is_not_waited_for(
    files: list[Pending], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep 600")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    here = Here()
    plain_files = [one for one in files if not one.uri.endswith(".pdf")]  # its reader would be waited for
    with here.sandbox, Ahead(here, "hash", CUTTER.window) as ahead:
        ahead.start()
        for one in plain_files:
            ahead.expect(one)
        assert ahead._process is not None
        for one in plain_files:
            ahead.take(one)
    assert here.done == plain_files


def test_neither_waits_for_the_other_where_little_fits_between_them(
    files: list[Pending], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some systems hold eight kilobytes for two processes; a question and an answer may both be larger."""

    def narrow() -> tuple[Connection[Any, Any], Connection[Any, Any]]:
        pair = socket.socketpair()
        for one in pair:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        return Connection(pair[0].detach()), Connection(pair[1].detach())

    monkeypatch.setattr(module, "Pipe", narrow)
    labels = Labels(tags=("x" * 20_000,))
    labelled = [replace(one, file=one.file and replace(one.file, labels=labels)) for one in files]
    with beside(labelled) as (ahead, here, _):
        for one in labelled[1:]:
            ahead.take(one)
        assert len(here.done) < len(files)


@pytest.mark.parametrize("how", ["idle", "at work", "told to"])
def test_it_ends_when_nobody_asks_any_more(files: list[Pending], how: str) -> None:
    with begun() as (ours, process):
        if how != "idle":
            ours.send(files[0].file)
        if how == "told to":
            assert ours.recv().cuts
            process.terminate()
        else:
            ours.close()
        assert process.wait(30) == 0


def test_it_ends_when_its_parent_is_killed(files: list[Pending]) -> None:
    reader = os.fork()
    if not reader:  # a parent that is killed in the middle
        with suppress(BaseException), beside(files) as (_, __, process):
            Path(files[0].uri).with_name("pid").write_text(str(process.pid))
            time.sleep(60)
        os._exit(1)
    noted = Path(files[0].uri).with_name("pid")
    until = time.monotonic() + 30
    while not (noted.exists() and noted.read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(reader, signal.SIGKILL)
    os.waitpid(reader, 0)
    assert ends(int(noted.read_text()))


def test_a_process_that_dies_before_it_is_given_files_is_not_waited_for(files: list[Pending]) -> None:
    here = Here()
    with here.sandbox, Ahead(here, "hash", CUTTER.window) as ahead:
        ahead.start()
        for one in files:
            ahead.expect(one)
        assert ahead._connection is not None
        assert ahead._process is not None
        assert ahead._connection.poll(30)  # it has begun
        ahead._process.kill()
        ahead._process.wait(10)
        for one in files:
            ahead.take(one)
    assert here.done == files


def test_a_process_that_has_no_room_for_a_connection_is_done_without(files: list[Pending]) -> None:
    here = Here()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    with here.sandbox, Ahead(here, "hash", CUTTER.window) as ahead:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
            ahead.start()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        ahead.expect(files[0])
        assert ahead.take(files[0]).cuts
    assert here.done == files[:1]


def test_a_fork_takes_no_answer_away(files: list[Pending]) -> None:
    with beside(files) as (ahead, here, process):
        child = os.fork()
        if not child:
            with suppress(BaseException):
                found = ahead.take(files[1]).cuts
                ahead.__exit__()
                os._exit(not found)
            os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        taken = [ahead.take(one) for one in files[1:]]
        assert len(here.done) < len(files)
        assert process.poll() is None
    assert [one.cuts[0].source.uri for one in taken if one.cuts] == [one.uri for one in files[1:] if one != files[60]]
