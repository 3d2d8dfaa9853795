"""The SQLite file that holds an account, or the same in memory.

One process at a time holds the file, from opening to closing or to its death. A commit reaches the
operating system, not the disk: it outlives a killed process, and costs microseconds.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from amzsync.errors import SandboxError

_APPLICATION_ID = 0x414D5A53
_VERSION = 1

# Far below the number of parameters that the oldest supported SQLite takes.
_MAX_PARAMETERS = 900

_SCHEMA = """
CREATE TABLE products (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    sku TEXT NOT NULL UNIQUE,
    sku_key TEXT NOT NULL,
    label TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'Draft',
    created TEXT NOT NULL,
    modified TEXT NOT NULL,
    plain TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX products_sku_key ON products (sku_key);
CREATE TABLE assets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    filename TEXT NOT NULL,
    filename_key TEXT NOT NULL,
    source_url TEXT NOT NULL,
    content TEXT NOT NULL,
    content_type TEXT NOT NULL,
    file_size INTEGER NOT NULL,
    created TEXT NOT NULL,
    modified TEXT NOT NULL,
    public INTEGER NOT NULL,
    categories TEXT NOT NULL
);
CREATE INDEX assets_filename_key ON assets (filename_key);
CREATE INDEX assets_source_url ON assets (source_url);
CREATE TABLE links (
    product TEXT NOT NULL,
    label TEXT NOT NULL,
    position INTEGER NOT NULL,
    asset TEXT NOT NULL,
    PRIMARY KEY (product, label, position)
) WITHOUT ROWID;
CREATE INDEX links_asset ON links (asset, product);
CREATE TABLE attributes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    type_class TEXT NOT NULL
);
CREATE TABLE tokens (token TEXT PRIMARY KEY, expires_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE arrivals (at REAL NOT NULL);
CREATE INDEX arrivals_at ON arrivals (at);
"""

# Made where they are missing, also in an older file: what it holds belongs to no family.
_ADDED = """
CREATE TABLE IF NOT EXISTS family_attributes (
    family TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (family, label)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS family_products (
    product TEXT PRIMARY KEY,
    family TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alt_texts (asset TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS families (id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
"""


class Database:
    """One connection for all threads; hold `lock` (or `transaction`) around what belongs together."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or create; a SandboxError where the file cannot be used."""
        self.lock = threading.RLock()
        self.db = _open(path)

    def close(self) -> None:
        with self.lock:
            self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One commit for everything inside; an exception takes all of it back."""
        with self.lock:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever is changed inside is taken back."""
        with self.lock:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                self.db.execute("ROLLBACK")

    def select_in(self, query: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
        """Run a query whose `{}` takes the values, as often as their number needs."""
        rows: list[tuple[Any, ...]] = []
        with self.lock:
            for start in range(0, len(values), _MAX_PARAMETERS):
                some = values[start : start + _MAX_PARAMETERS]
                rows += self.db.execute(query.format(",".join("?" * len(some))), some)
        return rows


def _open(path: Path | None) -> sqlite3.Connection:
    """Connect, take the file for this process, and make the tables where there are none.

    A SandboxError where the file is another program's, damaged, or in use.
    """
    place = "in memory" if path is None else str(path)
    try:
        db = sqlite3.connect(
            ":memory:" if path is None else path, timeout=0, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise SandboxError(
            f"The sandbox account {place} cannot be opened: {error}.", "Name a file in a folder that exists."
        ) from error
    try:
        _prepare(db, place)
    except sqlite3.OperationalError as error:
        db.close()
        if "locked" not in str(error):
            raise _unusable(place, str(error)) from error
        raise SandboxError(
            f"The sandbox account {place} is in use by another process.",
            "Wait until that process ends, or name another file.",
        ) from error
    except sqlite3.DatabaseError as error:
        db.close()
        raise _unusable(place, str(error)) from error
    except SandboxError:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, place: str) -> None:
    application, version, tables = (
        db.execute(query).fetchone()[0]
        for query in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if tables and (application, version) != (_APPLICATION_ID, _VERSION):
        raise _unusable(place, "it belongs to another program or version")
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN IMMEDIATE")  # The first write takes the exclusive lock that is then kept.
    if not tables:
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {_VERSION}")
    for statement in _ADDED.split(";"):
        db.execute(statement)
    db.execute("COMMIT")
    with closing(db.execute("PRAGMA quick_check(1)")) as check:
        if check.fetchone()[0] != "ok":
            raise _unusable(place, "it is damaged")


def _unusable(place: str, cause: str) -> SandboxError:
    return SandboxError(
        f"The sandbox account {place} cannot be used: {cause}.", "Move the file away, or name another one."
    )
