"""What pyproject says is shipped is what there is."""

import re
import tomllib
from importlib.metadata import requires
from importlib.resources import files

import pytest
from docs.page import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_folder_of_code_is_shipped() -> None:
    folders = {
        ".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "amzsync").rglob("__init__.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == folders | {"amzsync.migrations"}
    assert PROJECT["tool"]["setuptools"]["package-dir"] == {"amzsync.migrations": "migrations"}


def test_the_installed_package_has_its_migrations_and_its_types() -> None:
    assert files("amzsync").joinpath("py.typed").is_file()
    assert files("amzsync.migrations").joinpath("migrations.py").is_file()


@pytest.mark.parametrize(
    "requirement",
    [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]],
)
def test_every_dependency_has_a_lower_bound_and_no_upper_one(requirement: str) -> None:
    assert re.fullmatch(r"[a-z-]+>=\d+(\.\d+)*", requirement)


def test_the_installed_package_asks_for_what_pyproject_names() -> None:
    told = {re.split(r"[>=; ]", line)[0] for line in requires("amzsync") or () if "extra ==" not in line}
    assert told == {line.partition(">=")[0] for line in PROJECT["project"]["dependencies"]}
