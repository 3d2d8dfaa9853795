"""Failed requests: when each is tried again, when only health checks are sent, and when a run gives up."""

from executor.scheduler_driver import Clock

from amzsync.errors import RetriableError
from amzsync.executor.engine.failures import Failures
from amzsync.executor.engine.retries import Attempts
from amzsync.plytix.retry import RetryPolicy

OUTAGE_S = 60.0


def failures(clock: Clock) -> Failures:
    return Failures(RetryPolicy(), OUTAGE_S, clock, lambda: 0.5)


def error(status: int | None = 503) -> RetriableError:
    return RetriableError("connection reset", status=status)


def broken(clock: Clock) -> Failures:
    """Eight requests have failed in a row."""
    found = failures(clock)
    for _ in range(8):
        found.failed(Attempts(), error())
    return found


def test_a_failed_request_is_tried_again_after_a_wait() -> None:
    found, attempts = failures(Clock()), Attempts()
    found.failed(attempts, error())
    assert attempts.failures == 1
    assert attempts.wait_s is not None
    assert found.retrying == 1


def test_a_request_that_was_answered_counts_as_no_retry_any_more() -> None:
    for end in (Failures.succeeded, Failures.ended):
        found, attempts = failures(Clock()), Attempts()
        found.failed(attempts, error())
        end(found, attempts)
        assert (found.retrying, found.last_failure, attempts.failures) == (0, "", 0)


def test_how_the_last_request_failed_is_told_while_it_is_tried_again() -> None:
    for status, told in ((503, "last answer HTTP 503"), (None, "connection reset")):
        found, attempts = failures(Clock()), Attempts()
        assert found.last_failure == ""
        found.failed(attempts, error(status))
        assert found.last_failure == told


def test_a_request_whose_time_is_over_fails_where_others_succeed() -> None:
    clock = Clock()
    found, attempts = failures(clock), Attempts()
    found.failed(attempts, error())
    found.succeeded(Attempts())
    clock.now += OUTAGE_S
    found.failed(attempts, error())
    assert attempts.wait_s is None
    assert not found.only_checks


def test_a_request_whose_time_is_over_while_nothing_else_succeeded_waits_for_a_health_check() -> None:
    clock = Clock()
    found, attempts = failures(clock), Attempts()
    found.failed(attempts, error())
    clock.now += OUTAGE_S
    found.failed(attempts, error())
    assert attempts.wait_s == 0.0, "it is tried once more, for all of Plytix may be down"
    assert found.only_checks


def test_a_long_wait_for_the_limit_costs_a_failed_request_none_of_its_time() -> None:
    clock = Clock()
    found, attempts = failures(clock), Attempts()
    found.failed(attempts, error())
    found.succeeded(Attempts())
    found.watch(1800.0)
    clock.now += 1800.0
    found.watch(0.0)
    found.failed(attempts, error())
    assert attempts.wait_s is not None


def test_a_short_wait_for_the_limit_is_no_pause_of_that_time() -> None:
    clock = Clock()
    found, attempts = failures(clock), Attempts()
    found.failed(attempts, error())
    found.succeeded(Attempts())
    found.watch(5.0)
    clock.now += OUTAGE_S
    found.watch(0.0)
    found.failed(attempts, error())
    assert attempts.wait_s is None


def test_while_nothing_succeeds_only_health_checks_are_sent_until_one_passes() -> None:
    clock = Clock()
    found = broken(clock)
    assert found.only_checks
    assert found.check_at is not None
    assert found.check_failed(error(), has_token=True) is None
    assert found.check_at > clock.now
    found.check_passed()
    assert not found.only_checks
    assert found.check_at is None


def test_an_outage_that_lasts_too_long_ends_the_run_and_names_the_address_that_does_not_answer() -> None:
    for has_token, address in ((True, "PLYTIX_API_URL"), (False, "PLYTIX_AUTH_URL")):
        clock = Clock()
        found = broken(clock)
        clock.now += OUTAGE_S
        stop = found.check_failed(error(), has_token=has_token)
        assert stop is not None
        assert stop.message == "Plytix has not answered for 60 s: connection reset"
        assert address in stop.next_step


def test_a_429_is_an_answer_so_the_time_of_an_outage_begins_anew() -> None:
    clock = Clock()
    found = broken(clock)
    clock.now += OUTAGE_S
    found.asked_to_wait()
    assert found.check_failed(error(), has_token=True) is None
