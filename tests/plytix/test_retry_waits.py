import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.plytix.retry import RetryPolicy


@pytest.mark.parametrize(
    ("failures", "longest_s"),
    [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (7, 20.0), (60, 20.0)],
)
def test_the_longest_wait_doubles_up_to_the_cap(failures: int, longest_s: float) -> None:
    assert RetryPolicy().wait_s(failures, 100.0, lambda: 1.0) == longest_s


def test_the_jitter_is_full_so_that_workers_do_not_come_back_together() -> None:
    policy = RetryPolicy()
    assert policy.wait_s(3, 100.0, lambda: 0.0) == 0.0
    assert policy.wait_s(3, 100.0, lambda: 0.25) == 0.5


def test_the_last_attempt_is_made_when_the_time_is_over() -> None:
    policy = RetryPolicy()
    assert policy.wait_s(9, 1.5, lambda: 0.9) == 1.5
    assert policy.wait_s(9, 0.0, lambda: 0.0) is None
    assert policy.wait_s(1, -1.0, lambda: 0.0) is None


@given(
    st.integers(1, 500),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 10),
    st.floats(0, 100),
    st.floats(0, 60, exclude_min=True),
)
def test_no_wait_is_ever_past_the_cap_or_the_end_or_below_nothing(
    failures: int, drawn: float, base_s: float, cap_s: float, left_s: float
) -> None:
    wait_s = RetryPolicy(base_s=base_s, cap_s=cap_s).wait_s(failures, left_s, lambda: drawn)
    assert wait_s is not None
    assert 0 <= wait_s <= min(cap_s, left_s)


@pytest.mark.parametrize("options", [{"base_s": -1.0}, {"cap_s": -1.0}])
def test_a_policy_that_makes_no_sense_cannot_be_made(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="retry policy"):
        RetryPolicy(**options)


def test_a_wait_without_a_failure_is_a_bug_that_raises() -> None:
    with pytest.raises(ValueError, match="at least one failure"):
        RetryPolicy().wait_s(0, 60.0, lambda: 0.5)


def test_a_run_without_a_retry_does_not_pay_for_loading_backoff() -> None:
    code = "import sys, amzsync.plytix.retry; sys.exit('backoff' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
