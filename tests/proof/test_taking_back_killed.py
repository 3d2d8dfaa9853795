"""Killed at any instant, a prune or an undo ends as if nothing had happened.

The real command dies by SIGKILL just before or after one commit or one request. Then it is resumed.
"""

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from proof.commands import Commands, account
from proof.scenarios import FAST, Scenario, same_account, sandbox_of
from sandbox_faults import Sandbox

from amzsync.sandbox import Snapshot

EVENTS = ("before commit", "after commit", "before request", "after request")
COMMANDS = ("prune", "undo")
Prepared = tuple[Sandbox, Commands, dict[str, str]]


def prepare(scenario: Scenario, folder: Path, sandbox: Sandbox, commands: Commands) -> dict[str, str]:
    """A run that has filled the galleries, and a mapping that wants one picture of each product only."""
    env = account(sandbox, folder)
    mapping = scenario.write(folder / "mapping.json")
    assert commands.run(env, "apply", "--mapping", mapping, "--yes", *FAST).code == 3
    fewer = [{**one, "image_urls": _first(one["image_urls"])} for one in scenario.products]
    mapping.write_text(json.dumps(fewer))
    assert commands.run(env, "plan", "--mapping", mapping).code == 0
    return env


def _first(urls: object) -> list[object]:
    assert isinstance(urls, list)
    return urls[:1]


def typed(command: str) -> list[object]:
    return [command, "--yes", "--max-delete", "100%", *FAST]


@cache
def whole(seed: int, command: str) -> tuple[Snapshot, int, int]:
    """What the command comes to when nothing interrupts it, its requests, and its exit code."""
    scenario = Scenario.drawn(seed)
    with TemporaryDirectory() as name, sandbox_of(scenario) as sandbox, Commands(Path(name)) as commands:
        env = prepare(scenario, Path(name), sandbox, commands)
        before = sandbox.total
        ended = commands.run(env, *typed(command))
        return sandbox.snapshot(), sandbox.total - before, ended.code


def survive(seed: int, command: str, event: str, count: int, folder: Path) -> bool:
    """Whether it died at this event; it ends as the whole in any case."""
    expected, requests, code = whole(seed, command)
    scenario = Scenario.drawn(seed)
    with sandbox_of(scenario) as sandbox, Commands(folder) as commands:
        env = prepare(scenario, folder, sandbox, commands)
        runs, before = _runs(commands.ledger), sandbox.total
        died = commands.run(env, *typed(command), event=event, count=count)
        if died.was_killed:
            begun = _runs(commands.ledger) > runs
            ended = commands.run(env, *(["resume", *FAST] if begun else typed(command)))
            # Where it died after its last commit, there is nothing to carry on.
            is_over = "no unfinished run" in ended.err
            assert ended.code == code or is_over, ended.err
            # A token, the attributes and what the last bulk read showed have died with it.
            assert sandbox.total - before - requests <= died.in_flight + 3
        same_account(sandbox.snapshot(), expected)
        assert _open_tasks(commands.ledger) == 0
    return died.was_killed


def _runs(ledger: Path) -> int:
    return _count(ledger, "SELECT count(*) FROM runs")


def _open_tasks(ledger: Path) -> int:
    return _count(ledger, "SELECT count(*) FROM tasks WHERE state IN ('pending', 'in_flight')")


def _count(ledger: Path, sql: str) -> int:
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        return int(db.execute(sql).fetchone()[0])


def die_once_at_each(
    seed: int, command: str, event: str, counts: Iterable[int], folder: Callable[[int], Path]
) -> int:
    """How many of these occurrences of the event there were."""
    for number, count in enumerate(counts):
        home = folder(count)
        home.mkdir()
        if not survive(seed, command, event, count, home):
            return number
    return number + 1


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_single_death_leaves_no_trace(command: str, event: str, tmp_path: Path) -> None:
    counts = (2, 6)
    assert die_once_at_each(1, command, event, counts, lambda count: tmp_path / str(count)) == len(counts)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_single_death_at_each_event_leaves_no_trace(
    command: str, event: str, seed: int, tmp_path: Path
) -> None:
    died = die_once_at_each(seed, command, event, itertools.count(1), lambda count: tmp_path / str(count))
    assert died > 8
