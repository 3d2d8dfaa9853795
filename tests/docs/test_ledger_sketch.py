"""The diagram of the ledger in README is the schema that the migrations make."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from amzsync.migrations.migrations import migrations
from docs.page import README, block
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
    _, _, after = README.partition(DIAGRAM)
    assert re.findall(r"^\| `(\w+)` \|", after.partition("## Reliability")[0], re.MULTILINE) == list(State)
