"""Other runs of this person on this machine that write to the same Plytix, from whichever ledger.

Each run holds a lock file of its own in a folder they share. Whoever comes later leaves a mark with those it
meets, so that the earlier one knows of it even where the later one has ended first.
"""

import hashlib
import logging
import uuid
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

__all__ = ["OtherRuns"]

_LOG = logging.getLogger("amzsync")
_ENTRY_WAIT_S = 10.0


class OtherRuns:
    """For a `with` block around a run. Where the folder cannot be used, the run is taken to be alone."""

    def __init__(self, folder: Path, api_url: str) -> None:
        self._folder = folder / "runs" / hashlib.sha256(api_url.encode()).hexdigest()[:16]
        self._lock_path = self._folder / f"{uuid.uuid4().hex}.run"
        self._present = ExitStack()
        self._has_met = False

    def have_been(self) -> bool:
        """Whether another run has been there at any moment since entering."""
        self._has_met = self._has_met or _mark(self._lock_path).exists()
        return self._has_met

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # One enters at a time: a file that is not locked yet is not taken for a dead run's.
            with FileLock(self._folder / "entry.lock", timeout=_ENTRY_WAIT_S):
                others = list(self._folder.glob("*.run"))
                self._present.enter_context(FileLock(self._lock_path, timeout=0))
                for other in others:
                    self._meet(other)
        except Timeout:
            self._has_met = True
        except (OSError, NotImplementedError) as error:
            _LOG.warning("other runs on this machine cannot be noticed: %s", error)
        return self

    def _meet(self, other: Path) -> None:
        try:
            with FileLock(other, timeout=0):
                pass
        except Timeout:
            _mark(other).touch()
            self._has_met = True
        else:
            _forget(other)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._present.close()
        try:
            _forget(self._lock_path)
        except OSError as left_over:
            _LOG.warning("a run's trace is left for the next one to remove: %s", left_over)


def _mark(lock_path: Path) -> Path:
    return lock_path.with_suffix(".met")


def _forget(lock_path: Path) -> None:
    lock_path.unlink(missing_ok=True)
    _mark(lock_path).unlink(missing_ok=True)
