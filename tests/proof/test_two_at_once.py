"""Promises 2 and 5 beside another process: on the same ledger, and on the same account."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from proof.commands import KEY, PASSWORD, Commands, Running, account
from proof.fault_harness import KINDS, FaultHarness, product
from proof.scenarios import FAST, Scenario, has_run, sandbox_of
from sandbox_faults import Answer, Fault, Latency, RunBefore, Sandbox, Transform

from amzsync.executor.engine import freshness
from amzsync.executor.other_runs import OtherRuns
from amzsync.executor.scripts import recheck
from amzsync.folders import state_folder

MISSING = 3  # the exit code: one of its products is not in Plytix


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[Commands, dict[str, str], Path, Sandbox]]:
    """A folder whose ledger is being written: each upload takes two seconds."""
    scenario = Scenario.drawn(3)
    mapping = scenario.write(tmp_path / "mapping.json")
    latency = Latency(upload_s=(2.0, 2.0))
    with sandbox_of(scenario, latency=latency) as sandbox, Commands(tmp_path) as commands:
        yield commands, account(sandbox, tmp_path), mapping, sandbox


Busy = tuple[Commands, dict[str, str], Path, Sandbox]


def overwrite_later(sandbox: Sandbox, sku: str, asset_id: str) -> None:
    time.sleep(0.1)
    sandbox.set_gallery(sku, [asset_id])


def begin(commands: Commands, env: dict[str, str], mapping: Path) -> Running:
    running = commands.start(env, ["apply", "--mapping", mapping, "--yes", *FAST])
    while not has_run(commands.ledger):
        time.sleep(0.01)
    return running


def test_a_second_writer_is_refused_with_pid_and_start_and_readers_work(busy: Busy) -> None:
    commands, env, mapping, sandbox = busy
    with Commands(commands.folder) as second:
        assert second.run(env, "--version").code == 0  # It is loaded before the first one begins.
        running = begin(commands, env, mapping)
        before = mapping.stat()
        for arguments in (["apply", "--mapping", mapping, "--yes"], ["resume"]):
            refused = second.run(env, *arguments)
            assert refused.code == 1
            since = r"20\d\d-\d\d-\d\d \d\d:\d\d[+-]\d\d:\d\d"
            assert re.search(rf"process {running.pid} \(apply, since {since}\)", refused.err)
        for arguments in (["status"], ["status", "--json"], ["plan", "--mapping", mapping]):
            assert second.run(env, *arguments).code == 0
        assert mapping.stat() == before
    assert running.wait().code == MISSING
    assert sandbox.counts["POST /auth/api/get-token"] == 1, "who was refused asked for nothing"


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symlink", "hard link"])
def test_two_names_of_one_ledger_let_one_writer_in(busy: Busy, link: Callable[[Path, Path], None]) -> None:
    commands, env, mapping, sandbox = busy
    other = commands.folder / "names" / "other.db"
    other.parent.mkdir()
    running = begin(commands, env, mapping)
    link(commands.ledger, other)
    with Commands(commands.folder) as second:
        for arguments in (["apply", "--mapping", mapping, "--yes", *FAST], ["resume"]):
            refused = second.run(env, *arguments, "--ledger", other)
            assert refused.code == 1
            assert "is in use by" in refused.err
    assert running.wait().code == MISSING
    assert sandbox.counts["POST /auth/api/get-token"] == 1, "who was refused asked for nothing"
    assert sandbox.overlapping_writes == 0
    assert commands.run(env, "status", "--ledger", other).code == 0


def test_a_lock_left_by_a_dead_process_does_not_block(busy: Busy) -> None:
    commands, env, mapping, _ = busy
    running = begin(commands, env, mapping)
    running.kill()
    assert running.wait().was_killed
    assert commands.ledger.with_name("amzsync.db.lock").exists()
    assert commands.run(env, "resume").code == MISSING


# Another program in the same account.

SKUS = [f"P{number}" for number in range(6)]
WANTED = [product(sku, f"{sku}a", f"{sku}b") for sku in SKUS]


@pytest.fixture
def shared(sandbox: Sandbox) -> str:
    """The products, all empty, and a picture of somebody else's."""
    sandbox.seed(SKUS)
    return sandbox.add_asset("theirs.jpg")


def overwrite_the_first(sandbox: Sandbox, theirs: str, **at: int) -> None:
    """Before a later write arrives, the first product is written over, as by a program that read it empty."""

    def overwrite() -> None:
        done = [sku for sku, shown in sandbox.snapshot().products.items() if shown.gallery]
        sandbox.set_gallery(done[0], [theirs])

    sandbox.faults.add(KINDS["product write"].goes(RunBefore(overwrite), **at))


def everything_stands(sandbox: Sandbox, theirs_in: int) -> None:
    shown = sandbox.snapshot().products
    for sku in SKUS:
        assert {f"amazon_01_MAIN_{sku}a.jpg", f"amazon_02_PT01_{sku}b.jpg"} <= set(shown[sku].gallery)
    assert sum("theirs.jpg" in state.gallery for state in shown.values()) == theirs_in
    assert sandbox.overlapping_writes == 0


def test_what_was_written_over_is_appended_where_a_429_tells_of_others(
    harness: FaultHarness, sandbox: Sandbox, shared: str
) -> None:
    overwrite_the_first(sandbox, shared, after=5)
    sandbox.faults.add(KINDS["upload"].goes(Answer(429, b"", {"Retry-After": "0.05"})))
    ran = harness.apply(WANTED, "--workers", "1")
    assert (ran.code, ran.failures) == (0, []), ran.said
    everything_stands(sandbox, theirs_in=1)
    assert ran.requests["POST /products/{id}/assets"] == 2
    assert ran.requests["POST /products/search"] == 2


def test_what_was_written_over_is_appended_where_an_answer_shows_others(
    harness: FaultHarness, sandbox: Sandbox, shared: str
) -> None:
    def at_work(payload: Any) -> Any:
        payload["data"][0]["attributes"]["amazon_images"].append({"id": shared})
        return payload

    sandbox.faults.add(KINDS["product write"].goes(Transform(at_work)))
    overwrite_the_first(sandbox, shared, after=4)
    ran = harness.apply(WANTED, "--workers", "1")
    assert (ran.code, ran.failures) == (0, []), ran.said
    everything_stands(sandbox, theirs_in=1)


@pytest.mark.parametrize("way", ["whole", "by links"])
def test_what_another_run_has_written_over_is_appended_at_the_end(
    harness: FaultHarness, sandbox: Sandbox, shared: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(recheck, "LOOK_AFTER_S", 0.1)
    if way == "by links":
        sandbox.set_gallery("P0", [sandbox.add_asset("hand.jpg")])
    other_run = OtherRuns(state_folder(), sandbox.url)
    came_and_went = RunBefore(lambda: other_run.__enter__().__exit__(None, None, None))
    sandbox.faults.add(KINDS["upload"].goes(came_and_went))
    overwrite_the_first(sandbox, shared, after=4)
    ran = harness.apply(WANTED, "--workers", "1")
    assert (ran.code, ran.failures) == (0, []), ran.said
    everything_stands(sandbox, theirs_in=1)
    assert "Another amzsync run was active" in ran.said
    assert ran.requests["POST /products/search"] == 3, "at first, at the end, and after a loss again"


def test_a_reading_that_has_room_shows_without_cost_what_was_written_over(
    harness: FaultHarness, sandbox: Sandbox, shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recheck, "LOOK_AFTER_S", 0.0)
    monkeypatch.setattr(freshness, "MAX_READING_AGE_S", 0.55)
    late = RunBefore(partial(overwrite_later, sandbox, "P0", shared))
    sandbox.faults.add(Fault("POST", "/assets", late, body=lambda body: "P5b" in str(body)))
    ran = harness.apply(WANTED)
    assert (ran.code, ran.failures) == (0, []), ran.said
    everything_stands(sandbox, theirs_in=1)


@pytest.mark.usefixtures("shared")
def test_without_a_sign_of_others_no_second_look_is_paid_for(harness: FaultHarness, sandbox: Sandbox) -> None:
    ran = harness.apply(WANTED)
    assert ran.code == 0
    assert ran.requests["POST /products/search"] == 1
    assert ran.total == 1 + 1 + 1 + 1 + 12 + 6
    everything_stands(sandbox, theirs_in=0)


def test_a_refresh_finds_what_was_written_over_without_a_sign(
    harness: FaultHarness, sandbox: Sandbox, shared: str
) -> None:
    assert harness.apply(WANTED).code == 0
    sandbox.set_gallery("P2", [shared])
    assert harness.run("plan", "--refresh", *FAST).code == 0
    ran = harness.run("apply", "--yes", *FAST)
    assert (ran.code, ran.failures) == (0, []), ran.said
    everything_stands(sandbox, theirs_in=1)
    assert sandbox.snapshot().products["P2"].gallery[0] == "theirs.jpg"


def test_a_picture_put_there_while_the_uploads_wait_is_seen_and_kept(
    harness: FaultHarness, sandbox: Sandbox, shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "MAX_READING_AGE_S", 0.55)
    late = RunBefore(partial(overwrite_later, sandbox, "P3", shared))
    sandbox.faults.add(Fault("POST", "/assets", late, body=lambda body: "P3b" in str(body)))
    ran = harness.apply(WANTED)
    assert (ran.code, ran.failures) == (0, []), ran.said
    everything_stands(sandbox, theirs_in=1)
    assert sandbox.snapshot().products["P3"].gallery[0] == "theirs.jpg"


@pytest.mark.timeout(20)
def test_where_reading_takes_longer_than_a_reading_is_good_for_links_are_made_one_by_one(
    harness: FaultHarness, sandbox: Sandbox, shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "MAX_READING_AGE_S", 0.5)
    sandbox.set_gallery("P3", [shared])
    ran = harness.apply(WANTED)
    assert (ran.code, ran.failures) == (0, []), ran.said
    everything_stands(sandbox, theirs_in=1)
    assert ran.requests["POST /products/search"] <= 5
    assert sandbox.snapshot().products["P3"].gallery[0] == "theirs.jpg"


SHARED_SKUS = [f"S{number:02}" for number in range(25)]


@pytest.fixture
def crowded() -> Iterator[Sandbox]:
    """Products that two ledgers want, some with a picture that a person has put there."""
    with Sandbox(
        limits=[(60, 1.0)], api_key=KEY, api_password=PASSWORD, latency=Latency((0.0, 0.05), seed=1)
    ) as sandbox:
        sandbox.seed(SHARED_SKUS)
        hand = sandbox.add_asset("hand.jpg")
        for sku in SHARED_SKUS[::5]:
            sandbox.set_gallery(sku, [hand])
        yield sandbox


def apply_both(sandbox: Sandbox, folders: list[Path], homes: list[Path]) -> None:
    """Each with pictures of its own, from a ledger of its own, at the same time, to the end."""
    with ExitStack() as stack:
        running = []
        for folder, home in zip(folders, homes, strict=True):
            folder.mkdir()
            wanted = [product(sku, f"{folder.name}{sku}", f"{folder.name}x{sku}") for sku in SHARED_SKUS]
            (folder / "mapping.json").write_text(json.dumps(wanted))
            arguments = ["apply", "--mapping", folder / "mapping.json", "--yes", "--rate-limit", "60/1s"]
            commands = stack.enter_context(Commands(folder))
            running.append(commands.start(account(sandbox, home), arguments))
        for one in running:
            ended = one.wait()
            assert ended.code == 0, ended.err


def nothing_is_lost(sandbox: Sandbox) -> None:
    shown = sandbox.snapshot().products
    for sku in SHARED_SKUS:
        assert {name.split("_")[-1] for name in shown[sku].gallery if name != "hand.jpg"} == {
            f"{prefix}{sku}.jpg" for prefix in ("one", "onex", "two", "twox")
        }
    assert all(shown[sku].gallery[0] == "hand.jpg" for sku in SHARED_SKUS[::5])


def test_two_ledgers_on_one_machine_harm_no_product(tmp_path: Path, crowded: Sandbox) -> None:
    """They know of each other, and look once more at what they wrote."""
    apply_both(crowded, [tmp_path / name for name in ("one", "two")], [tmp_path, tmp_path])
    nothing_is_lost(crowded)


def test_two_ledgers_that_cannot_know_of_each_other_spare_a_persons_work_and_a_refresh_heals_the_rest(
    tmp_path: Path, crowded: Sandbox
) -> None:
    """On two machines neither sees the other between reading and writing: amzsync/README.md tells of it."""
    folders = [tmp_path / name for name in ("one", "two")]
    apply_both(crowded, folders, folders)
    assert all(crowded.snapshot().products[sku].gallery[0] == "hand.jpg" for sku in SHARED_SKUS[::5])
    for folder in folders:
        with Commands(folder) as commands:
            env = account(crowded, folder)
            assert commands.run(env, "plan", "--refresh", *FAST).code == 0
            assert commands.run(env, "apply", "--yes", *FAST).code == 0
    nothing_is_lost(crowded)
