"""Reading a configuration file: bounded, and refused where others than its owner may have written it."""

import json
import os
from pathlib import Path

from amzsync.errors import ConfigError
from amzsync.files import open_regular

__all__ = ["read_config_file"]

_MAX_CONFIG_BYTES = 1024 * 1024


def read_config_file(path: Path, *, is_named: bool) -> tuple[object, tuple[str, ...]]:
    """The JSON of the file, and what to warn of; `is_named` says that the user has named it.

    Raises:
        ConfigError: it cannot be read, or must not be trusted.
    """
    raw, status = _read_bytes(path)
    warnings = _safety(path, status, is_named=is_named)
    cause, content = "", None
    try:
        content = json.loads(raw.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        cause = f"line {error.lineno}, column {error.colno} is not JSON"
    except UnicodeDecodeError:
        cause = "it is not UTF-8"
    except (ValueError, RecursionError):
        cause = "it holds a number too long or is nested too deep"
    # Raised out here: an error that was caught keeps the whole text, with its secrets, as its context.
    if cause:
        raise ConfigError(f"{path} cannot be read as a configuration: {cause}.", "Correct the file.")
    return content, warnings


def _read_bytes(path: Path) -> tuple[bytes, os.stat_result]:
    try:
        with open_regular(path) as file:
            raw = file.read(_MAX_CONFIG_BYTES + 1)
            status = os.fstat(file.fileno())
    except (OSError, ValueError) as error:
        cause = (error.strerror if isinstance(error, OSError) else None) or "its name cannot be used"
        raise ConfigError(f"The configuration {path} cannot be read: {cause}.", "Check --config.") from None
    if len(raw) > _MAX_CONFIG_BYTES:
        raise ConfigError(f"The configuration {path} is larger than 1 MiB.", "Check --config.")
    return raw, status


def _safety(path: Path, status: os.stat_result, *, is_named: bool) -> tuple[str, ...]:
    """What to warn of; a file that nobody has named, and that others may have written, is refused.

    Raises:
        ConfigError: it is refused.
    """
    if os.name != "posix":
        return ()
    danger = _danger(path, status)
    if danger and not is_named:
        raise ConfigError(
            f"The configuration {path} is not used: {danger}, so its accounts may not be yours.",
            f"If you trust it, name it with --config {path}, or make it your own with chmod 600.",
        )
    warnings = [f"{path}: {danger}"] if danger else []
    if status.st_mode & 0o077:
        warnings.append(f"{path} contains credentials and can be read by others: chmod 600 {path}")
    return tuple(warnings)


def _danger(path: Path, status: os.stat_result) -> str:
    """Why others than this user and root may have written it, or nothing."""
    trusted = (0, os.geteuid())
    if status.st_uid not in trusted:
        return "another user owns it"
    if status.st_mode & 0o022:
        return "other users can write to it"
    folder = path.parent.stat()
    if folder.st_uid not in trusted:
        return "another user owns its folder"
    if folder.st_mode & 0o002:
        return "other users can write to its folder"
    return ""
