"""Promise 1: killed at any instant, as often as you like, a run ends as if nothing had happened.

The real command runs as a process and dies by SIGKILL: at random moments, and just before and after each
commit and each request. Then it is resumed, and killed again, until it comes to its end. The simulation kills
at any commit and request too, but in one process; here processes, sockets, locks and files are real. In the
suite that is a sample of the kills, in the soak thousands.
"""

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import pytest
from proof.commands import Commands, Ended, account
from proof.scenarios import (
    FAST,
    Reference,
    Scenario,
    Uploads,
    has_run,
    known,
    same_account,
    sandbox_of,
    settled,
)
from sandbox_faults import Latency

EVENTS = ("before commit", "after commit", "before request", "after request")
SCENES = 12
Killer = Callable[[Commands, dict[str, str], list[object], Random], Ended]


@dataclass(slots=True)
class Toll:
    """What the deaths of one sync came to; `allowed` are the requests that they may have cost."""

    kills: int = 0
    allowed: int = 0
    extra: int = 0


def dies(
    commands: Commands, env: dict[str, str], arguments: list[object], _: Random, *, event: str, count: int
) -> Ended:
    return commands.run(env, *arguments, event=event, count=count)


def aimed(commands: Commands, env: dict[str, str], arguments: list[object], draw: Random) -> Ended:
    event, count = draw.choice(EVENTS), draw.choice((1, 2, 3, 5, 8, 13))
    return commands.run(env, *arguments, event=event, count=count)


def at_random(commands: Commands, env: dict[str, str], arguments: list[object], draw: Random) -> Ended:
    running = commands.start(env, arguments)
    time.sleep(draw.uniform(0.02, 0.25))
    running.kill()
    return running.wait()


def survive(
    scenario: Scenario, whole: Reference, kill: Killer, draw: Random, folder: Path, kills: int
) -> Toll:
    """Sync the scenario, killed up to so many times, and compare with the whole."""
    toll = Toll()
    mapping = scenario.write(folder / "mapping.json")
    latency = Latency(upload_s=(0.0, 0.02), other_s=(0.0, 0.004), seed=draw.randrange(1000))
    with sandbox_of(scenario, latency=latency) as sandbox, Commands(folder) as commands:
        env = account(sandbox, folder)
        uploads = Uploads(sandbox)
        while True:
            done_urls, done_products = settled(commands.ledger)
            seen_uploads, seen_requests = len(uploads.urls), len(sandbox.history)
            resumes = has_run(commands.ledger) and draw.random() < 0.7
            arguments: list[object] = (
                ["resume"] if resumes else ["apply", "--mapping", mapping, "--yes", *FAST]
            )
            ended = (
                kill(commands, env, arguments, draw) if toll.kills < kills else commands.run(env, *arguments)
            )
            assert not done_urls.intersection(uploads.urls[seen_uploads:]), "a done asset was sent again"
            written = {
                exchange.path.split("/")[4]
                for exchange in sandbox.history[seen_requests:]
                if exchange.kind in ("PATCH /products/{id}", "POST /products/{id}/assets")
            }
            assert not done_products.intersection(written), "a done product was written again"
            if not ended.was_killed:
                break
            toll.kills += 1
            # Its token, never written to disk, has died with it; so has what the last bulk read showed.
            toll.allowed += ended.in_flight + 2
        assert ended.code == whole.code, ended.err
        same_account(sandbox.snapshot(), whole.snapshot)
        toll.extra = sandbox.total - whole.requests
        assert toll.extra <= toll.allowed, (toll, dict(sandbox.counts))
    return toll


def kill_often(kill: Killer, seed: int, wanted: int, folder: Path) -> Toll:
    """So many kills, over as many syncs as they need."""
    draw, sums = Random(seed), Toll()
    for number in itertools.count():
        if sums.kills >= wanted:
            break
        home = folder / str(number)
        home.mkdir()
        scenario, whole = known(draw.randrange(SCENES))
        toll = survive(scenario, whole, kill, draw, home, wanted - sums.kills)
        sums = Toll(sums.kills + toll.kills, sums.allowed + toll.allowed, sums.extra + toll.extra)
    print(f"{kill.__name__}: {sums.kills} kills, {sums.extra} requests more, {sums.allowed} allowed")
    return sums


@pytest.mark.parametrize("seed", range(4))
def test_killed_around_commits_and_requests_it_ends_as_if_never_interrupted(
    seed: int, tmp_path: Path
) -> None:
    assert kill_often(aimed, seed, 25, tmp_path).kills == 25


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments_it_ends_as_if_never_interrupted(seed: int, tmp_path: Path) -> None:
    assert kill_often(at_random, seed, 15, tmp_path).kills == 15


def die_once_at_each(event: str, counts: Iterable[int], seed: int, folder: Path) -> int:
    """One sync for each of these occurrences of an event, until there are no more; how many died."""
    scenario, whole = known(seed)
    for number, count in enumerate(counts):
        home = folder / str(count)
        home.mkdir()
        toll = survive(scenario, whole, partial(dies, event=event, count=count), Random(count), home, 1)
        if not toll.kills:
            return number
    return number + 1


@pytest.mark.parametrize("event", EVENTS)
def test_a_single_death_costs_no_more_than_what_was_in_flight_one_bulk_read_and_a_token(
    event: str, tmp_path: Path
) -> None:
    """Where a sync dies once, nothing that another death has spared makes up for what it costs."""
    assert die_once_at_each(event, (1, 6, 11, 12, 13), 1, tmp_path) == 5


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("event", EVENTS)
def test_a_single_death_at_each_event_costs_no_more_than_that(event: str, seed: int, tmp_path: Path) -> None:
    assert die_once_at_each(event, itertools.count(1), seed, tmp_path) > 15


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 120))
@pytest.mark.parametrize("kill", [aimed, at_random])
def test_two_thousand_kills_lose_nothing_and_do_nothing_twice(
    kill: Killer, seed: int, tmp_path: Path
) -> None:
    assert kill_often(kill, seed, 50, tmp_path).kills == 50
