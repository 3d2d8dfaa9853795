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
            f"The ledger {path} stays locked by another process.", "Try again when it has ended."
        )
    if code.startswith("SQLITE_NOTADB"):
        return LedgerForeignError(
            f"{path} is no SQLite file, so it is no ledger.", "Give another with --ledger FILE."
        )
    if code.startswith("SQLITE_CORRUPT"):
        return LedgerError(
            f"The ledger {path} is damaged ({error}).",
            "Keep the file, and start another with --ledger FILE: what Plytix already has costs only reads.",
        )
    if code.startswith("SQLITE_FULL"):
        return LedgerError(
            f"There is no space left for the ledger {path}.", "Free some, then `amzsync resume`."
        )
    if code == "SQLITE_READONLY_ROLLBACK":
        return LedgerError(
            f"The ledger {path} was left half written by a run that was killed.",
            "`amzsync plan` takes that back; then look again.",
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
