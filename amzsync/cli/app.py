"""The program `amzsync`: its commands.

Each command imports what it needs when it runs, so that `--help` and completion answer at once.
"""

import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from amzsync import __version__
from amzsync.cli.app_reading import export_command, report_command, status_command
from amzsync.cli.app_removal import prune_command, undo_command
from amzsync.cli.app_setup import doctor_command, init_command
from amzsync.cli.app_start import check_consent, start
from amzsync.cli.exits import ExitCode
from amzsync.cli.image_options import ImageOptions
from amzsync.cli.options import (
    ApplyOptions,
    MappingOptions,
    OutputOptions,
    PaceOptions,
    PartOptions,
    TargetOptions,
)
from amzsync.cli.removal_options import RemovalOptions
from amzsync.cli.report_options import PageOptions
from amzsync.cli.sandbox_options import ImportOptions, SandboxOptions
from amzsync.cli.signature import Only, takes_options
from amzsync.cli.usage import UsageError

if TYPE_CHECKING:
    from amzsync.cli.output import Output
    from amzsync.cli.result import CommandResult

__all__ = ["app", "main"]

_CONTEXT = {"help_option_names": ["-h", "--help"]}

_CHECKED = Only(
    "files", "mappings", "gallery", "marketplace", "sku_column", "url_columns", "allow_private_urls"
)
_APPLIED = Only("refresh", "dry_run", "is_confirmed", "retry_failed", "fail_on", "output")
_WORK = Only("dry_run", "is_confirmed", "retry_failed", "fail_on", "output")

app = typer.Typer(
    name="amzsync",
    help="Put the Amazon images of your products into Plytix, in order, with as few requests as possible.",
    no_args_is_help=True,
    context_settings=_CONTEXT,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help answers in half the time
)
sandbox_app = typer.Typer(
    help="The embedded Plytix.", no_args_is_help=True, context_settings=_CONTEXT, rich_markup_mode=None
)
app.add_typer(sandbox_app, name="sandbox")


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


@app.command("plan", epilog="Example: amzsync plan --mapping catalogue.json")
@takes_options
def _plan(
    *,
    mapping: MappingOptions,
    target: TargetOptions,
    part: PartOptions,
    plan_options: Annotated[ApplyOptions, Only("refresh", "dry_run")],
    images: Annotated[ImageOptions, Only("min_size", "skip_small")],
    pace: PaceOptions,
    output_options: OutputOptions,
) -> None:
    """Merge mappings into the ledger and print the plan. Needs no credentials and no network."""
    if not mapping.mappings and not target.ledger.exists():
        raise UsageError("There is nothing to plan. Add --mapping FILE.")

    def command(output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.plan import plan
        from amzsync.cli.run_options import RunOptions

        return plan(RunOptions(target, mapping, plan_options, pace, part, images=images), output, resources)

    start(command, output_options, target)


@app.command("apply", epilog="Example: amzsync apply --mapping catalogue.json --plytix-account sandbox --yes")
@takes_options
def _apply(
    *,
    mapping: MappingOptions,
    target: TargetOptions,
    part: PartOptions,
    apply_options: Annotated[ApplyOptions, _APPLIED],
    removal: Annotated[RemovalOptions, Only("prune", "max_delete", "keep_runs")],
    page: PageOptions,
    images: ImageOptions,
    pace: PaceOptions,
    output_options: OutputOptions,
) -> None:
    """Plan, then put everything pending into Plytix."""
    check_consent(apply_options)

    def command(output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.apply import apply
        from amzsync.cli.run_options import RunOptions

        options = RunOptions(target, mapping, apply_options, pace, part, removal, page, images)
        return apply(options, output, resources)

    start(command, output_options, target)


@app.command("resume", epilog="Example: amzsync resume")
@takes_options
def _resume(
    target: TargetOptions,
    apply_options: Annotated[ApplyOptions, _WORK],
    page: PageOptions,
    pace: PaceOptions,
    output_options: OutputOptions,
) -> None:
    """Continue the last unfinished run with its own options; asks only if its plan was not confirmed."""

    def command(output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.resume import resume
        from amzsync.cli.run_options import RunOptions

        options = RunOptions(target=target, apply=apply_options, pace=pace, page=page)
        return resume(options, output, resources)

    start(command, output_options, target)


@app.command("check", epilog="Example: amzsync check")
@takes_options
def _check(
    *,
    mapping: Annotated[MappingOptions, _CHECKED],
    target: TargetOptions,
    part: PartOptions,
    page: PageOptions,
    images: ImageOptions,
    pace: PaceOptions,
    output_options: OutputOptions,
) -> None:
    """Read what Plytix has of everything wanted, and tell what differs. Changes nothing."""

    def command(output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.check import check
        from amzsync.cli.run_options import RunOptions

        options = RunOptions(target, mapping, pace=pace, part=part, page=page, images=images)
        return check(options, output, resources)

    start(command, output_options, target)


app.command("prune", epilog="Example: amzsync prune --dry-run")(prune_command)
app.command("undo", epilog="Example: amzsync undo --dry-run")(undo_command)


app.command("status", epilog="Example: amzsync status --json")(status_command)
app.command("report", epilog="Example: amzsync report images.html --only failed")(report_command)
app.command("export", epilog="Example: amzsync export failures --output failures.csv")(export_command)
app.command("doctor", epilog="Example: amzsync doctor catalogue.json")(doctor_command)
app.command("init", epilog="Example: amzsync init")(init_command)


@sandbox_app.command("serve", epilog="Example: amzsync sandbox serve --port 8080 --mapping catalogue.json")
@takes_options
def _serve(
    sandbox: SandboxOptions,
    mapping: Annotated[MappingOptions, Only("mappings", "sku_column", "url_columns")],
    pace: Annotated[PaceOptions, Only("rate_limits")],
    output_options: Annotated[OutputOptions, Only("verbosity", "is_quiet", "no_color")],
) -> None:
    """Serve the sandbox on loopback for other clients; prints its addresses and credentials."""

    def command(output: "Output", _resources: ExitStack) -> "CommandResult":
        from amzsync.cli.sandbox import serve

        return serve(sandbox, mapping, pace.rate_limits, output)

    start(command, output_options)


@sandbox_app.command("import", epilog="Example: amzsync sandbox import import --store amzsync.db.sandbox")
@takes_options
def _import(
    import_options: ImportOptions,
    sandbox: Annotated[SandboxOptions, Only("store")],
    output_options: Annotated[OutputOptions, Only("verbosity", "is_quiet", "no_color")],
) -> None:
    """Import the files of `amzsync export plytix` into the sandbox, as Plytix's own importers do."""
    store = sandbox.store
    if store is None:
        raise UsageError("Name the sandbox's file with --store FILE.")

    def command(_output: "Output", _resources: ExitStack) -> "CommandResult":
        from amzsync.cli.sandbox_import import import_files

        return import_files(store, import_options)

    start(command, output_options)
