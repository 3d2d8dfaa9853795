"""Disks that fill up, turn read-only or lose the ledger: said in a sentence, and nothing is lost by it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from amzsync.migrations.migrations import migrations
from proof.commands import Commands, Ended, account
from proof.fault_harness import KINDS, FaultHarness, product
from proof.scenarios import FAST, Reference, known, same_account, sandbox_of
from sandbox_faults import RunBefore, Sandbox
from sqlite_utils import Database


@dataclass(frozen=True, slots=True)
class Stage:
    commands: Commands
    sandbox: Sandbox
    whole: Reference
    folder: Path

    def apply(self, **order: object) -> Ended:
        arguments = ("apply", "--mapping", self.folder / "mapping.json", "--yes", *FAST)
        return self.commands.run(account(self.sandbox, self.folder), *arguments, **order)

    def resume(self) -> Ended:
        return self.commands.run(account(self.sandbox, self.folder), "resume")

    def is_whole(self, ended: Ended) -> None:
        assert ended.code == self.whole.code, ended.err
        same_account(self.sandbox.snapshot(), self.whole.snapshot)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    scenario, whole = known(77)
    scenario.write(tmp_path / "mapping.json")
    with sandbox_of(scenario) as sandbox, Commands(tmp_path) as commands:
        yield Stage(commands, sandbox, whole, tmp_path)


@pytest.mark.parametrize("requests", [1, 6, 15])
@pytest.mark.parametrize(
    ("pragma", "words"),
    [
        ("PRAGMA max_page_count = {pages}", "no space left"),
        ("PRAGMA query_only = ON", "cannot be written"),
    ],
    ids=["full", "read-only"],
)
def test_a_disk_that_takes_no_more_stops_the_run_and_it_goes_on_later(
    pragma: str, words: str, requests: int, stage: Stage
) -> None:
    with closing(sqlite3.connect(stage.commands.ledger)) as db:
        # With small pages a disk is full soon.
        db.execute("PRAGMA page_size = 512")
        db.execute("VACUUM")
    ended = stage.apply(pragma=pragma, requests=requests)
    assert ended.code == 1, ended.err
    assert words in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
    stage.is_whole(stage.resume())


def test_a_ledger_deleted_while_it_is_used_is_noticed(harness: FaultHarness, sandbox: Sandbox) -> None:
    sandbox.seed(["A", "B"])
    sandbox.faults.add(KINDS["asset search"].goes(RunBefore(harness.ledger.unlink)))
    ran = harness.apply([product("A", "x1"), product("B", "x2")])
    assert ran.code == 1
    assert "was deleted or replaced" in ran.said
    assert "only read" in ran.said
    assert not ran.requests.get("POST /assets"), "nothing is sent that could not be written down"
    again = harness.apply([product("A", "x1"), product("B", "x2")])
    assert (again.code, again.failures) == (0, []), again.said


def test_a_ledger_replaced_while_it_is_used_is_noticed_and_the_new_one_is_left_alone(
    harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.seed(["A", "B"])
    other = harness.folder / "other.db"
    other.write_bytes(b"something else")
    sandbox.faults.add(KINDS["asset search"].goes(RunBefore(lambda: shutil.move(other, harness.ledger))))
    before = harness.ledger
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness, "failures", list)
        ran = harness.apply([product("A", "x1"), product("B", "x2")])
    assert ran.code == 1
    assert "was deleted or replaced" in ran.said
    assert before.read_bytes() == b"something else"


def test_without_its_wal_file_a_killed_ledger_goes_on_from_what_is_left(stage: Stage) -> None:
    assert stage.apply(event="after commit", count=25).was_killed
    stage.commands.ledger.with_name("amzsync.db-wal").unlink()
    stage.is_whole(stage.apply())


def damage(path: Path, start: int) -> bytes:
    whole = path.read_bytes()
    broken = whole[:start] + b"\xa5" * (len(whole) - start)
    path.write_bytes(broken)
    return broken


@pytest.mark.parametrize("start", [100, 4096, 20_000])
@pytest.mark.parametrize("command", ["apply", "resume", "status"])
def test_a_damaged_ledger_is_kept_and_another_costs_only_reads(
    command: str, start: int, harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.seed(["A", "B"])
    catalogue = [product("A", "x1"), product("B", "x1", "x2")]
    assert harness.apply(catalogue).code == 0
    broken = damage(harness.ledger, start)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness, "failures", list)
        ran = harness.apply(catalogue) if command == "apply" else harness.run(command)
    assert ran.code == 1, ran.said
    assert "is damaged" in ran.said
    assert "--ledger FILE" in ran.said
    assert harness.ledger.read_bytes() == broken
    harness.ledger.with_name("amzsync.db.lock").unlink(missing_ok=True)
    harness.ledger.rename(harness.folder / "broken.db")
    another = harness.apply(catalogue)
    assert (another.code, another.failures) == (0, []), another.said
    writes = {
        kind for kind in another.requests if kind.startswith(("PATCH", "POST /assets", "POST /products/{"))
    }
    assert writes <= {"POST /assets/search"}


def spread(statements: range, step: int) -> list[Any]:
    """Each of these statements; all but one in so many for the soak alone."""
    return [
        pytest.param(count, marks=() if number % step == 0 else pytest.mark.soak)
        for number, count in enumerate(statements)
    ]


@pytest.mark.parametrize("count", spread(range(1, 40), 6))
def test_killed_while_the_ledger_is_made_it_is_made_the_next_time(count: int, stage: Stage) -> None:
    ended = stage.apply(event="schema statement", count=count)
    assert ended.was_killed or (count > 20 and ended.code == stage.whole.code)
    stage.is_whole(stage.apply())


def older_ledger(path: Path, next_step: str) -> None:
    """A ledger of the schema before that step, with a product and a picture in it."""
    database = Database(path)
    migrations.apply(database, stop_before=next_step)
    with database.conn:
        database.execute("INSERT INTO products (id, sku, is_parent) VALUES (1, 'OLD', 0)")
        database.execute(
            "INSERT INTO urls (id, url) VALUES (1, 'https://m.media-amazon.com/images/I/old.jpg')"
        )
        database.execute("INSERT INTO assets (id, filename) VALUES (1, 'amazon_01_MAIN_old.jpg')")
    database.close()


@pytest.mark.parametrize(
    ("next_step", "count"),
    [
        pytest.param(step, *one.values, marks=one.marks)
        for step, statements, apart in (
            ("m002_runs", range(1, 34), 8),
            ("m003_look_ups", range(1, 16), 4),
            ("m008_the_state_of_an_address_is_derived", range(1, 12), 3),
        )
        for one in spread(statements, apart)
    ],
)
def test_killed_while_an_older_ledger_is_brought_up_to_date_nothing_of_it_is_lost(
    next_step: str, count: int, stage: Stage
) -> None:
    older_ledger(stage.commands.ledger, next_step)
    ended = stage.apply(event="schema statement", count=count)
    assert ended.was_killed or (count > 10 and ended.code == stage.whole.code)
    stage.is_whole(stage.apply())
    with closing(sqlite3.connect(stage.commands.ledger)) as db:
        assert db.execute("SELECT id FROM products WHERE sku = 'OLD'").fetchone() == (1,)


def test_a_newer_ledger_is_refused_and_stays_as_it_is(harness: FaultHarness, sandbox: Sandbox) -> None:
    sandbox.seed(["A"])
    assert harness.apply([product("A", "x1")]).code == 0
    with closing(sqlite3.connect(harness.ledger)) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('amzsync', 'm999_from_the_future', '2030-01-01')"
        )
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = harness.ledger.read_bytes()
    for command in ("resume", "status", "plan"):
        ran = harness.run(command)
        assert ran.code == 1
        assert "newer amzsync" in ran.said
        assert "Upgrade amzsync." in ran.said
    assert harness.ledger.read_bytes() == before
