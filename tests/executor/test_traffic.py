"""What a run tells of its requests: how many a second, and what they wait for."""

from collections import Counter
from types import SimpleNamespace
from typing import cast

import pytest

from amzsync.executor.engine.failures import Failures
from amzsync.executor.engine.sender import Sender
from amzsync.executor.engine.traffic import TICK_S, TrafficMeter
from amzsync.executor.events import Waiting


class Sending:
    """A meter, and the counts that it reads."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.in_flight: dict[str, object] = {}
        self.failures = SimpleNamespace(retrying=0, last_failure="")
        self.meter = TrafficMeter(cast(Sender, self), cast(Failures, self.failures))


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    sending = Sending()
    rates = []
    for tick in range(200):
        sending.requests["upload"] += 5 if tick < 100 else 1
        rates.append(sending.meter.traffic(tick * TICK_S, 0.0, is_refused=False).rate_per_s)
    assert rates[0] == 0.0
    assert rates[99] == pytest.approx(5 / TICK_S)
    assert rates[199] == pytest.approx(1 / TICK_S)


def test_it_is_due_four_times_a_second() -> None:
    meter = Sending().meter
    assert meter.is_due(10.0)
    meter.traffic(10.0, 0.0, is_refused=False)
    assert not meter.is_due(10.0 + TICK_S / 2)
    assert meter.is_due(10.0 + TICK_S)


@pytest.mark.parametrize(
    ("wait_s", "is_refused", "told"),
    [
        (0.0, False, None),
        (1.0, False, None),
        (30.0, False, Waiting(30.0, "quota")),
        (30.0, True, Waiting(30.0, "refused")),
    ],
)
def test_a_wait_is_told_with_its_reason_where_it_is_worth_it(
    wait_s: float, told: Waiting | None, *, is_refused: bool
) -> None:
    assert Sending().meter.traffic(0.0, wait_s, is_refused=is_refused).waiting == told


def test_all_requests_and_what_is_tried_again_are_told() -> None:
    sending = Sending()
    sending.requests.update({"upload": 3, "token": 1})
    sending.failures.retrying, sending.failures.last_failure = 2, "last answer HTTP 503"
    traffic = sending.meter.traffic(0.0, 0.0, is_refused=False)
    assert (traffic.requests, traffic.retrying, traffic.last_failure) == (4, 2, "last answer HTTP 503")
