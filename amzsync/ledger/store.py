"""The one connection to a ledger that everything goes through."""

import contextlib
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from amzsync.errors import LedgerError
from amzsync.ledger.causes import cause
from amzsync.ledger.sqlite_errors import ledger_error

__all__ = ["Store"]

_ROWS_AT_ONCE = 64


class Store:
    """A connection in autocommit mode, with explicit transactions, for the thread that opened it."""

    def __init__(self, connection: sqlite3.Connection, path: Path, *, is_writer: bool = False) -> None:
        self.path = path
        self._connection = connection
        connection.create_function("cause", 2, cause, deterministic=True)
        self._file = _file_of(path) if is_writer else None

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        with self._readable_errors():
            return self._connection.execute(sql, values)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        with self._readable_errors():
            return self._connection.executemany(sql, rows).rowcount

    def insert_rows(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert many rows, a block of them with each statement: twice as fast as one by one."""
        head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "
        one = f"({', '.join('?' * len(columns))})"
        source = iter(rows)
        rest: list[Sequence[Any]] = []

        def blocks() -> Iterator[list[Any]]:
            nonlocal rest
            while len(block := list(itertools.islice(source, _ROWS_AT_ONCE))) == _ROWS_AT_ONCE:
                yield list(itertools.chain.from_iterable(block))
            rest = block

        self.execute_many(head + ", ".join([one] * _ROWS_AT_ONCE), blocks())
        self.execute_many(head + one, rest)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._readable_errors():
            return self._connection.execute(sql, values).fetchall()

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:  # noqa: ANN401 - a column's type is the query's
        rows = self.rows(sql, values)
        return rows[0][0] if rows else None

    @contextlib.contextmanager
    def atomic(self) -> Iterator[None]:
        """One transaction that takes the write lock at once; joins the one that is open."""
        if self._connection.in_transaction:
            yield
            return
        self._check_file()
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """One transaction that only reads; joins the one that is open."""
        if self._connection.in_transaction:
            yield
            return
        self.execute("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def unchecked_references(self) -> Iterator[None]:
        """Foreign keys are not checked inside: for rows whose references the program has made itself."""
        self.execute("PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            self.execute("PRAGMA foreign_keys = ON")

    def copy_into(self, target: sqlite3.Connection) -> None:
        """Copy everything that is committed."""
        self._connection.backup(target)

    def close(self) -> None:
        self._connection.close()

    def _check_file(self) -> None:
        """SQLite goes on writing into a file that has lost its name: what is written there is gone."""
        if self._file is not None and _file_of(self.path) != self._file:
            raise LedgerError(
                f"The ledger {self.path} was deleted or replaced while this run was writing to it.",
                "Put it back, or plan again with --mapping FILE: images already in Plytix are only read.",
            )

    @contextlib.contextmanager
    def _readable_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise ledger_error(self.path, error) from error


def _file_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
