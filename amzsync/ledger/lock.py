"""One process writes to a ledger at a time: a lock of the operating system, gone with its process."""

from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from amzsync.errors import LedgerError, LedgerLockedError
from amzsync.ledger.runs import open_run_holder

__all__ = ["WriterLock"]


class WriterLock:
    """Held from `acquire` to `release`, or for a `with` block."""

    def __init__(self, ledger_path: Path) -> None:
        self._ledger_path = ledger_path
        self._lock = FileLock(ledger_path.with_name(f"{ledger_path.name}.lock"), timeout=0)

    def acquire(self) -> None:
        """Take the lock now or not at all.

        Raises:
            LedgerLockedError: another process has it; its pid and start are named.
            LedgerError: the folder cannot be written.
        """
        try:
            self._lock.acquire()
        except Timeout:
            raise LedgerLockedError(
                f"The ledger {self._ledger_path} is being written by {open_run_holder(self._ledger_path)}.",
                "Wait until it has ended, or stop it; `amzsync status` shows how far it is.",
            ) from None
        except (OSError, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LedgerError(
                f"The ledger {self._ledger_path} cannot be locked ({reason}).",
                "Check the folder's permissions.",
            ) from None

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
