"""A configuration file's accounts, each a frozen `Account` whose secrets do not print.

A configuration file is not trusted: it is read bounded, every field is checked, and an error names the file
and the field but never a value, because a value may be a password in the wrong place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from amzsync.config_file import read_config_file
from amzsync.config_keys import check_keys, offer, unknown_keys
from amzsync.errors import ConfigError
from amzsync.limits.windows import Limit, parse_limits
from amzsync.plytix.address import checked_address
from amzsync.plytix.auth import Credentials, Secret

__all__ = [
    "API_URL",
    "AUTH_URL",
    "BUILT_IN",
    "ENVIRONMENT",
    "SANDBOX",
    "Account",
    "Config",
    "read_config",
    "sandbox_account",
]

SANDBOX = "sandbox"
ENVIRONMENT = "environment"
BUILT_IN = (SANDBOX, ENVIRONMENT)
API_URL = "https://pim.plytix.com/api/v1"
AUTH_URL = "https://auth.plytix.com/auth/api/get-token"

_MAX_LIMIT_LENGTH = 40
_NAMES_SHOWN = 20
_FILE_KEYS = ("accounts", "defaults", "aliases")
_ACCOUNT_KEYS = ("name", "api_url", "auth_url", "api_key", "api_password", "rate_limits")


@dataclass(frozen=True, slots=True)
class Account:
    """Where to work and as whom. `limits` is None where none are configured.

    The sandbox's addresses and credentials are empty until it is up: `dataclasses.replace` them then.
    """

    name: str
    api_url: str
    auth_url: str
    credentials: Credentials
    limits: tuple[Limit, ...] | None = None
    is_sandbox: bool = False
    warnings: tuple[str, ...] = ()
    source: str = ""
    """Where it came from, for people: a file's path, the environment, or nothing for the sandbox."""

    unknown_keys: tuple[str, ...] = ()
    """Keys of its file that mean nothing, with the place before them, as far as they look like keys."""

    @property
    def api_host(self) -> str | None:
        """The host that is worked on; None for the sandbox, which is this machine."""
        return urlsplit(self.api_url).netloc or None

    @property
    def identity(self) -> str:
        """What a ledger is bound to: stable, and without secrets."""
        return SANDBOX if self.is_sandbox else f"{self.name} at {self.api_url}"


def sandbox_account() -> Account:
    return Account(SANDBOX, "", "", Credentials(Secret(""), Secret("")), is_sandbox=True)


@dataclass(frozen=True, slots=True, repr=False)
class Config:
    """A configuration file of the right outer shape; an account is checked when it is asked for."""

    path: Path
    accounts: Mapping[str, object]
    aliases: Mapping[str, str]
    default_name: str | None
    warnings: tuple[str, ...]
    unknown_keys: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return sorted({*self.accounts, *self.aliases, SANDBOX})

    def default(self) -> str:
        if self.default_name is not None:
            return self.default_name
        if len(self.accounts) == 1:
            return next(iter(self.accounts))
        raise ConfigError(
            f"{self.path} has no default account.",
            f"Choose one with --plytix-account: {_listed(self.names())}.",
        )

    def account(self, alias: str) -> Account:
        name = self._resolve(alias)
        if name == SANDBOX:
            return sandbox_account()
        if name not in self.accounts:
            raise ConfigError(
                f"{self.path} has no account {alias!r}.{offer(alias, self.names())}"
                if name == alias
                else f"{self.path}: aliases.{alias} points to an account that does not exist.",
                f"It has: {_listed(self.names())}.",
            )
        return self._checked(name, self.accounts[name])

    def _resolve(self, alias: str) -> str:
        name, seen = alias, {alias}
        while name in self.aliases and self.aliases[name] != name:
            name = self.aliases[name]
            if name in seen:
                raise ConfigError(
                    f"{self.path}: aliases.{alias} points to itself.", "Make it name one of the accounts."
                )
            seen.add(name)
        return name

    def _checked(self, name: str, fields: object) -> Account:
        place = f"{self.path}: accounts.{name}"
        if not isinstance(fields, dict):
            raise _wrong(place, "an object with api_key and api_password")
        check_keys(fields, _ACCOUNT_KEYS, place)
        return Account(
            name,
            checked_address(_text(fields, "api_url", place, API_URL), f"{place}.api_url"),
            checked_address(_text(fields, "auth_url", place, AUTH_URL), f"{place}.auth_url"),
            Credentials(
                Secret(_text(fields, "api_key", place)), Secret(_text(fields, "api_password", place))
            ),
            _limits(fields.get("rate_limits"), f"{place}.rate_limits"),
            warnings=self.warnings,
            source=str(self.path),
            unknown_keys=(
                *self.unknown_keys,
                *(f"accounts.{name}.{key}" for key in unknown_keys(fields, _ACCOUNT_KEYS)),
            ),
        )


def read_config(path: Path, *, is_named: bool) -> Config:
    content, warnings = read_config_file(path, is_named=is_named)
    if not isinstance(content, dict):
        raise _wrong(str(path), "an object with accounts")
    check_keys(content, _FILE_KEYS, str(path))
    aliases = _object(content, "aliases", path)
    for alias, target in aliases.items():
        if not isinstance(target, str):
            raise _wrong(f"{path}: aliases.{alias}", "the name of an account")
    defaults = _object(content, "defaults", path)
    check_keys(defaults, ("account",), f"{path}: defaults")
    default = defaults.get("account")
    if default is not None and not isinstance(default, str):
        raise _wrong(f"{path}: defaults.account", "the name of an account")
    accounts = _object(content, "accounts", path)
    return Config(
        path,
        accounts,
        {alias: str(name) for alias, name in aliases.items()},
        default,
        warnings,
        tuple(unknown_keys(content, _FILE_KEYS)),
    )


def _object(content: Mapping[str, object], key: str, path: Path) -> Mapping[str, object]:
    value = content.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(f"{path}: {key}", "an object")
    return value


def _text(fields: Mapping[str, object], key: str, place: str, default: str | None = None) -> str:
    value = fields.get(key)
    if value is None and default is not None:
        return default
    if key not in fields:
        unknown = unknown_keys(fields, _ACCOUNT_KEYS)
        instead = f", but the unknown {', '.join(map(repr, unknown))}" if unknown else ""
        raise ConfigError(f"{place} has no {key}{instead}.", "Add it, and try again.")
    if not isinstance(value, str) or not value.strip():
        raise _wrong(f"{place}.{key}", "text")
    return value.strip()


def _limits(value: object, place: str) -> tuple[Limit, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value:
        raise _wrong(place, 'a list such as ["50/10s", "5000/1h"]')
    for index, text in enumerate(value):
        if not isinstance(text, str) or len(text) > _MAX_LIMIT_LENGTH or not _is_limit(text):
            raise _wrong(f"{place}[{index}]", "a rate limit such as 50/10s, free or paid")
    return parse_limits(value)


def _is_limit(text: str) -> bool:
    try:
        parse_limits([text])
    except ConfigError:
        return False
    return True


def _wrong(place: str, wanted: str) -> ConfigError:
    return ConfigError(f"{place} must be {wanted}.", "Correct it, and try again.")


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
