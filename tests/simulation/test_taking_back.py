"""Whatever is applied, edited, pruned, undone and killed: people's pictures stay, and undo is exact."""

import os

import pytest
from simulation.taking_back import broken

_CHUNKS = 2
_FIXED = 60
_SOAK = 10_000


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_what_is_taken_back_is_exactly_what_the_program_did(chunk: int) -> None:
    found = {seed: said for seed in range(chunk, _FIXED, _CHUNKS) if (said := broken(seed))}
    assert not found


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_what_is_taken_back_is_exact_in_ten_thousand_seeds() -> None:
    first = int(os.environ.get("AMZSYNC_FIRST_SEED", "1000000"))
    found = {seed: said for seed in range(first, first + _SOAK) if (said := broken(seed))}
    assert not found
