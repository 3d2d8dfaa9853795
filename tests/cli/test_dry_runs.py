"""A dry run tells what would be done, and changes no byte: neither in Plytix nor in the ledger."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from amzsync.migrations.migrations import migrations
from cli.fixtures import FAST, Setup, flat
from cli.terminal import amzsync
from sqlite_utils import Database

from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import WriterLock

FIRST, SECOND = [flat("A", "a", "b")], [flat("A", "c", "b"), flat("B", "a")]
COMMANDS = pytest.mark.parametrize(
    "command",
    [("plan", "--mapping", "second.json"), ("apply", "--mapping", "second.json"), ("apply",)],
    ids=" ".join,
)


def content(folder: Path) -> dict[str, str]:
    """Every file, but for what SQLite's readers write into their index of the WAL."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if not path.name.endswith("-shm")
    }


@COMMANDS
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_dry_run_changes_no_byte(setup: Setup, command: tuple[str, ...], form: tuple[str, ...]) -> None:
    setup.apply(setup.mapping(FIRST))
    setup.mapping(SECOND, "second.json")
    before, asked = content(setup.folder), setup.sandbox.total
    result = amzsync(*command, "--dry-run", *form)
    assert result.code == 0, result.err
    assert content(setup.folder) == before
    assert not list(setup.folder.glob("*-shm"))
    assert setup.sandbox.total == asked
    if form:
        assert result.json["metadata"]["dry_run"]
    else:
        assert "This is a dry run: the plan is not saved." in result.out
        assert ("add 1 image " in result.out) == ("--mapping" in command)


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_dry_run_makes_no_ledger(setup: Setup, command: str) -> None:
    mapping = setup.mapping(SECOND)
    before = content(setup.folder)
    result = amzsync(command, "--mapping", mapping, "--dry-run")
    assert result.code == 0, result.err
    assert "add 3 images to Plytix, set 3 gallery links and 2 thumbnails on 2 products" in result.out
    assert content(setup.folder) == before


@COMMANDS
def test_a_dry_run_works_beside_a_running_command(setup: Setup, command: tuple[str, ...]) -> None:
    setup.mapping(SECOND, "second.json")
    amzsync("plan", "--mapping", setup.mapping(FIRST))
    with WriterLock(setup.ledger), Ledger.write(setup.ledger) as ledger:
        ledger.runs.keep_setting("only in the WAL", "yes")
        before = content(setup.folder)
        result = amzsync(*command, "--dry-run")
        assert result.code == 0, result.err
        assert content(setup.folder) == before
    assert amzsync("plan").code == 0


def test_a_dry_resume_changes_no_byte(setup: Setup) -> None:
    mapping = setup.mapping(SECOND)
    limits = ("--rate-limit", "4/1h", "--max-wait", "1s")
    assert amzsync("apply", "--mapping", mapping, "--yes", *limits).code == 4
    before = content(setup.folder)
    assert amzsync("resume", "--dry-run").code == 0
    assert content(setup.folder) == before
    assert amzsync("resume", *FAST).code == 0


def test_a_dry_run_leaves_an_older_ledger_as_it_is(setup: Setup) -> None:
    with closing(sqlite3.connect(setup.ledger)) as connection:
        migrations.apply(Database(connection), stop_before="m008_the_state_of_an_address_is_derived")
        connection.commit()
    before = content(setup.folder) | {"mapping.json": ""}
    result = amzsync("plan", "--mapping", setup.mapping(FIRST), "--dry-run")
    assert result.code == 0, result.err
    assert "add 2 images" in result.out
    assert content(setup.folder) | {"mapping.json": ""} == before


def test_the_requests_of_a_dry_run_count_against_the_limits(setup: Setup) -> None:
    mapping = setup.mapping(FIRST)
    amzsync("plan", "--mapping", mapping)
    assert amzsync("plan", "--refresh", "--dry-run", "--plytix-account", "environment", *FAST).code == 0
    used = amzsync("status", "--json").json["quota"][0]["used"]
    assert used == setup.sandbox.total > 0
