"""The exit codes, and what each end of a command is as one of them."""

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amzsync.ledger.rows import Outcome

__all__ = ["ExitCode", "exit_code_of"]


class ExitCode(IntEnum):
    DONE = 0
    STOPPED = 1
    USAGE = 2
    FAILURES = 3
    WAITING = 4
    INTERRUPTED = 130


def exit_code_of(end: "Outcome | BaseException") -> ExitCode:
    """The exit code of a run's outcome, or of what has ended a command."""
    if isinstance(end, BaseException):
        return ExitCode.INTERRUPTED if isinstance(end, KeyboardInterrupt) else ExitCode.STOPPED
    return {
        "finished": ExitCode.DONE,
        "planned": ExitCode.DONE,
        "failures": ExitCode.FAILURES,
        "waiting": ExitCode.WAITING,
        "interrupted": ExitCode.INTERRUPTED,
        "stopped": ExitCode.STOPPED,
    }[end.value]
