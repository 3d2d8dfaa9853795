"""The account: does it let us in, how fast is it, which limits has it, and whether the clocks agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from amzsync.doctor.finding import Finding, ok, problem, warning
from amzsync.errors import AmzsyncError, LedgerForeignError, PlytixError
from amzsync.limits.claims import limits_from_claims
from amzsync.limits.windows import Limit
from amzsync.plytix.observations import Observed

__all__ = ["TokenSeen", "answer_findings", "error_finding", "limit_findings", "token_findings"]

_SLOW_S = 1.5
"""Above it a write cannot follow its reading in time, so products are read again and again."""

_CLOCK_DIFFERS_S = 60.0
_SHORT_LIFE_S = 120.0


@dataclass
class TokenSeen:
    """What the access token tells; `foreign` is why the ledger is not this account's."""

    claims: Mapping[str, object] = field(default_factory=dict)
    is_issued: bool = False
    foreign: AmzsyncError | None = None

    @property
    def life_s(self) -> float | None:
        """Seconds from its issue to its end; None where it does not tell both."""
        begin, end = self.claims.get("iat"), self.claims.get("exp")
        if not _is_number(begin) or not _is_number(end):
            return None
        return float(str(end)) - float(str(begin))

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The account's request limits, as far as it tells them."""
        return limits_from_claims(self.claims) or ()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12


def error_finding(error: AmzsyncError) -> Finding:
    """Why nothing more could be asked of Plytix."""
    status = error.status if isinstance(error, PlytixError) else None
    if status == 403:
        text = f"This API key may not read what a run needs. {error.message}"
        return problem("role", text, error.next_step)
    if isinstance(error, PlytixError) and not error.path and status in (400, 401, 422):
        return problem("credentials", error.message, error.next_step, ends_look=True)
    if isinstance(error, LedgerForeignError):
        return problem("ledger", error.message, error.next_step)
    step = error.next_step
    if status is None or status >= 500 or not step:
        step = "Check the network, a proxy (HTTPS_PROXY), PLYTIX_API_URL and PLYTIX_AUTH_URL."
    return problem("API", error.message, step, ends_look=True)


def token_findings(token: TokenSeen) -> list[Finding]:
    """Of the access token itself, and of the ledger that it is for."""
    found = []
    if token.is_issued:
        life_s = token.life_s
        found.append(ok("credentials", "The API key and password are accepted."))
        if life_s is None:
            found.append(ok("token", "It does not tell how long it is valid; a run takes it for 15 minutes."))
        elif life_s < _SHORT_LIFE_S:
            text = f"It is valid for {life_s:.0f} s only: a run asks for a new one all the time."
            found.append(warning("token", text, "Ask Plytix why."))
        else:
            found.append(ok("token", f"It is valid for {life_s / 60:.0f} minutes."))
    if token.foreign:
        found.append(problem("ledger", token.foreign.message, token.foreign.next_step))
    return found


def limit_findings(token: TokenSeen, limits: Iterable[Limit], *, is_configured: bool) -> list[Finding]:
    """The limits that a run works at, beside those that the token tells."""
    used = tuple(limits)
    told = {limit.window_s: limit for limit in token.limits}
    at_work = _listed(used)
    if not is_configured:
        if told:
            return [ok("limits", f"The access token tells {_listed(told.values())}: a run keeps to them.")]
        return [
            warning(
                "limits",
                f"The access token tells none, and none are configured: a run works at {at_work}.",
                "If your account has less, name it: --rate-limit free, or rate_limits in the configuration.",
            )
        ]
    if not told:
        return [ok("limits", f"{at_work}, as configured; the access token tells none.")]
    too_many = [
        limit for limit in used if limit.window_s in told and limit.allowed > told[limit.window_s].allowed
    ]
    if too_many:
        return [
            warning(
                "limits",
                f"{_listed(too_many)} is configured, but the access token tells {_listed(told.values())}:"
                " Plytix will refuse requests (HTTP 429), and a run will be slower than it could be.",
                "Remove --rate-limit, or rate_limits from the configuration: then the token's are used.",
            )
        ]
    return [ok("limits", f"{at_work}, as configured; the access token tells {_listed(told.values())}.")]


def answer_findings(observed: Observed, host: str) -> list[Finding]:
    """What the answers show: how fast they come, the clocks, and what Plytix announces."""
    found = []
    if observed.took_s is not None:
        text = f"{host} answers in {observed.took_s:.2f} s."
        slow = "A run will take longer; try again at another time of the day, or from nearer to the server."
        found.append(warning("API", text, slow) if observed.took_s > _SLOW_S else ok("API", text))
    found += _clock_findings(observed.ahead_s)
    found += [
        warning("deprecation", f"Plytix announces: {text}", "Look for a newer amzsync.")
        for text in sorted(observed.deprecations)
    ]
    return found


def _clock_findings(ahead_s: float | None) -> list[Finding]:
    if ahead_s is None:
        return [ok("clock", "The server does not tell its time, so the clocks were not compared.")]
    if abs(ahead_s) <= _CLOCK_DIFFERS_S:
        return [ok("clock", "This machine's clock agrees with the server's.")]
    way = "ahead of" if ahead_s > 0 else "behind"
    return [
        warning(
            "clock",
            f"This machine's clock is {_duration(abs(ahead_s))} {way} the server's.",
            "Set it, best by the system's own time service: limits over an hour rest on it.",
        )
    ]


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:,.0f} hours"


def _listed(limits: Iterable[Limit]) -> str:
    return " and ".join(map(str, limits))
