from pathlib import Path

import platformdirs.windows
import pytest
from platformdirs.api import PlatformDirsABC
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows, get_win_folder_from_env_vars

from amzsync.folders import config_folders, state_folder

HOME = Path("/home/me")
CONFIG = HOME / ".config" / "amzsync"
LIBRARY = HOME / "Library" / "Application Support" / "amzsync"


@pytest.fixture(autouse=True)
def _person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(HOME))
    monkeypatch.setenv("APPDATA", "/roaming")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    monkeypatch.setattr(platformdirs.windows, "get_win_folder", get_win_folder_from_env_vars)


@pytest.mark.parametrize(
    ("system", "expected"),
    [(Unix, CONFIG), (MacOS, LIBRARY), (Windows, Path("/roaming/amzsync"))],
)
def test_a_configuration_is_looked_for_in_the_folder_of_xdg_and_then_in_that_of_the_system(
    system: type[PlatformDirsABC], expected: Path
) -> None:
    assert list(config_folders(system)) == [CONFIG, expected]


@pytest.mark.parametrize(
    ("system", "expected"),
    [(Unix, HOME / ".local/state/amzsync"), (MacOS, LIBRARY), (Windows, Path("/local/amzsync"))],
)
def test_what_runs_have_in_common_is_in_the_folder_of_the_system(
    system: type[PlatformDirsABC], expected: Path
) -> None:
    assert state_folder(system) == expected


def test_the_variables_of_xdg_choose_other_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere/config")
    monkeypatch.setenv("XDG_STATE_HOME", "/elsewhere/state")
    assert next(config_folders()) == Path("/elsewhere/config/amzsync")
    assert state_folder(Unix) == Path("/elsewhere/state/amzsync")


def test_a_relative_folder_of_xdg_is_ignored_for_it_would_depend_on_the_current_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert next(config_folders()) == CONFIG
    assert state_folder(Unix) == HOME / ".local/state/amzsync"


def test_no_folder_is_made_by_asking_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not any(folder.exists() for folder in (*config_folders(), state_folder()))
