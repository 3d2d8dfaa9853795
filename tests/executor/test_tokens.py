"""The access token of a run: requested once, renewed in time, and given up when Plytix never accepts one."""

from executor.scheduler_driver import call

from amzsync.errors import RejectedError, StopError, TokenError
from amzsync.executor.engine.tokens import TOKEN, Tokens
from amzsync.plytix.auth import Secret, TokenAnswer, TokenCache
from amzsync.plytix.wire import RequestKind


def tokens(refuse: str = "") -> Tokens:
    """Tokens whose check refuses this one."""

    def check(token: Secret) -> StopError | None:
        return StopError("another account") if token.reveal() == refuse else None

    return Tokens(call(RequestKind.TOKEN), check)


def answer(text: str, life_s: float | None = 900.0) -> TokenAnswer:
    return TokenAnswer(Secret(text), life_s)


def rejected() -> TokenError:
    return TokenError("not accepted", status=401)


def test_a_token_is_requested_once_however_many_requests_need_it() -> None:
    kept = tokens()
    first = kept.request()
    assert first is not None
    assert first.serves is TOKEN
    assert kept.request() is None
    assert kept.is_requested


def test_a_request_that_was_withdrawn_can_be_made_again() -> None:
    kept = tokens()
    kept.request()
    kept.withdraw()
    assert kept.request() is not None


def test_a_token_serves_until_shortly_before_its_end_and_is_then_requested_anew() -> None:
    kept = tokens()
    kept.request()
    assert kept.received(answer("one"), 0.0) is None
    assert kept.current(800.0) == Secret("one")
    assert kept.current(850.0) is None
    assert kept.request() is not None


def test_a_token_that_its_check_refuses_is_never_used() -> None:
    kept = tokens(refuse="foreign")
    error = kept.received(answer("foreign"), 0.0)
    assert error is not None
    assert error.message == "another account"
    assert kept.current(0.0) is None


def test_a_token_that_cannot_be_issued_ends_the_run_with_cause_and_next_step() -> None:
    error = tokens().failed(RejectedError("teapot", status=418))
    assert "teapot" in error.message
    assert error.status == 418
    assert "PLYTIX_AUTH_URL" in error.next_step
    stopped = StopError("wrong key")
    assert tokens().failed(stopped) is stopped


def test_after_a_401_the_token_is_dropped_and_three_in_a_row_end_the_run() -> None:
    kept = tokens()
    errors = []
    for name in ("one", "two", "three"):
        kept.received(answer(name), 0.0)
        errors.append(kept.rejected(Secret(name), rejected(), 1.0))
        assert kept.current(1.0) is None
    assert errors[:2] == [None, None]
    assert errors[2] is not None
    assert "resume" in errors[2].next_step


def test_a_request_that_was_answered_between_makes_the_401s_count_anew() -> None:
    kept = tokens()
    for name in ("one", "two", "three", "four"):
        kept.received(answer(name), 0.0)
        assert kept.rejected(Secret(name), rejected(), 1.0) is None
        kept.accepted()


def test_late_401s_for_an_older_token_say_nothing_about_the_present_one() -> None:
    kept = tokens()
    kept.received(answer("old"), 0.0)
    kept.received(answer("new"), 1.0)
    for _ in range(10):
        assert kept.rejected(Secret("old"), rejected(), 2.0) is None
    assert kept.current(2.0) == Secret("new")


def test_a_429_from_the_token_host_delays_the_next_token_and_not_the_present_one() -> None:
    kept = tokens()
    kept.received(answer("one"), 0.0)
    kept.refused_by_limit(30.0, 850.0)
    assert kept.current(850.0) == Secret("one"), "used to its end, for no other can be had"
    assert kept.wait_s(850.0) == 0.0
    kept = tokens()
    kept.refused_by_limit(30.0, 10.0)
    assert kept.wait_s(10.0) == 30.0
    assert kept.wait_s(40.0) == 0.0


def test_a_token_may_be_asked_for_at_once_until_the_host_refuses_without_a_time() -> None:
    kept = tokens()
    assert kept.wait_s(5.0) == 0.0
    kept.refused_by_limit(None, 5.0)
    assert kept.wait_s(5.0) == 60.0


def test_refusals_of_the_token_host_delay_the_more_until_a_token_was_issued() -> None:
    kept, waits = tokens(), []
    for _ in range(2):
        for _ in range(2):
            kept.refused_by_limit(0.0, 0.0)
            waits.append(kept.wait_s(0.0))
        kept.received(answer("short", life_s=0.0), -1000.0)
    assert waits == [0.0, 0.5, 0.0, 0.5]


def test_after_a_failure_a_token_can_be_asked_for_again() -> None:
    kept = tokens()
    kept.request()
    kept.failed(rejected())
    assert not kept.is_requested


def test_a_token_that_is_there_already_is_used() -> None:
    cache = TokenCache()
    cache.store(answer("kept"), 0.0)
    assert Tokens(call(RequestKind.TOKEN), lambda _: None, cache).current(1.0) == Secret("kept")
