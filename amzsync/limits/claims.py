"""The account's limits as an access token's claims tell them. Pure over plain mappings.

How the claims are named is not published (plytix-api, Hosts, auth, tokens). So every shape that such claims
have is looked for, inside what is called a limit, a rate or a quota; and a number is believed only where it
is the one plausible reading for its window.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from amzsync.limits.windows import Limit

__all__ = ["limits_from_claims"]

_SHORT_S, _LONG_S = 10, 3600
_PLAUSIBLE = {_SHORT_S: range(1, 1_001), _LONG_S: range(100, 1_000_001)}
_MAX_DEPTH = 16
_MAX_TEXT_CHARS = 200

_UNITS_S = (
    dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1)
    | dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60)
    | dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "hourly"), 3600)
)
_ALONE_S = dict.fromkeys(("h", "hr", "hour", "hourly"), 3600)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SUBJECTS = _names(
    "rate rates limit limits ratelimit ratelimits limiter throttle throttles throttling quota quotas"
    " request requests calls req reqs"
)
_COUNTS = _names(
    "limit max maximum request requests calls count quota allowed value rate amount number ratelimit req reqs"
    " total"
)
_WINDOWS = _names("window period interval duration per timeframe span time unit")
# Inside a subject, any other name says that something else is limited.
_NEUTRAL = _names(
    "a account an api burst call config customer default each every global http in items long of over pim"
    " plan plytix policies policy public rule rules short size sustained term the tier v windows"
)
_KNOWN = _SUBJECTS | _COUNTS | _WINDOWS | _NEUTRAL | _UNITS_S.keys()
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_IN_TEXT = re.compile(
    r"(?<![\w.])(\d{1,9})\s*(?:requests?|calls?|reqs?)?\s*(?:/|per\b|;\s*w(?:indow)?\s*=)"
    r"\s*(\d{0,5})\s*([a-z]*)",
    re.IGNORECASE | re.ASCII,
)


def limits_from_claims(claims: Mapping[str, object]) -> tuple[Limit, ...] | None:
    """The limits over 10 and over 3,600 seconds that the claims tell; None where they tell neither."""
    readings: dict[int, set[int]] = {_SHORT_S: set(), _LONG_S: set()}
    for window_s, allowed in _read(claims, _Place()):
        if allowed in _PLAUSIBLE.get(window_s, ()):
            readings[window_s].add(allowed)
    told = {window_s: found.pop() for window_s, found in readings.items() if len(found) == 1}
    if len(told) == 2 and told[_LONG_S] < told[_SHORT_S]:
        return None
    return tuple(Limit(allowed, float(window_s)) for window_s, allowed in told.items()) or None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the claims: inside a limit or not, and in which window."""

    is_limit: bool = False
    window_s: int | None = None
    depth: int = 0

    def below(self, name: str) -> "_Place | None":
        """What stands under this name; None where it is something else's limit."""
        words = _words(name)
        is_limit = self.is_limit or not _SUBJECTS.isdisjoint(words)
        if self.depth >= _MAX_DEPTH or (self.is_limit and not all(w.isdigit() or w in _KNOWN for w in words)):
            return None
        return _Place(is_limit, _window_in(words) or self.window_s, self.depth + 1)


def _words(name: str) -> list[str]:
    # A name may be an address: what it is called stands last.
    return [word.lower() for word in _TOKEN.findall(name[:_MAX_TEXT_CHARS].rpartition("/")[2])]


def _window_in(words: Sequence[str]) -> int | None:
    """The one window that a name tells: `10`, `10s`, `1h`, `per_hour`, `hourly`."""
    found = set()
    for place, word in enumerate(words):
        after = words[place + 1] if place + 1 < len(words) else ""
        before = words[place - 1] if place else ""
        if word.isdigit():
            found.add(int(word[:9]) * _UNITS_S.get(after, 1))
        elif word in _ALONE_S and not before.isdigit():
            found.add(_ALONE_S[word])
    return found.pop() if len(found) == 1 else None


def _read(value: object, place: _Place) -> Iterator[tuple[int, int]]:
    if isinstance(value, Mapping):
        yield from _read_object(value, place)
    elif isinstance(value, list):
        yield from _read_list(value, place)
    elif place.is_limit and isinstance(value, str):
        yield from _read_text(value)


def _read_object(found: Mapping[str, object], place: _Place) -> Iterator[tuple[int, int]]:
    windows = {
        name: window_s
        for name, value in found.items()
        if (window_s := _window_told(_words(name), value)) is not None
    }
    for name, value in found.items():
        below = place.below(name)
        if below is None or name in windows:
            continue
        number = _number(value)
        if number is None:
            yield from _read(value, below)
        elif below.is_limit:
            yield from _read_number(name, number, below, set(windows.values()))


def _read_number(name: str, number: int, below: _Place, windows: set[int]) -> Iterator[tuple[int, int]]:
    words = _words(name)
    is_own = _window_in(words) is not None
    if is_own or not _COUNTS.isdisjoint(words):
        for window_s in {below.window_s} if is_own or not windows else windows:
            if window_s is not None:
                yield window_s, number
    if words == [name] and name.isdigit() and number in _PLAUSIBLE and int(name[:9]) not in _PLAUSIBLE:
        yield number, int(name[:9])


def _window_told(words: Sequence[str], value: object) -> int | None:
    """The window where an entry names it: `window: 10`, `period: "1h"`, `seconds: 3600`, `unit: "hour"`."""
    units = {_UNITS_S[word] for word in words if word in _UNITS_S}
    is_unit_alone = len(units) == 1 and all(word in _UNITS_S for word in words)
    if not is_unit_alone and (_WINDOWS.isdisjoint(words) or _window_in(words) is not None):
        return None
    number = _number(value)
    if number is not None:
        window_s = number * (units.pop() if len(units) == 1 else 1)
        # `hour: 5000` is a count.
        return window_s if not is_unit_alone or window_s in _PLAUSIBLE else None
    return _duration(value) if isinstance(value, str) else None


def _read_list(found: Sequence[object], place: _Place) -> Iterator[tuple[int, int]]:
    if place.is_limit and len(found) == 2:
        yield from _read_pair(found[0], found[1])
    below = _Place(place.is_limit, place.window_s, place.depth + 1)
    if below.depth < _MAX_DEPTH:
        for value in found:
            yield from _read(value, below)


def _read_pair(first: object, second: object) -> Iterator[tuple[int, int]]:
    """A count and its window, whichever stands first; nothing where both could be either."""
    for count, window in ((first, second), (second, first)):
        allowed = _number(count)
        window_s = _number(window)
        if window_s is None and isinstance(window, str):
            window_s = _duration(window)
        if allowed is not None and window_s is not None and allowed in _PLAUSIBLE.get(window_s, ()):
            yield window_s, allowed


def _read_text(text: str) -> Iterator[tuple[int, int]]:
    for count, amount, unit in _IN_TEXT.findall(text[:_MAX_TEXT_CHARS]):
        if unit.lower() in _UNITS_S or (amount and not unit):
            yield int(amount or 1) * _UNITS_S.get(unit.lower(), 1), int(count)


def _duration(text: str) -> int | None:
    words = _words(text)
    return _window_in(words) if words and all(word.isdigit() or word in _UNITS_S for word in words) else None


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 1e9 and value == int(value) else None
