"""Promise 1, where it is not the program that dies: signals, the server, the power."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest
from proof.commands import Commands, account, environment
from proof.scenarios import FAST, Scenario, has_run, known, same_account, sandbox_of, settled
from sandbox_faults import Latency, Sandbox

EVENTS = ("before commit", "after commit", "before request", "after request")
SERVED = {"PLYTIX_API_KEY": "sandbox-key", "PLYTIX_API_PASSWORD": "sandbox-password"}


def uploads_in_flight(ledger: Path) -> int:
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM assets WHERE state = 'in_flight'").fetchone()[0])


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize(
    "counts", [(1, 6, 14), pytest.param((1, 3, 6, 10, 14), marks=pytest.mark.soak)], ids=["sample", "more"]
)
def test_asked_to_stop_it_saves_ends_with_130_and_goes_on_later(
    counts: tuple[int, ...], number: signal.Signals, event: str, tmp_path: Path
) -> None:
    scenario, whole = known(number)
    mapping, interrupted = scenario.write(tmp_path / "mapping.json"), 0
    with (
        sandbox_of(scenario, latency=Latency(upload_s=(0.0, 0.01))) as sandbox,
        Commands(tmp_path) as commands,
    ):
        env = account(sandbox, tmp_path)
        for count in counts:
            resumes = has_run(commands.ledger)
            arguments = ["resume"] if resumes else ["apply", "--mapping", mapping, "--yes", *FAST]
            ended = commands.run(env, *arguments, event=event, count=count, signal=number)
            if ended.code != 130:
                break
            interrupted += 1
            assert uploads_in_flight(commands.ledger) == 0, "what was in flight is finished and saved"
            assert "amzsync" in ended.err
            assert "Traceback" not in ended.err
        assert interrupted >= 2
        last = commands.run(env, "apply", "--mapping", mapping, "--yes", *FAST)
        assert last.code == whole.code, last.err
        same_account(sandbox.snapshot(), whole.snapshot)
        assert sandbox.total - whole.requests <= 2 * (interrupted + 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_while_the_program_starts_or_plans_ends_with_130(
    number: signal.Signals, tmp_path: Path
) -> None:
    scenario = Scenario.drawn(5)
    mapping = scenario.write(tmp_path / "mapping.json")
    with sandbox_of(scenario) as sandbox, Commands(tmp_path) as commands:
        ended = commands.run(
            account(sandbox, tmp_path),
            *("apply", "--mapping", mapping, "--yes"),
            event="before commit",
            count=1,
            signal=number,
        )
        assert ended.code == 130
        assert not sandbox.history


def test_a_second_signal_leaves_at_once_and_is_just_as_safe(tmp_path: Path) -> None:
    scenario, whole = known(6)
    mapping = scenario.write(tmp_path / "mapping.json")
    with (
        sandbox_of(scenario, latency=Latency(upload_s=(2.0, 2.0))) as sandbox,
        Commands(tmp_path) as commands,
    ):
        env = account(sandbox, tmp_path)
        running = commands.start(env, ["apply", "--mapping", mapping, "--yes", *FAST])
        while not any(exchange.path.endswith("/assets/search") for exchange in sandbox.history):
            time.sleep(0.01)
        time.sleep(0.1)
        running.kill(signal.SIGTERM)
        time.sleep(0.1)
        began = time.monotonic()
        running.kill(signal.SIGTERM)
        assert running.wait().code == 130
        assert time.monotonic() - began < 1.5, "it did not wait for the uploads in flight"
        last = commands.run(env, "resume")
        assert last.code == whole.code, last.err
        same_account(sandbox.snapshot(), whole.snapshot)


@contextmanager
def served(store: Path, port: int, mapping: Path) -> Iterator[subprocess.Popen[str]]:
    """The sandbox as a program of its own, answering; killed at the end."""
    options = ["--store", str(store), "--port", str(port), "--mapping", str(mapping), *FAST]
    process = subprocess.Popen(
        [sys.executable, "-m", "amzsync", "sandbox", "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdout
    try:
        assert process.stdout.readline().startswith("PLYTIX_API_URL=")
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("seed", range(2))
def test_a_server_killed_in_the_middle_is_waited_for_and_nothing_is_lost(seed: int, tmp_path: Path) -> None:
    scenario, whole = known(seed + 20, products=60, pictures=60, has_work_by_hand=False)
    mapping, store, port = (
        scenario.write(tmp_path / "mapping.json"),
        tmp_path / "account.sandbox",
        free_port(),
    )
    env = environment(
        f"http://127.0.0.1:{port}/api/v1", f"http://127.0.0.1:{port}/auth/api/get-token", tmp_path
    )
    with Commands(tmp_path) as commands:
        with served(store, port, mapping):
            # Three requests at once: the work lasts long enough to be cut in the middle.
            arguments = ["apply", "--mapping", mapping, "--yes", "--rate-limit", "400/10s", "--workers", "3"]
            running = commands.start(env | SERVED, arguments)
            wait_for_uploads(commands.ledger, 5 + 20 * seed)
        assert settled_uploads(commands.ledger) < 60
        with served(store, port, mapping):
            ended = running.wait()
        assert ended.code == whole.code, ended.err
    with Sandbox(store, limits=()) as sandbox:
        same_account(sandbox.snapshot(), whole.snapshot)


def wait_for_uploads(ledger: Path, count: int) -> None:
    done = 0
    while done < count:
        time.sleep(0.02)
        if has_run(ledger):
            done = settled_uploads(ledger)


def settled_uploads(ledger: Path) -> int:
    return len(settled(ledger)[0])


@pytest.mark.parametrize(
    "cuts",
    [6, pytest.param(None, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])],
    ids=["sample", "all"],
)
def test_whatever_commits_a_power_cut_takes_back_resuming_ends_the_same(
    cuts: int | None, tmp_path: Path
) -> None:
    scenario, whole = known(31)
    kept, work = tmp_path / "kept", tmp_path / "work"
    kept.mkdir()
    work.mkdir()
    mapping = scenario.write(work / "mapping.json")
    with sandbox_of(scenario) as sandbox, Commands(work) as commands:
        env = account(sandbox, work)
        arguments = ["apply", "--mapping", mapping, "--yes", *FAST]
        assert commands.run(env, *arguments, keep=str(kept)).code == whole.code
        states = sorted(path.name for path in kept.iterdir() if not path.name.endswith("-wal"))
        assert len(states) > 30
        for name in Random(31).sample(states, cuts or len(states)):
            put_back(kept / name, commands.ledger)
            before = sandbox.total
            again = ["resume"] if has_run(commands.ledger) else arguments
            ended = commands.run(env, *again)
            assert ended.code == whole.code, ended.err
            same_account(sandbox.snapshot(), whole.snapshot)
            assert sandbox.total - before <= whole.requests


def put_back(kept: Path, ledger: Path) -> None:
    """The file and its WAL as they were; what else lies beside them is gone."""
    for suffix in ("", "-wal", "-shm"):
        target = ledger.with_name(ledger.name + suffix)
        target.unlink(missing_ok=True)
        source = kept.with_name(kept.name + suffix)
        if source.exists():
            shutil.copy(source, target)
