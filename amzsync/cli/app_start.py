"""What every command of the program begins with."""

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from amzsync.cli.options import ApplyOptions, OutputOptions, TargetOptions
from amzsync.cli.usage import UsageError

if TYPE_CHECKING:
    from amzsync.cli.invoke import Command

__all__ = ["check_consent", "new_app", "start"]


def new_app(*, add_completion: bool = False, **settings: Any) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help answers in half the time
        add_completion=add_completion,
        **settings,
    )


def check_consent(options: ApplyOptions) -> None:
    """Nobody can be asked where there is no terminal."""
    if not (options.is_confirmed or options.dry_run or sys.stdin.isatty()):
        raise UsageError("Not a terminal, so cannot ask. Add --yes, or --dry-run.")


def start(command: "Command", options: OutputOptions, target: TargetOptions | None = None) -> NoReturn:
    """Load what runs a command, and run it."""
    from amzsync.cli.invoke import invoke

    invoke(command, options, target)
