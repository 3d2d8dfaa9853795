"""Ending early and going on: waits, signals, the last run's own options, and how far a ledger is."""

import json
import re
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from cli.fixtures import FAST, Setup, boots, flat
from cli.terminal import amzsync, run, start
from sandbox_faults import Delay, Fault, RunBefore

from amzsync.ledger.lock import WriterLock
from amzsync.sandbox import TypeClass


def many(count: int) -> dict[str, list[object]]:
    return {"matched": [flat(f"SKU-{number:02d}", f"m{number}", "shared") for number in range(count)]}


def test_a_wait_longer_than_asked_for_ends_with_four_and_resume_finishes(setup: Setup) -> None:
    mapping = setup.mapping(many(10))
    limits = ("--rate-limit", "12/1h", "--max-wait", "2s")
    result = amzsync("apply", "--mapping", mapping, "--yes", *limits, "--output", "r.json")
    assert result.code == 4, result.err
    assert setup.sandbox.total == 12
    assert "amzsync resume" in result.err
    report = json.loads(Path("r.json").read_text())
    assert report["requests"] == 12
    again = amzsync("resume")
    assert again.code == 4, "the run's own limit holds, over both processes"
    assert setup.sandbox.total == 12
    done = amzsync("resume", *FAST, "--json")
    assert done.code == 0
    assert done.json["links_created"] == 20
    assert setup.sandbox.counts["POST /assets"] == 11
    assert all(len(gallery) == 2 for _, gallery in setup.sandbox.snapshot().pictures.values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_with_130_says_how_to_go_on_and_resume_ends_the_same(
    setup: Setup, number: signal.Signals
) -> None:
    mapping = setup.mapping(many(12))
    reached = threading.Event()
    setup.sandbox.faults.add(
        Fault("POST", "/assets", RunBefore(reached.set), after=4),
        Fault("POST", "/assets", Delay(0.05), times=None),
    )
    arguments = ("apply", "--mapping", mapping, "--yes", "--workers", "2", *FAST)
    with setup.process(*arguments) as running:
        assert reached.wait(30)
        running.kill(number)
        ended = running.wait()
    assert ended.code == 130
    assert "amzsync resume" in ended.err
    assert "Traceback" not in ended.err
    assert setup.sandbox.counts["POST /assets"] < 13
    assert amzsync("status", "--json").json["next"] == ["amzsync resume"]
    assert amzsync("resume").code == 0
    assert setup.sandbox.snapshot().pictures == {
        f"SKU-{n:02d}": (
            f"amazon_01_MAIN_m{n}.jpg",
            (f"amazon_01_MAIN_m{n}.jpg", "amazon_02_PT01_shared.jpg"),
        )
        for n in range(12)
    }
    assert setup.sandbox.counts["POST /assets"] == 13
    assert setup.sandbox.counts["PATCH /products/{id}"] == 12


def test_resume_uses_the_options_of_its_run(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    config = setup.folder / "accounts.json"
    account = {
        "name": "shop",
        "api_url": setup.env["PLYTIX_API_URL"],
        "auth_url": setup.env["PLYTIX_AUTH_URL"],
        "api_key": setup.env["PLYTIX_API_KEY"],
        "api_password": setup.env["PLYTIX_API_PASSWORD"],
    }
    config.write_text(json.dumps({"accounts": {"production": account}, "aliases": {"prod": "production"}}))
    for name in setup.env:
        monkeypatch.delenv(name)
    label = setup.sandbox.add_attribute("Photos", TypeClass.MEDIA_GALLERY)
    setup.sandbox.seed(["FULL"])
    setup.sandbox.set_gallery("FULL", [setup.sandbox.add_asset("p.jpg")], label)
    mapping = setup.mapping({"matched": [*many(5)["matched"], flat("FULL", "f")]})
    result = amzsync(
        *("apply", "--mapping", mapping, "--yes", "--config", config, "--plytix-account", "prod"),
        *("--gallery", label, "--skip-existing", "--rate-limit", "4/1h", "--max-wait", "1s"),
    )
    assert result.code == 4, result.err
    done = amzsync("resume", *FAST, "--json")
    assert done.code == 0, done.err
    assert done.json["metadata"]["skip_existing"] is True
    state = setup.sandbox.snapshot().products
    assert state["FULL"].thumbnail is None
    assert all(len(state[f"SKU-{n:02d}"].linked_ids) == 2 for n in range(5))
    assert all(state[f"SKU-{n:02d}"].gallery == () for n in range(5))


def test_resume_with_nothing_to_resume_says_so_and_ends_with_three_while_work_is_pending(
    setup: Setup,
) -> None:
    mapping = setup.mapping([flat("A", "a")])
    amzsync("plan", "--mapping", mapping)
    planned = amzsync("resume")
    assert planned.code == 3
    assert "amzsync apply" in planned.err
    setup.apply()
    asked = setup.sandbox.total
    done = amzsync("resume", "--json")
    assert (done.code, done.json["links_created"], setup.sandbox.total) == (0, 1, asked)
    assert "nothing is pending" in done.err


def test_a_dry_resume_writes_nothing(setup: Setup) -> None:
    mapping = setup.mapping(many(5))
    amzsync("apply", "--mapping", mapping, "--yes", "--rate-limit", "4/1h", "--max-wait", "1s")
    asked = setup.sandbox.total
    result = amzsync("resume", "--dry-run", "--json")
    assert (result.code, setup.sandbox.total) == (0, asked)
    assert result.json["links_created"] == 10
    assert amzsync("resume", *FAST).code == 0


def test_the_status_of_a_ledger_keeps_the_contract(setup: Setup) -> None:
    mapping = setup.mapping(boots())
    setup.sandbox.delete_product("AMZN-US-B0BOOT0015")
    setup.apply(mapping)
    status = amzsync("status", "--json").json
    assert status["ledger"] == "amzsync.db"
    assert status["account"].startswith("environment at http://127.0.0.1")
    assert status["tables"]["urls"] == {"done": 12}
    assert status["tables"]["assets"] == {"done": 12}
    assert status["tables"]["links"] == {"done": 100, "skipped": 8}
    assert status["tables"]["thumbnails"] == {"done": 15, "skipped": 1}
    assert [run["command"] for run in status["runs"]] == ["apply"]
    assert status["runs"][0]["outcome"] == "failures"
    assert len(status["runs"][0]["mappings"][0]["sha256"]) == 64
    assert status["failures"] == []
    assert status["products_not_found"] == ["AMZN-US-B0BOOT0015"]
    assert len(status["products_without_images"]) == 4
    assert status["next"] == []
    assert [step["when"] for step in status["next_when"]] == ["once the products are in Plytix"]
    assert set(status["quota"][0]) == {"limit", "window_s", "used"}
    assert [one["used"] for one in status["quota"]] == [setup.sandbox.total]


def test_the_status_tables_tell_failures_by_cause_and_what_to_do(setup: Setup) -> None:
    setup.apply(
        setup.mapping([{"suggested_sku": "BOOT-7", "image_urls": ["https:///nohost.jpg"]}, flat("A", "a")])
    )
    result = amzsync("status")
    assert result.code == 0
    for words in ("Rows by state", "Last runs", "Failures: 1", "BOOT-7", "nohost.jpg", "links", "thumbnails"):
        assert words in result.out
    [failure] = amzsync("status", "--json").json["failures"]
    assert failure["product_sku"] == "BOOT-7"


def test_status_only_reads(setup: Setup) -> None:
    setup.apply(setup.mapping([flat("A", "a")]))
    with closing(sqlite3.connect(setup.ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = setup.ledger.read_bytes()
    amzsync("status")
    amzsync("status", "--json")
    assert setup.ledger.read_bytes() == before


def test_beside_a_running_apply_a_plan_works_on_a_copy_and_says_so(setup: Setup) -> None:
    mapping = setup.mapping([flat("A", "a")])
    setup.apply(mapping)
    other = setup.mapping([flat("A", "a", "b")], "other.json")
    with WriterLock(setup.ledger):
        result = amzsync("plan", "--mapping", other)
        assert result.code == 0, result.err
        assert "not saved" in result.out
        planned = amzsync("plan", "--mapping", other, "--json").json
        assert (planned["kept"], planned["requests"] > 0) == (False, True)
        refused = setup.apply(other)
        assert refused.code == 1
        assert "in use by" in refused.err
        assert amzsync("status").code == 0
    assert amzsync("plan", "--json").json["requests"] == 0


def test_a_refresh_beside_a_running_apply_counts_against_the_same_limits(setup: Setup) -> None:
    mapping = setup.mapping([flat("A", "a")])
    setup.apply(mapping)
    with WriterLock(setup.ledger):
        assert amzsync("plan", "--mapping", mapping, "--refresh", *FAST).code == 0
    used = amzsync("status", "--json", *FAST).json["quota"]
    assert [one["used"] for one in used] == [setup.sandbox.total]


def test_the_quota_shown_is_that_of_the_accounts_own_limits(setup: Setup) -> None:
    account = {"api_key": "k", "api_password": "p", "rate_limits": ["30/10s", "900/1h"]}
    config = setup.folder / "accounts.json"
    config.write_text(json.dumps({"accounts": {"shop": account}}))
    config.chmod(0o600)
    mapping = setup.mapping([flat("A", "a")])
    amzsync("plan", "--mapping", mapping, "--config", config, "--plytix-account", "shop")
    limits = [(one["limit"], one["window_s"]) for one in amzsync("status", "--json").json["quota"]]
    assert limits == [(30, 10.0), (900, 3600.0)]
    config.unlink()
    assert amzsync("status").code == 0


def test_two_at_a_time_are_not_let_in_and_the_first_ends_well(setup: Setup) -> None:
    mapping = setup.mapping(many(6))
    reached = threading.Event()
    setup.sandbox.faults.add(
        Fault("POST", "/assets", RunBefore(reached.set)), Fault("POST", "/assets", Delay(0.2), times=None)
    )
    with setup.process("apply", "--mapping", mapping, "--yes", *FAST) as running:
        assert reached.wait(30)
        second = setup.apply(mapping)
        beside = amzsync("status", "--json").json
        told = amzsync("status").out
        quiet = amzsync("status", "-q")
        first = running.wait()
    assert (first.code, second.code) == (0, 1)
    assert (beside["running"]["pid"], beside["running"]["command"]) == (running.pid, "apply")
    assert beside["next"] == []
    assert re.search(
        rf"Running now: process {running.pid} \(apply, since \d{{4}}-\d\d-\d\d \d\d:\d\d[+-]\d\d:\d\d\)", told
    )
    assert re.search(r"apply +running", told)
    assert "Next" not in told
    assert (quiet.out, quiet.err) == ("", "")
    assert amzsync("status", "--json").json["running"] is None
    assert f"{running.pid}" in second.err
    assert setup.sandbox.counts["POST /assets"] == 7


def test_the_sandbox_can_be_served_to_other_programs(setup: Setup) -> None:
    mapping = setup.mapping([flat("A", "a")])
    arguments = ("sandbox", "serve", "--mapping", mapping, "--sku", "B", *FAST)
    with start(*arguments, cwd=setup.folder) as process:
        assert process.stdout
        env = dict(process.stdout.readline().strip().split("=", 1) for _ in range(4))
        assert set(env) == set(setup.env)
        result = run("apply", "--mapping", mapping, "--yes", "--json", *FAST, cwd=setup.folder, env=env)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert (result.code, result.json["links_created"]) == (0, 1), result.err
    assert process.returncode == 0
