"""SQLite's errors as sentences that say what to do next."""

import sqlite3
from pathlib import Path

from amzsync.errors import LedgerError, LedgerForeignError

__all__ = ["ledger_error"]


def ledger_error(path: Path, error: sqlite3.Error) -> LedgerError:
    """What went wrong with this ledger."""
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LedgerError(
            f"The ledger {path} is still locked by another process.", "Try again when that has ended."
        )
    if code.startswith("SQLITE_NOTADB"):
        return LedgerForeignError(
            f"{path} is not an amzsync ledger (not an SQLite file).",
            "Choose another file with --ledger FILE.",
        )
    if code.startswith("SQLITE_CORRUPT"):
        return LedgerError(
            f"The ledger {path} is damaged ({error}).",
            "Keep the file, and start a new one with --ledger FILE: images already in Plytix are only read.",
        )
    if code.startswith("SQLITE_FULL"):
        return LedgerError(
            f"There is no space left for the ledger {path}.", "Free some, then `amzsync resume`."
        )
    if code == "SQLITE_READONLY_ROLLBACK":
        return LedgerError(
            f"The ledger {path} was left half written by a run that was killed.",
            "`amzsync plan` repairs that; then try again.",
        )
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return LedgerError(
            f"The ledger {path} cannot be written ({error}).", "Check the folder's permissions."
        )
    if code.startswith("SQLITE_IOERR"):
        return LedgerError(
            f"The ledger {path} cannot be read or written ({error}).",
            "Check the disk, then `amzsync resume`.",
        )
    return LedgerError(f"The ledger {path} failed ({error}).")
