"""The folders of this person on this machine, where each system has its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from platformdirs.api import PlatformDirsABC

__all__ = ["config_folders", "state_folder"]

_NAME = "amzsync"


def config_folders(system: "type[PlatformDirsABC] | None" = None) -> Iterator[Path]:
    """Where a configuration may be: in the folder of XDG, which comes first, or in the system's own."""
    from platformdirs.unix import Unix

    yield Unix(_NAME).user_config_path
    yield (system or _this_system())(_NAME, appauthor=False, roaming=True).user_config_path


def state_folder(system: "type[PlatformDirsABC] | None" = None) -> Path:
    """What this person's runs on this machine keep in common; it may not exist yet."""
    return (system or _this_system())(_NAME, appauthor=False).user_state_path


def _this_system() -> "type[PlatformDirsABC]":
    from platformdirs import PlatformDirs

    return PlatformDirs
