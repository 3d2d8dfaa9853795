"""The account of a run, and where it is the sandbox, the sandbox itself."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from amzsync.cli.run_options import RunOptions
from amzsync.config import Account, load_account
from amzsync.errors import ConfigError
from amzsync.folders import config_folders
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.owner import read_owner
from amzsync.plytix.auth import Credentials, Secret

__all__ = [
    "SANDBOX_KEY",
    "SANDBOX_PASSWORD",
    "chosen_account",
    "is_seeded",
    "open_account",
    "perhaps_account",
    "sandbox_path",
]

_UNSEEDED = "UNKNOWN"
SANDBOX_KEY = "sandbox-key"
SANDBOX_PASSWORD = "sandbox-password"  # noqa: S105 - it opens nothing but this machine's own sandbox


def chosen_account(options: RunOptions, ledger: Ledger | None = None) -> Account:
    """The account these options name, else the ledger's, else the configuration's default.

    Raises:
        ConfigError: no such account, or none at all.
    """
    owner = read_owner(ledger.runs) if ledger and options.target.account is None else None
    try:
        return load_account(
            owner.name if owner else options.target.account,
            config_path=options.target.config,
            environ=os.environ,
            home=Path.home(),
            cwd=Path.cwd(),
            folders=config_folders(),
        )
    except ConfigError as error:
        if owner is None:
            raise
        raise ConfigError(
            f"The ledger belongs to the account {owner.label}. {error.message}",
            f"{error.next_step} To use it by another name, add --plytix-account ALIAS.".strip(),
        ) from None


def perhaps_account(options: RunOptions, ledger: Ledger | None = None) -> Account | None:
    """The same, for a plan: it needs none, unless one was named."""
    try:
        return chosen_account(options, ledger)
    except ConfigError:
        if options.target.account or options.target.config:
            raise
        return None


def sandbox_path(ledger: Path) -> Path:
    """Where the sandbox of a ledger lives, whichever symbolic link names the ledger."""
    ledger = ledger.resolve()
    return ledger.with_name(f"{ledger.name}.sandbox")


def is_seeded(sku: str) -> bool:
    """Whether the sandbox has this product: all but those whose SKU says that they are unknown."""
    return _UNSEEDED not in sku


@contextmanager
def open_account(
    account: Account, ledger: Path, skus: Iterable[str], *, is_kept: bool = True
) -> Iterator[Account]:
    """The account with an address to talk to: the sandbox is up while this lasts.

    `is_kept`: a sandbox that does not exist yet is kept beside the ledger.
    """
    if not account.is_sandbox:
        yield account
        return
    from amzsync.sandbox import Sandbox, SandboxSettings  # noqa: PLC0415 - a real account never needs it

    credentials = Credentials(Secret(SANDBOX_KEY), Secret(SANDBOX_PASSWORD))
    path = sandbox_path(ledger)
    kept = path if is_kept or path.exists() else None
    settings = SandboxSettings(path=kept, api_key=SANDBOX_KEY, api_password=SANDBOX_PASSWORD)
    with Sandbox(settings) as sandbox:
        sandbox.seed(sku for sku in skus if is_seeded(sku))
        yield replace(account, api_url=sandbox.url, auth_url=sandbox.auth_url, credentials=credentials)
