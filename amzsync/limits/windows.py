"""The limits of an account: so many requests in any stretch of a window, as people write them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from amzsync.errors import ConfigError

__all__ = ["PRESETS", "Limit", "parse_duration_s", "parse_limits"]

_SMOOTH_UP_TO_S = 60.0
_SPACED_BELOW_S = 5.0
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)?")
_LIMIT = re.compile(r"(\d{1,9})\s*/\s*(.+)")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `allowed` requests in any `window_s` seconds."""

    allowed: int
    window_s: float

    @property
    def is_short(self) -> bool:
        """Whether the pace is even within its window; a long one is filled as the work comes."""
        return self.window_s <= _SMOOTH_UP_TO_S

    @property
    def is_spaced(self) -> bool:
        """Whether it is used evenly: a burst in so short a window would weigh each delay on the way more."""
        return self.window_s < _SPACED_BELOW_S

    def __str__(self) -> str:
        for unit, size in (("h", 3600.0), ("m", 60.0)):
            if self.window_s % size == 0:
                return f"{self.allowed}/{self.window_s / size:g}{unit}"
        return f"{self.allowed}/{self.window_s:g}s"


PRESETS: dict[str, tuple[Limit, ...]] = {
    "free": (Limit(20, 10.0), Limit(2000, 3600.0)),
    "paid": (Limit(50, 10.0), Limit(5000, 3600.0)),
}
"""The documented limits of the two kinds of account (plytix-api, Rate limits)."""


def parse_duration_s(text: str) -> float:
    """Seconds of `90`, `90s`, `15m`, `2h`, `500ms`.

    Raises:
        ConfigError: for anything else.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    if not match:
        raise ConfigError(f"{text!r} is not a duration.", "Write it as 90s, 15m or 2h.")
    return float(match.group(1)) * _UNIT_S[match.group(2) or "s"]


def parse_limits(texts: Iterable[str]) -> tuple[Limit, ...]:
    """The limits of `50/10s`, `5000/1h`, `free`, `paid`: one for each window, the lowest where repeated.

    Raises:
        ConfigError: for anything else.
    """
    limits: dict[float, int] = {}
    for text in texts:
        for limit in PRESETS.get(text.strip().lower()) or (_parse_limit(text),):
            limits[limit.window_s] = min(limit.allowed, limits.get(limit.window_s, limit.allowed))
    return tuple(Limit(allowed, window_s) for window_s, allowed in sorted(limits.items()))


def _parse_limit(text: str) -> Limit:
    match = _LIMIT.fullmatch(text.strip())
    if match and int(match.group(1)) > 0:
        window = match.group(2)
        window_s = parse_duration_s(window if window[0].isdigit() else f"1{window}")
        if window_s > 0:
            return Limit(int(match.group(1)), window_s)
    raise ConfigError(f"{text!r} is not a rate limit.", "Write it as 50/10s or 5000/1h, or use free or paid.")
