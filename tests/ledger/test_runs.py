import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from catalogue import CLOCKS

from amzsync.domain.timestamp import utc_text
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.owner import Owner, keep_owner, read_owner
from amzsync.ledger.rows import Outcome, Run
from amzsync.ledger.runs import Runs

SHA = "0" * 64
THEN = "2025-12-23T06:00:47Z"


@pytest.fixture
def runs(ledger_path: Path) -> Iterator[Runs]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        yield ledger.runs


def unfinished(runs: Runs) -> Run:
    run = runs.last_unfinished()
    assert run is not None
    return run


def test_a_run_keeps_its_options_and_mappings(runs: Runs) -> None:
    run_id = runs.start(
        "apply", {"workers": 4, "gallery": "amazon_images"}, 4711, [("b.json", SHA), ("a.json", SHA)]
    )
    (run,) = runs.latest(5)
    assert (run.id, run.command, run.pid, run.started_at, run.ended_at) == (run_id, "apply", 4711, THEN, None)
    assert json.loads(run.options) == {"workers": 4, "gallery": "amazon_images"}
    assert run.mappings == (("a.json", SHA), ("b.json", SHA))
    runs.end(run_id, Outcome.FAILURES, {"requests": 7}, "1 row failed")
    (run,) = runs.latest(5)
    assert (run.outcome, run.ended_at, run.message) == (Outcome.FAILURES, THEN, "1 row failed")
    assert json.loads(run.counters) == {"requests": 7}


def test_one_mapping_given_twice_is_kept_once(runs: Runs) -> None:
    runs.start("plan", {}, 1, [("a.json", SHA), ("a.json", SHA)])
    assert runs.latest(1)[0].mappings == (("a.json", SHA),)


@pytest.mark.parametrize(
    ("outcome", "is_left"),
    [
        (None, True),
        (Outcome.INTERRUPTED, True),
        (Outcome.WAITING, True),
        (Outcome.STOPPED, True),
        (Outcome.FINISHED, False),
        (Outcome.FAILURES, False),
        (Outcome.PLANNED, False),
    ],
)
def test_the_last_run_that_did_not_come_to_its_end_can_be_carried_on(
    runs: Runs, outcome: Outcome | None, *, is_left: bool
) -> None:
    earlier = runs.start("apply", {}, 1, [])
    runs.end(earlier, Outcome.INTERRUPTED, {})
    run_id = runs.start("apply", {}, 2, [])
    if outcome:
        runs.end(run_id, outcome, {})
    runs.end(runs.start("plan", {}, 3, []), Outcome.PLANNED, {})
    found = runs.last_unfinished()
    assert (found.id if found else None) == (run_id if is_left else None)


def test_a_run_begins_before_it_plans_and_before_anybody_agrees(runs: Runs) -> None:
    run_id = runs.start("apply", {}, 1, [("a.json", SHA)], is_planned=False, is_confirmed=False)
    run = unfinished(runs)
    assert (run.is_planned, run.is_confirmed) == (False, False)
    runs.keep_mappings(run_id, [("a.json", "1" * 64)])
    runs.planned(run_id)
    runs.confirmed(run_id)
    run = unfinished(runs)
    assert (run.is_planned, run.is_confirmed, run.mappings) == (True, True, (("a.json", "1" * 64),))


def test_a_run_that_is_withdrawn_leaves_no_trace(runs: Runs) -> None:
    earlier = runs.start("apply", {}, 1, [])
    runs.withdraw(runs.start("apply", {}, 1, [("a.json", SHA)], is_planned=False))
    assert unfinished(runs).id == earlier
    assert len(runs.latest(5)) == 1


def test_the_latest_runs_come_first(runs: Runs) -> None:
    ids = [runs.start("plan", {}, number, []) for number in range(4)]
    assert [run.id for run in runs.latest(3)] == ids[:0:-1]


def test_a_ledger_keeps_whose_it_is(runs: Runs) -> None:
    assert runs.account() is None
    assert read_owner(runs) is None
    owner = Owner("production", "https://pim.plytix.com/api/v1", "salt", "digest", "account_id", "6f")
    keep_owner(runs, owner)
    assert read_owner(runs) == owner
    assert runs.account() == "production at https://pim.plytix.com/api/v1"


@pytest.mark.parametrize("details", [None, "", "{", "[1]", '{"salt": 1, "key_digest": null}', "[" * 100_000])
def test_an_older_ledger_knows_its_account_by_name_and_address(runs: Runs, details: str | None) -> None:
    runs.keep_setting("account", "shop at home at https://pim.plytix.com/api/v1")
    if details is not None:
        runs.keep_setting("owner", details)
    assert read_owner(runs) == Owner("shop at home", "https://pim.plytix.com/api/v1")


def test_the_sandbox_has_no_address(runs: Runs) -> None:
    keep_owner(runs, Owner("sandbox", ""))
    assert read_owner(runs) == Owner("sandbox", "")


def test_settings_are_kept(runs: Runs) -> None:
    assert runs.setting("marketplace") is None
    runs.keep_setting("marketplace", "DE")
    runs.keep_setting("marketplace", "FR")
    assert runs.setting("marketplace") == "FR"


def test_a_ledger_writes_its_times_in_utc() -> None:
    moment = datetime(2025, 12, 23, 8, 0, 47, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert utc_text(moment) == THEN
    assert utc_text(moment.astimezone(UTC)) == THEN
