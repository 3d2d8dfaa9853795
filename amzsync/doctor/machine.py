"""The ledger's file, and the machine that it is on."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from amzsync.doctor.finding import Finding, ok, problem, warning
from amzsync.errors import LedgerError
from amzsync.ledger.health import LedgerHealth, look_at_ledger

__all__ = ["disk_findings", "free_bytes", "ledger_findings", "other_run_findings"]

_MIB = 1024 * 1024
_LEAST_FREE_MIB = 50
_AMPLE_FREE_MIB = 500


def ledger_findings(path: Path) -> list[Finding]:
    """Whether the ledger can be used by the next run."""
    if not path.exists():
        return [_no_ledger(path)]
    try:
        health = look_at_ledger(path)
    except LedgerError as error:
        return [problem("ledger", error.message, error.next_step)]
    return _health_findings(path, health)


def _no_ledger(path: Path) -> Finding:
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return problem(
            "ledger",
            f"No ledger can be created in {folder}.",
            "Make the folder one that you may write to, or name another file with --ledger FILE.",
        )
    return ok("ledger", f"There is none at {path} yet; the first plan creates it.")


def _health_findings(path: Path, health: LedgerHealth) -> list[Finding]:
    found = []
    if health.damages:
        found.append(
            problem(
                "ledger",
                f"{path} is damaged ({health.damages[0]}).",
                "Keep the file, and start a new one with --ledger FILE: what is in Plytix is only read.",
            )
        )
    if not os.access(path, os.W_OK):
        found.append(
            problem("ledger", f"{path} cannot be written by you.", "Correct the file's permissions.")
        )
    if health.steps_missing:
        text = f"{path} is from an older amzsync: the next command updates it, after a copy beside it."
        found.append(warning("ledger", text))
    if health.writer:
        text = f"{path} is in use by {health.writer}: no other run can start until that has ended."
        found.append(warning("ledger", text, "`amzsync status` shows its progress."))
    return found or [ok("ledger", f"{path} is sound and up to date.")]


def free_bytes(folder: Path) -> int:
    """What this user can still write there."""
    return shutil.disk_usage(folder).free


def disk_findings(ledger: Path, free: Callable[[Path], int] = free_bytes) -> list[Finding]:
    """Whether there is room for the ledger to grow, and for the copy before an update."""
    folder = ledger.absolute().parent
    try:
        left_mib = free(folder) // _MIB
        size_mib = ledger.stat().st_size // _MIB if ledger.exists() else 0
    except OSError as error:
        return [problem("disk", f"{folder} cannot be looked at ({error.strerror}).")]
    text = f"{left_mib:,} MiB are free in {folder}."
    if left_mib < _LEAST_FREE_MIB + size_mib:
        return [problem("disk", text, "Free some space, or keep the ledger elsewhere with --ledger FILE.")]
    if left_mib < _AMPLE_FREE_MIB + size_mib:
        return [warning("disk", text, "That may be too little for a large catalogue.")]
    return [ok("disk", text)]


def other_run_findings(runs: int) -> list[Finding]:
    """Of this person, on this machine, at the same address."""
    if not runs:
        return [ok("other runs", "No other run on this machine works on this Plytix now.")]
    who = "Another run" if runs == 1 else f"{runs} other runs"
    verb = "works" if runs == 1 else "work"
    return [
        warning(
            "other runs",
            f"{who} on this machine {verb} on this Plytix now: they share its request limits.",
            "Wait until they end, or expect it to take longer.",
        )
    ]
