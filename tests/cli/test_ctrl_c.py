"""Ctrl-C at a terminal: the first is answered at once, the second leaves the terminal as it was."""

import fcntl
import os
import pty
import re
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from cli.fixtures import FAST, Setup, flat
from cli.terminal import amzsync
from sandbox_faults import Fault, RunBefore

WAIT_S = 30
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
CTRL_C = b"\x03"


@dataclass
class Terminal:
    """What a command has written to the terminal that is its own."""

    process: subprocess.Popen[bytes]
    master: int
    text: str = ""

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def read_until(self, is_enough: Callable[[str], object]) -> None:
        end = time.monotonic() + WAIT_S
        while not is_enough(self.text):
            assert time.monotonic() < end, self.text
            try:
                read = os.read(self.master, 65536)
            except OSError:  # nobody writes any more
                assert is_enough(self.text), self.text
                return
            self.text += read.decode()

    def to_its_end(self) -> int:
        code = self.process.wait(WAIT_S)
        os.set_blocking(self.master, False)
        try:
            while read := os.read(self.master, 65536):
                self.text += read.decode()
        except OSError:
            pass
        return code


@contextmanager
def at_a_terminal(setup: Setup, *arguments: object) -> Iterator[Terminal]:
    master, slave = pty.openpty()

    def make_it_the_controlling_terminal() -> None:
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    paths = os.pathsep.join(filter(None, sys.path))
    process = subprocess.Popen(
        [sys.executable, "-m", "amzsync", *map(str, arguments)],
        cwd=setup.folder,
        env={**os.environ, **setup.env, "PYTHONPATH": paths, "COLUMNS": "80"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=make_it_the_controlling_terminal,  # noqa: PLW1509 - nothing else runs in that child
    )
    before = termios.tcgetattr(slave)
    try:
        yield Terminal(process, master)
        assert termios.tcgetattr(slave) == before
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


@pytest.fixture
def held(setup: Setup) -> Iterator[threading.Event]:
    """Set once an upload is in progress; uploads are answered when the test is over."""
    reached, release = threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        release.wait(WAIT_S)

    setup.sandbox.faults.add(Fault("POST", "/assets", RunBefore(hold), times=None))
    yield reached
    release.set()


def test_the_first_ctrl_c_is_answered_at_once_and_the_second_leaves_the_terminal_as_it_was(
    setup: Setup, held: threading.Event
) -> None:
    mapping = setup.mapping({"matched": [flat(f"SKU-{n}", f"m{n}") for n in range(4)]})
    with at_a_terminal(setup, "apply", "--mapping", mapping, "--yes", *FAST) as terminal:
        assert held.wait(WAIT_S)
        terminal.read_until(lambda text: HIDE in text and "in progress" in text)
        terminal.type(CTRL_C)
        terminal.read_until(lambda text: re.search(r"Stopping: waiting for \d requests? in progress;", text))
        terminal.type(CTRL_C)
        assert terminal.to_its_end() == 130
    assert terminal.text.rindex(SHOW) > terminal.text.rindex(HIDE)
    assert terminal.text.endswith("\r\nStopped at once. All progress is saved. Next: amzsync resume\r\n")
    assert "Traceback" not in terminal.text
    setup.sandbox.faults.clear()
    assert amzsync("resume").code == 0


def test_a_quiet_run_answers_ctrl_c_too(setup: Setup, held: threading.Event) -> None:
    mapping = setup.mapping([flat("A", "a")])
    with at_a_terminal(setup, "apply", "--mapping", mapping, "--yes", "-q", *FAST) as terminal:
        assert held.wait(WAIT_S)
        terminal.type(CTRL_C)
        terminal.read_until(lambda text: "Stopping: waiting for 1 request in progress;" in text)
        terminal.type(CTRL_C)
        assert terminal.to_its_end() == 130


def test_ctrl_c_at_the_question_leaves_a_whole_line_and_the_next_command(setup: Setup) -> None:
    mapping = setup.mapping([flat("A", "a")])
    with at_a_terminal(setup, "apply", "--mapping", mapping, *FAST) as terminal:
        terminal.read_until(lambda text: "[y/N]" in text)
        terminal.type(CTRL_C)
        assert terminal.to_its_end() == 130
    asked, _, after = terminal.text.rpartition("[y/N]")
    assert asked
    assert re.search(r"\r\n(\x1b\[\d+m)?amzsync: Interrupted\.", after)
    assert "Continue with `amzsync apply --mapping" in after
    assert setup.sandbox.total == 0
