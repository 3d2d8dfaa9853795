"""A sandbox without limits, and a ledger that works on it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from executor.harness import SyncHarness
from sandbox_faults import Sandbox


@pytest.fixture
def harness_with(tmp_path: Path) -> Iterator[Callable[..., SyncHarness]]:
    """Start a sandbox with these options."""
    with ExitStack() as stack:

        def start(**options: Any) -> SyncHarness:
            sandbox = stack.enter_context(Sandbox(**{"limits": ()} | options))
            return SyncHarness(sandbox, tmp_path / "amzsync.db")

        yield start


@pytest.fixture
def harness(harness_with: Callable[..., SyncHarness]) -> SyncHarness:
    return harness_with()
