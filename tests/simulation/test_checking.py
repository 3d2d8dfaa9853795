"""Whatever goes wrong meanwhile, a check tells what is true, and changes nothing; reading first repairs."""

import os

import pytest
from simulation.checking import broken

_CHUNKS = 2
_FIXED = 30
_SOAK = 10_000


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_a_check_tells_what_was_true_when_it_read(chunk: int) -> None:
    found = {seed: said for seed in range(chunk, _FIXED, _CHUNKS) if (said := broken(seed))}
    assert not found


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_a_check_tells_what_was_true_in_ten_thousand_seeds() -> None:
    first = int(os.environ.get("AMZSYNC_FIRST_SEED", "1000000"))
    found = {seed: said for seed in range(first, first + _SOAK) if (said := broken(seed))}
    assert not found
