"""Asks a person at the terminal before a run changes anything."""

import sys

from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Outcome

__all__ = ["is_agreed"]


def is_agreed(question: str, ledger: Ledger, run_id: int) -> bool:
    """Whether the answer is yes. Ctrl-C here ends the run as interrupted."""
    try:
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        ledger.runs.end(run_id, Outcome.INTERRUPTED, {})
        raise
