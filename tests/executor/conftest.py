"""A sandbox without limits, and a ledger that works on it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from executor.rig import Rig
from sandbox_faults import Sandbox


@pytest.fixture
def rig_of(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Start a sandbox with these options."""
    with ExitStack() as stack:

        def start(**options: Any) -> Rig:
            sandbox = stack.enter_context(Sandbox(**{"limits": ()} | options))
            return Rig(sandbox, tmp_path / "amzsync.db")

        yield start


@pytest.fixture
def rig(rig_of: Callable[..., Rig]) -> Rig:
    return rig_of()
