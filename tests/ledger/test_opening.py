import gc
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from amzsync.migrations.migrations import migrations
from catalogue import CLOCKS, dump, merge, product, rows
from sqlite_utils import Database, Migrations
from sqlite_utils.db import Table

from amzsync.errors import LedgerError, LedgerForeignError, LedgerTooNewError
from amzsync.ledger import opening
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.opening import open_copy, open_reader, open_writer
from amzsync.ledger.store import Store

with closing(sqlite3.connect(":memory:")) as nothing:
    STEPS = [step.name for step in migrations.pending(Database(nothing))]
OPENERS = pytest.mark.parametrize("open_ledger", [open_writer, open_reader, open_copy])


def filled(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with Ledger.write(path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("ftp://x", "PT01"))])
    return dump(path)


def schema(path: Path) -> list[tuple[object, ...]]:
    return rows(
        path, "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '%sqlite_%' ORDER BY name"
    )


def sentence(error: LedgerError) -> bool:
    return error.message.endswith(".") and "Traceback" not in str(error)


def test_a_missing_ledger_is_made(ledger_path: Path) -> None:
    open_writer(ledger_path).close()
    assert {row[1] for row in schema(ledger_path)} >= {
        "urls",
        "assets",
        "links",
        "thumbnails",
        "products",
        "runs",
    }
    assert rows(ledger_path, "PRAGMA journal_mode") == [("wal",)]
    assert not list(ledger_path.parent.glob("*backup*"))


def test_an_empty_file_becomes_a_ledger(ledger_path: Path) -> None:
    ledger_path.touch()
    open_writer(ledger_path).close()
    assert schema(ledger_path)


def test_the_migrations_work_by_hand_too(ledger_path: Path, tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "migrations"
    subprocess.run(
        [Path(sys.executable).with_name("sqlite-utils"), "migrate", ledger_path, folder],
        check=True,
        capture_output=True,
    )
    open_writer(tmp_path / "other.db").close()
    assert schema(ledger_path) == schema(tmp_path / "other.db")
    open_reader(ledger_path).close()


@pytest.mark.parametrize("version", range(1, len(STEPS)))
def test_an_older_ledger_keeps_its_rows_and_leaves_a_backup(ledger_path: Path, version: int) -> None:
    with closing(Database(ledger_path)) as old:
        migrations.apply(old, stop_before=STEPS[version])
        old.execute("INSERT INTO products (id, sku, is_parent) VALUES (1, 'S1', 0)")
        addresses = "addresses" if "m008_the_state_of_an_address_is_derived" in STEPS[:version] else "urls"
        old.execute(f"INSERT INTO {addresses} (id, url) VALUES (1, 'https://x/1.jpg')")
        old.conn.commit()
    with pytest.raises(LedgerError, match="older amzsync"):
        open_reader(ledger_path)
    open_writer(ledger_path).close()
    assert rows(ledger_path, "SELECT sku, url FROM products, urls") == [("S1", "https://x/1.jpg")]
    backup = ledger_path.with_name(f"amzsync.db.backup-v{version}")
    assert rows(backup, "SELECT sku, url FROM products, urls") == [("S1", "https://x/1.jpg")]
    assert rows(backup, "SELECT name FROM _sqlite_migrations") == [(name,) for name in STEPS[:version]]
    assert [path.name for path in ledger_path.parent.glob("*partial*")] == []
    open_reader(ledger_path).close()


def test_a_link_in_flight_in_an_older_ledger_may_have_arrived_at_its_place(ledger_path: Path) -> None:
    with closing(Database(ledger_path)) as old:
        migrations.apply(old, stop_before="m006_sent_links")
        old.execute("INSERT INTO products (id, sku, is_parent) VALUES (1, 'S1', 0)")
        for number, (state, placed) in enumerate([("in_flight", None), ("in_flight", 7), ("done", 3)], 1):
            old.execute("INSERT INTO urls (id, url) VALUES (?, ?)", (number, f"https://x/{number}.jpg"))
            old.execute("INSERT INTO assets (id, filename) VALUES (?, 'x.jpg')", (number,))
            old.execute(
                "INSERT INTO links (product_id, asset_id, variant, position, state, placed)"
                " VALUES (1, ?, 'MAIN', ?, ?, ?)",
                (number, number, state, placed),
            )
        old.conn.commit()
    open_writer(ledger_path).close()
    assert rows(ledger_path, "SELECT sent FROM links ORDER BY asset_id") == [(1,), (7,), (None,)]


def test_the_addresses_of_an_older_ledger_keep_their_states(ledger_path: Path) -> None:
    found = {
        "done": ("done", None, "done"),
        "refused by Plytix": ("failed", "not an image", "failed"),
        "malformed": ("failed", "no https", None),
        "private": ("failed", "private network", "obsolete"),
        "gone": ("obsolete", "not an image", "obsolete"),
        "malformed and gone": ("obsolete", "no https", None),
        "skipped": ("skipped", "no product wants it", "skipped"),
        "pending": ("pending", None, "pending"),
    }
    with closing(Database(ledger_path)) as old:
        migrations.apply(old, stop_before="m008_the_state_of_an_address_is_derived")
        for number, (url, (state, reason, asset)) in enumerate(found.items(), 1):
            old.execute("INSERT INTO urls VALUES (?, ?, ?, ?)", (number, url, state, reason))
            if asset:
                old.execute(
                    "INSERT INTO assets (id, filename, plytix_id, state, reason)"
                    " VALUES (?, 'x.jpg', 'p', ?, ?)",
                    (number, asset, None if url == "private" else reason),
                )
        old.execute(
            "INSERT INTO failures (row_table, url_id, message, attempts, failed_at)"
            " VALUES ('urls', 3, 'no https', 0, 'then')"
        )
        old.conn.commit()
    open_writer(ledger_path).close()
    assert dict(rows(ledger_path, "SELECT url, state FROM urls")) == {
        url: state for url, (state, _, _) in found.items()
    }
    assert rows(ledger_path, "SELECT url, reason FROM urls WHERE state = 'failed' ORDER BY id") == [
        ("refused by Plytix", "not an image"),
        ("malformed", "no https"),
        ("private", "private network"),
    ]
    assert rows(ledger_path, "PRAGMA foreign_key_check") == []
    with closing(sqlite3.connect(ledger_path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("DELETE FROM addresses WHERE id = 3")


def test_a_step_that_fails_half_way_leaves_the_ledger_as_it_was(
    ledger_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = filled(ledger_path)
    ours = Migrations("amzsync")
    for name in STEPS:
        ours(name=name)(lambda _: None)

    @ours(name="m999_breaks")
    def breaks(db: Database) -> None:
        db.execute("CREATE TABLE half (id INTEGER)")
        db.execute("DELETE FROM links")
        db.execute("NOT SQL")

    monkeypatch.setattr(opening, "migrations", ours)
    monkeypatch.setattr(opening, "our_steps", lambda: [*STEPS, "m999_breaks"])
    with pytest.raises(LedgerError):
        open_writer(ledger_path)
    monkeypatch.undo()
    assert dump(ledger_path) == before
    assert "half" not in {row[1] for row in schema(ledger_path)}
    assert dump(ledger_path.with_name(f"amzsync.db.backup-v{len(STEPS)}")) == before
    open_writer(ledger_path).close()


@OPENERS
def test_a_newer_ledger_is_refused_and_stays_as_it_is(
    ledger_path: Path, open_ledger: Callable[[Path], Store]
) -> None:
    filled(ledger_path)
    with closing(sqlite3.connect(ledger_path)) as newer:
        newer.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('amzsync', 'm999', '')"
        )
        newer.commit()
        newer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = ledger_path.read_bytes()
    with pytest.raises(LedgerTooNewError, match="m999") as raised:
        open_ledger(ledger_path)
    assert raised.value.next_step == "Upgrade amzsync."
    assert ledger_path.read_bytes() == before
    assert sorted(path.name for path in ledger_path.parent.glob("*backup*")) == []


@OPENERS
@pytest.mark.parametrize("content", [b"SKU,Image\n", b"{}", b"\0" * 4096, b"SQLite format 2\0" * 300])
def test_a_file_of_another_kind_is_refused_and_kept(
    ledger_path: Path, open_ledger: Callable[[Path], Store], content: bytes
) -> None:
    ledger_path.write_bytes(content)
    with pytest.raises(LedgerForeignError, match="not an SQLite file") as raised:
        open_ledger(ledger_path)
    assert sentence(raised.value)
    assert ledger_path.read_bytes() == content


@OPENERS
def test_another_programs_database_is_refused_and_not_changed(
    ledger_path: Path, open_ledger: Callable[[Path], Store]
) -> None:
    with closing(sqlite3.connect(ledger_path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    before = ledger_path.read_bytes()
    with pytest.raises(LedgerForeignError, match="another program") as raised:
        open_ledger(ledger_path)
    assert sentence(raised.value)
    assert ledger_path.read_bytes() == before


@OPENERS
def test_a_folder_is_no_ledger(tmp_path: Path, open_ledger: Callable[[Path], Store]) -> None:
    with pytest.raises(LedgerError, match="is a folder"):
        open_ledger(tmp_path)


def test_a_missing_folder_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="There is no folder") as raised:
        open_writer(tmp_path / "none" / "amzsync.db")
    assert sentence(raised.value)
    assert not (tmp_path / "none").exists()


def test_a_reader_makes_no_ledger(ledger_path: Path) -> None:
    with pytest.raises(LedgerError, match="no ledger") as raised:
        open_reader(ledger_path)
    assert "amzsync plan" in raised.value.next_step
    assert not ledger_path.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(ledger_path: Path) -> None:
    filled(ledger_path)
    ledger_path.chmod(0)
    with pytest.raises(LedgerError, match="cannot be"):
        open_writer(ledger_path)


@pytest.mark.parametrize("damage", ["cut", "page", "header"])
def test_a_damaged_ledger_says_so_and_is_kept(ledger_path: Path, damage: str) -> None:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product(f"S{n}", (f"a{n}", "MAIN")) for n in range(500)])
    with closing(sqlite3.connect(ledger_path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = ledger_path.read_bytes()
    broken = {
        "cut": whole[: len(whole) // 2],
        "page": whole[:4096] + os.urandom(len(whole) - 8192) + whole[-4096:],
        "header": whole[:16] + b"\xff" * 84 + whole[100:],
    }[damage]
    ledger_path.write_bytes(broken)

    def use_it() -> None:
        with Ledger.write(ledger_path, CLOCKS) as ledger:
            ledger.merge.known_rows()
            ledger.queries.counts()
            list(ledger.queries.products())

    with pytest.raises(LedgerError, match=r"is damaged|not an SQLite file") as raised:
        use_it()
    assert "--ledger FILE" in raised.value.next_step
    assert ledger_path.read_bytes()[4096:] == broken[4096:]


def test_a_reader_sees_what_is_committed_while_a_writer_writes(ledger_path: Path) -> None:
    with Ledger.write(ledger_path, CLOCKS) as writer:
        merge(writer, [product("S1", ("a", "MAIN"))])
        with writer.atomic():
            writer.work().skip_product(1, "not yet committed")
            with Ledger.read(ledger_path) as reader, Ledger.copy(ledger_path) as copy:
                for seen in (reader, copy):
                    assert [row.open for row in seen.queries.products()] == [1]
        with Ledger.read(ledger_path) as reader:
            assert [row.skipped for row in reader.queries.products()] == [1]


DIES_IN_THE_MIDDLE = """
import os, signal, sqlite3, sys
ledger = sqlite3.connect(sys.argv[1], isolation_level=None)
ledger.execute("PRAGMA journal_mode = DELETE")
ledger.execute("PRAGMA cache_size = 1")
ledger.execute("BEGIN")
addresses = [(f"https://x/{n}/{'x' * 500}",) for n in range(200)]
ledger.executemany("INSERT INTO addresses (url) VALUES (?)", addresses)
os.kill(os.getpid(), signal.SIGKILL)
"""


def half_written(path: Path) -> None:
    """Leave the journal of a writer that was killed while WAL mode was off."""
    subprocess.run([sys.executable, "-c", DIES_IN_THE_MIDDLE, path], check=False)
    assert path.with_name("amzsync.db-journal").exists()


def test_a_writer_killed_before_wal_mode_was_on_leaves_nothing_half_done(ledger_path: Path) -> None:
    before = filled(ledger_path)
    half_written(ledger_path)
    open_writer(ledger_path).close()
    assert dump(ledger_path) == before


def test_a_death_between_the_table_of_steps_and_its_index_leaves_a_ledger_that_opens(
    ledger_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Table, "create_index", die)
        with pytest.raises(KeyboardInterrupt):
            open_writer(ledger_path)
    open_writer(ledger_path).close()
    assert rows(ledger_path, "SELECT name FROM _sqlite_migrations ORDER BY id") == [(name,) for name in STEPS]


def test_a_reader_leaves_a_half_written_ledger_to_a_writer(ledger_path: Path) -> None:
    filled(ledger_path)
    half_written(ledger_path)
    files = {path.name: path.read_bytes() for path in ledger_path.parent.iterdir()}
    with pytest.raises(LedgerError, match="half written") as raised:
        open_reader(ledger_path)
    assert "amzsync plan" in raised.value.next_step
    assert {path.name: path.read_bytes() for path in ledger_path.parent.iterdir()} == files


def test_a_reader_cannot_write(ledger_path: Path) -> None:
    before = filled(ledger_path)
    with Ledger.read(ledger_path) as reader, pytest.raises(LedgerError):
        reader.work().skip_product(1, "no")
    assert dump(ledger_path) == before


def test_what_is_done_to_a_copy_is_gone_afterwards(ledger_path: Path) -> None:
    before = filled(ledger_path)
    with Ledger.copy(ledger_path, CLOCKS) as copy:
        merge(copy, [product("S2", ("b", "MAIN"))])
        assert [row.sku for row in copy.queries.products()] == ["S2"]
    assert dump(ledger_path) == before
    assert not list(ledger_path.parent.glob("*backup*"))


def test_a_transaction_that_fails_is_taken_back_whole(ledger_path: Path) -> None:
    before = filled(ledger_path)

    def fail_inside() -> None:
        with Ledger.write(ledger_path, CLOCKS) as ledger, ledger.atomic():
            ledger.work().skip_product(1, "taken back")
            with ledger.atomic():
                ledger.work().resolve({1: "p1"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_inside()
    assert dump(ledger_path) == before


def test_a_second_writer_waits_its_time_and_then_says_why(
    ledger_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(ledger_path)
    monkeypatch.setattr(opening, "_BUSY_TIMEOUT_S", 0.01)
    with (
        Ledger.write(ledger_path) as first,
        Ledger.write(ledger_path) as second,
        first.atomic(),
        pytest.raises(LedgerError, match="locked by another process"),
    ):
        second.work().skip_product(1, "no")


def test_a_name_with_odd_characters_is_a_name(tmp_path: Path) -> None:
    for name in ("a b.db", "50%.db", "what?.db", "#1.db", "ü.db"):
        path = tmp_path / name
        before = filled(path)
        open_reader(path).close()
        assert path.is_file()
        assert dump(path) == before


def test_an_old_sqlite_is_said_before_anything_is_touched(
    ledger_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_MIN_SQLITE", (99, 0, 0))
    with pytest.raises(LedgerError, match=r"needs 3\.37"):
        open_writer(ledger_path)
    assert not ledger_path.exists()


def test_a_ledger_moved_with_its_file_alone_is_whole(ledger_path: Path, tmp_path: Path) -> None:
    before = filled(ledger_path)
    shutil.copy(ledger_path, tmp_path / "moved.db")
    assert dump(tmp_path / "moved.db") == before


@OPENERS
def test_no_connection_is_left_open(ledger_path: Path, open_ledger: Callable[[Path], Store]) -> None:
    open_writer(ledger_path).close()
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        open_ledger(ledger_path).close()
        gc.collect()
    assert [str(one.message) for one in caught] == []


def test_no_statement_numbers_its_placeholders() -> None:
    """Python 3.12 warns of ?1 with a sequence, and 3.14 refuses it."""
    folder = Path(opening.__file__).parents[1]
    # After a bracket it is a control sequence of terminals.
    numbered = re.compile(r'"[^"\n]*(?<!\[)\?\d')
    assert [path.name for path in folder.rglob("*.py") if numbered.search(path.read_text())] == []
