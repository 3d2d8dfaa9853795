"""How a ledger's file is, told without changing it."""

from dataclasses import dataclass
from pathlib import Path

from amzsync.ledger.guard import applied_steps, our_steps
from amzsync.ledger.lock import is_being_written
from amzsync.ledger.opening import open_as_it_is
from amzsync.ledger.runs import current_writer

__all__ = ["LedgerHealth", "look_at_ledger"]

_DAMAGES_TOLD = 3


@dataclass(frozen=True, slots=True)
class LedgerHealth:
    """`steps_missing`: how many migrations it has not had yet. `damages` are the first that SQLite tells.

    `writer` is who writes to it now, as people name it; "" for nobody, or where this system cannot tell.
    """

    steps_missing: int
    damages: tuple[str, ...]
    writer: str


def look_at_ledger(path: Path) -> LedgerHealth:
    """Read the whole file once.

    Raises:
        LedgerError: there is none, it cannot be read, or it is not one that this version can use.
    """
    is_written = is_being_written(path)
    with open_as_it_is(path) as connection:
        known = applied_steps(path, connection)
        told = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_DAMAGES_TOLD})")]
    damages = () if told == ["ok"] else tuple(told)
    return LedgerHealth(len(our_steps()) - len(known), damages, current_writer(path) if is_written else "")
