"""The page on the ledger shows the schema that the migrations make, and its commands work."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from amzsync.migrations.migrations import migrations
from docs.page import ROOT, SAMPLE, amzsync, block, shell_commands, table
from sqlite_utils import Database
from sqlite_utils.db import Column

from amzsync.ledger.rows import State

DIAGRAM = block("diagram: ledger")


@pytest.fixture
def schema() -> Iterator[Database]:
    with closing(sqlite3.connect(":memory:")) as connection:
        database = Database(connection)
        migrations.apply(database)
        yield database


def _tables(database: Database) -> list[str]:
    return [name for name in database.table_names() if not name.startswith(("_", "sqlite_"))]


def test_every_table_and_column_is_drawn_with_its_type_and_key(schema: Database) -> None:
    drawn = {
        name: [line.split('"')[0].split(maxsplit=2) for line in body.strip().splitlines()]
        for name, body in re.findall(r"^    (\w+) \{\n(.*?)^    \}", DIAGRAM, re.DOTALL | re.MULTILINE)
    }
    made = {
        name: [_drawing(schema, name, column) for column in schema.table(name).columns]
        for name in _tables(schema)
    }
    assert {name: [[*map(str.strip, line)] for line in lines] for name, lines in drawn.items()} == made


def _drawing(schema: Database, name: str, column: Column) -> list[str]:
    keys = ["PK"] if column.is_pk else []
    keys += ["FK"] if column.name in {key.column for key in schema.table(name).foreign_keys} else []
    keys += ["UK"] if [column.name] in _unique_columns(schema, name) else []
    return [column.type, column.name, *([", ".join(keys)] if keys else [])]


def _unique_columns(schema: Database, name: str) -> list[list[str]]:
    return [
        list(index.columns) for index in schema.table(name).indexes if index.unique and index.origin != "pk"
    ]


def test_every_reference_is_drawn(schema: Database) -> None:
    drawn = sorted(re.findall(r"^    (\w+) \S+ (\w+) : ", DIAGRAM, re.MULTILINE))
    made = sorted(
        (key.other_table, name) for name in _tables(schema) for key in schema.table(name).foreign_keys
    )
    assert drawn == made


def test_every_state_is_explained() -> None:
    assert [name.strip("`") for name, _ in table("table: states")] == list(State)


def test_every_view_for_people_is_explained_and_queried(schema: Database) -> None:
    views = {name for name in schema.view_names() if name != "urls"}
    assert {name.strip("`") for name, _ in table("table: views")} == views
    assert all(f"from {view}" in block("commands: ledger") for view in views)


def _sqlite_utils(folder: Path, mark: str) -> str:
    """What the commands of a block print, all run in one process."""
    commands = shell_commands(block(mark))
    assert {program for program, *_ in commands} == {"sqlite-utils"}
    script = (
        "import json, sys; from sqlite_utils.cli import cli;"
        "[cli(words[1:], standalone_mode=False) for words in json.loads(sys.argv[1])]"
    )
    asked = [sys.executable, "-c", script, json.dumps(commands)]
    return subprocess.run(asked, cwd=folder, capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_commands_for_use_by_hand_make_and_read_a_ledger(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    _sqlite_utils(tmp_path, "commands: migrate")
    assert amzsync("plan", "--mapping", str(SAMPLE), cwd=tmp_path).code == 0
    told = _sqlite_utils(tmp_path, "commands: ledger")
    assert '"command": "plan"' in told
    assert re.search(r"AMZN-US-B0FERNMS08 +MAIN +pending +https://", told)
