"""Which account a command uses: from the environment, or from a JSON file."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from amzsync.config_accounts import (
    API_URL,
    AUTH_URL,
    BUILT_IN,
    ENVIRONMENT,
    SANDBOX,
    Account,
    read_config,
    sandbox_account,
)
from amzsync.config_keys import offer
from amzsync.errors import ConfigError
from amzsync.plytix.address import checked_address
from amzsync.plytix.auth import Credentials, Secret

__all__ = [
    "API_URL",
    "AUTH_URL",
    "ENVIRONMENT",
    "FILE_NAMES",
    "SANDBOX",
    "Account",
    "account_names",
    "load_account",
    "used_config",
]

FILE_NAMES = ("config.json", "plytix_config.json")


def load_account(
    alias: str | None,
    *,
    config_path: Path | None,
    environ: Mapping[str, str],
    home: Path,
    cwd: Path,
    folders: Iterable[Path] = (),
) -> Account:
    """The account that `alias` names, else the environment's, else the configuration's default.

    `folders` are where a configuration that nobody names is looked for, after the current one.

    Raises:
        ConfigError: no such account, or one that cannot be used.
    """
    if alias == SANDBOX:
        return sandbox_account()
    if alias in (None, ENVIRONMENT):
        from_environment = _environment_account(environ)
        if from_environment is not None:
            return _with_unread_config(from_environment, config_path)
    path, is_named = _find_config(config_path, environ, home, cwd, folders)
    if path is not None:
        config = read_config(path, is_named=is_named)
        return config.account(config.default() if alias is None else alias)
    raise ConfigError(
        "No Plytix account is configured: PLYTIX_API_KEY and PLYTIX_API_PASSWORD are not set, and there is no"
        " configuration file."
        if alias in (None, ENVIRONMENT)
        else f"The account {alias!r} is not known: there is no configuration file.{offer(alias, BUILT_IN)}",
        "Set both variables, name a file with --config FILE, or try it with --plytix-account sandbox.",
    )


def account_names(
    *,
    config_path: Path | None,
    environ: Mapping[str, str],
    home: Path,
    cwd: Path,
    folders: Iterable[Path] = (),
) -> list[str]:
    """The names that an account can be chosen by; those of a file that cannot be used are left out."""
    path, is_named = _find_config(config_path, environ, home, cwd, folders)
    try:
        return read_config(path, is_named=is_named).names() if path else [SANDBOX]
    except ConfigError:
        return [SANDBOX]


def used_config(
    *, environ: Mapping[str, str], home: Path, cwd: Path, folders: Iterable[Path] = ()
) -> Path | None:
    """The file that is read where no command names one; None where there is none."""
    return _find_config(None, environ, home, cwd, folders)[0]


def _environment_account(environ: Mapping[str, str]) -> Account | None:
    """None where neither variable of the credentials is set."""
    names = ("PLYTIX_API_KEY", "PLYTIX_API_PASSWORD")
    secrets = [environ.get(name, "").strip() for name in names]
    if not any(secrets):
        return None
    for name, other, secret in zip(names, reversed(names), secrets, strict=True):
        if not secret:
            raise ConfigError(f"{other} is set, but {name} is not.", f"Set {name} too, or unset {other}.")
    return Account(
        ENVIRONMENT,
        checked_address(environ.get("PLYTIX_API_URL", "").strip() or API_URL, "PLYTIX_API_URL"),
        checked_address(environ.get("PLYTIX_AUTH_URL", "").strip() or AUTH_URL, "PLYTIX_AUTH_URL"),
        Credentials(*map(Secret, secrets)),
        source="the environment",
    )


def _with_unread_config(account: Account, config_path: Path | None) -> Account:
    if config_path is None:
        return account
    warning = (
        f"{config_path} was not read, because PLYTIX_API_KEY is set: choose one of its accounts with"
        " --plytix-account ALIAS, or unset the variable."
    )
    return replace(account, warnings=(*account.warnings, warning))


def _find_config(
    config_path: Path | None, environ: Mapping[str, str], home: Path, cwd: Path, folders: Iterable[Path]
) -> tuple[Path | None, bool]:
    """The file, and whether the user has named it."""
    named = environ.get("AMZSYNC_CONFIG", "").strip()
    if config_path is None and named:
        config_path = Path(named)
    if config_path is not None:
        if config_path.parts[:1] == ("~",):
            config_path = home.joinpath(*config_path.parts[1:])
        return cwd / config_path, True
    candidates = [cwd / "config" / "plytix_config.json"]
    candidates += [folder / name for folder in folders for name in FILE_NAMES]
    return next((candidate for candidate in candidates if candidate.is_file()), None), False
