"""A real SQLite ledger in memory, with a process that can die at any commit and a disk that can lose some."""

import contextlib
import sqlite3
import tempfile
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from simulation.world import Killed, World

from amzsync.ledger.ledger import Clocks, Ledger
from amzsync.ledger.store import Store

PATH = Path("simulated.db")
FOR_EVER = 1_000_000
"""So many commits find no room where nobody makes any."""

_KEPT_COMMITS = 25


@cache
def template() -> bytes:
    """A new ledger's bytes, made once by the real migrations."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "amzsync.db"
        Ledger.write(path).close()
        with (
            contextlib.closing(sqlite3.connect(path)) as written,
            contextlib.closing(sqlite3.connect(":memory:")) as copy,
        ):
            written.backup(copy)
            content = bytearray(copy.serialize())
    # In memory there is no WAL file: back to a rollback journal, in the two bytes that say so.
    content[18:20] = b"\x01\x01"
    return bytes(content)


class Disk:
    """What is committed. `kill_in` counts commits from now: the process dies before or after that one.

    `full_in` counts them, too: from that one on so many (`full_for`) find no room.
    """

    def __init__(self, world: World, *, keeps_history: bool) -> None:
        self.world = world
        self.content = template()
        self.history: deque[bytes] | None = deque(maxlen=_KEPT_COMMITS) if keeps_history else None
        self.kill_in: int | None = None
        self.kill_after = False
        self.died_at_commit = False
        self.full_in: int | None = None
        self.full_for = 0
        self.refused = 0
        self.commits = 0
        self.connection: _Connection | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[Ledger]:
        """The ledger, for one process."""
        connection = sqlite3.connect(
            ":memory:", factory=_Connection, isolation_level=None, cached_statements=256
        )
        connection.disk = None
        connection.deserialize(self.content)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.disk = self
        self.connection = connection
        try:
            yield Ledger(Store(connection, PATH), self.clocks())
        finally:
            self.die()

    def clocks(self) -> Clocks:
        """Those of the machine."""
        world = self.world
        return Clocks(
            now=lambda: datetime.fromtimestamp(world.wall(), UTC), wall=world.wall, monotonic=world.monotonic
        )

    def die(self) -> None:
        """The process has ended, however: what is committed stays, and nothing more is written."""
        connection, self.connection = self.connection, None
        if connection is None:
            return
        connection.is_dead = True
        if connection.in_transaction:
            sqlite3.Connection.rollback(connection)
        self.content = connection.serialize()
        connection.close()

    def lose(self, commits: int) -> int:
        """The power fails: so many of the last commits are gone. How many there were to lose."""
        if not self.history:
            return 0
        commits = min(commits, len(self.history))
        self.content = self.history[-commits]
        self.history.clear()
        return commits

    def committing(self, connection: "_Connection") -> bool:
        """A commit is about to be made; whether the process dies after it."""
        self._find_room()
        if self.history is not None:
            self.history.append(connection.last)
        self.commits += 1
        if self.kill_in is None:
            return False
        self.kill_in -= 1
        if self.kill_in >= 0:
            return False
        self.kill_in = None
        self.died_at_commit = True
        if self.kill_after:
            return True
        self.world.log("killed", "before a commit")
        connection.is_dead = True
        raise Killed

    def free(self) -> None:
        """The user makes room."""
        self.full_in = None

    def _find_room(self) -> None:
        if self.full_in is None:
            return
        if self.full_in:
            self.full_in -= 1
            return
        if not self.full_for:
            self.free()
            return
        self.full_for -= 1
        self.refused += 1
        self.world.log("full disk", "refuses a commit")
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error


class _Connection(sqlite3.Connection):
    disk: Disk | None = None
    is_dead = False
    last = b""

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        if self.is_dead:
            if sql == "ROLLBACK":
                # What a dead process had begun is taken back when its connection is closed.
                return super().execute("SELECT 1")
            raise Killed
        disk = self.disk
        if disk is None:
            return super().execute(sql, *arguments)
        if sql.startswith("BEGIN"):
            if disk.history is not None:
                self.last = self.serialize()
            return super().execute(sql, *arguments)
        is_commit = sql == "COMMIT" or (
            not self.in_transaction and sql.lstrip()[:6] in ("INSERT", "UPDATE", "DELETE")
        )
        if not is_commit:
            return super().execute(sql, *arguments)
        if sql != "COMMIT" and disk.history is not None:
            self.last = self.serialize()
        dies = disk.committing(self)
        cursor = super().execute(sql, *arguments)
        if dies:
            disk.world.log("killed", "after a commit")
            self.is_dead = True
            raise Killed
        return cursor

    def executemany(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        if self.is_dead:
            raise Killed
        return super().executemany(sql, *arguments)
