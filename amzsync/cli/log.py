"""The log: requests to stderr with -v; these, notices and the outcome to --log-file.

A log that cannot be written stops nothing.
"""

import errno
import logging
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from amzsync.files import open_private
from amzsync.views.console import plain

__all__ = ["end_log", "start_log"]

_LOGGER = "amzsync"
_FORMAT = "%(asctime)s %(levelname)s %(message)s"
_LONGEST_LINE = 2000


def start_log(
    log_file: Path | None, *, show: Callable[[str], None] | None, warn: Callable[[str], None]
) -> None:
    """Log from now on: `show` is given each request, `warn` is told once where the file cannot be written."""
    logger = logging.getLogger(_LOGGER)
    logger.propagate = False
    logger.setLevel(logging.DEBUG if log_file or show else logging.CRITICAL + 1)
    if show:
        logger.addHandler(_RequestsShown(show))
    if log_file:
        handler = _FileLog(log_file, warn)
        handler.setFormatter(_OneLine(_FORMAT))
        logger.addHandler(handler)


def end_log() -> None:
    """Close the log."""
    logger = logging.getLogger(_LOGGER)
    while logger.handlers:
        handler = logger.handlers[-1]
        logger.removeHandler(handler)
        handler.close()


class _OneLine(logging.Formatter):
    """Local times with their offset; nothing in a message, which may be foreign, begins another line."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's
        del datefmt
        return datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's
        record.message = plain(record.message, _LONGEST_LINE)
        return super().formatMessage(record)


class _RequestsShown(logging.Handler):
    """Gives each request to `show`; whoever sees it sees the notices and the outcome anyway."""

    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__()
        self._show = show
        self.addFilter(lambda record: record.levelno == logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        self._show(record.getMessage())


class _FileLog(logging.Handler):
    """Appends to a file until that fails, and then is silent."""

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        super().__init__()
        self._path = path
        self._warn = warn
        self._handle: int | None = None
        try:
            self._handle = _open(path)
        except (OSError, ValueError) as error:
            self._give_up(error)

    def emit(self, record: logging.LogRecord) -> None:
        if self._handle is None:
            return
        try:
            left = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
            while left:
                left = left[os.write(self._handle, left) :]
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        self._close()
        super().close()

    def _give_up(self, error: Exception) -> None:
        self._close()
        reason = (error.strerror if isinstance(error, OSError) else None) or "its name cannot be used"
        self._warn(f"The log file {self._path} cannot be written ({reason}). Continuing without a log.")

    def _close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            # A disk that tells only now that it is full has lost a log, and no more.
            with suppress(OSError):
                os.close(handle)


def _open(path: Path) -> int:
    # Without waiting: a pipe that nobody reads would never open.
    handle = open_private(
        path,
        os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0),
    )
    mode = os.fstat(handle).st_mode
    # A terminal or /dev/null takes what it is given; a pipe or a socket stops whoever writes too much.
    if not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a regular file")
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(handle, True)
    return handle
