"""The program in a simulated world: years of bad days in minutes, and the promises kept on every one."""

import datetime as dt
import os
import time

import pytest
from simulation.simulation import Kind, run

_FIXED = 120
_CHUNKS = 6
_TAKEN_BACK = 30
_PROBED = 30
_BESIDE = 30
_TYPED = 8
_FOUND_TAKING_BACK = (1450, 1653, 1672)
"""What a dead run had sent was a person's to an undo, and so was the order that an undo had restored."""
_SECONDS_OF_THE_DAY = 15.0
_MOST_OF_THE_DAY = 250
_SOAK = 100_000


_ANY = Kind()
_TWO = Kind(has_two_ledgers=True)
_REAL_COMMANDS = Kind(is_typed=True)


def _fails(seed: int, kind: Kind = _ANY) -> str:
    """What to say of a seed that broke a promise; nothing where all were kept."""
    verdict = run(seed, kind)
    if not verdict.broken:
        return ""
    again = f"python3 tests/simulation {seed} {kind}".rstrip()
    return f"{verdict.broken}\nAgain, with every event: {again}"


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_every_promise_is_kept_in_the_fixed_seeds(chunk: int) -> None:
    found = {seed: broken for seed in range(chunk, _FIXED, _CHUNKS) if (broken := _fails(seed))}
    assert not found


def test_every_promise_is_kept_where_prune_and_undo_are_typed_too() -> None:
    seeds = [*range(_TAKEN_BACK), *_FOUND_TAKING_BACK]
    found = {seed: broken for seed in seeds if (broken := _fails(seed, Kind(takes_back=True)))}
    assert not found


def test_every_promise_is_kept_where_a_probe_has_left_a_record_true_or_not() -> None:
    kind = Kind(takes_back=True, is_probed=True)
    found = {seed: broken for seed in range(_PROBED) if (broken := _fails(seed, kind))}
    assert not found


def test_every_promise_is_kept_where_another_ledger_works_on_the_same_account() -> None:
    found = {seed: broken for seed in range(_BESIDE) if (broken := _fails(seed, _TWO))}
    assert not found


def test_every_promise_is_kept_where_real_commands_are_typed_also_beside_a_run() -> None:
    found = {seed: broken for seed in range(_TYPED) if (broken := _fails(seed, _REAL_COMMANDS))}
    assert not found


@pytest.mark.soak
def test_every_promise_is_kept_in_the_seeds_of_the_day() -> None:
    first = dt.datetime.now(dt.UTC).date().toordinal() * 1000
    until = time.monotonic() + _SECONDS_OF_THE_DAY
    for seed in range(first, first + _MOST_OF_THE_DAY):
        assert not _fails(seed)
        if time.monotonic() > until:
            break


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_every_promise_is_kept_in_a_hundred_thousand_seeds() -> None:
    first = int(os.environ.get("AMZSYNC_FIRST_SEED", "1000000"))
    found = {seed: broken for seed in range(first, first + _SOAK) if (broken := _fails(seed))}
    assert not found


@pytest.mark.parametrize(
    ("seed", "kind"), [(3, _ANY), (10, _ANY), (41, _ANY), (6, _TWO), (3, _REAL_COMMANDS)]
)
def test_a_seed_decides_everything(seed: int, kind: Kind) -> None:
    one, two = run(seed, kind, log=True), run(seed, kind, log=True)
    assert (one.story, one.figures) == (two.story, two.figures)
