"""Every option, defined once: its name, type, help, default and check are those of a field.

A command takes these objects as its arguments (`signature.takes_options`); those of a run are kept with it
(`run_options`). A new option is a new field here, and a row in README.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from amzsync.cli import completion, option_checks

__all__ = [
    "DEFAULT_LEDGER",
    "ApplyOptions",
    "MappingOptions",
    "OutputOptions",
    "PaceOptions",
    "PartOptions",
    "TargetOptions",
]

DEFAULT_LEDGER = Path("amzsync.db")
_MOST_WORKERS = 1024
_NOT_RECORDED = {"is_recorded": False}
"""For a field whose option holds only for the command that it is given with."""


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """What is wanted, and how it is read from the mappings."""

    mappings: Annotated[
        tuple[Path, ...],
        typer.Option(
            "--mapping",
            metavar="FILE",
            autocompletion=completion.mappings,
            help="A mapping file, or - for standard input; repeat it for several.",
        ),
    ] = ()
    is_complete: Annotated[
        bool,
        typer.Option(
            "--complete",
            help="The mappings are the whole catalogue: products that they do not name are no longer wanted.",
        ),
    ] = False
    skip_existing: Annotated[
        bool,
        typer.Option("--skip-existing", help="Leave alone a product whose gallery already holds any image."),
    ] = False
    gallery: Annotated[
        str | None,
        typer.Option(
            "--gallery",
            metavar="LABEL",
            help="The media gallery attribute. Default: the ledger's, else amazon_images.",
        ),
    ] = None
    marketplace: Annotated[
        str | None,
        typer.Option(
            "--marketplace",
            metavar="CODE",
            callback=option_checks.check_marketplace,
            autocompletion=completion.marketplaces,
            help="US, DE, …. Default: the mapping's, else US.",
        ),
    ] = None
    sku_column: Annotated[
        str | None,
        typer.Option(
            "--sku-column",
            metavar="NAME",
            callback=option_checks.check_column,
            help="The column of a table that holds the SKUs of Plytix. Default: sku, else that of an ASIN.",
        ),
    ] = None
    url_columns: Annotated[
        tuple[str, ...],
        typer.Option(
            "--url-column",
            metavar="NAME",
            callback=option_checks.check_columns,
            help="A column of a table that holds image addresses; repeat it for several, in gallery order.",
        ),
    ] = ()
    allow_private_urls: Annotated[
        bool,
        typer.Option("--allow-private-urls", help="Accept image URLs that point into a private network."),
    ] = False
    files: Annotated[
        tuple[Path, ...],
        typer.Argument(
            metavar="FILE", autocompletion=completion.mappings, help="Mapping files, as with --mapping."
        ),
    ] = field(default=(), metadata=_NOT_RECORDED)

    def __post_init__(self) -> None:
        """However a mapping is named, it is one of `mappings`."""
        object.__setattr__(self, "mappings", (*self.files, *self.mappings))
        object.__setattr__(self, "files", ())


@dataclass(frozen=True, slots=True)
class PartOptions:
    """Which products are looked at and worked on; all others stay as they are."""

    skus: Annotated[
        tuple[str, ...],
        typer.Option(
            "--sku",
            metavar="SKU",
            help="Only these products; * and ? match; repeat it. A mapping is planned whole in any case.",
        ),
    ] = ()
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help="Only the first N products that have something to do (check, report, export: the first N).",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """The ledger, and the account that it is for."""

    ledger: Annotated[
        Path,
        typer.Option(
            "--ledger",
            metavar="FILE",
            envvar="AMZSYNC_LEDGER",
            callback=option_checks.check_ledger,
            help="The ledger.",
        ),
    ] = field(default=DEFAULT_LEDGER, metadata=_NOT_RECORDED)
    account: Annotated[
        str | None,
        typer.Option(
            "--plytix-account",
            metavar="ALIAS",
            autocompletion=completion.accounts,
            help="The account; `sandbox` is always there. Default: the ledger's, else the configuration's.",
        ),
    ] = None
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            envvar="AMZSYNC_CONFIG",
            help="The configuration file with the accounts.",
        ),
    ] = None
    same_account: Annotated[
        bool,
        typer.Option(
            "--same-account", help="Confirm, once, that the ledger's account has a new API key or address."
        ),
    ] = field(default=False, metadata=_NOT_RECORDED)

    @property
    def named_ledger(self) -> str | None:
        """The ledger's name as a command must give it: none where it is the default one."""
        return None if self.ledger == DEFAULT_LEDGER else str(self.ledger)


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How the work is done."""

    refresh: Annotated[
        bool,
        typer.Option("--refresh", help="Read Plytix first: what was done and is gone is pending again."),
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the plan; write nothing, neither to Plytix nor to the ledger."),
    ] = field(default=False, metadata=_NOT_RECORDED)
    is_confirmed: Annotated[
        bool, typer.Option("--execute", "--yes", "-y", help="Do not ask before the work.")
    ] = field(default=False, metadata=_NOT_RECORDED)
    retry_failed: Annotated[
        bool,
        typer.Option("--retry-failed", help="Failed rows, and SKUs not found, become pending again."),
    ] = False
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="any|new|none",
            callback=option_checks.check_fail_on,
            autocompletion=lambda incomplete: [
                word for word in option_checks.FAIL_ON if word.startswith(incomplete)
            ],
            help="Which failures and missing products make exit code 3: any (the default), those that no"
            " earlier run has told, or none.",
        ),
    ] = None
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write the JSON report, or what is exported, there."),
    ] = field(default=None, metadata=_NOT_RECORDED)


@dataclass(frozen=True, slots=True)
class PaceOptions:
    """How fast requests may follow each other."""

    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            metavar="N",
            min=0,
            max=_MOST_WORKERS,
            help="Most requests in progress at once; 0: as many as the rate limits allow.",
        ),
    ] = 0
    rate_limits: Annotated[
        tuple[str, ...],
        typer.Option(
            "--rate-limit",
            metavar="N/WINDOW",
            callback=option_checks.check_rate_limits,
            autocompletion=completion.rate_limits,
            help="50/10s, 5000/1h, or free, paid; repeat it."
            " Default: the account's or its token's, else paid.",
        ),
    ] = ()
    max_wait: Annotated[
        str | None,
        typer.Option(
            "--max-wait",
            metavar="DURATION",
            callback=option_checks.check_max_wait,
            help="End with exit code 4 rather than wait longer than this for the rate limits (90s, 15m, 1h).",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What is shown, and in which form."""

    as_json: Annotated[
        bool,
        typer.Option("--json", help="One JSON document on stdout, all else on stderr."),
    ] = False
    verbosity: Annotated[
        int,
        typer.Option("--verbose", "-v", count=True, help="Print more; -vv also shows tracebacks."),
    ] = 0
    is_quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print nothing if all is well; else what went wrong, on stderr."),
    ] = False
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours.")] = False
    show_all: Annotated[
        bool, typer.Option("--all", help="List every product with changes; -v also lists their images.")
    ] = False
    log_file: Annotated[
        Path | None,
        typer.Option("--log-file", metavar="FILE", help="Append a log of every request there."),
    ] = None
