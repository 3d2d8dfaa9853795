"""A ledger may come from anybody: what it and the files beside it can make SQLite do."""

import os
import sqlite3
import stat
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from amzsync.migrations.migrations import migrations
from catalogue import CLOCKS, merge, product
from sqlite_utils import Database

from amzsync.errors import LedgerError, LedgerForeignError
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import WriterLock
from amzsync.ledger.opening import open_copy, open_reader, open_writer
from amzsync.ledger.store import Store

OPENERS = pytest.mark.parametrize("open_ledger", [open_writer, open_reader, open_copy])
POSIX = pytest.mark.skipif(os.name != "posix", reason="modes, pipes and links of POSIX")

DIES_IN_A_TRANSACTION = """
import os, signal, sqlite3, sys
ledger = sqlite3.connect(sys.argv[1], isolation_level=None)
ledger.execute("PRAGMA journal_mode = DELETE")
ledger.execute("PRAGMA cache_size = 1")
ledger.execute("BEGIN")
ledger.executemany("INSERT INTO urls (url) VALUES (?)", [(f"https://x/{n}/{'x' * 500}",) for n in range(200)])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def ledger(ledger_path: Path) -> Path:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"))])
    return ledger_path


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def name_super_journal(journal: Path, victim: Path) -> None:
    """End a journal as SQLite does where a transaction covers several databases."""
    name = os.fsencode(victim)
    with journal.open("ab") as file:
        file.write(struct.pack(">I", 0x40000000 // 4096 + 1) + name)
        file.write(struct.pack(">II", len(name), sum(name)) + b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")


@POSIX
@OPENERS
@pytest.mark.parametrize("by_link", [False, True], ids=["itself", "through a link"])
def test_a_journal_that_names_another_file_deletes_nothing(
    ledger: Path, tmp_path: Path, open_ledger: Callable[[Path], Store], *, by_link: bool
) -> None:
    victim = tmp_path / "thesis.txt"
    victim.write_text("three years")
    subprocess.run([sys.executable, "-c", DIES_IN_A_TRANSACTION, ledger], check=False)
    name_super_journal(ledger.with_name("amzsync.db-journal"), victim)
    path = ledger
    if by_link:
        path = tmp_path / "link.db"
        path.symlink_to(ledger)
    with pytest.raises(LedgerForeignError, match="names another file"):
        open_ledger(path)
    assert victim.read_text() == "three years"


@POSIX
@OPENERS
@pytest.mark.parametrize("suffix", ["-journal", "-wal", "-shm"])
def test_a_link_or_a_pipe_beside_the_ledger_is_not_followed(
    ledger: Path, tmp_path: Path, open_ledger: Callable[[Path], Store], suffix: str
) -> None:
    beside = ledger.with_name(f"amzsync.db{suffix}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LedgerForeignError, match="not a regular file"):
        open_ledger(ledger)
    beside.unlink()
    os.mkfifo(beside)
    with pytest.raises(LedgerForeignError, match="not a regular file"):
        open_ledger(ledger)
    assert not (tmp_path / "elsewhere").exists()


ADDED = [
    "CREATE VIEW more AS SELECT * FROM urls",
    "CREATE TRIGGER more AFTER UPDATE ON assets BEGIN DELETE FROM links; END",
    "CREATE TRIGGER more INSTEAD OF UPDATE ON urls BEGIN DELETE FROM links; END",
    "DROP VIEW urls",
    "CREATE TABLE more (x)",
    "CREATE INDEX more ON addresses (hex(url))",
    "ALTER TABLE addresses ADD COLUMN more TEXT GENERATED ALWAYS AS (hex(url || url)) VIRTUAL",
    "ALTER TABLE addresses ADD COLUMN more TEXT CHECK (hex(more) <> 'AA')",
    "ALTER TABLE settings RENAME TO more",
    "ALTER TABLE products DROP COLUMN wanted",
    "DROP TABLE observed_limits",
]


@OPENERS
@pytest.mark.parametrize("statement", ADDED)
def test_a_schema_that_is_not_ours_word_for_word_is_refused(
    ledger: Path, open_ledger: Callable[[Path], Store], statement: str
) -> None:
    change(ledger, statement)
    before = ledger.read_bytes()
    with pytest.raises(LedgerForeignError, match="has been changed by hand"):
        open_ledger(ledger)
    assert ledger.read_bytes() == before


@OPENERS
def test_the_names_of_the_steps_are_read_from_no_view(
    ledger: Path, open_ledger: Callable[[Path], Store]
) -> None:
    change(
        ledger,
        "ALTER TABLE _sqlite_migrations RENAME TO kept",
        "CREATE VIEW _sqlite_migrations AS SELECT *, (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
        " FROM n) SELECT count(*) FROM n) FROM kept",
    )
    with pytest.raises(LedgerForeignError):
        open_ledger(ledger)


@OPENERS
def test_statistics_for_sqlites_planner_are_no_strangers(
    ledger: Path, open_ledger: Callable[[Path], Store]
) -> None:
    change(ledger, "ANALYZE")
    open_ledger(ledger).close()


@POSIX
@OPENERS
def test_a_pipe_or_a_device_is_no_ledger_and_nobody_waits_for_it(
    tmp_path: Path, open_ledger: Callable[[Path], Store]
) -> None:
    pipe = tmp_path / "pipe.db"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(LedgerError, match="not a regular file"):
            open_ledger(path)


@POSIX
def test_a_ledger_and_all_beside_it_are_private_to_their_owner(ledger_path: Path) -> None:
    before = os.umask(0)
    try:
        with WriterLock(ledger_path), Ledger.write(ledger_path, CLOCKS) as ledger:
            merge(ledger, [product("S1", ("a", "MAIN"))])
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in ledger_path.parent.iterdir()}
    finally:
        os.umask(before)
    assert {"amzsync.db", "amzsync.db-wal", "amzsync.db-shm", "amzsync.db.lock"} <= modes.keys()
    assert set(modes.values()) == {0o600}


@POSIX
def test_an_existing_ledger_keeps_its_mode(ledger: Path) -> None:
    ledger.chmod(0o640)
    open_writer(ledger).close()
    assert stat.S_IMODE(ledger.stat().st_mode) == 0o640


def older(path: Path) -> None:
    with closing(Database(path, execute_plugins=False)) as old:
        migrations.apply(old, stop_before=migrations.pending(old)[1].name)


@POSIX
def test_a_backup_is_private_and_follows_no_link(ledger_path: Path, tmp_path: Path) -> None:
    older(ledger_path)
    victim = tmp_path / "thesis.txt"
    victim.write_text("three years")
    for name in ("amzsync.db.backup-v1", "amzsync.db.backup-v1.partial"):
        (tmp_path / name).symlink_to(victim)
    before = os.umask(0)
    try:
        open_writer(ledger_path).close()
    finally:
        os.umask(before)
    assert victim.read_text() == "three years"
    backup = ledger_path.with_name("amzsync.db.backup-v1")
    assert stat.S_IMODE(backup.lstat().st_mode) == 0o600
    assert backup.is_file()
    assert not backup.is_symlink()


def test_a_backup_that_cannot_be_made_leaves_the_ledger_as_it_was(ledger_path: Path) -> None:
    older(ledger_path)
    (ledger_path.parent / "amzsync.db.backup-v1").mkdir()
    with pytest.raises(LedgerError, match="cannot be copied"):
        open_writer(ledger_path)
    with closing(sqlite3.connect(ledger_path)) as kept:
        assert kept.execute("SELECT count(*) FROM _sqlite_migrations").fetchone() == (1,)
    assert not list(ledger_path.parent.glob("*.partial"))
