"""The exit codes (contract, Commands)."""

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    DONE = 0
    STOPPED = 1
    USAGE = 2
    FAILURES = 3
    WAITING = 4
    INTERRUPTED = 130
