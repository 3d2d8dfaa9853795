"""Which request limits a command works at, and where they come from.

`--rate-limit` goes before the configuration, that before what the account's access token tells, that before
the limits of a paid account. What a token told is kept in the ledger, so that the next plan knows it, too.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from amzsync.cli.run_options import RunOptions
from amzsync.config import Account
from amzsync.errors import ConfigError
from amzsync.ledger.ledger import Ledger
from amzsync.limits.claims import limits_from_claims
from amzsync.limits.windows import PRESETS, Limit, parse_limits
from amzsync.plytix.auth import Secret
from amzsync.plytix.claims import token_claims
from amzsync.views.limits import LimitsOrigin

__all__ = ["ChosenLimits", "TokenLimits", "chosen_limits"]

_TOLD = "token_limits"


@dataclass(frozen=True, slots=True)
class ChosenLimits:
    """The limits to work at."""

    limits: tuple[Limit, ...]
    origin: LimitsOrigin

    @property
    def may_be_told(self) -> bool:
        """Whether a token that tells other limits changes them."""
        return self.origin in (LimitsOrigin.TOKEN, LimitsOrigin.DEFAULT)


def chosen_limits(options: RunOptions, account: Account | None, ledger: Ledger) -> ChosenLimits:
    """The limits of a command."""
    if options.pace.rate_limits:
        return ChosenLimits(parse_limits(options.pace.rate_limits), LimitsOrigin.OPTION)
    if account and account.limits:
        return ChosenLimits(account.limits, LimitsOrigin.CONFIGURATION)
    return _with_told(_kept(ledger))


def _with_told(told: Iterable[Limit]) -> ChosenLimits:
    """What was told; of a window that was not, the limit of a paid account."""
    by_window = {limit.window_s: limit for limit in told}
    origin = LimitsOrigin.TOKEN if by_window else LimitsOrigin.DEFAULT
    by_window = {limit.window_s: limit for limit in PRESETS["paid"]} | by_window
    return ChosenLimits(tuple(by_window[window_s] for window_s in sorted(by_window)), origin)


def _kept(ledger: Ledger) -> tuple[Limit, ...]:
    """What the last token told; a ledger is anybody's file, so nothing else is taken from it."""
    try:
        texts = json.loads(ledger.runs.setting(_TOLD) or "[]")
        return parse_limits(str(text) for text in texts[:2]) if isinstance(texts, list) else ()
    except (ValueError, RecursionError, ConfigError):
        return ()


class TokenLimits:
    """The limits that tokens tell, kept in the ledger, and said where they change something."""

    def __init__(self, ledger: Ledger, chosen: ChosenLimits, say: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._chosen = chosen
        self._say = say

    def take_token(self, token: Secret) -> tuple[Limit, ...] | None:
        """The limits to work at from now on, where this token changes them."""
        told = limits_from_claims(token_claims(token)) or ()
        if told != _kept(self._ledger):
            self._ledger.runs.keep_setting(_TOLD, json.dumps([str(limit) for limit in told]))
        if not self._chosen.may_be_told:
            return None
        found, before = _with_told(told), self._chosen
        self._chosen = found
        if found.limits == before.limits:
            return None
        text = ", ".join(str(limit) for limit in found.limits)
        self._say(
            f"Rate limits from the access token: {text}."
            if told
            else f"The access token no longer states rate limits. Using {text}."
        )
        return found.limits
