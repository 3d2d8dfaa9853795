"""The commands, options and exit codes on the pages are those of the program."""

import re
import tomllib

import pytest
from docs.page import (
    PAGES,
    README,
    ROOT,
    all_shell_commands,
    block,
    leaf_commands,
    option_names,
    shell_commands,
    table,
)

from amzsync.cli.exits import ExitCode
from amzsync.limits.windows import parse_limits
from amzsync.sandbox import choices

SHOWN = [words[1:] for words in all_shell_commands() if words[0] == "amzsync"]


def _documented() -> dict[str, set[str]]:
    """The commands of each option in README's table."""
    return {
        name: set(commands.split(", "))
        for options, commands, _ in table("table: options")
        for name in re.findall(r"`(-[-a-z]+)", options)
    }


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_every_command_shown_is_understood(words: list[str]) -> None:
    if words[0].startswith("-"):
        assert words == ["--version"]
        return
    leaves = leaf_commands()
    (name,) = [name for name in leaves if words[: len(name.split())] == name.split()]
    # Parses and checks every value.
    leaves[name].make_context(name, words[len(name.split()) :])


def test_every_command_is_shown_at_work() -> None:
    shown = {" ".join(words) for words in SHOWN}
    for name in leaf_commands():
        assert any(words.startswith(name) for words in shown), name


def test_the_table_of_commands_names_them_all_in_their_order() -> None:
    assert [name.strip("`") for name, *_ in table("table: commands")] == [*leaf_commands()]


def test_the_table_gives_each_option_to_the_commands_that_take_it() -> None:
    taken: dict[str, set[str]] = {}
    for command, parameters in leaf_commands().items():
        for option in option_names(parameters):
            taken.setdefault(option, set()).add(command)
    assert _documented() == taken


def test_no_option_is_named_that_does_not_exist() -> None:
    pip = {
        "--quiet",
        "--editable",
        "--only-binary",
        "--require-hashes",
        "--requirement",
        "--no-build-isolation",
    }
    mutation = {"--line", "--sample", "--seed", "--slowest", "--tests"}
    other_programs = {
        "--clear",
        "--check",
        "--cov",
        "--dist",
        "--strict",
        "--counts",
        "--csv",
        "--table",
        *pip,
        *mutation,
    }
    known = {"--version", "--install-completion", *_documented(), *other_programs}
    named = {name for page in PAGES.values() for name in re.findall(r"(?<![\w|-])--[a-z][a-z-]*", page.text)}
    assert named - known == set()


def test_every_environment_variable_named_is_one_that_the_program_reads() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "amzsync").rglob("*.py"))
    read = {*re.findall(r"(?:AMZSYNC|PLYTIX)_[A-Z_]+", source), "NO_COLOR"}
    named = {name for page in PAGES.values() for name in re.findall(r"\b[A-Z]{2,}_[A-Z_]+\b", page.text)}
    assert {"AMZSYNC_LEDGER", "PLYTIX_API_KEY"} <= named
    assert {name for name in named if name.startswith(("AMZSYNC", "PLYTIX", "NO_"))} <= read


def test_the_exit_codes_are_those_of_the_program() -> None:
    shown = {int(code): name for code, name, _ in table("table: exit codes")}
    assert shown == {code.value: code.name.lower() for code in ExitCode}


def test_the_defaults_and_presets_are_those_of_the_program() -> None:
    presets = re.findall(r"`(free|paid)` \((\d+/10s), (\d+/1h)\)", README.text)
    assert {name for name, *_ in presets} == {"free", "paid"}
    for name, *limits in presets:
        assert parse_limits([name]) == parse_limits(limits)


def test_the_behaviours_of_the_sandbox_are_those_of_the_program() -> None:
    shown = {
        key.strip("`"): tuple(re.findall(r"`([^`]+)`", values))
        for key, values, _ in table("table: behaviours")
    }
    assert shown == choices()


def test_the_continuous_check_runs_the_second_command() -> None:
    command = block("command: test")
    assert command.count("\n") == 1
    for step in (
        "venv --clear",
        "--only-binary :all: --require-hashes --requirement .ci/lock.txt",
        "--editable '.[dev]'",
        "pip check",
        "ruff check",
        "ruff format --check",
        "mypy",
        "pytest -n 2 --dist worksteal",
    ):
        assert step in command


def test_the_suite_is_shown_plain_and_with_its_coverage() -> None:
    """Coverage is looked at, not checked: the second command does without what it costs."""
    (plain,) = [words for words in shell_commands(block("command: test")) if words[0] == "pytest"]
    assert shell_commands(block("commands: tests"))[:2] == [plain, ["pytest", "--cov", *plain[1:]]]


def package(requirement: str) -> str:
    found = re.match(r"[a-z0-9-]+", requirement)
    assert found, requirement
    return found.group()


def test_the_lock_holds_every_package_by_its_hash_and_names_no_host() -> None:
    lock = (ROOT / ".ci" / "lock.txt").read_text()
    entries = re.split(r"\n(?=[a-z0-9])", lock.strip())
    names = {package(entry) for entry in entries}
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"https?://|--(?:extra-)?index-url|--find-links", lock)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    assert {package(one) for one in wanted} <= names
    assert all(">=" in one for one in wanted)
