"""A run over real HTTP takes a window's room as soon as it is there, and no request is refused."""

from collections.abc import Callable

from catalogue import product
from executor.harness import SyncHarness

from amzsync.limits.windows import Limit


def test_a_run_uses_a_window_at_once_and_is_never_refused(harness_with: Callable[..., SyncHarness]) -> None:
    window_s = 6.0
    harness = harness_with(limits=((20, window_s),))
    harness.plan(*(product(f"S{n:02d}", (f"m{n}", "MAIN")) for n in range(12)))
    ran = harness.apply(limits=[Limit(20, window_s)])
    assert ran.error is None
    assert all(thumbnail for thumbnail, _ in harness.pictures.values())
    assert [one for one in harness.sandbox.history if one.status == 429] == []
    arrivals = sorted(one.arrived_at for one in harness.sandbox.history)
    assert 20 < len(arrivals) <= 40
    # Evenly spaced, the twentieth would come after half the window, and the last one when two are over.
    assert arrivals[19] - arrivals[0] < 0.4 * window_s
    assert arrivals[-1] - arrivals[0] < 1.4 * window_s
