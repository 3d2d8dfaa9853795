"""Other runs of this person on this machine that write to the same Plytix, from whichever ledger.

Each run holds a lock file of its own in a folder they share. A later run leaves a marker file for each
earlier one that it finds, so that the earlier one knows of it even where the later one has ended first.
"""

import hashlib
import logging
import uuid
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

__all__ = ["OtherRuns", "count_runs"]

_LOG = logging.getLogger("amzsync")
_ENTRY_WAIT_S = 10.0


class OtherRuns:
    """For a `with` block around a run. Where the folder cannot be used, the run assumes it is alone."""

    def __init__(self, folder: Path, api_url: str) -> None:
        self._folder = _folder_of(folder, api_url)
        self._lock_path = self._folder / f"{uuid.uuid4().hex}.run"
        self._present = ExitStack()
        self._has_seen_other = False

    def were_active(self) -> bool:
        """Whether another run has been active at any moment since this one began."""
        self._has_seen_other = self._has_seen_other or _mark(self._lock_path).exists()
        return self._has_seen_other

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # One at a time: else a file that is not locked yet could be taken for that of a dead run.
            with FileLock(self._folder / "entry.lock", timeout=_ENTRY_WAIT_S):
                others = list(self._folder.glob("*.run"))
                self._present.enter_context(FileLock(self._lock_path, timeout=0))
                for other in others:
                    self._notice(other)
        except Timeout:
            self._has_seen_other = True
        except (OSError, NotImplementedError) as error:
            _LOG.warning("other runs on this machine cannot be noticed: %s", error)
        return self

    def _notice(self, other: Path) -> None:
        try:
            with FileLock(other, timeout=0):
                pass
        except Timeout:
            _mark(other).touch()
            self._has_seen_other = True
        else:
            _remove(other)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._present.close()
        try:
            _remove(self._lock_path)
        except OSError as left_over:
            _LOG.warning("a lock file is left for the next run to remove: %s", left_over)


def count_runs(folder: Path, api_url: str) -> int:
    """How many runs are active on this Plytix now; 0 where the folder cannot be used."""
    shared = _folder_of(folder, api_url)
    try:
        if not shared.is_dir():
            return 0
        # As above: a file that is not locked yet is no dead run's.
        with FileLock(shared / "entry.lock", timeout=_ENTRY_WAIT_S):
            return sum(map(_is_active, list(shared.glob("*.run"))))
    except (Timeout, OSError, NotImplementedError):
        return 0


def _is_active(lock_path: Path) -> bool:
    try:
        with FileLock(lock_path, timeout=0):
            return False
    except Timeout:
        return True


def _folder_of(folder: Path, api_url: str) -> Path:
    return folder / "runs" / hashlib.sha256(api_url.encode()).hexdigest()[:16]


def _mark(lock_path: Path) -> Path:
    return lock_path.with_suffix(".met")


def _remove(lock_path: Path) -> None:
    lock_path.unlink(missing_ok=True)
    _mark(lock_path).unlink(missing_ok=True)
