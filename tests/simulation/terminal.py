"""The real command line in the simulated world: argument lists, in this process, on a ledger in a file."""

import contextlib
import io
import os
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from simulation.ledger import Disk, _Connection
from simulation.plytix import API_URL, AUTH_URL
from simulation.world import World
from typer.main import get_command

from amzsync.cli import app, binding, invoke
from amzsync.cli.machine import Machine, on_machine
from amzsync.errors import AmzsyncError
from amzsync.ledger.ledger import Ledger

LEDGER, MAPPING = Path("amzsync.db"), Path("mapping.json")
_IN_MEMORY = Path("/dev/shm")
_ACCOUNT = {
    "PLYTIX_API_KEY": "sandbox-key",
    "PLYTIX_API_PASSWORD": "sandbox-password",
    "PLYTIX_API_URL": API_URL,
    "PLYTIX_AUTH_URL": AUTH_URL,
}


@contextlib.contextmanager
def own_folder() -> Iterator[None]:
    """Inside, one works in a new folder that is the home, too; the environment has the account."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
        home = dict.fromkeys(("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), folder)
        with mock.patch.dict(os.environ, {**_ACCOUNT, **home}), mock.patch.object(binding, "_ROUNDS", 1):
            os.chdir(folder)
            try:
                yield
            finally:
                os.chdir(before)


class FileDisk(Disk):
    """The ledger is a file. A command that is typed can die at a commit, one typed beside it cannot."""

    def __init__(self, world: World) -> None:
        super().__init__(world, keeps_history=False)
        LEDGER.write_bytes(self.content)
        self._opened: list[_Connection] = []
        self.is_beside = False

    @contextlib.contextmanager
    def open(self) -> Iterator[Ledger]:
        with Ledger.write(LEDGER, self.clocks()) as ledger:
            yield ledger

    @contextlib.contextmanager
    def connecting(self) -> Iterator[None]:
        """Inside, what writes to the ledger may die."""
        connect = sqlite3.connect

        def connect_mortal(*arguments: Any, **options: Any) -> sqlite3.Connection:
            if self.is_beside or "mode=rw" not in str(arguments[0]):
                plain: sqlite3.Connection = connect(*arguments, **options)
                return plain
            connection: _Connection = connect(*arguments, factory=_Connection, **options)
            connection.disk = self
            self.connection = connection
            self._opened.append(connection)
            return connection

        with mock.patch("sqlite3.connect", connect_mortal):
            try:
                yield
            finally:
                self.die()

    def die(self) -> None:
        while self._opened:
            self._opened.pop().close()
        self.connection = None

    def bytes(self) -> tuple[bytes, ...]:
        """What the ledger and the log of its commits hold."""
        wal = LEDGER.with_name(f"{LEDGER.name}-wal")
        return tuple(path.read_bytes() for path in (LEDGER, wal) if path.exists())


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


class Terminal:
    """Where commands are typed."""

    def __init__(self) -> None:
        self._handlers: dict[int, Any] = {}

    def type(self, words: Sequence[str], machine: Machine) -> Said:
        """Raises whatever the program would have called unexpected."""
        streams: dict[str, Any] = {
            name: _Stream(io.BytesIO(), encoding="utf-8") for name in ("stdin", "stdout", "stderr")
        }
        with (
            mock.patch.multiple("sys", argv=["amzsync", *words], **streams),
            mock.patch("signal.signal", self._install),
            mock.patch.object(app, "app", _command()),
            mock.patch.object(invoke, "_explained", _explained),
            on_machine(machine),
        ):
            try:
                app.main()
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 1
        return Said(code, streams["stdout"].text(), streams["stderr"].text())

    def _install(self, number: int, handler: Any) -> Any:
        before = self._handlers.get(number)
        self._handlers[number] = handler
        return before

    def interrupt(self) -> bool:
        """Ctrl-C, where a run listens to it; whether one does."""
        handler = self._handlers.get(signal.SIGINT)
        if handler is not None:
            handler(signal.SIGINT, sys._getframe())
        return handler is not None


class _Stream(io.TextIOWrapper):
    def text(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()


@cache
def _command() -> Any:
    """Made once: that takes as long as a command."""
    return get_command(app.app)


def _explained(error: Exception) -> AmzsyncError:
    if not isinstance(error, AmzsyncError):
        raise error
    return error
