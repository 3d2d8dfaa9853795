"""Whatever Plytix refuses, drops or loses: nothing of a person's goes, and another try ends the work."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from executor.harness import SyncHarness
from executor.test_any_catalogue import (
    SKUS,
    Hand,
    arrange,
    check,
    hands,
    mappings,
    own_galleries,
    products_of,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_faults import Answer, DropAfterWork, DropBeforeWork, Fault, Sandbox

from amzsync.executor.engine.engine import Bounds
from amzsync.plytix.retry import RetryPolicy

REQUESTS = (
    ("POST", "/assets"),
    ("PATCH", "/products/[^/]+"),
    ("POST", "/products/[^/]+/assets"),
    ("GET", "/assets/[^/]+"),
    ("GET", "/products/[^/]+"),
    ("POST", "/products/search"),
    ("POST", "/assets/search"),
    ("POST", "/attributes/product/search"),
)
REFUSED = 451
ANSWERS: Mapping[str, Any] = {
    "gone": Answer(404),
    "refused": Answer(REFUSED),
    "down": Answer(503),
    "empty": Answer(200, b'{"data": []}'),
    "reset before the work": DropBeforeWork(),
    "reset after the work": DropAfterWork(),
}
MALFORMED = {400, 405, 422}
SOON = Bounds(workers=4, outage_s=0.1, retry=RetryPolicy(base_s=0.01))


@dataclass(frozen=True)
class Trouble:
    """One kind of request answered in one way, so many times after so many."""

    request: tuple[str, str]
    answer: str
    times: int
    after: int

    def fault(self) -> Fault:
        return Fault(*self.request, ANSWERS[self.answer], times=self.times, after=self.after)


troubles = st.lists(
    st.builds(
        Trouble,
        st.sampled_from(REQUESTS),
        st.sampled_from(sorted(ANSWERS)),
        st.integers(1, 5),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(first=mappings, second=mappings, earlier=hands, met=troubles, met_again=troubles)
def test_after_any_trouble_another_try_ends_as_if_there_had_been_none(**drawn: Any) -> None:
    troubled_syncs(**drawn)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=1_000, suppress_health_check=[HealthCheck.too_slow])
@given(first=mappings, second=mappings, earlier=hands, met=troubles, met_again=troubles)
def test_after_a_thousand_troubles_another_try_ends_as_if_there_had_been_none(**drawn: Any) -> None:
    troubled_syncs(**drawn)


def troubled_syncs(
    first: Mapping[str, Sequence[tuple[str, str]]],
    second: Mapping[str, Sequence[tuple[str, str]]],
    earlier: Mapping[str, Hand],
    met: Sequence[Trouble],
    met_again: Sequence[Trouble],
) -> None:
    with tempfile.TemporaryDirectory() as folder, Sandbox(limits=()) as sandbox:
        harness = SyncHarness(sandbox, Path(folder) / "amzsync.db")
        sandbox.seed(SKUS)
        arrange(sandbox, earlier)
        for mapping, kinds in ((first, met), (second, met_again)):
            before, own = sandbox.snapshot(), own_galleries(harness) if harness.path.exists() else {}
            harness.plan(*products_of(mapping))
            sandbox.faults.add(*(trouble.fault() for trouble in kinds))
            harness.apply(bounds=SOON)
            sandbox.faults.clear()
            assert harness.apply(retry_failed=True).error is None
            check(harness, before, own, whole=False)
            assert harness.apply().total == 0
        assert sandbox.overlapping_writes == 0
        assert not MALFORMED.intersection(exchange.status for exchange in sandbox.history)
