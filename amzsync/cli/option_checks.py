"""The checks of options: each gives back a value that can be used, or says what is wrong with it.

What a check needs is imported when a value is given, so that `--help` answers at once.
"""

from collections.abc import Sequence
from pathlib import Path

import typer

__all__ = [
    "FAIL_ON",
    "check_alt_text",
    "check_behaviours",
    "check_column",
    "check_columns",
    "check_fail_on",
    "check_ledger",
    "check_marketplace",
    "check_max_wait",
    "check_rate_limits",
]

FAIL_ON = ("any", "new", "none")


def check_ledger(ledger: Path) -> Path:
    if ledger.is_dir():
        raise typer.BadParameter(f"{ledger} is a folder.")
    return ledger


def check_marketplace(text: str | None) -> str | None:
    """The code of the marketplace."""
    if text is None:
        return None
    from amzsync.domain.marketplace import marketplace_code, similar_marketplace
    from amzsync.domain.product import MARKETPLACE_IDS

    code = marketplace_code(text)
    if code is None:
        similar = similar_marketplace(text)
        offer = f" Did you mean {similar}?" if similar else ""
        raise typer.BadParameter(
            f"{text[:40]!r} is not a marketplace.{offer} Known: {', '.join(MARKETPLACE_IDS)}."
        )
    return code


def check_behaviours(texts: Sequence[str] | None) -> Sequence[str] | None:
    if texts:
        from amzsync.errors import SandboxError
        from amzsync.sandbox import parse_behaviour

        try:
            parse_behaviour(texts)
        except SandboxError as error:
            raise typer.BadParameter(str(error)) from None
    return texts


def check_column(name: str | None) -> str | None:
    if name is not None and not name.strip():
        raise typer.BadParameter("The name of a column is empty.")
    return name


def check_columns(names: Sequence[str] | None) -> Sequence[str] | None:
    for name in names or ():
        check_column(name)
    return names


def check_rate_limits(texts: Sequence[str] | None) -> Sequence[str] | None:
    if texts:
        from amzsync.errors import ConfigError
        from amzsync.limits.windows import parse_limits

        try:
            parse_limits(texts)
        except ConfigError as error:
            raise typer.BadParameter(str(error)) from None
    return texts


def check_max_wait(text: str | None) -> str | None:
    if text:
        from amzsync.errors import ConfigError
        from amzsync.limits.windows import parse_duration_s

        try:
            parse_duration_s(text)
        except ConfigError as error:
            raise typer.BadParameter(str(error)) from None
    return text


def check_fail_on(text: str | None) -> str | None:
    if text is not None and text not in FAIL_ON:
        raise typer.BadParameter(f"{text[:40]!r} is not one of {', '.join(FAIL_ON)}.")
    return text


def check_alt_text(template: str | None) -> str | None:
    if template is not None:
        from amzsync.domain.alt_text import read_alt_text

        try:
            read_alt_text(template)
        except ValueError as error:
            raise typer.BadParameter(f"{error}.") from None
    return template
