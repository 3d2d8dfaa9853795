"""What every command of the program begins with."""

import sys
from typing import TYPE_CHECKING, NoReturn

from amzsync.cli.options import ApplyOptions, OutputOptions, TargetOptions
from amzsync.cli.usage import UsageError

if TYPE_CHECKING:
    from amzsync.cli.invoke import Command

__all__ = ["check_consent", "start"]


def check_consent(options: ApplyOptions) -> None:
    """Nobody can be asked where there is no terminal."""
    if not (options.is_confirmed or options.dry_run or sys.stdin.isatty()):
        raise UsageError("Not a terminal, so cannot ask. Add --yes, or --dry-run.")


def start(command: "Command", options: OutputOptions, target: TargetOptions | None = None) -> NoReturn:
    """Load what runs a command, and run it."""
    from amzsync.cli.invoke import invoke

    invoke(command, options, target)
