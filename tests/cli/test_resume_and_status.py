"""Ending early and going on: waits, signals, the last run's own options, and how far a ledger is."""

import json
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from cli.shop import FAST, Shop, boots, flat
from cli.terminal import amzsync, run, start
from sandbox_faults import Delay, Fault, RunBefore

from amzsync.ledger.lock import WriterLock
from amzsync.sandbox import TypeClass


def many(count: int) -> dict[str, list[object]]:
    return {"matched": [flat(f"SKU-{number:02d}", f"m{number}", "shared") for number in range(count)]}


def test_a_wait_longer_than_asked_for_ends_with_four_and_resume_finishes(shop: Shop) -> None:
    mapping = shop.mapping(many(10))
    limits = ("--rate-limit", "12/1h", "--max-wait", "2s")
    said = amzsync("apply", "--mapping", mapping, "--yes", *limits, "--output", "r.json")
    assert said.code == 4, said.err
    assert shop.sandbox.total == 12
    assert "amzsync resume" in said.err
    report = json.loads(Path("r.json").read_text())
    assert report["requests"] == 12
    again = amzsync("resume")
    assert again.code == 4, "the run's own limit holds, over both processes"
    assert shop.sandbox.total == 12
    done = amzsync("resume", *FAST, "--json")
    assert done.code == 0
    assert done.json["links_created"] == 20
    assert shop.sandbox.counts["POST /assets"] == 11
    assert all(len(gallery) == 2 for _, gallery in shop.sandbox.snapshot().pictures.values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_with_130_says_how_to_go_on_and_resume_ends_the_same(
    shop: Shop, number: signal.Signals
) -> None:
    mapping = shop.mapping(many(12))
    reached = threading.Event()
    shop.sandbox.faults.add(
        Fault("POST", "/assets", RunBefore(reached.set), after=4),
        Fault("POST", "/assets", Delay(0.05), times=None),
    )
    arguments = ("apply", "--mapping", mapping, "--yes", "--workers", "2", *FAST)
    with start(*arguments, cwd=shop.folder, env=shop.env) as process:
        assert reached.wait(30)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "amzsync resume" in err
    assert "Traceback" not in err
    assert shop.sandbox.counts["POST /assets"] < 13
    assert amzsync("status", "--json").json["next"] == ["amzsync resume"]
    assert amzsync("resume").code == 0
    assert shop.sandbox.snapshot().pictures == {
        f"SKU-{n:02d}": (
            f"amazon_01_MAIN_m{n}.jpg",
            (f"amazon_01_MAIN_m{n}.jpg", "amazon_02_PT01_shared.jpg"),
        )
        for n in range(12)
    }
    assert shop.sandbox.counts["POST /assets"] == 13
    assert shop.sandbox.counts["PATCH /products/{id}"] == 12


def test_resume_uses_the_options_of_its_run(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    config = shop.folder / "accounts.json"
    account = {
        "name": "shop",
        "api_url": shop.env["PLYTIX_API_URL"],
        "auth_url": shop.env["PLYTIX_AUTH_URL"],
        "api_key": shop.env["PLYTIX_API_KEY"],
        "api_password": shop.env["PLYTIX_API_PASSWORD"],
    }
    config.write_text(json.dumps({"accounts": {"production": account}, "aliases": {"prod": "production"}}))
    for name in shop.env:
        monkeypatch.delenv(name)
    label = shop.sandbox.add_attribute("Photos", TypeClass.MEDIA_GALLERY)
    shop.sandbox.seed(["FULL"])
    shop.sandbox.set_gallery("FULL", [shop.sandbox.add_asset("p.jpg")], label)
    mapping = shop.mapping({"matched": [*many(5)["matched"], flat("FULL", "f")]})
    said = amzsync(
        *("apply", "--mapping", mapping, "--yes", "--config", config, "--plytix-account", "prod"),
        *("--gallery", label, "--skip-existing", "--rate-limit", "4/1h", "--max-wait", "1s"),
    )
    assert said.code == 4, said.err
    done = amzsync("resume", *FAST, "--json")
    assert done.code == 0, done.err
    assert done.json["metadata"]["skip_existing"] is True
    state = shop.sandbox.snapshot().products
    assert state["FULL"].thumbnail is None
    assert all(len(state[f"SKU-{n:02d}"].linked_ids) == 2 for n in range(5))
    assert all(state[f"SKU-{n:02d}"].gallery == () for n in range(5))


def test_resume_with_nothing_to_resume_says_so(shop: Shop) -> None:
    mapping = shop.mapping([flat("A", "a")])
    amzsync("plan", "--mapping", mapping)
    planned = amzsync("resume")
    assert planned.code == 0
    assert "amzsync apply" in planned.err
    shop.apply()
    asked = shop.sandbox.total
    done = amzsync("resume", "--json")
    assert (done.code, done.json["links_created"], shop.sandbox.total) == (0, 1, asked)
    assert "nothing is pending" in done.err


def test_a_dry_resume_writes_nothing(shop: Shop) -> None:
    mapping = shop.mapping(many(5))
    amzsync("apply", "--mapping", mapping, "--yes", "--rate-limit", "4/1h", "--max-wait", "1s")
    asked = shop.sandbox.total
    said = amzsync("resume", "--dry-run", "--json")
    assert (said.code, shop.sandbox.total) == (0, asked)
    assert said.json["links_created"] == 10
    assert amzsync("resume", *FAST).code == 0


def test_the_status_of_a_ledger_keeps_the_contract(shop: Shop) -> None:
    mapping = shop.mapping(boots())
    shop.sandbox.delete_product("AMZN-US-B0BOOT0015")
    shop.apply(mapping)
    status = amzsync("status", "--json").json
    assert status["ledger"] == "amzsync.db"
    assert status["account"].startswith("environment at http://127.0.0.1")
    assert status["tables"]["urls"] == {"done": 12}
    assert status["tables"]["assets"] == {"done": 12}
    assert status["tables"]["links"] == {"done": 100, "skipped": 8}
    assert status["tables"]["thumbnails"] == {"done": 15, "skipped": 1}
    assert [run["command"] for run in status["runs"]] == ["apply"]
    assert status["runs"][0]["outcome"] == "finished"
    assert len(status["runs"][0]["mappings"][0]["sha256"]) == 64
    assert status["failures"] == []
    assert status["next"] == []
    assert set(status["quota"][0]) == {"limit", "window_s", "used"}
    assert [one["used"] for one in status["quota"]] == [shop.sandbox.total]


def test_the_status_tables_tell_failures_by_cause_and_what_to_do(shop: Shop) -> None:
    shop.apply(
        shop.mapping([{"suggested_sku": "BOOT-7", "image_urls": ["https:///nohost.jpg"]}, flat("A", "a")])
    )
    said = amzsync("status")
    assert said.code == 0
    for words in ("Rows by state", "Last runs", "Failures: 1", "BOOT-7", "nohost.jpg", "links", "thumbnails"):
        assert words in said.out
    [failure] = amzsync("status", "--json").json["failures"]
    assert failure["product_sku"] == "BOOT-7"


def test_status_only_reads(shop: Shop) -> None:
    shop.apply(shop.mapping([flat("A", "a")]))
    with closing(sqlite3.connect(shop.ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = shop.ledger.read_bytes()
    amzsync("status")
    amzsync("status", "--json")
    assert shop.ledger.read_bytes() == before


def test_beside_a_running_apply_a_plan_works_on_a_copy_and_says_so(shop: Shop) -> None:
    mapping = shop.mapping([flat("A", "a")])
    shop.apply(mapping)
    other = shop.mapping([flat("A", "a", "b")], "other.json")
    with WriterLock(shop.ledger):
        said = amzsync("plan", "--mapping", other)
        assert said.code == 0, said.err
        assert "not saved" in said.out
        planned = amzsync("plan", "--mapping", other, "--json").json
        assert (planned["kept"], planned["requests"] > 0) == (False, True)
        refused = shop.apply(other)
        assert refused.code == 1
        assert "being written by" in refused.err
        assert amzsync("status").code == 0
    assert amzsync("plan", "--json").json["requests"] == 0


def test_a_refresh_beside_a_running_apply_counts_against_the_same_limits(shop: Shop) -> None:
    mapping = shop.mapping([flat("A", "a")])
    shop.apply(mapping)
    with WriterLock(shop.ledger):
        assert amzsync("plan", "--mapping", mapping, "--refresh", *FAST).code == 0
    used = amzsync("status", "--json", *FAST).json["quota"]
    assert [one["used"] for one in used] == [shop.sandbox.total]


def test_the_quota_shown_is_that_of_the_accounts_own_limits(shop: Shop) -> None:
    account = {"api_key": "k", "api_password": "p", "rate_limits": ["30/10s", "900/1h"]}
    config = shop.folder / "accounts.json"
    config.write_text(json.dumps({"accounts": {"shop": account}}))
    config.chmod(0o600)
    mapping = shop.mapping([flat("A", "a")])
    amzsync("plan", "--mapping", mapping, "--config", config, "--plytix-account", "shop")
    limits = [(one["limit"], one["window_s"]) for one in amzsync("status", "--json").json["quota"]]
    assert limits == [(30, 10.0), (900, 3600.0)]
    config.unlink()
    assert amzsync("status").code == 0


def test_two_at_a_time_are_not_let_in_and_the_first_ends_well(shop: Shop) -> None:
    mapping = shop.mapping(many(6))
    reached = threading.Event()
    shop.sandbox.faults.add(
        Fault("POST", "/assets", RunBefore(reached.set)), Fault("POST", "/assets", Delay(0.2), times=None)
    )
    with start("apply", "--mapping", mapping, "--yes", *FAST, cwd=shop.folder, env=shop.env) as process:
        assert reached.wait(30)
        second = shop.apply(mapping)
        process.communicate(timeout=30)
    assert (process.returncode, second.code) == (0, 1)
    assert f"{process.pid}" in second.err
    assert shop.sandbox.counts["POST /assets"] == 7


def test_the_sandbox_can_be_served_to_other_programs(shop: Shop) -> None:
    mapping = shop.mapping([flat("A", "a")])
    arguments = ("sandbox", "serve", "--mapping", mapping, "--sku", "B", *FAST)
    with start(*arguments, cwd=shop.folder) as process:
        assert process.stdout
        env = dict(process.stdout.readline().strip().split("=", 1) for _ in range(4))
        assert set(env) == set(shop.env)
        said = run("apply", "--mapping", mapping, "--yes", "--json", *FAST, cwd=shop.folder, env=env)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert (said.code, said.json["links_created"]) == (0, 1), said.err
    assert process.returncode == 0
