"""Every option once: its name, its meaning, and the value commands get."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from amzsync.domain.marketplace import marketplace_code, similar_marketplace
from amzsync.domain.product import MARKETPLACE_IDS
from amzsync.errors import ConfigError, LedgerError
from amzsync.limits.windows import parse_duration_s, parse_limits

__all__ = [
    "DEFAULT_LEDGER",
    "MOST_WORKERS",
    "AccountOption",
    "AllowPrivateOption",
    "ConfigOption",
    "DryRunOption",
    "GalleryOption",
    "JsonOption",
    "LedgerOption",
    "LogFileOption",
    "MappingOption",
    "MarketplaceOption",
    "MaxWaitOption",
    "NoColorOption",
    "OutputOption",
    "QuietOption",
    "RateLimitOption",
    "RetryFailedOption",
    "RunOptions",
    "SameAccountOption",
    "SkipExistingOption",
    "Speech",
    "VerboseOption",
    "WorkersOption",
    "YesOption",
    "known_marketplace",
]

DEFAULT_LEDGER = Path("amzsync.db")
MOST_WORKERS = 1024

MappingOption = Annotated[
    list[Path] | None,
    typer.Option("--mapping", metavar="FILE", help="A mapping file; repeat it for several."),
]
LedgerOption = Annotated[
    Path,
    typer.Option("--ledger", metavar="FILE", envvar="AMZSYNC_LEDGER", help="The ledger."),
]
AccountOption = Annotated[
    str | None,
    typer.Option(
        "--plytix-account",
        metavar="ALIAS",
        help="The account; `sandbox` is always there. Default: the ledger's, else the configuration's.",
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", envvar="AMZSYNC_CONFIG", help="The accounts' file."),
]
SameAccountOption = Annotated[
    bool,
    typer.Option("--same-account", help="The ledger's account has a new API key or address; say so once."),
]
SkipExistingOption = Annotated[
    bool,
    typer.Option("--skip-existing", help="Leave alone a product whose gallery already holds any image."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print the plan; write nothing to Plytix.")]
YesOption = Annotated[bool, typer.Option("--execute", "--yes", "-y", help="Do not ask before the work.")]
RetryFailedOption = Annotated[
    bool,
    typer.Option("--retry-failed", help="Failed rows, and SKUs not found, become pending again."),
]
GalleryOption = Annotated[
    str | None,
    typer.Option(
        "--gallery",
        metavar="LABEL",
        help="The media gallery attribute. Default: the ledger's, else amazon_images.",
    ),
]


def known_marketplace(text: str | None) -> str | None:
    """The code that --marketplace means.

    Raises:
        typer.BadParameter: Amazon has no such marketplace.
    """
    code = marketplace_code(text) if text is not None else None
    if text is not None and code is None:
        similar = similar_marketplace(text)
        offer = f" Did you mean {similar}?" if similar else ""
        raise typer.BadParameter(
            f"{text[:40]!r} is no marketplace.{offer} Known: {', '.join(MARKETPLACE_IDS)}."
        )
    return code


MarketplaceOption = Annotated[
    str | None,
    typer.Option(
        "--marketplace",
        metavar="CODE",
        callback=known_marketplace,
        help="US, DE, …. Default: the mapping's, else US.",
    ),
]
AllowPrivateOption = Annotated[
    bool,
    typer.Option("--allow-private-urls", help="Accept image URLs that point into a private network."),
]
WorkersOption = Annotated[
    int,
    typer.Option(
        "--workers",
        metavar="N",
        min=0,
        max=MOST_WORKERS,
        help="Most requests in the air at once; 0: as many as the pace needs.",
    ),
]
RateLimitOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rate-limit",
        metavar="N/WINDOW",
        help="50/10s, 5000/1h, or free, paid; repeat it. Default: the account's or its token's, else paid.",
    ),
]
MaxWaitOption = Annotated[
    str | None,
    typer.Option(
        "--max-wait",
        metavar="DURATION",
        help="End with exit code 4 rather than wait longer than this for the limit (90s, 15m, 1h).",
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="Write the JSON report there."),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="One JSON document on stdout, all else on stderr."),
]
VerboseOption = Annotated[
    int,
    typer.Option("--verbose", "-v", count=True, help="Say more; -vv also shows tracebacks."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="No colours.")]
LogFileOption = Annotated[
    Path | None,
    typer.Option("--log-file", metavar="FILE", help="Append a log of every request there."),
]


@dataclass(frozen=True, slots=True)
class Speech:
    """How a command talks: `as_json` puts one document on stdout; `ledger` is what a next step must name."""

    as_json: bool = False
    verbosity: int = 0
    is_quiet: bool = False
    no_color: bool = False
    log_file: Path | None = None
    ledger: str | None = None


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run was asked to do: kept with it, so that resuming needs none of it again."""

    ledger: Path
    mappings: tuple[Path, ...] = ()
    account: str | None = None
    config: Path | None = None
    skip_existing: bool = False
    gallery: str | None = None
    marketplace: str | None = None
    allow_private_urls: bool = False
    workers: int = 0
    rate_limits: tuple[str, ...] = ()
    max_wait: str | None = None
    same_account: bool = False

    @property
    def named_ledger(self) -> str | None:
        """The ledger's name as a command must give it: none where it is the default one."""
        return None if self.ledger == DEFAULT_LEDGER else str(self.ledger)

    def recorded(self) -> dict[str, object]:
        """As the ledger keeps it; the ledger's own path is not part of it."""
        fields = asdict(replace(self, mappings=tuple(path.absolute() for path in self.mappings)))
        # Said once: it holds for the command that it was given with.
        del fields["ledger"], fields["same_account"]
        return json.loads(json.dumps(fields, default=str))  # type: ignore[no-any-return]

    def over(self, earlier: "RunOptions") -> "RunOptions":
        """Those of an earlier run, but for what is given now."""
        return replace(
            earlier,
            account=self.account or earlier.account,
            config=self.config or earlier.config,
            workers=self.workers or earlier.workers,
            rate_limits=self.rate_limits or earlier.rate_limits,
            max_wait=self.max_wait or earlier.max_wait,
            same_account=self.same_account,
        )

    @classmethod
    def from_record(cls, ledger: Path, record: str) -> "RunOptions":
        """The options a run was recorded with, checked like typed ones; others than ours are left out.

        Raises:
            LedgerError: one of them is none that could have been typed.
        """
        try:
            return _recorded_options(ledger, json.loads(record))
        except (ValueError, TypeError, RecursionError, ConfigError, typer.BadParameter):
            # Imported late: `--help` needs no view.
            from amzsync.views.summary import command  # noqa: PLC0415

            named = None if ledger == DEFAULT_LEDGER else str(ledger)
            raise LedgerError(
                f"The options that the ledger {ledger} has for its last run are not as amzsync wrote them.",
                f"`{command('apply', named)}` works through what is pending, with the options given to it.",
            ) from None


def _recorded_options(ledger: Path, fields: object) -> RunOptions:
    if not isinstance(fields, dict):
        raise TypeError
    config = _text(fields, "config")
    workers = fields.get("workers", 0)
    if type(workers) is not int or not 0 <= workers <= MOST_WORKERS:
        raise ValueError
    max_wait = _text(fields, "max_wait")
    parse_duration_s(max_wait or "0s")
    rate_limits = _texts(fields, "rate_limits")
    parse_limits(rate_limits)
    return RunOptions(
        ledger=ledger,
        mappings=tuple(map(Path, _texts(fields, "mappings"))),
        account=_text(fields, "account"),
        config=Path(config) if config else None,
        skip_existing=_flag(fields, "skip_existing"),
        gallery=_text(fields, "gallery"),
        marketplace=known_marketplace(_text(fields, "marketplace")),
        allow_private_urls=_flag(fields, "allow_private_urls"),
        workers=workers,
        rate_limits=rate_limits,
        max_wait=max_wait,
    )


def _text(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and (not isinstance(value, str) or "\0" in value):
        raise TypeError
    return value


def _texts(fields: Mapping[str, object], name: str) -> tuple[str, ...]:
    values = fields.get(name) or []
    if not isinstance(values, list) or not all(isinstance(one, str) and "\0" not in one for one in values):
        raise TypeError
    return tuple(values)


def _flag(fields: Mapping[str, object], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise TypeError
    return value
