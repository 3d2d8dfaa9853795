"""The program `amzsync`: its commands.

The module of a command is imported when the command is named, and what the command needs when it runs:
`--help` and completion answer at once.
"""

import signal
import sys
from importlib import import_module
from typing import Annotated, Any, NamedTuple, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from amzsync import __version__
from amzsync.cli.app_start import new_app
from amzsync.cli.exits import ExitCode

__all__ = ["app", "main"]


class _Entry(NamedTuple):
    """What help says of a command, and the module that holds it.

    There it is `NAME_command`, or `NAME_app` where it is a group of commands.
    """

    module: str
    help: str
    example: str = ""


_COMMANDS = {
    "plan": _Entry(
        "app_sync",
        "Merge mappings into the ledger and print the plan. Needs no credentials and no network.",
        "amzsync plan --mapping catalogue.json",
    ),
    "apply": _Entry(
        "app_sync",
        "Plan, then put everything pending into Plytix.",
        "amzsync apply --mapping catalogue.json --plytix-account sandbox --yes",
    ),
    "resume": _Entry(
        "app_sync",
        "Continue the last unfinished run with its own options; asks only if its plan was not confirmed.",
        "amzsync resume",
    ),
    "check": _Entry(
        "app_sync",
        "Read what Plytix has of everything wanted, and tell what differs. Changes nothing.",
        "amzsync check",
    ),
    "prune": _Entry(
        "app_removal",
        "Take out of the galleries what is no longer wanted and amzsync had put there.",
        "amzsync prune --dry-run",
    ),
    "undo": _Entry(
        "app_removal",
        "Take back what one run did, as far as nobody has changed it since.",
        "amzsync undo --dry-run",
    ),
    "status": _Entry(
        "app_reading",
        "Show rows by state, runs, failures with their causes, requests used, and what to do next.",
        "amzsync status --json",
    ),
    "report": _Entry(
        "app_reading",
        "Write a page with the images of all products: what stands, what changes, what failed.",
        "amzsync report images.html --only failed",
    ),
    "export": _Entry(
        "app_reading",
        "Print what the ledger holds as CSV or JSON, or write the files for Plytix's own importers.",
        "amzsync export failures --output failures.csv",
    ),
    "doctor": _Entry(
        "app_setup",
        "Look at everything that a run needs, and say what is wrong. Changes nothing, but with --probe.",
        "amzsync doctor catalogue.json",
    ),
    "init": _Entry(
        "app_setup",
        "Ask for an account's key and password, try them, and write them into a configuration file.",
        "amzsync init",
    ),
    "sandbox": _Entry("app_sandbox", "The embedded Plytix."),
}


class _LazyGroup(TyperGroup):
    """Knows its commands by name and help; one that is named is imported."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - of typer's own library
        name, command, rest = super().resolve_command(ctx, args)
        return name, _load(name) if name else command, rest


def _load(name: str) -> Any:  # noqa: ANN401 - of typer's own library
    entry = _COMMANDS[name]
    module = import_module(f"amzsync.cli.{entry.module}")
    group = getattr(module, f"{name}_app", None)
    if group is None:
        group = new_app()
        function = getattr(module, f"{name}_command")
        group.command(name, help=entry.help, epilog=f"Example: {entry.example}")(function)
    return get_command(group)


def _placeholder() -> None:
    """Stands for a command until it is named."""


app = new_app(
    cls=_LazyGroup,
    help="Put the Amazon images of your products into Plytix, in order, with as few requests as possible.",
    add_completion=True,
)
for _name, _entry in _COMMANDS.items():
    app.command(_name, help=_entry.help)(_placeholder)


def main() -> NoReturn:
    """Run the program and end the process with its exit code."""
    # Also before and after a run, which has its own way to end, SIGTERM is as good as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app(prog_name="amzsync")
    except SystemExit as end:
        if end.code == ExitCode.USAGE and "--json" in sys.argv:
            _print_usage_error()
        raise
    sys.exit(ExitCode.DONE)


def _print_usage_error() -> None:
    """Whoever reads the one document on stdout gets one here too."""
    from amzsync.cli.output import error_document
    from amzsync.errors import AmzsyncError

    error = AmzsyncError("The command was not understood.", "See the message on stderr.")
    sys.stdout.writelines(error_document(error))


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"amzsync {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version.", callback=lambda value: _print_version(wanted=value)
        ),
    ] = False,
) -> None:
    del version
