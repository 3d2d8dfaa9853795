"""The rate limiter of a run: what a refusal shows of others, and whether the rest goes on."""

from pathlib import Path

import pytest
from executor.scheduler_driver import Clock

from amzsync.executor.engine.slots import Slots
from amzsync.ledger.ledger import Ledger
from amzsync.limits.pace import Slot
from amzsync.limits.windows import Limit


def send(slots: Slots, clock: Clock) -> Slot:
    """As soon as it may leave; it is answered at once."""
    clock.now += slots.wait_s()
    slot = slots.take("asset_upload")
    assert slot
    slots.answered(slot, clock.now, clock.now, is_accepted=True)
    return slot


@pytest.mark.parametrize(
    ("limit", "tells_of_others", "goes_on"),
    [(Limit(10, 1.0), False, True), (Limit(10, 10.0), True, False)],
    ids=["a second", "ten seconds"],
)
def test_only_in_a_very_short_window_late_requests_of_the_run_itself_explain_a_refusal(
    ledger_path: Path, limit: Limit, *, tells_of_others: bool, goes_on: bool
) -> None:
    clock = Clock()
    with Ledger.write(ledger_path) as ledger:
        slots = Slots([limit], ledger.request_log(), clock)
        for _ in range(10):
            send(slots, clock)
        slot = send(slots, clock)
        assert slots.refused(slot, 0.1) == tells_of_others
        assert (slots.was_refused, slots.goes_on) == (tells_of_others, goes_on)
        assert slots.limits == ((Limit(8, limit.window_s),) if tells_of_others else (limit,))
