"""Every page: its links lead somewhere, what it names is there, and it says nothing of one machine."""

import os
import re
import tomllib
from pathlib import PurePosixPath

import pytest
from docs.page import PAGES, README, ROOT, Page, all_shell_commands, table

MADE_BY_PEOPLE = {"amzsync/config.json", "amzsync/plytix_config.json"}
PROGRAMS = {"amzsync", "export", "git", "mypy", "pip", "pytest", "python", "python3", "ruff", "sqlite-utils"}

each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


def test_the_pages_stand_where_their_readers_look() -> None:
    assert {
        "README.md",
        "amzsync/README.md",
        "data/README.md",
        "migrations/README.md",
        "tests/README.md",
        ".github/CHANGELOG.md",
        ".github/CONTRIBUTING.md",
        ".github/SECURITY.md",
        ".github/SUPPORT.md",
    } <= PAGES.keys()


def test_readme_is_short_and_leads_to_every_other_page() -> None:
    assert README.text.count("\n") <= 240
    assert PAGES.keys() - {"README.md"} <= {link.partition("#")[0] for link in README.links()}


@each_page
def test_every_link_leads_to_a_file_and_a_heading_of_it(page: Page) -> None:
    for link in page.links():
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page.path).parent / path if path else ROOT / page.path
        assert target.exists(), link
        if anchor:
            assert anchor in PAGES[target.resolve().relative_to(ROOT.resolve()).as_posix()].anchors(), link


@each_page
def test_every_file_named_is_there(page: Page) -> None:
    named = set(re.findall(r"`((?:tests|amzsync|migrations|data|\.ci|\.github)/[\w./-]*)`", page.text))
    assert [name for name in sorted(named - MADE_BY_PEOPLE) if not (ROOT / name).exists()] == []


@each_page
def test_every_block_says_its_language(page: Page) -> None:
    assert page.text.count("```") == 2 * len(page.blocks())


@each_page
def test_no_page_names_a_path_of_one_machine_or_a_package_host(page: Page) -> None:
    paths = r"(?<![\w.~])/(?:home|root|tmp|Users|opt|work|srv|var|etc)\b|\b[A-Z]:\\"
    assert re.findall(rf"{paths}|pypi|pythonhosted", page.text, re.IGNORECASE) == []


@pytest.mark.parametrize("words", all_shell_commands(), ids=" ".join)
def test_every_program_shown_is_known_and_finds_what_it_is_given(words: list[str]) -> None:
    program, *arguments = words
    assert program in PROGRAMS or os.access(ROOT / program, os.X_OK)
    for word in arguments:
        if PurePosixPath(word).parts[:1] in (("tests",), ("data",), ("migrations",)):
            assert (ROOT / word).exists(), word
    if program == "pytest" and "-m" in arguments:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        markers = [one.partition(":")[0] for one in project["tool"]["pytest"]["ini_options"]["markers"]]
        assert arguments[arguments.index("-m") + 1] in markers


def test_every_script_of_the_check_is_explained_and_can_be_run() -> None:
    scripts = {name.strip("`") for name, _ in table("table: scripts")}
    assert scripts == {
        path.relative_to(ROOT).as_posix() for path in (ROOT / ".ci").iterdir() if path.suffix != ".txt"
    }
    assert all(os.access(ROOT / name, os.X_OK) for name in scripts)


def test_every_folder_of_tests_is_explained() -> None:
    told = re.findall(r"`(tests/\w+)`", " ".join(names for names, _ in table("table: folders")))
    assert sorted(told) == sorted(
        {f"tests/{path.parent.name}" for path in (ROOT / "tests").glob("*/test_*.py")}
    )


def test_every_promise_names_the_tests_that_prove_it() -> None:
    for promise, tests in table("table: promises"):
        assert re.findall(r"`(tests/[^`]+)`", tests), promise
