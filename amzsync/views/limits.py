"""Request limits in words: where they come from, and what refusals have shown of them."""

from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from amzsync.domain.timestamp import local_text
from amzsync.executor.events import QuotaUse
from amzsync.views.console import count_text

__all__ = ["LimitsOrigin", "observed_since", "use_text"]


class LimitsOrigin(StrEnum):
    """Where the limits of a command come from."""

    OPTION = "option"
    CONFIGURATION = "configuration"
    TOKEN = "token"  # noqa: S105 - no secret, but where a limit was told
    DEFAULT = "default"

    @property
    def phrase(self) -> str:
        return {
            LimitsOrigin.OPTION: "from --rate-limit",
            LimitsOrigin.CONFIGURATION: "from the configuration",
            LimitsOrigin.TOKEN: "from the access token",
            LimitsOrigin.DEFAULT: "the default",
        }[self]


def observed_since(use: QuotaUse, now: datetime) -> datetime | None:
    """When a refusal first showed less than is configured."""
    return None if use.observed_age_s is None else now - timedelta(seconds=use.observed_age_s)


def use_text(use: QuotaUse, now: datetime, zone: tzinfo | None) -> str:
    """`12 used`, and what is believed where refusals have shown less."""
    text = f"{count_text(use.used)} used"
    since = observed_since(use, now)
    if since is None:
        return text
    return (
        f"{text}; Plytix has allowed only {count_text(use.limit.allowed)}"
        f" since {local_text(since, zone)}; higher rates are tried from time to time"
    )
