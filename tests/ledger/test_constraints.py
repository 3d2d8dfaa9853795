import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, picture, product

from amzsync.errors import LedgerError
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Outcome, State


@pytest.fixture
def connection(ledger_path: Path) -> Iterator[sqlite3.Connection]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN")), product("S2", ("b", "MAIN"))])
        ledger.runs.start("apply", {}, 1, [])
    with closing(sqlite3.connect(ledger_path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE assets SET state = 'ready'",
        "UPDATE assets SET state = NULL",
        "UPDATE assets SET state = 'Done'",
        "UPDATE links SET state = ''",
        "UPDATE thumbnails SET state = 'pending '",
        "UPDATE addresses SET malformed = x'00'",
        "UPDATE assets SET state = 'done'",
        "UPDATE assets SET origin = 'made'",
        "UPDATE links SET origin = 'uploaded'",
        "UPDATE thumbnails SET origin = 'x'",
        "UPDATE links SET position = 0",
        "UPDATE links SET position = 'first'",
        "UPDATE products SET is_parent = 2",
        "UPDATE products SET sku = ''",
        "UPDATE products SET sku = NULL",
        "INSERT INTO products (sku, is_parent) VALUES ('S1', 0)",
        f"INSERT INTO addresses (url) VALUES ('{picture('a')}')",
        "INSERT INTO assets (id, filename) VALUES (99, 'x')",
        "INSERT INTO links (product_id, asset_id, variant, position) VALUES (1, 1, 'PT01', 2)",
        "INSERT INTO links (product_id, asset_id, variant, position) VALUES (99, 1, 'PT01', 2)",
        "INSERT INTO links (product_id, asset_id, variant, position) VALUES (1, 99, 'PT01', 2)",
        "INSERT INTO thumbnails (product_id, asset_id) VALUES (1, 1)",
        "DELETE FROM assets",
        "DELETE FROM products",
        "UPDATE runs SET outcome = 'ok', ended_at = 'x'",
        "UPDATE runs SET outcome = 'finished'",
        "UPDATE runs SET ended_at = 'x'",
        "UPDATE runs SET options = '{'",
        "INSERT INTO mappings VALUES (1, 'm.json', 'short')",
        "INSERT INTO failures (row_table, message, attempts, failed_at) VALUES ('runs', 'm', 1, 'x')",
        "INSERT INTO failures (row_table, message, attempts, failed_at) VALUES ('urls', 'm', -1, 'x')",
        "INSERT INTO observed_limits VALUES (10, 0, 1.0, 1.0, 0, 0)",
        "INSERT INTO observed_limits VALUES (0, 5, 1.0, 1.0, 0, 0)",
        "INSERT INTO observed_limits VALUES (10, 5, 1.0, 1.0, -1, 0)",
        "INSERT INTO requests (kind, sent_wall, sent_monotonic) VALUES ('x', 'now', 1)",
    ],
)
def test_the_schema_refuses_what_no_row_can_be(connection: sqlite3.Connection, sql: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(sql)


@pytest.mark.parametrize("statement", ["UPDATE urls SET state = 'done'", "DELETE FROM urls"])
def test_the_state_of_an_address_cannot_be_written(connection: sqlite3.Connection, statement: str) -> None:
    with pytest.raises(sqlite3.OperationalError, match="view"):
        connection.execute(statement)


def test_an_address_has_the_state_and_the_reason_of_its_asset(connection: sqlite3.Connection) -> None:
    for state in State:
        connection.execute("UPDATE assets SET state = ?, reason = 'why', plytix_id = 'p'", (state,))
        assert set(connection.execute("SELECT state, reason FROM urls")) == {(state, "why")}


def test_a_malformed_address_is_failed_whatever_its_asset_was(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO addresses (id, url, malformed) VALUES (3, 'ftp://x', 'no https')")
    connection.execute("UPDATE addresses SET malformed = 'private network' WHERE id = 1")
    for state in State:
        connection.execute("UPDATE assets SET state = ?, plytix_id = 'p' WHERE id = 1", (state,))
        assert connection.execute("SELECT id, state, reason FROM urls WHERE id <> 2").fetchall() == [
            (1, "failed", "private network"),
            (3, "failed", "no https"),
        ]


def test_an_address_that_nothing_wants_any_more_is_obsolete(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO addresses (id, url) VALUES (3, 'ftp://x')")
    assert connection.execute("SELECT state FROM urls WHERE id = 3").fetchall() == [("obsolete",)]


@pytest.mark.parametrize("table", ["assets", "links", "thumbnails"])
def test_the_schema_knows_every_state(connection: sqlite3.Connection, table: str) -> None:
    plytix_id = ", plytix_id = 'p'" if table == "assets" else ""
    for state in State:
        connection.execute(f"UPDATE {table} SET state = ?, reason = 'why'{plytix_id}", (state,))


def test_the_schema_knows_every_outcome(connection: sqlite3.Connection) -> None:
    for outcome in Outcome:
        connection.execute("UPDATE runs SET outcome = ?, ended_at = 'then'", (outcome,))


def test_what_the_schema_refuses_is_an_error_of_ours(ledger_path: Path) -> None:
    with Ledger.write(ledger_path) as ledger, pytest.raises(LedgerError, match="failed"):
        ledger.runs._store.execute("INSERT INTO products (sku, is_parent) VALUES ('', 0)")
