"""The configuration: which one it is, whose, and what is wrong with it."""

import os
from pathlib import Path

from amzsync.config import Account
from amzsync.doctor.finding import Finding, listed, ok, problem, warning
from amzsync.errors import ConfigError

__all__ = ["configuration_findings"]

_SUBJECT = "configuration"


def configuration_findings(account: Account | ConfigError) -> list[Finding]:
    """What there is to say about the account that was chosen, or why there is none."""
    if isinstance(account, ConfigError):
        return [problem(_SUBJECT, account.message, account.next_step, ends_look=True)]
    return [
        ok(_SUBJECT, _which(account)),
        *(warning(_SUBJECT, text) for text in account.warnings),
        *_unknown_keys(account),
    ]


def _which(account: Account) -> str:
    if account.is_sandbox:
        return "The account is the built-in sandbox, on this machine."
    path = Path(account.source)
    if not path.is_absolute():
        return f"The account comes from {account.source}. It works at {account.api_host}."
    return f"{path} has the account {account.name!r}. It works at {account.api_host}. {_owner(path)}"


def _owner(path: Path) -> str:
    """Whose the file is, where this system tells."""
    try:
        is_own = os.name == "posix" and path.stat().st_uid == os.geteuid()
        return "The file is yours." if is_own else f"The file belongs to {path.owner()}."
    except (OSError, KeyError, NotImplementedError):
        return ""


def _unknown_keys(account: Account) -> list[Finding]:
    if not account.unknown_keys:
        return []
    text = f"{account.source} has keys that mean nothing: {listed(account.unknown_keys, most=6)}."
    return [warning(_SUBJECT, text, "Remove them, or correct their names.")]
