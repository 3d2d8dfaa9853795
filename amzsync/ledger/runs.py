"""Runs: what was started with which options and mappings, and how it ended."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from amzsync.domain.timestamp import local_text, read_moment, utc_text
from amzsync.errors import AmzsyncError
from amzsync.ledger.opening import open_reader
from amzsync.ledger.rows import Outcome, Run
from amzsync.ledger.store import Store

__all__ = ["Runs", "Writer", "current_writer"]

_HOLDER = "holder"


@dataclass(frozen=True, slots=True)
class Writer:
    """A process that writes to a ledger; `since` is UTC in ISO form."""

    pid: int
    command: str
    since: str

    @property
    def phrase(self) -> str:
        """`process 4711 (apply, since 2026-11-24 21:03+01:00)`."""
        since = read_moment(self.since)
        return f"process {self.pid} ({self.command}, since {local_text(since) if since else self.since})"


class Runs:
    """The `runs`, `mappings` and `settings` tables."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def hold(self, command: str, pid: int) -> None:
        """Say who writes to this ledger from now on."""
        self.keep_setting(
            _HOLDER, json.dumps({"pid": pid, "command": command, "since": utc_text(self._now())})
        )

    def holder(self) -> Writer | None:
        """Who has said so last: they may have ended since."""
        try:
            kept = json.loads(self.setting(_HOLDER) or "{}")
            return Writer(int(kept["pid"]), str(kept["command"]), str(kept["since"]))
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def start(
        self,
        command: str,
        options: Mapping[str, object],
        pid: int,
        mappings: Sequence[tuple[str, str]],
        *,
        is_planned: bool = True,
        is_confirmed: bool = True,
    ) -> int:
        """Record a new run with its mappings' names and SHA-256."""
        with self._store.atomic():
            run_id = int(
                self._store.value(
                    "INSERT INTO runs (command, options, pid, started_at, is_planned, is_confirmed)"
                    " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                    (
                        command,
                        json.dumps(dict(options), sort_keys=True),
                        pid,
                        utc_text(self._now()),
                        is_planned,
                        is_confirmed,
                    ),
                )
            )
            self.keep_mappings(run_id, mappings)
        return run_id

    def keep_mappings(self, run_id: int, mappings: Sequence[tuple[str, str]]) -> None:
        """Record the mappings of a run as they are now."""
        with self._store.atomic():
            self._store.execute("DELETE FROM mappings WHERE run_id = ?", (run_id,))
            self._store.execute_many(
                "INSERT OR REPLACE INTO mappings (run_id, name, sha256) VALUES (?, ?, ?)",
                [(run_id, name, sha256) for name, sha256 in mappings],
            )

    def planned(self, run_id: int) -> None:
        """The run's mappings stand in the ledger."""
        self._store.execute("UPDATE runs SET is_planned = 1 WHERE id = ?", (run_id,))

    def confirmed(self, run_id: int) -> None:
        """Somebody has agreed to the run's plan."""
        self._store.execute("UPDATE runs SET is_confirmed = 1 WHERE id = ?", (run_id,))

    def withdraw(self, run_id: int) -> None:
        """Forget a run that could not begin: its mapping is none, and the ledger is as it was."""
        with self._store.atomic():
            self._store.execute("DELETE FROM mappings WHERE run_id = ?", (run_id,))
            self._store.execute("DELETE FROM runs WHERE id = ?", (run_id,))

    def reopen(self, run_id: int, pid: int) -> None:
        """Carry on a run that did not come to its end."""
        self._store.execute(
            "UPDATE runs SET ended_at = NULL, outcome = NULL, message = NULL, pid = ? WHERE id = ?",
            (pid, run_id),
        )

    def end(self, run_id: int, outcome: Outcome, counters: Mapping[str, object], message: str = "") -> None:
        self._store.execute(
            "UPDATE runs SET ended_at = ?, outcome = ?, counters = ?, message = ? WHERE id = ?",
            (
                utc_text(self._now()),
                outcome,
                json.dumps(dict(counters), sort_keys=True),
                message or None,
                run_id,
            ),
        )

    def last_unfinished(self) -> Run | None:
        """The latest run but for plans, where it neither came to its end nor was declined (`PLANNED`)."""
        runs = self._read("WHERE command <> 'plan' ORDER BY id DESC LIMIT 1")
        if runs and runs[0].outcome not in (Outcome.FINISHED, Outcome.FAILURES, Outcome.PLANNED):
            return runs[0]
        return None

    def latest(self, count: int) -> tuple[Run, ...]:
        return tuple(self._read("ORDER BY id DESC LIMIT ?", (count,)))

    def account(self) -> str | None:
        value = self._store.value("SELECT value FROM settings WHERE name = 'account'")
        return None if value is None else str(value)

    def setting(self, name: str) -> str | None:
        value = self._store.value("SELECT value FROM settings WHERE name = ?", (name,))
        return None if value is None else str(value)

    def keep_setting(self, name: str, value: str) -> None:
        self._store.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value))

    def _read(self, tail: str, values: Sequence[object] = ()) -> list[Run]:
        rows = self._store.rows(
            "SELECT id, command, options, pid, started_at, ended_at, outcome, message, counters, is_planned,"
            " is_confirmed FROM runs " + tail,
            values,
        )
        return [self._run(row) for row in rows]

    def _run(self, row: Sequence[object]) -> Run:
        run_id, command, options, pid, started_at, ended_at, outcome, message, counters = row[:9]
        mappings = self._store.rows(
            "SELECT name, sha256 FROM mappings WHERE run_id = ? ORDER BY name", (run_id,)
        )
        return Run(
            id=int(str(run_id)),
            command=str(command),
            options=str(options),
            pid=int(str(pid)),
            started_at=str(started_at),
            ended_at=None if ended_at is None else str(ended_at),
            outcome=None if outcome is None else Outcome(str(outcome)),
            message=None if message is None else str(message),
            counters=str(counters),
            mappings=tuple((str(name), str(sha256)) for name, sha256 in mappings),
            is_planned=bool(row[9]),
            is_confirmed=bool(row[10]),
        )


def current_writer(path: Path) -> str:
    """The process that is writing to this ledger, as a phrase."""
    try:
        store = open_reader(path)
    except (AmzsyncError, sqlite3.Error):
        return "another process"
    try:
        holder = Runs(store, lambda: datetime.now(UTC)).holder()
    except AmzsyncError:
        holder = None
    finally:
        store.close()
    return holder.phrase if holder else "another process"
