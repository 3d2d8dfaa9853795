"""An account on loopback, and the command beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from proof.commands import KEY, PASSWORD, end_all
from proof.fault_harness import FaultHarness
from sandbox_faults import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=(), api_key=KEY, api_password=PASSWORD) as sandbox:
        yield sandbox


@pytest.fixture
def harness(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> FaultHarness:
    return FaultHarness(tmp_path, sandbox, monkeypatch)


@pytest.fixture(scope="session", autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    end_all()
