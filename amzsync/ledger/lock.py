"""One process writes to a ledger at a time: locks of the operating system, gone with their process.

Two locks are held. The first is a lock file beside the ledger's real path, so that all symbolic links to one
ledger meet there, also before the ledger exists. The second is on the ledger file itself, so that hard links,
and a lock file that somebody removed, let no second writer in. It is an open file description lock on a byte
far behind the bytes that SQLite locks: the two do not meet, and unlike a POSIX lock it stays when another
descriptor of the file is closed. Closing ours would drop SQLite's POSIX locks of this process, therefore a
writer takes the lock before it opens the database, and releases it after.

Where the system has no such lock (macOS, Windows), a ledger with several hard links is refused. SQLite names
its WAL file after the ledger, so what a killed process left under another name is looked for, too.
"""

import os
import stat
import struct
import sys
from contextlib import ExitStack
from errno import EACCES, EAGAIN
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from amzsync.errors import LedgerError, LedgerLockedError
from amzsync.ledger.runs import current_writer

__all__ = ["WriterLock", "is_being_written"]

_LOCKED_BYTE = 1 << 62
_NEW_FILE_MODE = 0o600
_WAIT = "Wait until it ends, or stop it. `amzsync status` shows its progress."


class WriterLock:
    """Held from `acquire` to `release`, or for a `with` block."""

    def __init__(self, ledger_path: Path) -> None:
        self._ledger_path = ledger_path
        self._held = ExitStack()

    def acquire(self) -> None:
        """Take the lock now or not at all; a ledger that is missing becomes an empty file.

        Raises:
            LedgerLockedError: another process has it; its pid and start are named.
            LedgerError: it cannot be locked, or not under this name.
        """
        try:
            real_path = Path(os.path.realpath(self._ledger_path))
            with ExitStack() as taken:
                taken.callback(self._lock_name(real_path).release)
                descriptor = _open_ledger(real_path)
                taken.callback(os.close, descriptor)
                self._lock_file(real_path, descriptor)
                self._held = taken.pop_all()
        except (OSError, NotImplementedError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LedgerError(
                f"The ledger {self._ledger_path} cannot be locked ({reason}).",
                "Check the folder's permissions.",
            ) from None

    def release(self) -> None:
        self._held.close()

    def _lock_name(self, real_path: Path) -> FileLock:
        path = real_path.with_name(f"{real_path.name}.lock")
        # Older releases of the lock library follow such a link, and empty what it leads to.
        if path.is_symlink():
            raise LedgerError(
                f"{path}, the lock of the ledger, is a symbolic link, which is not followed.",
                "Remove the link, and try again.",
            )
        lock = FileLock(path, timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise self._locked() from None
        return lock

    def _lock_file(self, real_path: Path, descriptor: int) -> None:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise LedgerError(
                f"The ledger {self._ledger_path} is not a regular file.",
                "Choose another file with --ledger FILE.",
            )
        is_locked = _lock_byte(descriptor)
        if is_locked is False and found.st_nlink == 1:
            raise self._locked()
        if is_locked is False:
            raise LedgerError(
                f"The ledger {self._ledger_path} is in use by another process under another of its"
                " names (hard links).",
                "Wait until it ends, and use only one name.",
            )
        if found.st_nlink > 1:
            self._check_names(real_path, found, can_lock=is_locked is not None)

    def _check_names(self, real_path: Path, found: os.stat_result, *, can_lock: bool) -> None:
        if not can_lock:
            raise LedgerError(
                f"The ledger {self._ledger_path} has {found.st_nlink} names (hard links).",
                "Keep one of them, and remove the others.",
            )
        with os.scandir(real_path.parent) as entries:
            names = [Path(entry.path) for entry in entries if entry.inode() == found.st_ino]
        for name in names:
            left = [name.with_name(f"{name.name}{ending}") for ending in ("-wal", "-journal")]
            if name != real_path and any(path.exists() and path.stat().st_size for path in left):
                raise LedgerError(
                    f"The ledger {self._ledger_path} was last written under its other name {name}, and"
                    " that process did not end normally.",
                    f"Use --ledger {name} until a run has ended, and one name only from then on.",
                )

    def _locked(self) -> LedgerLockedError:
        return LedgerLockedError(
            f"The ledger {self._ledger_path} is in use by {current_writer(self._ledger_path)}.", _WAIT
        )

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_being_written(ledger_path: Path) -> bool | None:
    """Whether a process holds the ledger's lock now; None where this system cannot tell.

    Nothing is taken, so no other process is kept out meanwhile. Ask before this process opens the database.
    """
    try:
        descriptor = os.open(ledger_path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        return _is_byte_locked(descriptor)
    finally:
        os.close(descriptor)


def _open_ledger(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    # A pipe or a terminal in its place must not make this wait.
    flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    return os.open(path, flags, _NEW_FILE_MODE)


if sys.platform == "linux":
    import fcntl

    def _lock_byte(descriptor: int) -> bool | None:
        """Whether the lock was taken; None where this file system or kernel has none."""
        # struct flock: type, whence, start, length, pid; the pid of such a lock is 0.
        asked = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, _LOCKED_BYTE, 1, 0)
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, asked)
        except OSError as error:
            return False if error.errno in (EACCES, EAGAIN) else None
        return True

    def _is_byte_locked(descriptor: int) -> bool | None:
        """Whether another has the lock; None where this file system or kernel has none."""
        asked = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, _LOCKED_BYTE, 1, 0)
        try:
            found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked)
        except OSError:
            return None
        return bool(struct.unpack("hhqqi0q", found)[0] != fcntl.F_UNLCK)

else:

    def _lock_byte(descriptor: int) -> bool | None:
        """No such lock here."""
        del descriptor
        return None

    def _is_byte_locked(descriptor: int) -> bool | None:
        """No such lock here."""
        del descriptor
        return None
