"""Keys of a configuration file that mean nothing: a typo is named, with the key that was perhaps meant."""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from amzsync.errors import ConfigError

__all__ = ["check_keys", "offer", "unknown_keys"]

_KEYS_NAMED = 3
# What looks like a key; anything else may be a password in the wrong place, which is never told.
_KEY = re.compile(r"[A-Za-z][A-Za-z_-]{0,29}")
_ALIKE = 0.75


def check_keys(fields: Mapping[str, object], known: Collection[str], place: str) -> None:
    """Refuse a key that is a typo of a known one; keys of other programs may stand there, too.

    Raises:
        ConfigError: one of them is.
    """
    missing = [key for key in known if key not in fields]
    for key in unknown_keys(fields, known):
        if meant := _similar(key.lower(), missing):
            raise ConfigError(f"{place} has the unknown key {key!r}.", f"Did you mean {meant}?")


def unknown_keys(fields: Mapping[str, object], known: Collection[str]) -> list[str]:
    """The first few keys that mean nothing and look like keys."""
    found = [str(key) for key in fields if key not in known and _KEY.fullmatch(str(key))]
    return found[:_KEYS_NAMED]


def offer(name: str, names: Iterable[str]) -> str:
    """` Did you mean sandbox?`, or nothing where no name is like this one."""
    similar = _similar(name, names)
    return f" Did you mean {similar}?" if similar else ""


def _similar(name: str, names: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(name, list(names), 1, _ALIKE)), None)
