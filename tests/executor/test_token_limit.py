"""The token host's own limit, which says nothing of the account's."""

import time
from collections.abc import Callable

from catalogue import product
from executor.harness import SyncHarness
from sandbox_faults import Answer, Fault, RunBefore

from amzsync.executor.engine.engine import Bounds, End
from amzsync.limits.windows import Limit

AUTH = "/auth/api/get-token"
LIMITS = (Limit(100, 1.0), Limit(400, 3600.0))


def refused(retry_after_s: float, *, times: int | None = 1, after: int = 0) -> Fault:
    return Fault(
        "POST", AUTH, Answer(429, headers={"Retry-After": str(retry_after_s)}), times=times, after=after
    )


def test_a_429_for_a_token_is_waited_out_and_shows_nothing_of_the_accounts_limits(
    harness_with: Callable[..., SyncHarness],
) -> None:
    harness = harness_with(limits=())
    harness.plan(*(product(f"S{n:02d}", (f"m{n}", "MAIN")) for n in range(30)))
    harness.sandbox.faults.add(Fault("POST", "/assets", RunBefore(harness.sandbox.expire_tokens), after=25))
    harness.sandbox.faults.add(refused(0.3, after=1, times=2))
    ran = harness.apply(limits=LIMITS)
    assert ran.error is None
    assert ran.requests["token"] == 4
    assert ran.reported.notices == []
    with harness.ledger() as ledger:
        assert ledger.request_log().observed() == []
    assert all(thumbnail for thumbnail, _ in harness.pictures.values())


def test_a_wait_for_a_token_that_is_longer_than_wanted_ends_the_run(harness: SyncHarness) -> None:
    harness.plan(product("S1", ("a", "MAIN")))
    harness.sandbox.faults.add(refused(1800.0))
    ran = harness.apply(bounds=Bounds(workers=4, max_wait_s=60.0))
    assert ran.end is End.WAIT_TOO_LONG
    assert ran.total == 1


def test_while_the_next_token_is_refused_requests_go_on_with_the_present_one(harness: SyncHarness) -> None:
    later_s = 0.0

    def pass_time() -> None:
        nonlocal later_s
        later_s = 850.0

    harness.plan(*(product(f"S{n:02d}", (f"m{n}", "MAIN")) for n in range(30)))
    harness.sandbox.faults.add(
        Fault("POST", "/assets", RunBefore(pass_time), after=5), refused(40.0, after=1)
    )
    started = time.monotonic()
    ran = harness.apply(clock=lambda: time.monotonic() + later_s)
    assert ran.error is None
    assert ran.requests["token"] == 2
    assert all(thumbnail for thumbnail, _ in harness.pictures.values())
    assert time.monotonic() - started < 20
