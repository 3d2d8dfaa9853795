"""Adding an account to a configuration file: everything else in it stays, and nobody else may read it."""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from amzsync.config_accounts import BUILT_IN, Account
from amzsync.config_file import read_config_file
from amzsync.errors import ConfigError
from amzsync.plytix.auth import Secret

__all__ = ["add_account", "check_account_name", "has_account"]

_LONGEST_NAME = 60
_OWNER_ALONE = 0o700


def check_account_name(name: str) -> str:
    """The name without blanks around it.

    Raises:
        ConfigError: an account cannot have it.
    """
    name = name.strip()
    if name in BUILT_IN:
        raise ConfigError(f"The name {name!r} is taken by a built-in account.", "Choose another one.")
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or name.startswith("-"):
        raise ConfigError(
            f"An account's name is 1 to {_LONGEST_NAME} printable characters, and does not begin with '-'.",
            "Choose another one, such as production.",
        )
    return name


def has_account(path: Path, name: str) -> bool:
    """Whether the file has an account or an alias of this name.

    Raises:
        ConfigError: the file cannot be read as a configuration.
    """
    content = _content(path)
    return any(name in _part(content, key, path) for key in ("accounts", "aliases"))


def add_account(path: Path, account: Account) -> bool:
    """Write the account into the file; whether it is the default there.

    Of one of the same name all but the new fields stays.

    The file is replaced whole or not at all, and its owner's alone. A link to it stays a link.

    Raises:
        ConfigError: it cannot be written, or what stands there cannot be kept.
    """
    content = _content(path)
    accounts = _part(content, "accounts", path)
    defaults = _part(content, "defaults", path)
    if not isinstance(defaults.get("account"), str):
        # The only account of a file is its default; with a second one that must be said.
        defaults["account"] = next(iter(accounts), account.name)
    before = accounts.get(account.name)
    accounts[account.name] = {**(before if isinstance(before, dict) else {}), **_fields(account)}
    whole = {**content, "accounts": accounts, "defaults": defaults}
    if "aliases" in content:
        aliases = _part(content, "aliases", path)
        whole["aliases"] = {name: target for name, target in aliases.items() if name != account.name}
    _write(path, whole)
    return defaults["account"] == account.name


def _content(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    content, _ = read_config_file(path, is_named=True)
    if not isinstance(content, dict):
        raise ConfigError(f"{path} must be an object with accounts.", "Correct it, or choose another file.")
    return content


def _part(content: Mapping[str, object], key: str, path: Path) -> dict[str, object]:
    part = content.get(key)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise ConfigError(f"{path}: {key} must be an object.", "Correct it, or choose another file.")
    return dict(part)


def _fields(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "api_url": account.api_url,
        "auth_url": account.auth_url,
        "api_key": account.credentials.api_key,
        "api_password": account.credentials.api_password,
    }


def _write(path: Path, content: Mapping[str, object]) -> None:
    real = Path(os.path.realpath(path))
    reason = ""
    try:
        real.parent.mkdir(parents=True, exist_ok=True, mode=_OWNER_ALONE)
        _replace(real, content)
    except OSError as error:
        reason = error.strerror or "it is no place for a file"
    except UnicodeEncodeError:
        reason = "it holds what no file can"
    # Raised out here: an error that was caught may keep a secret that it could not write.
    if reason:
        message = f"The configuration {path} cannot be written ({reason})."
        raise ConfigError(message, "Choose another place with --config FILE.")


def _replace(path: Path, content: Mapping[str, object]) -> None:
    # A name that nobody can have put a link at; the file is its owner's alone.
    handle, name = tempfile.mkstemp(".partial", f".{path.name}.", path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2, ensure_ascii=False, default=_revealed)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _revealed(value: object) -> str:
    """A secret is revealed on its way into the file, and nowhere else."""
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON.")
