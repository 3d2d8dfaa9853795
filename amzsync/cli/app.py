"""The program `amzsync`: its commands, and the one place where an error becomes words and an exit code.

Each command imports what it needs when it runs, so that `--help` and completion answer at once.
"""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from amzsync import __version__
from amzsync.cli.exits import ExitCode
from amzsync.cli.options import (
    DEFAULT_LEDGER,
    AccountOption,
    AllowPrivateOption,
    ConfigOption,
    DryRunOption,
    GalleryOption,
    JsonOption,
    LedgerOption,
    LogFileOption,
    MappingOption,
    MarketplaceOption,
    MaxWaitOption,
    NoColorOption,
    OutputOption,
    QuietOption,
    RateLimitOption,
    RetryFailedOption,
    RunOptions,
    SameAccountOption,
    SkipExistingOption,
    Speech,
    VerboseOption,
    WorkersOption,
    YesOption,
)

if TYPE_CHECKING:
    from amzsync.cli.voice import Voice

__all__ = ["app", "main"]

_CONTEXT = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="amzsync",
    help="Put every Amazon picture into Plytix, linked and in order, with as few requests as can be.",
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
    from amzsync.cli.voice import error_document  # noqa: PLC0415
    from amzsync.errors import AmzsyncError  # noqa: PLC0415

    error = AmzsyncError("The command is not understood.", "The message on stderr names what is wrong.")
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
def _plan(
    *,
    mapping: MappingOption = None,
    refresh: Annotated[
        bool,
        typer.Option("--refresh", help="Read what Plytix has; never writes there."),
    ] = False,
    ledger: LedgerOption = DEFAULT_LEDGER,
    plytix_account: AccountOption = None,
    config: ConfigOption = None,
    same_account: SameAccountOption = False,
    skip_existing: SkipExistingOption = False,
    gallery: GalleryOption = None,
    marketplace: MarketplaceOption = None,
    allow_private_urls: AllowPrivateOption = False,
    workers: WorkersOption = 0,
    rate_limit: RateLimitOption = None,
    max_wait: MaxWaitOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
    log_file: LogFileOption = None,
) -> None:
    """Merge mappings into the ledger and print the plan. Needs no credentials and no network."""
    options = RunOptions(
        ledger=ledger,
        mappings=tuple(mapping or ()),
        account=plytix_account,
        config=config,
        same_account=same_account,
        skip_existing=skip_existing,
        gallery=gallery,
        marketplace=marketplace,
        allow_private_urls=allow_private_urls,
        workers=workers,
        rate_limits=tuple(rate_limit or ()),
        max_wait=max_wait,
    )
    _check_values(options)
    if not mapping and not ledger.exists():
        raise typer.BadParameter("there is nothing to plan; give a mapping FILE.", param_hint="--mapping")

    def run(voice: "Voice") -> ExitCode:
        from amzsync.cli.plan import plan  # noqa: PLC0415

        return plan(options, voice, with_refresh=refresh)

    _end(run, Speech(as_json, verbose, quiet, no_color, log_file, options.named_ledger))


@app.command("apply", epilog="Example: amzsync apply --mapping catalogue.json --plytix-account sandbox --yes")
def _apply(
    *,
    mapping: MappingOption = None,
    ledger: LedgerOption = DEFAULT_LEDGER,
    plytix_account: AccountOption = None,
    config: ConfigOption = None,
    same_account: SameAccountOption = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    skip_existing: SkipExistingOption = False,
    retry_failed: RetryFailedOption = False,
    gallery: GalleryOption = None,
    marketplace: MarketplaceOption = None,
    allow_private_urls: AllowPrivateOption = False,
    workers: WorkersOption = 0,
    rate_limit: RateLimitOption = None,
    max_wait: MaxWaitOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
    log_file: LogFileOption = None,
) -> None:
    """Plan, then put everything pending into Plytix."""
    options = RunOptions(
        ledger=ledger,
        mappings=tuple(mapping or ()),
        account=plytix_account,
        config=config,
        same_account=same_account,
        skip_existing=skip_existing,
        gallery=gallery,
        marketplace=marketplace,
        allow_private_urls=allow_private_urls,
        workers=workers,
        rate_limits=tuple(rate_limit or ()),
        max_wait=max_wait,
    )
    _check_values(options)
    if not (yes or dry_run or sys.stdin.isatty()):
        raise typer.BadParameter(
            "nobody is there to confirm; say --yes, or --dry-run to only see the plan.", param_hint="--yes"
        )

    def run(voice: "Voice") -> ExitCode:
        from amzsync.cli.apply import Manner, apply  # noqa: PLC0415

        return apply(options, Manner(dry_run, yes, retry_failed, output), voice)

    _end(run, Speech(as_json, verbose, quiet, no_color, log_file, options.named_ledger))


@app.command("resume", epilog="Example: amzsync resume")
def _resume(
    *,
    ledger: LedgerOption = DEFAULT_LEDGER,
    plytix_account: AccountOption = None,
    config: ConfigOption = None,
    same_account: SameAccountOption = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    retry_failed: RetryFailedOption = False,
    workers: WorkersOption = 0,
    rate_limit: RateLimitOption = None,
    max_wait: MaxWaitOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
    log_file: LogFileOption = None,
) -> None:
    """Carry on the last unfinished run, with its own options; asks only where nobody agreed to it yet."""
    options = RunOptions(
        ledger=ledger,
        account=plytix_account,
        config=config,
        same_account=same_account,
        workers=workers,
        rate_limits=tuple(rate_limit or ()),
        max_wait=max_wait,
    )
    _check_values(options)

    def run(voice: "Voice") -> ExitCode:
        from amzsync.cli.apply import Manner, resume  # noqa: PLC0415

        return resume(options, Manner(dry_run, yes, retry_failed, output), voice)

    _end(run, Speech(as_json, verbose, quiet, no_color, log_file, options.named_ledger))


@app.command("status", epilog="Example: amzsync status --json")
def _status(
    *,
    ledger: LedgerOption = DEFAULT_LEDGER,
    rate_limit: RateLimitOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
) -> None:
    """Show rows by state, runs, failures with their causes, quota used, and what to do next."""
    options = RunOptions(ledger=ledger, rate_limits=tuple(rate_limit or ()))
    _check_values(options)

    def run(voice: "Voice") -> ExitCode:
        from amzsync.cli.status import status  # noqa: PLC0415

        return status(options, voice)

    _end(run, Speech(as_json, verbose, quiet, no_color, ledger=options.named_ledger))


@sandbox_app.command("serve", epilog="Example: amzsync sandbox serve --port 8080 --mapping catalogue.json")
def _serve(
    *,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="0: any that is free.")
    ] = 0,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="FILE", help="Where it keeps its state. Default: in memory."),
    ] = None,
    mapping: MappingOption = None,
    sku: Annotated[
        list[str] | None, typer.Option("--sku", metavar="SKU", help="A product that exists.")
    ] = None,
    rate_limit: RateLimitOption = None,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
) -> None:
    """Serve the sandbox on loopback for other clients; prints its addresses and credentials."""
    _check_values(RunOptions(ledger=DEFAULT_LEDGER, rate_limits=tuple(rate_limit or ())))

    def run(voice: "Voice") -> ExitCode:
        from amzsync.cli.sandbox import serve  # noqa: PLC0415

        return serve(
            voice,
            port=port,
            store=store,
            mappings=tuple(mapping or ()),
            skus=tuple(sku or ()),
            rate_limits=tuple(rate_limit or ()),
        )

    _end(run, Speech(False, verbose, quiet, no_color))


def _check_values(options: RunOptions) -> None:
    """What typer cannot check is a usage error all the same."""
    from amzsync.errors import ConfigError  # noqa: PLC0415
    from amzsync.limits.windows import parse_duration_s, parse_limits  # noqa: PLC0415

    if options.ledger.is_dir():
        raise typer.BadParameter(f"{options.ledger} is a folder.", param_hint="--ledger")
    try:
        parse_limits(options.rate_limits)
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--rate-limit") from None
    try:
        parse_duration_s(options.max_wait or "0s")
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--max-wait") from None


def _end(run: "Callable[[Voice], ExitCode]", speech: Speech) -> NoReturn:
    """Run a command; whatever it raises becomes one or two sentences and an exit code."""
    from amzsync.cli.log import end_log, start_log  # noqa: PLC0415
    from amzsync.cli.voice import Voice  # noqa: PLC0415
    from amzsync.errors import AmzsyncError  # noqa: PLC0415

    voice = Voice(speech)
    try:
        start_log(speech.log_file, is_verbose=speech.verbosity > 0, warn=voice.warn)
        code = run(voice)
        sys.stdout.flush()
    except AmzsyncError as error:
        if speech.verbosity > 1:
            raise
        voice.complain(error)
        code = ExitCode.STOPPED
    except typer.BadParameter:
        raise
    except KeyboardInterrupt:
        voice.complain(AmzsyncError("Interrupted.", "Nothing is lost: run the command again."))
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left: nothing more can be said to them.
        sys.stderr.close()
        code = ExitCode.STOPPED
    except Exception as error:
        if speech.verbosity > 1:
            raise
        voice.complain(
            AmzsyncError(
                f"Something unforeseen went wrong ({type(error).__name__}).",
                "Run it again with -vv for the details; what was done is kept.",
            )
        )
        code = ExitCode.STOPPED
    finally:
        end_log()
    raise typer.Exit(code)
