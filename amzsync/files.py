"""Files as this program makes and opens them: private to their owner, and never a pipe or a device."""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Self

__all__ = ["NewFiles", "make_private", "open_private", "open_regular"]

_PRIVATE = 0o600
# A pipe without a writer would keep the opening waiting; Windows has neither flag.
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)


def make_private(path: Path) -> None:
    """Make an empty file that its owner alone may read, or stricter by the umask; one that exists stays."""
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | _NO_WAIT | _BINARY, _PRIVATE))


def open_private(path: str | Path, flags: int) -> int:
    """An opener for `open`: a file that it makes is its owner's alone."""
    return os.open(path, flags, _PRIVATE)


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading.

    Raises:
        OSError: it cannot be opened, or is a folder, a pipe, a socket or a device.
    """
    # Before the opening too, which can wait for the other end or move a tape.
    _check_regular(path.stat(), path)
    handle = os.open(path, os.O_RDONLY | _NO_WAIT | _BINARY)
    try:
        _check_regular(os.fstat(handle), path)
    except OSError:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


class NewFiles:
    """Text files that take their places whole, all at the end: a reader sees the old one or the new one.

    What is not in its place when the `with` block is left is gone.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Path, Path]] = []

    def write(self, path: Path, chunks: Iterable[str]) -> None:
        """Write what is to stand at this path.

        Raises:
            OSError: that is not possible.
        """
        place = path.resolve()
        beside = place.with_name(f".amzsync-{secrets.token_hex(8)}.tmp")
        self._waiting.append((beside, place))
        with open(beside, "x", encoding="utf-8", newline="\n", opener=open_private) as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            shutil.copymode(place, beside)

    def put_in_place(self) -> None:
        """Let them take their places, in the order in which they were written.

        Raises:
            OSError: one of them cannot.
        """
        while self._waiting:
            beside, place = self._waiting[0]
            beside.replace(place)
            del self._waiting[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for beside, _place in self._waiting:
            beside.unlink(missing_ok=True)


def _check_regular(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
