"""What every test stands on: a home and a ledger of its own, and no account of the person who runs it."""

import itertools
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import traceback
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long one example takes says more about the machine than about the code.
settings.register_profile("amzsync", deadline=None)
settings.load_profile("amzsync")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets what it starts in the background ignore Ctrl-C, and what the tests start would do so, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)

_CALLERS = 6
_IN_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2 * 1024**3


class _WatchedConnection(sqlite3.Connection):
    """Complains on every Python when it is collected unclosed, as 3.13 does, and says who opened it."""

    opened_at = ""

    def close(self) -> None:
        super().close()
        self.opened_at = ""

    def __del__(self) -> None:
        if self.opened_at:
            message = f"a database was not closed; it was opened at {self.opened_at}"
            self.close()
            warnings.warn(message, ResourceWarning, stacklevel=1)


_connect_unwatched = sqlite3.connect


def _connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = _connect_unwatched(
        *arguments, **{"factory": _WatchedConnection, **options}
    )
    if isinstance(connection, _WatchedConnection):
        callers = itertools.islice(traceback.walk_stack(sys._getframe(1)), _CALLERS)
        connection.opened_at = ", ".join(f"{frame.f_code.co_filename}:{line}" for frame, line in callers)
    return connection


sqlite3.connect = _connect  # type: ignore[assignment]


def pytest_configure(config: pytest.Config) -> None:
    """Keep the tests' files in memory, where there is room: no test needs a disk that outlives a power cut.

    Thousands of small databases would wait for it. A benchmark measures the disk, too.
    """
    is_chosen = "TMPDIR" in os.environ or config.getoption("markexpr") == "benchmark"
    if is_chosen or not os.access(_IN_MEMORY, os.W_OK | os.X_OK):
        return
    if shutil.disk_usage(_IN_MEMORY).free >= _ROOM_BYTES:
        os.environ["TMPDIR"] = str(_IN_MEMORY)
        tempfile.tempdir = None  # It is looked up anew.


def pytest_report_header() -> str:
    return f"SQLite {sqlite3.sqlite_version}, sqlite-utils {version('sqlite-utils')}"


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _nobodys_environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    for name in os.environ:
        if name.startswith(("PLYTIX_", "AMZSYNC_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / ".local" / "state"))


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    return tmp_path / "amzsync.db"
