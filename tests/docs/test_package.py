"""What pyproject says is shipped is what there is."""

import email
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from importlib.resources import files
from pathlib import Path

import pytest
from docs.page import PAGES, ROOT

import amzsync

INFO = f"amzsync-{amzsync.__version__}.dist-info"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = int(PROJECT["build-system"]["requires"][0].partition(">=")[2])


def test_every_folder_of_code_is_shipped() -> None:
    folders = {
        ".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "amzsync").rglob("__init__.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == folders | {"amzsync.migrations"}
    assert PROJECT["tool"]["setuptools"]["package-dir"] == {"amzsync.migrations": "migrations"}


def test_the_installed_package_has_its_migrations_and_its_types() -> None:
    assert files("amzsync").joinpath("py.typed").is_file()
    assert files("amzsync.migrations").joinpath("migrations.py").is_file()


def test_the_version_stands_once() -> None:
    assert "version" not in PROJECT["project"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "amzsync.__version__"}
    assert version("amzsync") == amzsync.__version__


def test_the_changelog_tells_of_this_version_and_of_what_is_not_released() -> None:
    text = PAGES[".github/CHANGELOG.md"].text
    unreleased, *released = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert unreleased == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", one) for one in released)
    assert released[0].startswith(f"{amzsync.__version__} - ")
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= kinds


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    if _installed_major("setuptools") < SETUPTOOLS:
        pytest.skip("this environment builds no wheel")
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    for name in ("amzsync", "migrations", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools.build_meta import build_wheel; build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=folder, capture_output=True, timeout=60, check=True)
    (path,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_tells_its_version_licence_authors_and_where_to_look(wheel: zipfile.ZipFile) -> None:
    about = email.message_from_bytes(wheel.read(f"{INFO}/METADATA"))
    assert about["Version"] == amzsync.__version__
    assert about["License-Expression"] == "MIT"
    assert about["Author"] == "amzsync maintainers"
    assert about.get_all("Project-URL")
    assert about.get_all("License-File") == PROJECT["project"]["license-files"]


def test_the_wheel_holds_the_code_the_report_page_and_the_licence_and_no_other_page(
    wheel: zipfile.ZipFile,
) -> None:
    (licence,) = PROJECT["project"]["license-files"]
    assert "Permission is hereby granted" in wheel.read(f"{INFO}/licenses/{licence}").decode()
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "amzsync").rglob("*.py")}
    steps = {f"amzsync/migrations/{path.name}" for path in (ROOT / "migrations").glob("*.py")}
    page = {f"amzsync/views/report_page.{kind}" for kind in ("css", "html.jinja", "js")}
    held = {name for name in wheel.namelist() if not name.startswith(INFO)}
    assert held == code | steps | page | {"amzsync/py.typed"}


@pytest.mark.parametrize("requirement", PROJECT["project"]["dependencies"])
def test_every_dependency_has_a_lower_bound_and_ends_before_a_release_that_may_break(
    requirement: str,
) -> None:
    assert re.fullmatch(r"[a-z0-9-]+>=\d+(\.\d+)*,<\d+", requirement)


@pytest.mark.parametrize("requirement", PROJECT["project"]["optional-dependencies"]["dev"])
def test_every_tool_has_a_lower_bound_and_no_upper_one_for_the_lock_holds_it(requirement: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]+>=\d+(\.\d+)*", requirement)


def test_the_installed_package_asks_for_what_pyproject_names() -> None:
    told = {re.split(r"[<>=; ]", line)[0] for line in requires("amzsync") or () if "extra ==" not in line}
    assert told == {line.partition(">=")[0] for line in PROJECT["project"]["dependencies"]}


def test_what_is_tested_is_what_is_installed() -> None:
    """In an environment that holds the wheel, the checkout's own package would be another one."""
    installed = distribution("amzsync")
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    expected = (
        ROOT / "amzsync"
        if origin.get("dir_info", {}).get("editable")
        else Path(str(installed.locate_file("amzsync")))
    )
    asked = [sys.executable, "-c", "import amzsync; print(amzsync.__file__)"]
    told = subprocess.run(
        asked, cwd=expected.parent.parent, capture_output=True, text=True, check=True
    ).stdout
    assert amzsync.__file__
    assert (
        Path(amzsync.__file__).parent.resolve() == Path(told.strip()).parent.resolve() == expected.resolve()
    )


def _installed_major(name: str) -> int:
    try:
        return int(version(name).partition(".")[0])
    except PackageNotFoundError:
        return 0


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def _extras(requirement: str) -> frozenset[str]:
    found = re.match(r"[A-Za-z0-9._-]+\s*\[([^]]*)]", requirement)
    return frozenset(_name(one.strip()) for one in found[1].split(",")) if found else frozenset()


def test_the_lock_holds_each_package_with_every_extra_that_is_asked_of_it() -> None:
    """An older pip looks for a newer `coverage[toml]` where only `coverage` is locked, and stops."""
    pytest.importorskip("pytest_cov", reason="this environment is not the locked one")
    lock = (ROOT / ".ci" / "lock.txt").read_text(encoding="utf-8")
    locked = {_name(line): _extras(line) for line in re.findall(r"^[A-Za-z0-9].*==.*$", lock, re.MULTILINE)}
    asked = {
        (name, requirement)
        for name in locked
        for requirement in _requirements(name)
        if not _is_optional(requirement) and _extras(requirement)
    }
    assert ("pytest-cov", "coverage[toml]") in {(name, one.partition(">")[0]) for name, one in asked}
    assert [one for one in sorted(asked) if not _extras(one[1]) <= locked[_name(one[1])]] == []


def _requirements(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # locked for another system
        return []


def _is_optional(requirement: str) -> bool:
    return "extra ==" in requirement
