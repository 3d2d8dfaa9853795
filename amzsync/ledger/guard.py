"""What is looked at before SQLite opens a ledger: the files beside it, and whose schema it has.

A ledger may come from anybody. SQLite acts on what it finds: it deletes the file that a journal names as its
super-journal, and evaluates the views, triggers and expressions of the schema.
"""

import os
import sqlite3
import stat
import sys
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sqlite_utils import Database

from amzsync.errors import LedgerError, LedgerForeignError, LedgerTooNewError
from amzsync.migrations.migrations import migrations

__all__ = ["applied_steps", "check_files_beside", "harden", "our_steps"]

_BESIDE = ("-journal", "-wal", "-shm")
_JOURNAL_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
_JOURNAL_TAIL = 16  # of a super-journal's record: the length of its name, a checksum, the magic
_STEPS = "_sqlite_migrations"
_NAME_SHOWN = 60


class _Object(NamedTuple):
    """A row of SQLite's own catalogue of a schema."""

    type: str
    name: str
    table: str
    sql: str | None


# Made by SQLite itself for whoever runs ANALYZE, and only ever read by its own planner.
_STATISTICS = frozenset(
    {
        _Object("table", "sqlite_stat1", "sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)"),
        _Object(
            "table", "sqlite_stat4", "sqlite_stat4", "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)"
        ),
    }
)


def our_steps() -> list[str]:
    """The names of all migrations, oldest first."""
    with closing(sqlite3.connect(":memory:")) as nothing:
        return [step.name for step in migrations.pending(Database(nothing, execute_plugins=False))]


def harden(connection: sqlite3.Connection) -> None:
    """Take no page to be whole, and let nothing write SQLite's own tables.

    `trusted_schema` stays on: older SQLites count json_valid, which our CHECKs call, among what it forbids.
    `applied_steps` compares the whole schema word for word instead.
    """
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0").close()
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)


def check_files_beside(path: Path) -> None:
    """Refuse what SQLite would follow or act upon.

    Raises:
        LedgerForeignError: a journal that names another file, or a file beside the ledger that is none.
    """
    # SQLite follows a link to the ledger, and looks beside the file itself.
    for place in dict.fromkeys((path.absolute(), Path(os.path.realpath(path)))):
        for suffix in _BESIDE:
            beside = place.with_name(f"{place.name}{suffix}")
            try:
                status = beside.lstat()
            except OSError:
                continue
            if not stat.S_ISREG(status.st_mode):
                raise LedgerForeignError(
                    f"{beside} is not a regular file, so the ledger is not opened.", "Move it away."
                )
        journal = place.with_name(f"{place.name}-journal")
        if _names_another_file(journal):
            raise LedgerForeignError(
                f"{journal} names another file, which opening the ledger would delete.",
                "It is not from amzsync: do not use this ledger, or move the journal away.",
            )


def _names_another_file(journal: Path) -> bool:
    try:
        with journal.open("rb") as file:
            file.seek(0, os.SEEK_END)
            if file.tell() < _JOURNAL_TAIL:
                return False
            file.seek(-_JOURNAL_TAIL, os.SEEK_END)
            tail = file.read(_JOURNAL_TAIL)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise LedgerError(f"{journal} cannot be read ({error.strerror}).") from None
    return tail.endswith(_JOURNAL_MAGIC) and any(tail[:4])


def applied_steps(path: Path, connection: sqlite3.Connection) -> list[str]:
    """The migrations that this ledger has had, none for a new one; its schema is exactly what they make.

    Raises:
        LedgerForeignError: it is another program's, or holds what amzsync did not make.
        LedgerTooNewError: it has had steps that this version does not know.
    """
    # One transaction: another process may be making the schema.
    connection.execute("BEGIN")
    try:
        found = _objects(connection)
        if not found:
            return []
        if not any(one.table == _STEPS for one in found):
            raise _foreign(path)
        # The names of the steps are read from a table, so that table comes first.
        _check(path, {one for one in found if one.table == _STEPS}, _expected(()))
        applied = [
            str(row[0])
            for row in connection.execute(
                f"SELECT name FROM {_STEPS} WHERE migration_set = ? ORDER BY id", (migrations.name,)
            )
        ]
    finally:
        connection.execute("COMMIT")
    if not applied and any(one.table != _STEPS for one in found):
        raise _foreign(path)
    unknown = set(applied) - set(our_steps())
    if unknown:
        raise LedgerTooNewError(
            f"The ledger {path} was created by a newer amzsync ({', '.join(sorted(unknown))}).",
            "Upgrade amzsync.",
        )
    _check(path, found, _expected(tuple(applied)))
    return applied


def _foreign(path: Path) -> LedgerForeignError:
    return LedgerForeignError(
        f"{path} is another program's database.", "Choose another file with --ledger FILE."
    )


def _check(path: Path, found: set[_Object], expected: frozenset[_Object]) -> None:
    unexpected = sorted(found - expected - _STATISTICS) or sorted(expected - found)
    if unexpected:
        what = f"{unexpected[0].type} {unexpected[0].name[:_NAME_SHOWN]!r}"
        raise LedgerForeignError(
            f"The ledger {path} has been changed by hand: see its {what}.",
            "Undo that change, or choose another file with --ledger FILE.",
        )


@cache
def _expected(steps: tuple[str, ...]) -> frozenset[_Object]:
    database = Database(memory=True, execute_plugins=False)
    try:
        migrations.ensure_migrations_table(database)
        for step in migrations.pending(database):
            if step.name in steps:
                step.fn(database)
        return frozenset(_objects(database.conn))
    finally:
        database.close()


def _objects(connection: sqlite3.Connection) -> set[_Object]:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    return {
        _Object(str(kind), str(name), str(table), None if sql is None else " ".join(str(sql).split()))
        for kind, name, table, sql in rows
    }
